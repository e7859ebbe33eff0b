# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subscription of the Azure emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.need import NEEDS
from lab.faults import FaultProxy
from tests.support.servers import StartServer

from .base import Bare, CloudAccount
from .cloudstack import _certificate

SECRET = {
    "tenant_id": "11111111-1111-4111-8111-111111111111",
    "client_id": "22222222-2222-4222-8222-222222222222",
    "subscription_id": "33333333-3333-4333-8333-333333333333",
    "client_secret": "Tq48Q~vX2mZk9LrW7cYjN1pHs6DfA3uEo5KiBt",
}
ROTATOR = {
    **SECRET,
    "client_id": "44444444-4444-4444-8444-444444444444",
    "client_secret": "Rw18Q~bN6kTz3MxV9dPjL2qGs7HfC4yEa8UiWo",
}
READER = {
    **SECRET,
    "client_id": "55555555-5555-4555-8555-555555555555",
    "client_secret": "Ge52Q~hP9cVx4NtJ7mBrW1sKd8LfZ3yUa6QoTi",
}
#: Applications with nothing but the rights that a tunnel needs, and with those that making a gateway takes besides.
TUNNELS = {
    "tunnels": {
        **SECRET,
        "client_id": "66666666-6666-4666-8666-666666666666",
        "client_secret": "Mv63Q~kR2dXw8PzT5gCnJ9sLb7HfY4uEa1QoVi",
    },
    "gateways": {
        **SECRET,
        "client_id": "77777777-7777-4777-8777-777777777777",
        "client_secret": "Px29Q~wN6hBk4ZrL8tDvS3jMc7GfY5uEa1QoKi",
    },
}
GROUP = "store"
OTHER_GROUP = "theirs"
NETWORK = f"/subscriptions/{SECRET['subscription_id']}/resourceGroups/{GROUP}/providers/Microsoft.Network"
_AT_HOME = {
    "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/hub"},
    "subnet": {"id": f"{NETWORK}/virtualNetworks/home/subnets/GatewaySubnet"},
}
VPN = {
    "public_ips": [
        {"name": "hub", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
    ],
    "networks": [
        {
            "name": name,
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.60.0.0/16"]},
                "subnets": [{"name": "GatewaySubnet", "properties": {"addressPrefix": "10.60.255.0/27"}}],
            },
        }
        for name in ("home", "empty")
    ],
    "gateways": [
        {
            "name": "hub",
            "properties": {
                "gatewayType": "Vpn",
                "vpnType": "RouteBased",
                "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
                "ipConfigurations": [{"name": "default", "properties": _AT_HOME}],
            },
        }
    ],
}
_NEED = NEEDS["vpn_gateway"]
CONFIG = {
    "role_definitions": [
        {"name": "tunnels", "actions": list(_NEED.rights)},
        {"name": "gateways", "actions": [*_NEED.rights, *_NEED.optional]},
    ],
    "tenants": [
        {
            "id": SECRET["tenant_id"],
            "applications": [
                {
                    "client_id": SECRET["client_id"],
                    "secrets": [{"value": SECRET["client_secret"]}],
                    "roles": [{"role": "Network Contributor", "scope": f"/subscriptions/{SECRET['subscription_id']}"}],
                    "graph_permissions": ["Application.Read.All", "Policy.ReadWrite.ConditionalAccess"],
                    "owners": [ROTATOR["client_id"]],
                },
                {
                    "client_id": READER["client_id"],
                    "display_name": "auditor",
                    "secrets": [{"value": READER["client_secret"]}],
                    "roles": [{"role": "Reader", "scope": f"/subscriptions/{SECRET['subscription_id']}"}],
                },
                *(
                    {
                        "client_id": fields["client_id"],
                        "display_name": role,
                        "secrets": [{"value": fields["client_secret"]}],
                        "roles": [{"role": role, "scope": f"/subscriptions/{SECRET['subscription_id']}"}],
                    }
                    for role, fields in TUNNELS.items()
                ),
                {
                    "client_id": ROTATOR["client_id"],
                    "display_name": "rotator",
                    "secrets": [{"value": ROTATOR["client_secret"]}],
                    "graph_permissions": ["Application.ReadWrite.OwnedBy"],
                    # In Azure nothing owns itself unless somebody has made it so.
                    "owners": [],
                },
            ],
        }
    ],
    "subscriptions": [
        {
            "id": SECRET["subscription_id"],
            "tenant_id": SECRET["tenant_id"],
            "resource_groups": [
                {
                    "name": GROUP,
                    "network_security_groups": [{"name": "api-one"}, {"name": "api-two"}],
                    "ip_groups": [{"name": "list-one"}, {"name": "list-two"}],
                    **VPN,
                },
                {"name": OTHER_GROUP},
            ],
        }
    ],
}
KIND = "network_security_group"
VERSION = {"api-version": "2025-07-01"}
WRITES = ("PUT ", "PATCH ", "DELETE ", "POST /graph/")


