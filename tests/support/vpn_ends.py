# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels whose other end is a cloud's own gateway in the lab: made by vpn_gateway, and by the role at the store's."""

from __future__ import annotations

import base64
import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config
from cs import CloudStack

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.clouds.openstack.front import CallLog, Front, server_tls
from lab.components.openstack_services import running_plane
from lab.context import make_context
from lab.topology import (
    AWS_END,
    AZURE,
    AZURE_END,
    BT_CLOUD,
    BT_CLOUD_END,
    MOTO,
    OPENSTACK_END,
    PUBLIC,
    STORE,
    WORKLOAD_PORT,
    CloudEnd,
)

from .lab import Lab
from .module import run_module
from .vpn import Vpn, _role_play, address, new_key, succeeded

NAME = "cloud-end"
NAMED = ("store-1", "store-2")


@dataclass(frozen=True)
class Site:
    """What a test must know of one cloud of the lab.

    scope and more are the module's own; tunnels is how many a connection has; proposal is one that the provider takes;
    change_key changes the key of every tunnel at the cloud alone. runs_on: whether a tunnel that is up stays so
    after its key has changed. reached makes the API reachable from here, and gives its endpoints.
    """

    provider: str
    end: CloudEnd
    secret: str
    reached: Callable[[Lab], contextlib.AbstractContextManager[Mapping[str, str]]]
    scope: Mapping[str, str]
    change_key: Callable[[Lab, str], None]
    tunnels: int = 1
    proposal: str = "aes256gcm16-prfsha384-ecp384"
    more: Mapping[str, Any] = field(default_factory=dict)
    runs_on: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (NAME,) if self.tunnels == 1 else tuple(f"{NAME}-{n + 1}" for n in range(self.tunnels))


@dataclass(frozen=True)
class Ends:
    """One tunnel, or two, between the store's gateway and a cloud; ``made`` is what vpn_gateway returned."""

    site: Site
    vpn: Vpn
    endpoints: Mapping[str, str]
    store: dict[str, Any]
    made: dict[str, Any]

    def module(self, state: str = "present", name: str = "vpn_gateway", **more: Any) -> dict[str, Any]:
        return run_module(name, _options(self.site, self.vpn, self.endpoints, self.store, state, **more), diff=True)

    def connections(self) -> list[dict[str, Any]]:
        """Our end, with a probe from a named store server."""
        probe = {"host": NAMED[0], "address": self.site.end.workload, "port": WORKLOAD_PORT}
        return [{**one, "probe": probe} for one in self.made["tunnels"]]

    def our_end(self, **more: Any) -> dict[str, Any]:
        """A play with the role at the store's gateway."""
        return self.vpn.ipsec("store-gw", *self.connections(), **more)

    def verify(self) -> dict[str, Any]:
        """A play that waits for the tunnels and says why one is not up."""
        return _role_play(
            "store-gw",
            "ipsec",
            tasks_from="verify",
            ipsec_connections=self.connections(),
            ipsec_secrets=self.vpn.keys,
            ipsec_verify_timeout_s=20,
        )

    def up(self) -> list[bool]:
        return [bool(self.vpn.state("store-gw", name)["up"]) for name in self.site.names]

    def answer(self, host: str, seconds: int = 10) -> str:
        """What the workload says to a host; empty where it does not."""
        url = f"https://{self.site.end.workload}/"
        return self.vpn.lab.ssh(host, f"curl --noproxy '*' -sk -m {seconds} {url}").stdout.strip()


def _options(
    site: Site, vpn: Vpn, endpoints: Mapping[str, str], store: dict[str, Any], state: str = "present", **more: Any
) -> dict[str, Any]:
    """The module's arguments."""
    workload = site.end.workload
    tunnel = {
        "local": {"address": address("store-gw", PUBLIC.name), "inside_address": address("store-gw", STORE.name)},
        "remote": {"inside_address": workload},
        "selectors": "covering",
        "sources": [{"name": name, "address": address(name, STORE.name)} for name in NAMED],
        "targets": [{"name": "workload", "address": workload, "port": WORKLOAD_PORT}],
        "ike_proposals": [site.proposal],
        "esp_proposals": [site.proposal.replace("-prfsha384", "")],
    }
    present = {"tunnel": tunnel, "networks": [site.end.network], "pre_shared_keys": list(site.names)}
    return {
        "provider": site.provider,
        "credential": site.secret,
        "secret_store": store,
        "ca_file": vpn.lab.ca_file,
        "name": NAME,
        "scope": dict(site.scope),
        "endpoints": dict(endpoints),
        **site.more,
        **({"state": state} if state == "absent" else present),
        **more,
    }


