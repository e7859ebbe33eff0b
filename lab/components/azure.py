# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acme's Azure subscription at the lab's emulator: Entra ID, Resource Manager and Graph."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any

from ..context import Context, random_password
from ..topology import AZURE, AZURE_END
from . import servers
from .base import Component, Status

RESOURCE_GROUP, SECURITY_GROUP, LOCATION, GATEWAY = "service-store", "store-api", "uksouth", "hub"
_GRAPH = ["Application.Read.All", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"]


def _make() -> dict[str, str]:
    return {
        "tenant_id": str(uuid.uuid4()),
        "client_id": str(uuid.uuid4()),
        "client_secret": random_password(),
        "subscription_id": str(uuid.uuid4()),
    }


def vpn_gateway(subscription: str) -> dict[str, Any]:
    """A network with a VPN gateway, as the customer's staff has made it long ago."""
    here = f"/subscriptions/{subscription}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.Network"
    inside = ipaddress.ip_network(AZURE_END.network)
    subnet = list(inside.subnets(new_prefix=27))[-1]
    placed = {
        "publicIPAddress": {"id": f"{here}/publicIPAddresses/{GATEWAY}"},
        "subnet": {"id": f"{here}/virtualNetworks/{GATEWAY}/subnets/GatewaySubnet"},
    }
    subnets = [{"name": "GatewaySubnet", "properties": {"addressPrefix": str(subnet)}}]
    network = {"addressSpace": {"addressPrefixes": [str(inside)]}, "subnets": subnets}
    address = {"publicIPAllocationMethod": "Static", "ipAddress": AZURE_END.outer[0]}
    gateway = {
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
        "ipConfigurations": [{"name": "default", "properties": placed}],
    }
    return {
        "public_ips": [{"name": GATEWAY, "sku": {"name": "Standard"}, "properties": address}],
        "networks": [{"name": GATEWAY, "properties": network}],
        "gateways": [{"name": GATEWAY, "properties": gateway}],
    }


def _application(name: str, secret: dict[str, str], role: str, graph: list[str]) -> dict[str, Any]:
    return {
        "client_id": secret["client_id"],
        "display_name": name,
        "secrets": [{"value": secret["client_secret"]}],
        "roles": [{"role": role, "scope": f"/subscriptions/{secret['subscription_id']}"}],
        "graph_permissions": graph,
    }


def config(ctx: Context) -> dict[str, Any]:
    store = ctx.once("acme-azure", _make)
    admin = ctx.once(
        "acme-azure-admin", lambda: {**store, "client_id": str(uuid.uuid4()), "client_secret": random_password()}
    )
    group = {
        "name": RESOURCE_GROUP,
        "location": LOCATION,
        "network_security_groups": [{"name": SECURITY_GROUP, "rules": []}],
        **vpn_gateway(store["subscription_id"]),
    }
    return {
        "tenants": [
            {
                "id": store["tenant_id"],
                "display_name": "Acme",
                "applications": [
                    _application("service-store", store, "Network Contributor", _GRAPH),
                    _application("acme-admin", admin, "Owner", _GRAPH),
                ],
            }
        ],
        "subscriptions": [
            {
                "id": store["subscription_id"],
                "display_name": "Acme production",
                "tenant_id": store["tenant_id"],
                "resource_groups": [group],
            }
        ],
    }


def up(ctx: Context) -> dict[str, Any]:
    servers.start(ctx, AZURE, "lab.clouds.azure", config(ctx))
    return {
        "endpoints": {"arm": AZURE.url, "entra": AZURE.url, "graph": f"{AZURE.url}/graph"},
        "resource_group": RESOURCE_GROUP,
        "security_group": SECURITY_GROUP,
        "vpn_gateway": GATEWAY,
    }


def down(ctx: Context) -> None:
    ctx.service(AZURE.name).stop()


def status(ctx: Context) -> Status:
    return servers.status(ctx, AZURE)


COMPONENT = Component("azure", ("clouds",), up, down, status)
