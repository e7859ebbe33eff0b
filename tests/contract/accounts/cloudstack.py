# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of the CloudStack emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from cs import CloudStack

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from lab.faults import FaultProxy
from tests.support.servers import StartServer

from .base import CloudAccount

SECRET = {"api_key": "contract-api-key", "secret_key": "vX2mZk9LrW7cYjN1pHs6DfA3uEo5KiBtQ8gRw4TxM0"}
ROTATOR = {"api_key": "rotator-api-key", "secret_key": "bN6kTz3MxV9dPjL2qGs7HfC4yEa8UiWoJ1rXt5KzQ0"}
ADDRESSES = ("198.51.100.7", "198.51.100.8")
CONFIG = {
    "job_delay_s": 0,
    "accounts": [
        {
            "name": "initech",
            "users": [
                {"username": "store", "apikey": SECRET["api_key"], "secretkey": SECRET["secret_key"]},
                {"username": "rotator", "apikey": ROTATOR["api_key"], "secretkey": ROTATOR["secret_key"]},
            ],
            "security_groups": [{"name": "api-one"}, {"name": "api-two"}],
            "public_ips": [{"ipaddress": ADDRESSES[0]}, {"ipaddress": ADDRESSES[1]}],
            "network_acl_lists": [{"name": "tier-one"}, {"name": "tier-two"}],
            "vpcs": [{"name": "vpn-home", "cidr": "10.60.0.0/16"}, {"name": "vpn-other", "cidr": "10.61.0.0/16"}],
        }
    ],
}


def start(start_server: StartServer, folder: Path, version: str = "4.18.2.0") -> CloudAccount:
    """Start the emulator with two empty security groups; from 4.23 on a user has several key pairs."""
    server = start_server("cloudstack", {**CONFIG, "version": version}, folder)
    faults = FaultProxy(server.url, server.ca_file, *_certificate(folder))
    faults.__enter__()
    return CloudAccount(
        provider="cloudstack",
        server=server,
        faults=faults,
        options={"endpoints": {"api": f"{faults.url}/client/api"}, "ca_file": server.ca_file},
        secret=SECRET,
        wrong_secret={**SECRET, "secret_key": "cF5nJw1KtR8gBvD4mQs2LpY9hUe6XiMaZ3kTx7NrV0"},
        scopes=({"kind": "security_group", "name": "api-one"}, {"kind": "security_group", "name": "api-two"}),
        unknown_scope={"kind": "security_group", "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign(server.url, server.ca_file, scope, entry),
        is_write=lambda name: not name.startswith(("list", "query", "get", "GET /_lab")),
        least_reads=1,
        add_call="authorizeSecurityGroupIngress",
        remove_call="revokeSecurityGroupIngress",
        shape="cloudstack",
        reset=server.reset,
        rotator=ROTATOR,
    )


def network_acls(account: CloudAccount) -> CloudAccount:
    """Return the account with two empty network ACL lists as its scopes."""
    kind = "network_acl"
    return dataclasses.replace(
        account,
        scopes=({"kind": kind, "name": "tier-one"}, {"kind": kind, "name": "tier-two"}),
        unknown_scope={"kind": kind, "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign_item(account.server.url, account.server.ca_file, scope, entry),
        add_denial=lambda scope, entry: _add_foreign_item(
            account.server.url, account.server.ca_file, scope, entry, action="deny", number=500
        ),
        # The lists, and the items of all of them.
        least_reads=2,
        add_call="createNetworkACL",
        remove_call="deleteNetworkACL",
    )


def firewalls(account: CloudAccount) -> CloudAccount:
    """Return the account with the firewalls of two public addresses as its scopes."""
    kind = "firewall"
    return dataclasses.replace(
        account,
        scopes=({"kind": kind, "name": ADDRESSES[0]}, {"kind": kind, "name": ADDRESSES[1]}),
        unknown_scope={"kind": kind, "name": "203.0.113.1"},
        add_foreign=lambda scope, entry: _add_foreign_firewall(
            account.server.url, account.server.ca_file, scope, entry
        ),
        # The addresses, and the rules of all of them.
        least_reads=2,
        add_call="createFirewallRule",
        remove_call="deleteFirewallRule",
    )


def _certificate(folder: Path) -> tuple[str, str]:
    from lab.ca import issue, make_ca

    cert, key = issue(make_ca(folder / "ca"), ["localhost"], ["127.0.0.1"])
    return str(cert), str(key)


def client(url: str, ca_file: str) -> Any:
    """Return the API as somebody else of the account uses it."""
    session = requests.Session()
    session.trust_env = False
    return CloudStack(
        endpoint=f"{url}/client/api",
        key=SECRET["api_key"],
        secret=SECRET["secret_key"],
        verify=ca_file,
        session=session,
    )


def _ports(entry: Entry) -> dict[str, int]:
    return {"startport": entry.ports[0], "endport": entry.ports[1]} if entry.ports else {}


def _add_foreign(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry) -> None:
    client(url, ca_file).authorizeSecurityGroupIngress(
        securitygroupname=scope["name"],
        protocol=entry.protocol,
        cidrlist=entry.cidr,
        fetch_result=True,
        **_ports(entry),
    )


def _add_foreign_item(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry, **more: Any) -> None:
    api = client(url, ca_file)
    acl = api.listNetworkACLLists(name=scope["name"])["networkacllist"][0]
    api.createNetworkACL(
        aclid=acl["id"], protocol=entry.protocol, cidrlist=entry.cidr, fetch_result=True, **_ports(entry), **more
    )


def _add_foreign_firewall(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry) -> None:
    api = client(url, ca_file)
    (address,) = api.listPublicIpAddresses(ipaddress=scope["name"])["publicipaddress"]
    api.createFirewallRule(
        ipaddressid=address["id"],
        protocol=entry.protocol,
        cidrlist=entry.cidr,
        fetch_result=True,
        **_ports(entry),
    )
