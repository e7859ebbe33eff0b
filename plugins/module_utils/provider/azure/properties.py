# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the properties of a security rule say, in the words of entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model.entry import without_host_bits
from ...model.ports import Ports, parse_ports

Rule = Mapping[str, Any]
#: Protocols of rules, and what entries call them.
PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "esp": "esp", "ah": "ah", "*": "all"}


def several(properties: Rule, single: str, plural: str) -> list[str]:
    """Return the values of a property that Azure has once in the singular and once in the plural."""
    one = properties.get(single)
    return [*([one] if one else []), *(properties.get(plural) or [])]


def port_range(text: str) -> Ports:
    """Return the ports of a rule's destination; None for all."""
    return parse_ports("destinationPortRange", text, "tcp")


def cidr_of(prefix: str) -> str:
    """Return the prefix in its one spelling; empty for a service tag and for "*"."""
    try:
        return without_host_bits(prefix)
    except ValueError:
        return ""


def protocol_of(properties: Rule, cidr: str) -> str:
    """Return the protocol of an entry with that prefix; "" for one that entries do not know."""
    name = PROTOCOLS.get(str(properties["protocol"]).lower(), "")
    return "icmpv6" if name == "icmp" and ":" in cidr else name


def allows(properties: Rule) -> bool:
    """Return whether a rule allows what it is about; else it denies."""
    return str(properties["access"]).lower() == "allow"


def is_inbound(properties: Rule) -> bool:
    """Return whether a rule is about what comes in."""
    return str(properties["direction"]).lower() == "inbound"


def is_for_every_target(properties: Rule) -> bool:
    """Return whether a rule is about every address of the group, from every source port."""
    return (
        several(properties, "sourcePortRange", "sourcePortRanges") == ["*"]
        and several(properties, "destinationAddressPrefix", "destinationAddressPrefixes") == ["*"]
        and not properties.get("destinationApplicationSecurityGroups")
    )


def is_for_the_network(properties: Rule) -> bool:
    """Return whether a rule is about every address of the group, or of the whole virtual network around it."""
    destinations = several(properties, "destinationAddressPrefix", "destinationAddressPrefixes")
    every = {**properties, "destinationAddressPrefix": "*", "destinationAddressPrefixes": []}
    return is_for_every_target(every if [one.lower() for one in destinations] == ["virtualnetwork"] else properties)
