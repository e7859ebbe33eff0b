# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local network gateways (the other end's address and networks) and virtual network gateways (Azure's own end)."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any

from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.vpn_network import GATEWAY_SUBNET, subnet_of
from lab.clouds.azure.vpn_parts import Place, choice, prefixes, refuse, same
from lab.clouds.azure.wire import Json

#: "About VPN Gateway SKUs". Without AZ no new gateways are made since November 2025, but there are such.
SKUS = ("Basic", *(f"VpnGw{number}{zone}" for number in range(1, 6) for zone in ("", "AZ")))
_LOCAL = {"gatewayIpAddress", "fqdn", "localNetworkAddressSpace", "bgpSettings", "provisioningState", "resourceGuid"}
_GATEWAY = {
    "gatewayType",
    "vpnType",
    "sku",
    "ipConfigurations",
    "activeActive",
    "enableBgp",
    "bgpSettings",
    "enablePrivateIpAddress",
    "vpnGatewayGeneration",
    "vpnClientConfiguration",
    "provisioningState",
    "resourceGuid",
}


def local(place: Place, body: Json, old: Json | None) -> Json:
    """The properties of a local network gateway."""
    given = body.get("properties") or {}
    refuse_unknown(given, _LOCAL, "LocalNetworkGatewayPropertiesFormat")
    address = str(given.get("gatewayIpAddress") or "")
    if bool(address) == bool(given.get("fqdn")):
        refuse("InvalidRequestFormat", f"{place.path} needs a gatewayIpAddress or an fqdn, and not both.")
    if address and not _is_ipv4(address):
        refuse("InvalidIPAddressFormat", f"IP address {address} of {place.path} is not a valid IPv4 address.")
    space = prefixes((given.get("localNetworkAddressSpace") or {}).get("addressPrefixes"), "localNetworkAddressSpace")
    kept = {key: given[key] for key in ("fqdn", "bgpSettings") if given.get(key)}
    return {
        **kept,
        **({"gatewayIpAddress": address} if address else {}),
        "localNetworkAddressSpace": {"addressPrefixes": space},
        "resourceGuid": old["properties"]["resourceGuid"] if old else str(uuid.uuid4()),
    }


def keep_local(place: Place, resource: Json) -> None:
    """Refuse to delete a local network gateway that a connection uses."""
    _keep(place, resource, "localNetworkGateway2", "InUseLocalNetworkGatewayCannotBeDeleted")


def gateway(place: Place, body: Json, old: Json | None) -> Json:
    """The properties of a VPN gateway, which needs a subnet of a name of its own and public addresses."""
    given = body.get("properties") or {}
    refuse_unknown(given, _GATEWAY, "VirtualNetworkGatewayPropertiesFormat")
    kind = choice(given, "gatewayType", ("Vpn", "ExpressRoute"))
    sku = choice(given.get("sku") or {}, "name", SKUS)
    vpn_type = choice(given, "vpnType", ("RouteBased", "PolicyBased"), "RouteBased")
    active = bool(given.get("activeActive", False))
    entries = given.get("ipConfigurations") or []
    if len(entries) != (2 if active else 1):
        refuse("InvalidRequestFormat", f"{place.path}: a gateway has one IP configuration, an active-active one two.")
    if old and old["properties"]["gatewayType"] != kind:
        refuse("GatewayTypeCannotBeChanged", f"The gateway type of {place.path} cannot be changed.")
    made = [_configuration(place, entry) for entry in entries]
    _hold_subnet(place, made)
    return {
        "gatewayType": kind,
        "vpnType": vpn_type,
        "sku": {"name": sku, "tier": sku, "capacity": 2},
        "activeActive": active,
        "enableBgp": bool(given.get("enableBgp", False)),
        "ipConfigurations": made,
        "bgpSettings": given.get("bgpSettings") or {"asn": 65515, "peerWeight": 0},
        **({"vpnClientConfiguration": clients} if (clients := given.get("vpnClientConfiguration")) else {}),
        "vpnGatewayGeneration": str(given.get("vpnGatewayGeneration") or "Generation1"),
        "resourceGuid": old["properties"]["resourceGuid"] if old else str(uuid.uuid4()),
    }


def keep_gateway(place: Place, resource: Json) -> None:
    """Refuse to delete a gateway with connections, and let go of its subnet."""
    _keep(place, resource, "virtualNetworkGateway1", "InUseVirtualNetworkGatewayCannotBeDeleted")
    for entry in resource["properties"]["ipConfigurations"]:
        _subnet(place, entry["properties"]["subnet"])["properties"].pop("ipConfigurations", None)


def _configuration(place: Place, entry: Json) -> Json:
    given = entry.get("properties") or {}
    subnet = _subnet(place, given.get("subnet"))
    address = place.refer(given.get("publicIPAddress"), "publicIPAddresses")
    for other in place.gateways():
        for held in other["properties"]["ipConfigurations"]:
            if same(held["properties"]["publicIPAddress"]["id"], address["id"]) and not same(other["id"], place.path):
                text = f"{place.path} is referencing public IP address {address['id']} that is already allocated to"
                refuse("PublicIPAddressInUse", f"{text} {held['id']}.")
    name = str(entry.get("name") or "default")
    return {
        "name": name,
        "id": f"{place.path}/ipConfigurations/{name}",
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": address["id"]},
            "subnet": {"id": subnet["id"]},
        },
    }


def _subnet(place: Place, reference: Any) -> Json:
    text = str((reference or {}).get("id") or "")
    path, _gap, name = text.rpartition("/subnets/")
    if name != GATEWAY_SUBNET:
        refuse("InvalidGatewaySubnet", f"{place.path}: a gateway's subnet has the name {GATEWAY_SUBNET}, not '{name}'.")
    network = place.refer({"id": path}, "virtualNetworks")
    found = subnet_of(network, name)
    if found is None:
        refuse("InvalidResourceReference", f"Resource {text} referenced by resource {place.path} was not found.")
    assert found is not None
    return found


def _hold_subnet(place: Place, entries: list[Json]) -> None:
    """Take the subnet for this gateway: a network has one gateway of each type."""
    for entry in entries:
        subnet = _subnet(place, entry["properties"]["subnet"])
        users = subnet["properties"].get("ipConfigurations") or []
        if any(not same(str(one["id"]).rpartition("/ipConfigurations/")[0], place.path) for one in users):
            refuse("OnlyOneVirtualNetworkGatewayOfATypeIsAllowed", f"{subnet['id']} is in use by {users[0]['id']}.")
        subnet["properties"]["ipConfigurations"] = [{"id": one["id"]} for one in entries]


def _keep(place: Place, resource: Json, field: str, code: str) -> None:
    users = [item["id"] for item in place.connections() if same(item["properties"][field]["id"], resource["id"])]
    if users:
        refuse(code, f"{resource['id']} is in use by the connections {', '.join(users)} and cannot be deleted.")


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