def make(site: Site, lab: Lab, folder: Path) -> Iterator[Ends]:
    """Both ends, made and removed."""
    with site.reached(lab) as endpoints:
        yield from _make(site, lab, folder, endpoints)


def _make(site: Site, lab: Lab, folder: Path, endpoints: Mapping[str, str]) -> Iterator[Ends]:
    """Routes to the workload are set beside those that the role keeps."""
    key_file = folder / "store.key"
    key_file.write_bytes(base64.b64encode(secrets.token_bytes(32)))
    key_file.chmod(0o600)
    store = {"type": "encrypted_file", "path": str(folder / "store.json"), "auth": {"key_file": str(key_file)}}
    vpn = Vpn(lab, folder, {name: new_key() for name in site.names})
    _fill(site, lab, store, vpn.keys)
    made = run_module("vpn_gateway", _options(site, vpn, endpoints, store))
    ends = Ends(site, vpn, endpoints, store, made)
    gateway = address("store-gw", STORE.name)
    try:
        for host in NAMED:
            lab.ssh(host, f"ip route replace {site.end.workload} via {gateway}")
        succeeded(vpn.play([ends.our_end()]))
        yield ends
    finally:
        for host in NAMED:
            lab.ssh(host, f"ip route del {site.end.workload}")
        vpn.play([ends.our_end(ipsec_state="absent")])
        ends.module("absent")


def _fill(site: Site, lab: Lab, store: dict[str, Any], keys: Mapping[str, str]) -> None:
    """Put the credential and the keys into a secret store."""
    opened = open_store(store, lambda *values: None)
    fields = lab.secret(site.secret)
    hidden = {name: value for name, value in fields.items() if "secret" in name or name == "password"}
    public = {name: value for name, value in fields.items() if name not in hidden}
    record = {"version": 1, "provider": site.provider, "public": public, "secrets": hidden}
    opened.put(site.secret, record)
    for name, key in keys.items():
        opened.put(name, {"version": 1, "kind": "psk", "secrets": {"psk": key}, "meta": {}})


def change_aws(lab: Lab, key: str, only: str = "") -> None:
    """Change the keys of both tunnels, or of one by its outer address."""
    secret = lab.secret("acme-aws-admin")
    ec2 = boto3.client(
        "ec2",
        region_name="eu-west-2",
        endpoint_url=MOTO.url,
        verify=lab.ca_file,
        aws_access_key_id=secret["access_key_id"],
        aws_secret_access_key=secret["secret_access_key"],
        config=Config(proxies={}),
    )
    (one,) = [item for item in ec2.describe_vpn_connections()["VpnConnections"] if item["State"] == "available"]
    for tunnel in one["Options"]["TunnelOptions"]:
        if only in ("", tunnel["OutsideIpAddress"]):
            ec2.modify_vpn_tunnel_options(
                VpnConnectionId=one["VpnConnectionId"],
                VpnTunnelOutsideIpAddress=tunnel["OutsideIpAddress"],
                TunnelOptions={"PreSharedKey": key},
            )


def _change_azure(lab: Lab, key: str) -> None:
    secret = lab.secret("acme-azure-admin")
    session = requests.Session()
    session.trust_env, session.verify = False, lab.ca_file
    form = {
        "grant_type": "client_credentials",
        "client_id": secret["client_id"],
        "client_secret": secret["client_secret"],
        "scope": f"{AZURE.url}/.default",
    }
    token = session.post(f"{AZURE.url}/{secret['tenant_id']}/oauth2/v2.0/token", data=form, timeout=60).json()
    group = f"/subscriptions/{secret['subscription_id']}/resourceGroups/service-store/providers/Microsoft.Network"
    answer = session.put(
        f"{AZURE.url}{group}/connections/{NAME}/sharedkey?api-version=2025-07-01",
        headers={"Authorization": f"Bearer {token['access_token']}"},
        json={"value": key},
        timeout=60,
    )
    answer.raise_for_status()


