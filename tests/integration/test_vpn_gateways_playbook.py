# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook connect makes a cloud's own VPN gateway from the register, at moto; it contacts no gateway of ours.

Our end is rendered, or taken from a folder of this machine with commands that do nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.accounts import aws
from tests.contract.accounts.base import CloudAccount
from tests.contract.vpn_sites.aws import aws_objects
from tests.support.leaks import assert_nothing_leaked
from tests.support.playbook import BIN, Run
from tests.support.servers import StartServer
from tests.support.site import Site

pytestmark = pytest.mark.slow
OPERATOR = {
    "name": "gateway-test",
    "store_servers": [
        {"name": "store-1", "host": "192.0.2.11", "public_address": "192.0.2.11", "store_address": "10.20.0.11"}
    ],
    "gateways": [
        {"name": "store-gw", "host": "192.0.2.14", "public_address": "198.51.100.10", "store_address": "10.20.0.14"}
    ],
}
CLOUD: dict[str, Any] = {
    "scope": {"kind": "vpc", "name": "vpn-home"},
    "networks": ["10.60.0.0/16"],
    "pre_shared_keys": ["acme-vpn-1", "acme-vpn-2"],
    # Nobody brings the tunnels up here.
    "aws": {"wait_up_s": 0},
}
#: Where the role writes a connection.
CONF = "files/etc/swanctl/conf.d/{}.conf"
#: What connect makes: a customer gateway, a virtual private gateway with its propagation, a connection of two tunnels.
MADE = ["connection", "customer gateway", "gateway", "route table", "tunnel", "tunnel"]


class Acme:
    """A customer with one account, whose VPC gets a gateway."""

    def __init__(self, folder: Path, account: CloudAccount, credential: bool = True) -> None:
        self.account = account
        self.site = Site(folder / "site", yaml.safe_dump({"service_store": OPERATOR}), {})
        if credential:
            self.site.put("acme-aws", "aws", account.secret, days=1)
        self.declare()

    def declare(self, **more: Any) -> None:
        """Write the customer's file; ``more`` is of its cloud_gateway."""
        method = {
            "method": "site_to_site_vpn",
            "gateway": "store-gw",
            "store_servers": ["store-1"],
            "api": [{"address": "10.60.1.10", "port": 443}],
            "cloud_gateway": {**CLOUD, **more},
        }
        held = {"name": "acme-aws", "provider": "aws", "credential": "acme-aws", "access": [method]}
        text = yaml.safe_dump({"customer": "acme", "cloud_accounts": [{**self.account.options, **held}]})
        (self.site.register / "acme.yml").write_text(text)

    def connect(self, *arguments: str, loud: bool = False, limit: str = "acme-aws", host: bool = False) -> Run:
        more = self.stubs() if host else {}
        return self.site.run("connect", "--limit", limit, "--diff", *arguments, loud=loud, **more)

    def offboard(self, *arguments: str) -> Run:
        more = self.stubs()
        more["variables"]["service_store_offboard_customer"] = "acme"
        return self.site.run("offboard", *arguments, loud=False, **more)

    def at_hand(self) -> list[Path]:
        """Let our gateway be this machine, with the files that the role would have written; return those."""
        own = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (gateway,), (server,) = OPERATOR["gateways"], OPERATOR["store_servers"]
        operator = {**OPERATOR, "gateways": [{**gateway, "vars": own}], "store_servers": [{**server, "vars": own}]}
        (self.site.register / "service_store.yml").write_text(yaml.safe_dump({"service_store": operator}))
        files = [self.site.folder / "swanctl" / f"acme-aws-{number}.conf" for number in (1, 2)]
        for path in files:
            path.parent.mkdir(exist_ok=True)
            path.write_text("as the role wrote it\n")
        return files

    def rendering(self) -> list[str]:
        """Return the arguments that let our gateway's configuration be written to a folder of the site."""
        place = f"ipsec_rendered_dir={self.site.folder / 'rendered'}"
        return ["-e", "ipsec_state=rendered", "-e", "ipsec_rendered_end=own", "-e", place]

    def stubs(self) -> dict[str, Any]:
        """Return what makes the role ipsec work on a folder, with commands that do nothing."""
        programs = self.site.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("swanctl", "nft", "systemctl", "ip"):
            (programs / name).write_text("#!/bin/sh\necho '[]'\n")
            (programs / name).chmod(0o755)
        places = {"ipsec_dir": "ipsec", "ipsec_conf_dir": "swanctl", "ipsec_swanctl_dir": "swanctl-own"}
        variables: dict[str, Any] = {name: str(self.site.folder / place) for name, place in places.items()}
        return {
            "variables": {**variables, "ipsec_stamp_command": "true"},
            "env": {"PATH": f"{programs}:{BIN}:{os.environ['PATH']}"},
        }

    def objects(self) -> list[tuple[str, str]]:
        return sorted(aws_objects(aws.client(self.account.server.url, self.account.server.ca_file)))

    def psks(self) -> list[str]:
        names = [name for name in ("acme-vpn-1", "acme-vpn-2") if name in self.site.store.names()]
        return [self.site.store.get(name)["secrets"]["psk"] for name in names]


@pytest.fixture(scope="module")
def server(module_lab_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudAccount]:
    account = aws.start(module_lab_server, tmp_path_factory.mktemp("moto"))
    yield account
    account.faults.__exit__(None, None, None)


@pytest.fixture
def acme(server: CloudAccount, tmp_path: Path) -> Acme:
    server.reset()
    return Acme(tmp_path, server)


