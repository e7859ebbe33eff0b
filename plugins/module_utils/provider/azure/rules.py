# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between entries and security rules: what a group's rules allow, and the rules that hold what is wanted.

One entry is one rule of ours, because owner, ticket and expiry belong to the entry. A rule of somebody else may hold
several prefixes and ports; each pair of them is an entry.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held
from ...model.entry import Entry
from ...model.ports import Ports
from .priority import Rule, port_range, several

_PROTOCOLS = {"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp", "icmpv6": "Icmp", "esp": "Esp", "ah": "Ah", "all": "*"}
_NAMES = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "esp": "esp", "ah": "ah", "*": "all"}


def held_in(rules: Sequence[Rule]) -> Iterator[Held]:
    """Yield the entries that the inbound rules of a group allow.

    Left out, and never touched, are rules that say something an entry cannot: deny, outbound, service tags,
    application security groups, a source port, or a destination that is not every address of the group.
    """
    for rule in rules:
        properties = rule["properties"]
        if not _is_plain(properties):
            continue
        store, note = mark.read(properties.get("description"))
        for prefix in several(properties, "sourceAddressPrefix", "sourceAddressPrefixes"):
            cidr = _cidr(prefix)
            for port in several(properties, "destinationPortRange", "destinationPortRanges") if cidr else ():
                entry = Entry(cidr, _protocol(properties, cidr), port_range(port), note)
                yield Held(entry, f"{rule['name']} {prefix} {port}", store)


def fits(entry: Entry) -> None:
    """Refuse what a security rule cannot express."""
    protocol = _PROTOCOLS.get(entry.protocol)
    if protocol is None or (protocol == "Icmp" and entry.ports is not None):
        what = f"protocol {entry.protocol}" if protocol is None else "single ICMP types"
        mend = f"write one of {', '.join(sorted(_PROTOCOLS))}, ICMP without ports"
        raise ProviderError("azure", f"allow {entry}", f"security rules know no {what}", "invalid", hint=mend)


def rule_for(store: str, entry: Entry, priority: int, most_chars: int) -> dict[str, Any]:
    """Return the rule that allows an entry; its name comes from the entry, so that making it twice makes one."""
    fits(entry)
    protocol = _PROTOCOLS[entry.protocol]
    return {
        "name": name_for(store, entry),
        "properties": {
            "description": mark.write(store, entry.note, most_chars),
            "access": "Allow",
            "direction": "Inbound",
            "priority": priority,
            "protocol": protocol,
            "sourceAddressPrefix": entry.cidr,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": _port_text(entry.ports),
        },
    }


def name_for(store: str, entry: Entry) -> str:
    """Return the name of our rule for an entry: 80 characters are allowed, this takes at most 54."""
    return f"svcstore-{store}-{hashlib.sha256(str(entry).encode()).hexdigest()[:12]}"


def _is_plain(properties: Rule) -> bool:
    return (
        str(properties["access"]).lower() == "allow"
        and str(properties["direction"]).lower() == "inbound"
        and several(properties, "sourcePortRange", "sourcePortRanges") == ["*"]
        and several(properties, "destinationAddressPrefix", "destinationAddressPrefixes") == ["*"]
        and not properties.get("destinationApplicationSecurityGroups")
        and str(properties["protocol"]).lower() in _NAMES
    )


def _cidr(prefix: str) -> str:
    """Return the prefix in its one spelling; empty for a service tag and for "*"."""
    try:
        return str(ipaddress.ip_network(prefix, strict=False))
    except ValueError:
        return ""


def _protocol(properties: Rule, cidr: str) -> str:
    name = _NAMES[str(properties["protocol"]).lower()]
    return "icmpv6" if name == "icmp" and ":" in cidr else name


def _port_text(ports: Ports) -> str:
    if ports is None:
        return "*"
    low, high = ports
    return str(low) if low == high else f"{low}-{high}"
