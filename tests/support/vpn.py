# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both tunnels of the lab, made the way operator and customers make them, for the tests of the VPN roles."""

from __future__ import annotations

import json
import os
import secrets
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import tunnel_state
from lab.topology import CLOUDSTACK_API, HOSTS_BY_NAME, KEYSTONE, NEUTRON, OPENSTACK, PUBLIC, STORE

from .lab import Lab
from .servers import REPO

SITE, CLIENT = "globex-openstack", "initech-cloudstack"
PLAY_TIMEOUT_S = 900
#: How long a log may take to show what has happened, on a machine with much else to do.
LOGGED_WITHIN_S = 60
#: For whoever has to get through; whoever must not is given up sooner.
ANSWER_S = 20
#: What an operator has promised: a tunnel is back within this time, whoever failed.
BACK_WITHIN_S = 30


def address(host: str, network: str) -> str:
    found = HOSTS_BY_NAME[host].ip(network)
    assert found
    return found


def site(**changes: Any) -> dict[str, Any]:
    """The tunnel from the store's gateway to Globex."""
    return {
        "name": SITE,
        "kind": "site",
        "local": {"address": address("store-gw", PUBLIC.name), "inside_address": address("store-gw", STORE.name)},
        "remote": {"address": address("os-gw", PUBLIC.name), "inside_address": address("os-gw", OPENSTACK.name)},
        # The image of the lab is Debian 12: see the role's README on strongswan#1766.
        "selectors": "covering",
        "sources": [{"name": name, "address": address(name, STORE.name)} for name in ("store-1", "store-2")],
        "targets": [
            {"name": "keystone", "address": KEYSTONE.ip, "port": KEYSTONE.port},
            {"name": "neutron", "address": NEUTRON.ip, "port": NEUTRON.port},
        ],
        "probe": {"host": "store-1", "address": KEYSTONE.ip, "port": KEYSTONE.port},
        **changes,
    }


def client(**changes: Any) -> dict[str, Any]:
    """The proxy host's connection to the IPsec server of Initech."""
    return {
        "name": CLIENT,
        "kind": "client",
        "local": {"id": "proxy-1"},
        "remote": {"address": address("cs-gw", PUBLIC.name), "inside_address": address("cs-gw", "lab-cs")},
        "pool": "10.203.13.0/28",
        "selectors": "covering",
        "targets": [{"name": "cloudstack", "address": CLOUDSTACK_API.ip, "port": CLOUDSTACK_API.port}],
        "probe": {"address": CLOUDSTACK_API.ip, "port": CLOUDSTACK_API.port},
        **changes,
    }


@dataclass(frozen=True)
class Vpn:
    """A lab with both tunnels up."""

    lab: Lab
    folder: Path
    keys: dict[str, str]

    def play(self, plays: Sequence[dict[str, Any]], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run plays on the lab's hosts as an operator would."""
        book = self.folder / "play.json"
        book.write_text(json.dumps(list(plays)), encoding="utf-8")
        return self.command(str(book), "--inventory", self.lab.inventory, *arguments)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "LAB_DIR": str(self.lab.folder),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.folder),
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        return subprocess.run(
            [str(program), *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PLAY_TIMEOUT_S,
            check=False,
        )

    def ipsec(self, host: str, *connections: dict[str, Any], **options: Any) -> dict[str, Any]:
        """A play with the role ipsec."""
        return _role_play(host, "ipsec", ipsec_connections=list(connections), ipsec_secrets=self.keys, **options)

    def staff(self, customer: str, tunnel: str) -> subprocess.CompletedProcess[str]:
        """Let a customer's staff apply what was rendered for it."""
        key = self.folder / f"{tunnel}.key"
        key.write_text(self.keys[tunnel], encoding="utf-8")
        customers = REPO / "lab" / "customer"
        return self.command(
            *("--inventory", str(customers / "inventory.yml"), str(customers / f"{customer}.yml")),
            *("-e", f"customer_handover={self.folder / 'handover'}", "-e", f"customer_key_file={key}"),
        )

    def state(self, host: str, name: str) -> dict[str, Any]:
        """What charon says of a connection."""
        return tunnel_state(self.lab.ssh(host, "swanctl --list-sas --pretty").stdout, name)

    def log(self, host: str, file: str = "ipsec-refused.log") -> str:
        return self.lab.ssh(host, f"cat /var/log/service-store/{file}").stdout

    def evidence(self, *hosts: str) -> str:
        """What hosts say of themselves, for a test that fails."""
        ask = "swanctl --list-sas; systemctl is-active strongswan squid; nft list counters; ip -br address;"
        ask += " journalctl -n 30 -o short-precise --no-pager; tail -n 5 /var/log/squid/access.log"
        return "\n".join(f"== {host}\n{self.lab.ssh(host, ask).stdout}" for host in hosts)

    def reaches(self, host: str, target: str, port: int, seconds: int = 3) -> bool:
        """Whether something answers a TLS handshake on target:port from a host."""
        found = self.lab.ssh(host, f"curl --noproxy '*' -sk -m {seconds} -o /dev/null https://{target}:{port}/")
        return found.returncode == 0


def seconds_until(true: Callable[[], bool], at_most_s: float, evidence: Callable[[], str] = str) -> float:
    """Seconds until a condition holds; fails the test with the evidence when it never does."""
    begin = time.monotonic()
    while not true():
        if time.monotonic() - begin > at_most_s:
            pytest.fail(f"not within {at_most_s} s\n{evidence()}")
        asleep = time.monotonic()
        time.sleep(0.5)
        # What a busy machine lets this sleep longer is no outage of what is waited for.
        begin += time.monotonic() - asleep - 0.5
    return time.monotonic() - begin


def new_key() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _unused in range(40))