def test_connect_makes_the_clouds_end_and_check_mode_says_what_would_drop(acme: Acme) -> None:
    before = acme.objects()
    first = acme.connect()
    assert first.status == 0, first.output[-3000:]
    assert [kind for kind, said in acme.objects() if (kind, said) not in before] == MADE
    assert len(acme.psks()) == 2

    made = acme.objects()
    acme.declare(ike_proposals=["aes256gcm16-prfsha384-ecp384"])
    acme.account.server.lab("POST", "vpn", {"tunnels": up(acme)})
    checked = acme.connect("--check")
    assert checked.status == 0, checked.output[-3000:]
    assert "The tunnel acme-aws-1 would drop for about 180 s" in checked.output
    assert acme.objects() == made


@pytest.mark.long
def test_a_second_run_changes_nothing_and_no_key_is_shown(acme: Acme) -> None:
    runs = [acme.connect(loud=True) for _time in range(2)]
    assert [run.status for run in runs] == [0, 0], runs[-1].output[-3000:]
    assert "changed=0" in runs[1].output
    assert_nothing_leaked(acme.site.folder, runs, acme.psks())


@pytest.mark.long
def test_check_mode_on_the_first_day_makes_nothing_and_says_so(acme: Acme) -> None:
    before = acme.objects()
    checked = acme.connect("--check")
    assert checked.status == 0, checked.output[-3000:]
    assert "acme-vpn-1, acme-vpn-2 is generated by the real run, which then makes the VPN gateway acme-aws" in said(
        checked
    )
    assert acme.objects() == before and not acme.psks()


@pytest.mark.long
def test_an_account_whose_credential_is_not_there_yet_is_left_out_and_it_is_said(
    server: CloudAccount, tmp_path: Path
) -> None:
    server.reset()
    acme = Acme(tmp_path, server, credential=False)
    before = acme.objects()
    run = acme.connect()
    assert run.status == 0, run.output[-3000:]
    assert "The VPN gateway acme-aws is left out: the credential acme-aws is not in the secret store." in said(run)
    assert acme.objects() == before


@pytest.mark.long
def test_our_end_is_made_of_what_the_provider_gave(acme: Acme) -> None:
    folder = acme.site.folder / "rendered"
    acme.at_hand()
    run = acme.connect(*acme.rendering(), limit="acme-aws,store-gw")
    assert run.status == 0, run.output[-3000:]
    texts = [(folder / name / CONF.format(name)).read_text() for name in ("acme-aws-1", "acme-aws-2")]
    found = [re.findall(r"remote_addrs = (\S+)", text) for text in texts]
    assert sorted(found) == [[address] for address in sorted(up(acme))]
    assert all("remote_ts = 10.60.1.10/32" in text for text in texts)


@pytest.mark.long
def test_our_end_follows_the_first_tunnel_before_the_second_is_tried(acme: Acme) -> None:
    acme.declare(aws={"wait_up_s": 1})
    assert acme.connect().status == 0
    acme.declare(aws={"wait_up_s": 1}, ike_proposals=["aes256gcm16-prfsha384-ecp384"])
    acme.account.server.lab("POST", "vpn", {"tunnels": up(acme)})
    acme.at_hand()
    # The first tunnel does not come up in moto by itself; our end is configured before the second is tried.
    run = acme.connect(*acme.rendering(), limit="acme-aws,store-gw")
    # And there it stays down, so that the second one is left as it is.
    assert "vpn_gateway_end.yml for acme-aws => (item=acme-aws)" in said(run), run.output[-3000:]
    assert run.status != 0 and said(run).count("could not see acme-aws-1 up before acme-aws-2 is changed") >= 2
    rendered = sorted(path.name for path in (acme.site.folder / "rendered").iterdir())
    assert rendered == ["acme-aws-1", "acme-aws-2"], run.output[-3000:]


@pytest.mark.long
@pytest.mark.parametrize("how", ["access", "customer"])
def test_both_ends_their_keys_and_routes_go(acme: Acme, how: str) -> None:
    before = acme.objects()
    assert acme.connect().status == 0
    files, earlier = acme.at_hand(), len(acme.account.writes())
    if how == "access":
        acme.declare(state="absent")
        checked, run = (acme.connect(*more, limit="acme-aws,store-gw", host=True) for more in (("--check",), ()))
    else:
        checked, run = (acme.offboard(*more) for more in (("--check",), ()))
    assert checked.status == 0, checked.output[-3000:]
    assert run.status == 0, run.output[-3000:]
    assert not acme.psks() and not [path for path in files if path.exists()]
    went = {"DeleteVpnConnection", "DeleteVpnGateway", "DeleteCustomerGateway"}
    assert went <= set(acme.account.writes()[earlier:])
    if how == "access":
        assert acme.objects() == before
    else:
        # The key by which the provider would be asked has died with the customer.
        (evidence,) = (acme.site.register / "archive").glob("acme-offboarding-*.txt")
        assert {"VPN gateway acme-aws", "tunnel acme-aws", "pre-shared key acme-vpn-1"} <= rows(evidence.read_text())


def said(run: Run) -> str:
    """Return what a run printed without its line breaks."""
    return " ".join(run.output.split())


def rows(evidence: str) -> set[str]:
    """Return what the evidence of an offboarding tells of, without where and when."""
    found = [line.split(": ", 1)[1] for line in evidence.splitlines() if line.startswith("  ")]
    return {row.split(" at ")[0].split(" (")[0] for row in found}


def up(acme: Acme) -> dict[str, dict[str, str]]:
    """Return the tunnels as moto is told that they are up."""
    ec2 = aws.client(acme.account.server.url, acme.account.server.ca_file)
    (one,) = [item for item in ec2.describe_vpn_connections()["VpnConnections"] if item["State"] == "available"]
    return {tunnel["OutsideIpAddress"]: {"status": "UP"} for tunnel in one["Options"]["TunnelOptions"]}
