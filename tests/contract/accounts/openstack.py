# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of the real Keystone and Neutron."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from lab.faults import FaultProxy
from tests.support import openstack
from tests.support.servers import StartServer

from .base import Bare, CloudAccount
from .cloudstack import _certificate

ACCOUNT = {
    "security_groups": ["api-one", "api-two"],
    "address_groups": [
        {"name": "list-one"},
        {"name": "list-two"},
        {"name": "list-own", "description": "svcstore:service-store(*)"},
    ],
}
#: The collections of VPNaaS, those that others refer to first, and what their objects are called in answers.
VPN_KEYS = (
    ("vpnservices", "vpnservices"),
    ("ikepolicies", "ikepolicies"),
    ("ipsecpolicies", "ipsecpolicies"),
    ("endpoint-groups", "endpoint_groups"),
    ("ipsec-site-connections", "ipsec_site_connections"),
)
_VPN_KINDS = tuple(path for path, _key in VPN_KEYS)
_CONNECTIONS = "/v2.0/vpn/ipsec-site-connections"
#: What vpn_gateway calls, and nothing else.
VPN_CALLS = (
    *(("GET", f"/v2.0/{name}") for name in ("routers", "ports", "subnets")),
    *((method, f"/v2.0/vpn/{name}") for method in ("GET", "POST") for name in _VPN_KINDS),
    *(("DELETE", f"/v2.0/vpn/{name}/*") for name in _VPN_KINDS),
    *(("GET", f"{_CONNECTIONS}/*"), ("PUT", f"{_CONNECTIONS}/*")),
)
VPN_ACCOUNT = {
    "project": "tunnels",
    "security_groups": [],
    "routers": [{"name": "vpn-home", "cidr": "10.60.0.0/16"}, {"name": "vpn-other", "cidr": "10.61.0.0/16"}],
    "access_rules": [{"service": "network", "method": method, "path": path} for method, path in VPN_CALLS],
}


def start(start_server: StartServer, folder: Path) -> CloudAccount:
    """Start both services with two security groups; the faults are Neutron's."""
    server, (made, _tunnels) = openstack.start(start_server, [ACCOUNT, VPN_ACCOUNT], folder)
    faults = FaultProxy(made.network, server.ca_file, *_certificate(folder))
    faults.__enter__()
    return CloudAccount(
        provider="openstack",
        server=server,
        faults=faults,
        options={
            "region": "RegionOne",
            "endpoints": {"identity": made.identity, "network": faults.url},
            "ca_file": server.ca_file,
        },
        secret=made.secret,
        wrong_secret={**made.secret, "application_credential_secret": "hJ6tXw2KzR9gNvD4mQs7LpY1bUe8FiMaC3kTx5WrV0"},
        scopes=({"kind": "security_group", "name": "api-one"}, {"kind": "security_group", "name": "api-two"}),
        unknown_scope={"kind": "security_group", "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign(made, scope, entry),
        is_write=lambda name: not name.startswith("GET "),
        least_reads=1,
        add_call="POST /v2.0/security-group-rules",
        remove_call="DELETE /v2.0/security-group-rules/*",
        shape="openstack",
        reset=server.reset,
        rotator=made.password,
    )


def address_groups(account: CloudAccount) -> CloudAccount:
    """Return the account with two empty address groups as its scopes; a third is the store's own as a whole."""
    kind, add, remove = "address_group", "PUT */add_addresses", "PUT */remove_addresses"
    mark = "PUT /v2.0/address-groups/*"
    return dataclasses.replace(
        account,
        scopes=({"kind": kind, "name": "list-one"}, {"kind": kind, "name": "list-two"}),
        unknown_scope={"kind": kind, "name": "nowhere"},
        add_call=add,
        remove_call=remove,
        bare=Bare(
            too_many=25,
            refusal="by which entries are marked, would have",
            # 100 addresses in a call.
            writes=(2, 2),
            swap=(mark, add, remove, mark),
            families=(4, 6),
            unmarkable=25,
            roomy={"kind": kind, "name": "list-own"},
        ),
    )


def vpn(account: CloudAccount) -> CloudAccount:
    """Return the project with two routers, whose credential may do what tunnels need and nothing else."""
    return dataclasses.replace(account, secret=of_vpn(account).secret)


def of_vpn(account: CloudAccount) -> openstack.Account:
    """Return that project by plain calls."""
    _main, made = json.loads(account.server.lab("GET", "accounts"))
    return openstack.Account(account.server, made)


def _add_foreign(account: openstack.Account, scope: Mapping[str, str], entry: Entry) -> None:
    if scope["kind"] == "address_group":
        account.call("PUT", account.list_path(scope["name"], "/add_addresses"), {"addresses": [entry.cidr]})
        return
    low, high = entry.ports or (None, None)
    account.add_rule(
        scope["name"],
        protocol=entry.protocol,
        port_range_min=low,
        port_range_max=high,
        remote_ip_prefix=entry.cidr,
        description="made by hand",
    )