def _change_cloudstack(lab: Lab, key: str) -> None:
    secret = lab.secret("umbrella-bt")
    api: Any = CloudStack(
        endpoint=f"{BT_CLOUD.url}/client/api",
        key=secret["api_key"],
        secret=secret["secret_key"],
        verify=lab.ca_file,
        poll_interval=0.2,
    )
    (held,) = api.listVpnCustomerGateways(keyword=NAME)["vpncustomergateway"]
    names = ("id", "name", "gateway", "cidrlist", "ikepolicy", "esppolicy", "ikelifetime", "esplifetime", "dpd")
    more = ("forceencap", "splitconnections", "ikeversion")
    fields = {name: str(held[name]).lower() for name in (*names, *more)}
    api.updateVpnCustomerGateway(**fields, ipsecpsk=key, fetch_result=True)


@contextlib.contextmanager
def _openstack_front(lab: Lab) -> Iterator[Mapping[str, str]]:
    """The lab's own Keystone and Neutron on loopback: the way in of the customer leads through another tunnel."""
    ctx = make_context(lab.folder)
    cert, key = ctx.certificate(["localhost"], ["127.0.0.1"])
    tls, calls = server_tls(str(cert), str(key)), CallLog()
    sockets = ctx.run / "os-sockets"
    fronts = [Front(("127.0.0.1", 0), name, sockets / f"{name}.sock", calls, tls) for name in ("keystone", "neutron")]
    for front in fronts:
        threading.Thread(target=front.serve_forever, args=(0.2,), daemon=True).start()
    try:
        yield {"identity": f"{fronts[0].url}/v3", "network": fronts[1].url}
    finally:
        for front in fronts:
            front.shutdown()
            front.server_close()


def _change_openstack(lab: Lab, key: str) -> None:
    plane = running_plane(make_context(lab.folder))
    user = {"name": "admin", "domain": {"id": "default"}, "password": plane.state()["admin_password"]}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
    body = {"auth": {"identity": identity, "scope": scope}}
    headers, _token = plane.client("keystone").call_with_headers("POST", "/v3/auth/tokens", body)
    neutron = plane.client("neutron", headers["X-Subject-Token"])
    path = "/v2.0/vpn/ipsec-site-connections"
    (one,) = neutron.call("GET", f"{path}?name={NAME}")["ipsec_site_connections"]
    neutron.call("PUT", f"{path}/{one['id']}", {"ipsec_site_connection": {"psk": key}})


def _at(**urls: str) -> Callable[[Lab], contextlib.AbstractContextManager[Mapping[str, str]]]:
    """An API that is reached from here without more."""
    return lambda _lab: contextlib.nullcontext(urls)


SITES = {
    "aws": Site(
        provider="aws",
        end=AWS_END,
        secret="acme-aws-admin",
        reached=_at(ec2=MOTO.url),
        more={"region": "eu-west-2"},
        scope={"kind": "vpc", "name": "prod"},
        change_key=change_aws,
        tunnels=2,
    ),
    "azure": Site(
        provider="azure",
        end=AZURE_END,
        secret="acme-azure",
        reached=_at(arm=AZURE.url, entra=AZURE.url),
        scope={"kind": "virtual_network_gateway", "name": "hub", "parent": "service-store"},
        change_key=_change_azure,
        # Otherwise both ends start the tunnel, with other selectors each.
        more={"dpd_action": "clear"},
    ),
    "cloudstack": Site(
        provider="bt_cloud",
        end=BT_CLOUD_END,
        secret="umbrella-bt",
        reached=_at(api=f"{BT_CLOUD.url}/client/api"),
        scope={"kind": "vpc", "name": "prod"},
        change_key=_change_cloudstack,
        proposal="aes256-sha256-modp3072",
    ),
    "openstack": Site(
        provider="openstack",
        end=OPENSTACK_END,
        secret="globex-vpn",
        reached=_openstack_front,
        more={"region": "RegionOne"},
        scope={"kind": "router", "name": "prod"},
        change_key=_change_openstack,
        runs_on=True,
    ),
}
