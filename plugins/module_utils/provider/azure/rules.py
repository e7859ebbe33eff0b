# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between entries and security rules: what a group's rules allow, and the rules that hold what is wanted.

One entry is one rule of ours, because owner, ticket and expiry belong to the entry. A rule of somebody else may hold
several prefixes and ports; each pair of them is an entry.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Container, Iterator, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held
from ...model.entry import Entry
from ...model.ports import Ports
from . import priority
from .properties import (
    PROTOCOLS,
    Rule,
    allows,
    cidr_of,
    is_for_every_target,
    is_inbound,
    port_range,
    protocol_of,
    several,
)

_PROTOCOLS = {"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp", "icmpv6": "Icmp", "esp": "Esp", "ah": "Ah", "all": "*"}


def held_in(rules: Sequence[Rule]) -> Iterator[Held]:
    """Yield the entries that the inbound rules of a group allow.

    Left out, and never touched, are rules that say something an entry cannot: deny, outbound, service tags,
    application security groups, a source port, or a destination that is not every address of the group.
    An entry is blocked where a rule in front of it denies all of it; one that does so for a part of it, or for some
    destinations or source ports only, is the customer's way to make an exception, and nothing is moved in front of it.
    """
    denials = priority.denials_in(rules, is_for_every_target)
    for rule in rules:
        properties = rule["properties"]
        if not _is_plain(properties):
            continue
        store, note = mark.read(properties.get("description"))
        for prefix in several(properties, "sourceAddressPrefix", "sourceAddressPrefixes"):
            cidr = cidr_of(prefix)
            for port in several(properties, "destinationPortRange", "destinationPortRanges") if cidr else ():
                entry = Entry(cidr, protocol_of(properties, cidr), port_range(port), note)
                blocked = priority.is_blocked(entry, properties["priority"], denials)
                yield Held(entry, f"{rule['name']} {prefix} {port}", store, blocked)


def fits(entry: Entry) -> None:
    """Refuse what a security rule cannot express."""
    protocol = _PROTOCOLS.get(entry.protocol)
    if protocol is None or (protocol == "Icmp" and entry.ports is not None):
        what = f"protocol {entry.protocol}" if protocol is None else "single ICMP types"
        mend = f"write one of {', '.join(sorted(_PROTOCOLS))}, ICMP without ports"
        raise ProviderError("azure", f"allow {entry}", f"security rules know no {what}", "invalid", hint=mend)


def rule_for(store: str, entry: Entry, name: str, number: int, most_chars: int) -> dict[str, Any]:
    """Return the rule of that name and priority that allows an entry."""
    fits(entry)
    protocol = _PROTOCOLS[entry.protocol]
    return {
        "name": name,
        "properties": {
            "description": mark.write(store, entry.note, most_chars),
            "access": "Allow",
            "direction": "Inbound",
            "priority": number,
            "protocol": protocol,
            "sourceAddressPrefix": entry.cidr,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": _port_text(entry.ports),
        },
    }


def name_for(store: str, entry: Entry, taken: Container[str]) -> str:
    """Return the name of our rule for an entry: 80 characters are allowed, this takes at most 54 and a number.

    It comes from the entry, so that making it twice makes one; beside one that is taken it gets a number. ``taken`` are
    names in lower case.
    """
    name = f"svcstore-{store}-{hashlib.sha256(str(entry).encode()).hexdigest()[:12]}"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(one for one in names if one not in taken)


def _is_plain(properties: Rule) -> bool:
    return (
        allows(properties)
        and is_inbound(properties)
        and is_for_every_target(properties)
        and str(properties["protocol"]).lower() in PROTOCOLS
    )


def _port_text(ports: Ports) -> str:
    if ports is None:
        return "*"
    low, high = ports
    return str(low) if low == high else f"{low}-{high}"
