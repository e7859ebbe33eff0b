# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual network of Azure, with and without a gateway."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from ..accounts import azure
from ..accounts.base import CloudAccount
from .base import VpnSite


def azure_gateway(account: CloudAccount) -> VpnSite:
    """Return a virtual network gateway of Azure, which somebody else made and others use as well."""

    def call(method: str, path: str, body: Any = None) -> Any:
        return azure.call(account.server.url, account.server.ca_file, method, azure.GROUP, path, body)

    def add_foreign() -> None:
        hub = call("GET", "virtualNetworkGateways/hub")
        space = {"addressPrefixes": ["10.99.0.0/24"]}
        local = {"gatewayIpAddress": "192.0.2.77", "localNetworkAddressSpace": space}
        made = call("PUT", "localNetworkGateways/theirs", {"location": hub["location"], "properties": local})
        properties = {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": hub["id"], "properties": {}},
            "localNetworkGateway2": {"id": made["id"], "properties": {}},
        }
        call("PUT", "connections/theirs", {"location": hub["location"], "properties": properties})

    def change_key(key: str) -> None:
        call("PUT", "connections/acme-vpn/sharedkey", {"value": key})

    return VpnSite(
        scope={"kind": "virtual_network_gateway", "name": "hub", "parent": azure.GROUP},
        unknown_scope={"kind": "virtual_network_gateway", "name": "nowhere", "parent": azure.GROUP},
        tunnels=1,
        # The gateway, its public address, the local network gateway, the connection and its key.
        least_reads=5,
        make_call=f"PUT {azure.NETWORK}/connections/acme-vpn",
        look=lambda: sorted(azure_objects(call)),
        add_foreign=add_foreign,
        held_keys=lambda: [call("GET", "connections/acme-vpn/sharedkey")["value"]],
        change_key=change_key,
        report_up=lambda: account.server.lab("POST", "vpn", {"connection": "acme-vpn", "status": "Connected"}),
    )


def azure_network(account: CloudAccount) -> VpnSite:
    """Return a virtual network of Azure without a gateway, which the store makes."""
    site = azure_gateway(account)
    return dataclasses.replace(
        site,
        scope={"kind": "virtual_network", "name": "empty", "parent": azure.GROUP},
        unknown_scope={"kind": "virtual_network", "name": "nowhere", "parent": azure.GROUP},
        # The network besides.
        least_reads=6,
    )


def azure_objects(call: Callable[[str, str], Any]) -> Iterator[tuple[str, str]]:
    """Yield every connection, local network gateway, gateway and public address, those laid out from the start not."""
    for kind in ("connections", "localNetworkGateways", "virtualNetworkGateways", "publicIPAddresses"):
        for one in call("GET", kind)["value"]:
            said = {key: value for key, value in one["properties"].items() if key != "resourceGuid"}
            if one["name"] != "hub":
                yield kind, f"{one['name']} {sorted(one['tags'])} {sorted(said.items())}"