def start(start_server: StartServer, folder: Path) -> CloudAccount:
    """Start the emulator with two network security groups without rules of their own."""
    server = start_server("azure", CONFIG, folder)
    faults = FaultProxy(server.url, server.ca_file, *_certificate(folder))
    faults.__enter__()
    return CloudAccount(
        provider="azure",
        server=server,
        faults=faults,
        options={
            "endpoints": {"arm": faults.url, "entra": faults.url, "graph": f"{faults.url}/graph"},
            "ca_file": server.ca_file,
        },
        secret=SECRET,
        wrong_secret={**SECRET, "client_secret": "Zx78Q~cF5nJw1KtR8gBvD4mQs2LpY9hUe6XiMa"},
        scopes=(
            {"kind": KIND, "name": "api-one", "parent": GROUP},
            {"kind": KIND, "name": "api-two", "parent": GROUP},
        ),
        unknown_scope={"kind": KIND, "name": "nowhere", "parent": GROUP},
        add_foreign=lambda scope, entry: _add_foreign(server.url, server.ca_file, scope, entry),
        add_denial=lambda scope, entry: _add_foreign(server.url, server.ca_file, scope, entry, "Deny"),
        is_write=lambda name: name.startswith(WRITES),
        is_login=lambda name: name.endswith(("/token", "/openid-configuration")),
        least_reads=1,
        # One write holds what opens and what closes.
        add_call="PUT */networkSecurityGroups/*",
        remove_call="PUT */networkSecurityGroups/*",
        shape="arm",
        reset=server.reset,
        icmp_types=False,
        rotator=ROTATOR,
    )


def rules(url: str, ca_file: str, scope: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a group's own rules as somebody else of the subscription reads them."""
    answer = call(url, ca_file, "GET", scope["parent"], f"networkSecurityGroups/{scope['name']}")
    found: list[dict[str, Any]] = answer["properties"]["securityRules"]
    return found


def ip_group(url: str, ca_file: str, scope: Mapping[str, str]) -> dict[str, Any]:
    """Return an IP group as somebody else of the subscription reads it."""
    found: dict[str, Any] = call(url, ca_file, "GET", scope["parent"], f"ipGroups/{scope['name']}")
    return found


def ip_groups(account: CloudAccount) -> CloudAccount:
    """Return the account with two empty IP groups as its scopes."""
    kind = "ip_group"
    write = "PUT */ipGroups/*"
    return dataclasses.replace(
        account,
        scopes=(
            {"kind": kind, "name": "list-one", "parent": GROUP},
            {"kind": kind, "name": "list-two", "parent": GROUP},
        ),
        unknown_scope={"kind": kind, "name": "nowhere", "parent": GROUP},
        add_foreign=lambda scope, entry: _add_address(account.server.url, account.server.ca_file, scope, entry),
        add_denial=None,
        add_call=write,
        remove_call=write,
        bare=Bare(
            too_many=5001,
            refusal="would hold 5001 entries while it changes and the provider takes 5000",
            writes=(1, 1),
            swap=(write,),
            unmarkable=51,
        ),
    )


def _add_foreign(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry, access: str = "Allow") -> None:
    low, high = entry.ports or (0, 65535)
    properties = {
        "access": access,
        "direction": "Inbound",
        "priority": 150,
        "protocol": entry.protocol.title(),
        "sourceAddressPrefix": entry.cidr,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": f"{low}-{high}",
    }
    path = f"networkSecurityGroups/{scope['name']}/securityRules/by-the-customer"
    call(url, ca_file, "PUT", scope["parent"], path, {"properties": properties})


def _add_address(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry) -> None:
    path = f"ipGroups/{scope['name']}"
    group = call(url, ca_file, "GET", scope["parent"], path)
    properties = {"ipAddresses": [*group["properties"]["ipAddresses"], entry.cidr]}
    body = {"location": group["location"], "tags": group["tags"], "properties": properties}
    call(url, ca_file, "PUT", scope["parent"], path, body)


def call(url: str, ca_file: str, method: str, group: str, path: str, body: Any = None) -> Any:
    """Call Microsoft.Network in a resource group, as somebody else of the subscription would."""
    session = requests.Session()
    session.trust_env, session.verify = False, ca_file
    form = {
        "grant_type": "client_credentials",
        "client_id": SECRET["client_id"],
        "client_secret": SECRET["client_secret"],
        "scope": f"{url}/.default",
    }
    token = session.post(f"{url}/{SECRET['tenant_id']}/oauth2/v2.0/token", data=form, timeout=60).json()
    inside = f"/subscriptions/{SECRET['subscription_id']}/resourceGroups/{group}/providers/Microsoft.Network"
    answer = session.request(
        method,
        f"{url}{inside}/{path}",
        params=VERSION,
        headers={"Authorization": f"Bearer {token['access_token']}"},
        json=body,
        timeout=60,
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None
