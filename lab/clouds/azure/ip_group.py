# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP groups: lists of addresses to which the rules of Azure Firewall refer.

Limits are those of "Azure subscription and service limits", the forms of an address those of "IP Groups in Azure
Firewall". The service keeps addresses as they were written.
"""

from __future__ import annotations

import ipaddress

from lab.clouds.azure import security_rule, tags
from lab.clouds.azure.nsg import keep_location
from lab.clouds.azure.state import ResourceGroup
from lab.clouds.azure.wire import AzureError, Json, new_etag

TYPE = "Microsoft.Network/ipGroups"
MAX_ADDRESSES = 5000
_KNOWN = {"id", "name", "type", "etag", "location", "tags", "properties"}
_KNOWN_PROPERTIES = {"ipAddresses", "provisioningState", "firewalls", "firewallPolicies"}
#: Where a group without addresses is refused, as Azure/bicep-registry-modules pull request 6747 found it (2026).
REFUSE_EMPTY = frozenset(
    {"eastus", "centralus", "northeurope", "uksouth", "brazilsouth", "koreacentral", "centralindia"}
)


def build(subscription_id: str, group: ResourceGroup, name: str, body: Json, old: Json | None) -> Json:
    """The stored resource for a PUT body; refuses what Azure refuses."""
    security_rule.refuse_unknown(body, _KNOWN, "IpGroup")
    properties = body.get("properties") or {}
    security_rule.refuse_unknown(properties, _KNOWN_PROPERTIES, "IpGroupPropertiesFormat")
    location = keep_location(group, name, body, old)
    addresses = [str(address) for address in properties.get("ipAddresses") or []]
    for address in addresses:
        _check(address)
    _check_count(name, location, len(addresses))
    name = old["name"] if old else name
    return {
        "name": name,
        "id": f"/subscriptions/{subscription_id}/resourceGroups/{group.name}/providers/{TYPE}/{name}",
        "type": TYPE,
        "etag": new_etag(),
        "location": location,
        "tags": tags.check(body.get("tags")),
        "properties": {
            "provisioningState": "Succeeded",
            "ipAddresses": addresses,
            "firewalls": [],
            "firewallPolicies": [],
        },
    }


def _check(address: str) -> None:
    """Refuse what is neither an address, a prefix nor a range, all of IPv4."""
    first, dash, last = address.partition("-")
    try:
        if not dash:
            ipaddress.IPv4Network(address)
            return
        if ipaddress.IPv4Address(first) <= ipaddress.IPv4Address(last):
            return
    except ValueError:
        pass
    raise AzureError(400, "InvalidAddressPrefixFormat", f"IP Prefix {address} is invalid.")


def _check_count(name: str, location: str, count: int) -> None:
    if count > MAX_ADDRESSES:
        raise AzureError(
            400,
            "IpGroupsMaxIpAddressesLimitReached",
            f"IP group {name} has {count} IP addresses, and {MAX_ADDRESSES} are allowed.",
        )
    if not count and location in REFUSE_EMPTY:
        raise AzureError(400, "IPGroupsIPAddressCountZero", f"IP group {name} has no IP addresses.")
