# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which priority a new inbound rule takes: free, stable over runs, and in front of what would deny it.

Azure looks at the lowest number first and stops at the first rule that fits, so a rule behind a deny of all of its
traffic is without effect. A deny of a part of it, of some destinations or of some source ports only, is somebody's
exception, and no rule is put in front of it. Rules that exist keep their priority, so that a run moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Callable

from ...core.errors import ProviderError
from ...model.entry import Entry
from ...model.rule_order import Numbers, contains
from ..numbering import Denials, Numbering
from .properties import Rule, allows, cidr_of, is_for_the_network, is_inbound, port_range, protocol_of, several

#: "Azure subscription and service limits": priorities 100 to 4096, each once per direction.
NUMBERS = Numbers(last=4096, first=100)
_NUMBERING = Numbering("azure", NUMBERS, number="priority")
_ANYWHERE = ("*", "internet", "any")
_EVERYBODY = ("0.0.0.0/0", "::/0")


def denials_in(rules: Iterable[Rule], counts: Callable[[Rule], bool] | None = None) -> Denials:
    """Return what the inbound rules deny, by priority; service tags cannot be known here.

    ``counts`` says which of them to look at, by what they say of destinations and source ports; None for all.
    """
    found: list[tuple[int, Entry]] = []
    for properties in _inbound(rules):
        if not allows(properties) and (counts is None or counts(properties)):
            found += ((properties["priority"], entry) for entry in _denied(properties))
    return found


def is_blocked(entry: Entry, priority: int, denials: Denials) -> bool:
    """Return whether a rule that is looked at before this priority denies all that an entry allows."""
    return any(number < priority and contains(denied, entry) for number, denied in denials)


def placed(rules: Sequence[Rule], entries: Iterable[Entry]) -> Iterator[int]:
    """Return a priority for each entry's new rule, as asked for; raises ProviderError (quota) where none is left."""
    taken = {properties["priority"] for properties in _inbound(rules)}
    denials, whole = denials_in(rules), denials_in(rules, is_for_the_network)
    return _NUMBERING.places(entries, taken, denials, whole)


def behind(rules: Sequence[Rule], priority: int) -> int:
    """Return the priority for a part split off a rule: as close behind it as there is room."""
    taken = {properties["priority"] for properties in _inbound(rules)}
    candidates = [*range(priority + 1, NUMBERS.last + 1), *range(priority - 1, NUMBERS.first - 1, -1)]
    number: int | None = next((number for number in candidates if number not in taken), None)
    if number is None:
        hint = "remove rules that are no longer needed"
        raise ProviderError("azure", "split a rule", "every priority is taken", "quota", hint=hint)
    return number


def _inbound(rules: Iterable[Rule]) -> list[Rule]:
    return [rule["properties"] for rule in rules if is_inbound(rule["properties"])]


def _denied(properties: Rule) -> Iterator[Entry]:
    """Yield each pair of prefix and ports that a rule denies."""
    for source in several(properties, "sourceAddressPrefix", "sourceAddressPrefixes"):
        cidrs = _EVERYBODY if source.lower() in _ANYWHERE else (cidr_of(source),)
        for cidr in filter(None, cidrs):
            for port in several(properties, "destinationPortRange", "destinationPortRanges"):
                yield Entry(cidr, protocol_of(properties, cidr), port_range(port))
