# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public IP addresses, virtual networks and subnets, as far as a VPN gateway needs them."""

from __future__ import annotations

import ipaddress
import uuid

from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.vpn_parts import Place, choice, prefixes, refuse, same
from lab.clouds.azure.wire import Json, new_etag

#: RFC 5737, TEST-NET-3: what is handed out where the configuration names no addresses.
_ADDRESSES = ipaddress.IPv4Network("203.0.113.0/24")
GATEWAY_SUBNET = "GatewaySubnet"


def public_ip(place: Place, body: Json, old: Json | None) -> Json:
    """The properties of a public IP address; a static one has its address at once and keeps it."""
    given = body.get("properties") or {}
    known = {"publicIPAllocationMethod", "publicIPAddressVersion", "ipAddress", "idleTimeoutInMinutes"}
    refuse_unknown(given, known | {"provisioningState", "resourceGuid", "ipConfiguration", "ipTags"}, "PublicIPAddress")
    sku = choice(body.get("sku") or {}, "name", ("Basic", "Standard"), "Basic")
    method = choice(given, "publicIPAllocationMethod", ("Static", "Dynamic"), "Dynamic")
    if sku == "Standard" and method != "Static":
        refuse("StandardSkuPublicIPAddressesMustBeStatic", f"Standard sku publicIp {place.path} must be static.")
    kept = old["properties"] if old else {}
    address = kept.get("ipAddress") or given.get("ipAddress") or _free(place)
    return {
        "publicIPAllocationMethod": method,
        "publicIPAddressVersion": choice(given, "publicIPAddressVersion", ("IPv4", "IPv6"), "IPv4"),
        "idleTimeoutInMinutes": int(given.get("idleTimeoutInMinutes") or 4),
        "ipAddress": address,
        "resourceGuid": kept.get("resourceGuid") or str(uuid.uuid4()),
    }


def _free(place: Place) -> str:
    wanted = [str(one) for one in place.state.config.get("public_addresses", [])] or [
        str(one) for one in _ADDRESSES.hosts()
    ]
    taken = {
        item["properties"].get("ipAddress")
        for subscription in place.state.subscriptions.values()
        for group in subscription.groups.values()
        for item in group.public_ips.values()
    } | {item["properties"].get("ipAddress") for item in place.group.public_ips.values()}
    free = [one for one in wanted if one not in taken]
    if not free:
        refuse("PublicIPCountLimitReached", "Cannot create more public IP addresses for this subscription.")
    return free[0]


def keep_public_ip(place: Place, resource: Json) -> None:
    """Refuse to delete an address that a gateway has."""
    for gateway in place.gateways():
        for entry in gateway["properties"]["ipConfigurations"]:
            if same(entry["properties"]["publicIPAddress"]["id"], resource["id"]):
                text = f"Public IP address {resource['id']} can not be deleted since it is still allocated to"
                refuse("PublicIPAddressCannotBeDeleted", f"{text} {entry['id']}.")


def network(place: Place, body: Json, old: Json | None) -> Json:
    """The properties of a virtual network with its subnets."""
    given = body.get("properties") or {}
    known = {"addressSpace", "subnets", "provisioningState", "resourceGuid", "enableDdosProtection"}
    refuse_unknown(given, known | {"virtualNetworkPeerings"}, "VirtualNetwork")
    space = prefixes((given.get("addressSpace") or {}).get("addressPrefixes"), "addressSpace")
    if not space:
        refuse("InvalidRequestFormat", "A virtual network needs an address space.")
    made: Json = {"id": place.path, "properties": {"addressSpace": {"addressPrefixes": space}, "subnets": []}}
    before = {item["name"].lower(): item for item in (old["properties"]["subnets"] if old else [])}
    wanted = given["subnets"] if "subnets" in given else list(before.values())
    for item in wanted:
        put_subnet(made, item["name"], item)
        now = subnet_of(made, item["name"])
        was = before.pop(item["name"].lower(), None)
        if now and was and "ipConfigurations" in was["properties"]:
            now["properties"]["ipConfigurations"] = was["properties"]["ipConfigurations"]
    for item in before.values():
        _keep_subnet(item)
    properties: Json = made["properties"]
    return properties


def keep_network(place: Place, resource: Json) -> None:
    """Refuse to delete a network in a subnet of which a gateway is."""
    for item in resource["properties"]["subnets"]:
        _keep_subnet(item)


def subnet_of(resource: Json, name: str) -> Json | None:
    """A subnet by its name, without regard to case."""
    found = [item for item in resource["properties"]["subnets"] if item["name"].lower() == name.lower()]
    return found[0] if found else None


def put_subnet(resource: Json, name: str, body: Json | None) -> None:
    """Make or replace a subnet; without a body, delete it."""
    old = subnet_of(resource, name)
    others = [item for item in resource["properties"]["subnets"] if item is not old]
    if body is None:
        if old is not None:
            _keep_subnet(old)
        resource["properties"]["subnets"] = others
        return
    given = body.get("properties") or {}
    space = prefixes([given.get("addressPrefix")], f"subnet {name}")
    held = [ipaddress.ip_network(one) for one in resource["properties"]["addressSpace"]["addressPrefixes"]]
    mine = ipaddress.ip_network(space[0])
    if not any(mine.version == one.version and mine.subnet_of(one) for one in held):  # type: ignore[arg-type]
        refuse("NetcfgSubnetRangeOutsideVnet", f"Subnet '{name}' is not valid in its virtual network.")
    if any(mine.overlaps(ipaddress.ip_network(item["properties"]["addressPrefix"])) for item in others):
        refuse("NetcfgSubnetRangesOverlap", f"Subnet '{name}' overlaps another subnet of its virtual network.")
    if name == GATEWAY_SUBNET and mine.prefixlen > 29:
        refuse("NetcfgInvalidSubnet", f"Subnet '{name}' is too small for a gateway: /29 is the smallest.")
    was = old["properties"] if old else {}
    kept = {"ipConfigurations": was["ipConfigurations"]} if "ipConfigurations" in was else {}
    made = {
        "name": name,
        "id": f"{resource['id']}/subnets/{name}",
        "etag": new_etag(),
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {"addressPrefix": space[0], "provisioningState": "Succeeded", **kept},
    }
    resource["properties"]["subnets"] = [*others, made]


def _keep_subnet(subnet: Json) -> None:
    users = subnet["properties"].get("ipConfigurations") or []
    if users:
        text = f"Subnet {subnet['name']} is in use by {users[0]['id']} and cannot be deleted."
        refuse("InUseSubnetCannotBeDeleted", text)