def succeeded(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done


def _role_play(hosts: str, role: str, tasks_from: str = "main", **variables: Any) -> dict[str, Any]:
    task = {"ansible.builtin.include_role": {"name": f"strategic.service_store.{role}", "tasks_from": tasks_from}}
    return {"hosts": hosts, "gather_facts": False, "vars": variables, "tasks": [task]}


def _rendered(vpn: Vpn) -> list[dict[str, Any]]:
    folder = str(vpn.folder / "handover")
    named = [{"address": source["address"]} for source in site()["sources"]]
    fronts = [(SITE, site()["targets"], named), (CLIENT, client()["targets"], [{"address": client()["pool"]}])]
    return [
        vpn.ipsec("store-gw", site(), client(), ipsec_state="rendered", ipsec_rendered_dir=folder),
        *(
            _role_play(
                "store-gw",
                "api_acl",
                api_acl_state="rendered",
                api_acl_rendered_dir=folder,
                api_acl_name=f"{name}-api",
                api_acl_endpoints=endpoints,
                api_acl_allowed=allowed,
            )
            for name, endpoints, allowed in fronts
        ),
    ]


def own_end(vpn: Vpn) -> list[dict[str, Any]]:
    """The plays of the operator: tunnels, routes, proxy."""
    routes = [{"to": KEYSTONE.ip, "via": address("store-gw", STORE.name)}]
    return [
        vpn.ipsec("store-gw", site()),
        vpn.ipsec("proxy-1", client()),
        _role_play("store-1:store-2", "ipsec", tasks_from="routes", ipsec_routes=routes),
        _role_play(
            "proxy-1",
            "vpn_proxy",
            vpn_proxy_addresses=[address("proxy-1", STORE.name)],
            vpn_proxy_sources=[{"name": "store-1", "address": address("store-1", STORE.name)}],
            vpn_proxy_targets=client()["targets"],
            vpn_proxy_probes=[{"address": CLOUDSTACK_API.ip, "port": CLOUDSTACK_API.port, "tunnel": CLIENT}],
        ),
    ]


#: What the roles and the customers' staff write, and how a host takes up again what stood there before.
_OWNED = "/etc/swanctl/conf.d /etc/strongswan.d /etc/service-store /etc/squid/service-store.conf /var/lib/service-store"
_SAVE = f"[ -d /etc/service-store ] && tar -cf /root/before-vpn-tests.tar --ignore-failed-read {_OWNED} 2>/dev/null"
_RESTORE = f"""
[ -e /root/before-vpn-tests.tar ] || exit 0
rm -rf {_OWNED} && tar -C / -xf /root/before-vpn-tests.tar && rm /root/before-vpn-tests.tar
for filter in /etc/service-store/ipsec/acl.nft /etc/service-store/api-acl/acl.nft; do
    [ ! -e $filter ] || nft --file $filter
done
systemctl try-restart service-store-ipsec-log service-store-api-acl-log strongswan squid
"""
_HOSTS = ("store-gw", "proxy-1", "store-1", "store-2", "os-gw", "os-api", "cs-gw", "cs-api")


@pytest.fixture(scope="session")
def vpn(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vpn]:
    """Both tunnels up, made from nothing: rendered, applied by the customers' staff, configured at our end.

    A rollout that stood in this lab before has its own keys, targets and sources: it is put back afterwards.
    """
    made = Vpn(lab, tmp_path_factory.mktemp("vpn"), {SITE: new_key(), CLIENT: new_key()})
    for host in _HOSTS:
        lab.ssh(host, _SAVE)
    try:
        succeeded(made.play(_rendered(made)))
        succeeded(made.staff("globex", SITE))
        succeeded(made.staff("initech", CLIENT))
        succeeded(made.play(own_end(made)))
        yield made
    finally:
        for host in _HOSTS:
            lab.ssh(host, _RESTORE)
