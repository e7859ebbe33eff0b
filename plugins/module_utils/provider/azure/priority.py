# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which priority a new inbound rule takes: free, stable over runs, and in front of what would deny it.

Rules that exist keep theirs, so that a run moves nothing. Azure looks at the lowest number first and stops at the first
rule that fits, so a rule behind a deny of the same traffic would be without effect.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model.entry import Entry
from ...model.ports import Ports, parse_ports

Rule = Mapping[str, Any]
#: "Azure subscription and service limits": priorities 100 to 4096, each once per direction.
FIRST, LAST = 100, 4096
#: Where our own rules begin; room stays before them for rules that the customer wants looked at first.
OURS = 1000
_ANYWHERE = ("*", "internet", "any")


def several(properties: Rule, single: str, plural: str) -> list[str]:
    """Return the values of a property that Azure has once in the singular and once in the plural."""
    one = properties.get(single)
    return [*([one] if one else []), *(properties.get(plural) or [])]


def port_range(text: str) -> Ports:
    """Return the ports of a rule's destination; None for all."""
    return parse_ports("destinationPortRange", text, "tcp")


def for_entry(rules: Sequence[Rule], entry: Entry) -> int:
    """Return the priority for a new rule of ours; raises ProviderError (quota) where none is left."""
    inbound = _inbound(rules)
    ceiling = min((deny["priority"] for deny in inbound if _denies(deny, entry)), default=LAST + 1)
    number = _free(inbound, [*range(OURS, ceiling), *range(FIRST, min(OURS, ceiling))])
    if number is None:
        why = f"no priority is free in front of the rule that denies it at priority {ceiling}"
        why = why if ceiling <= LAST else "every priority is taken"
        hint = "move that deny rule to a higher number, or remove rules that are no longer needed"
        raise ProviderError("azure", f"allow {entry}", why, "quota", hint=hint)
    return number


def behind(rules: Sequence[Rule], priority: int) -> int:
    """Return the priority for a part split off a rule: as close behind it as there is room."""
    number = _free(_inbound(rules), [*range(priority + 1, LAST + 1), *range(priority - 1, FIRST - 1, -1)])
    if number is None:
        hint = "remove rules that are no longer needed"
        raise ProviderError("azure", "split a rule", "every priority is taken", "quota", hint=hint)
    return number


def _inbound(rules: Sequence[Rule]) -> list[Rule]:
    return [rule["properties"] for rule in rules if str(rule["properties"]["direction"]).lower() == "inbound"]


def _free(inbound: Iterable[Rule], candidates: Iterable[int]) -> int | None:
    taken = {properties["priority"] for properties in inbound}
    return next((number for number in candidates if number not in taken), None)


def _denies(properties: Rule, entry: Entry) -> bool:
    """Return whether a rule denies some of the traffic that an entry allows; service tags cannot be known here."""
    if str(properties["access"]).lower() != "deny":
        return False
    protocol = str(properties["protocol"]).lower()
    if protocol != "*" and entry.protocol != "all" and not entry.protocol.startswith(protocol):
        return False
    sources = several(properties, "sourceAddressPrefix", "sourceAddressPrefixes")
    ports = several(properties, "destinationPortRange", "destinationPortRanges")
    return any(_covers(source, entry.cidr) for source in sources) and any(
        _overlap(port_range(port), entry.ports) for port in ports
    )


def _covers(source: str, cidr: str) -> bool:
    if source.lower() in _ANYWHERE:
        return True
    try:
        network, wanted = ipaddress.ip_network(source, strict=False), ipaddress.ip_network(cidr)
    except ValueError:
        return False
    return network.version == wanted.version and network.overlaps(wanted)


def _overlap(one: Ports, other: Ports) -> bool:
    if one is None or other is None:
        return True
    return one[0] <= other[1] and other[0] <= one[1]
