# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which number a new rule takes in a list that is looked at from the lowest on and stops at the first that fits.

A deny of all that an entry allows makes it worthless: a rule goes in front of that. A deny of a part of it is
somebody's exception, which a rule in front of it would open again: a rule goes behind that.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from .entry import Entry
from .ports import ICMP, WITH_PORTS

_ANY_CODE = -1


@dataclass(frozen=True)
class Numbers:
    """The numbers of such a list: ``first`` to ``last``, those of our own from ``ours`` on.

    Room stays before our own for rules that the customer wants looked at first.
    """

    last: int
    ours: int = 1000
    first: int = 1


def ceiling(entry: Entry, denials: Iterable[tuple[int, Entry]], numbers: Numbers) -> int:
    """Return the lowest number of a rule that denies all of the entry's traffic: behind it a rule has no effect.

    Several rules that only together deny all of it are not found; each of them counts as an exception.
    """
    return min([number for number, denied in denials if contains(denied, entry)] + [numbers.last + 1])


def floor(entry: Entry, denials: Iterable[tuple[int, Entry]], below: int, numbers: Numbers) -> int:
    """Return the highest number, below a ceiling, of a rule that denies some of the entry's traffic: an exception."""
    found = [number for number, denied in denials if number < below and overlap(denied, entry)]
    return max([*found, numbers.first - 1])


def free(taken: Iterable[int], above: int, below: int, numbers: Numbers) -> int | None:
    """Return a number that no rule has, between floor and ceiling; None where there is none."""
    gone, start = set(taken), above + 1
    candidates = [*range(max(numbers.ours, start), below), *range(start, min(numbers.ours, below))]
    return next((number for number in candidates if number not in gone), None)


def no_room(above: int, below: int, numbers: Numbers, rule: str = "rule", number: str = "number") -> str:
    """Return in words that no number is free between floor and ceiling, of a list with such rules and numbers."""
    places = [
        *([f"behind the {rule} that denies a part of it at {number} {above}"] if above >= numbers.first else []),
        *([f"in front of the {rule} that denies it at {number} {below}"] if below <= numbers.last else []),
    ]
    return f"no {number} is free {' and '.join(places)}" if places else f"every {number} is taken"


@functools.lru_cache(maxsize=16384)
def _span(cidr: str) -> tuple[int, int, int]:
    """Return a prefix as family, first and last address.

    Each entry is compared with each denial, and with a thousand of both ``ip_network`` alone would take 10 s.
    """
    network = ipaddress.ip_network(cidr)
    return network.version, int(network.network_address), int(network.broadcast_address)


def overlap(denied: Entry, entry: Entry) -> bool:
    """Return whether a rule denies some of the traffic that an entry allows."""
    family, first, last = _span(denied.cidr)
    other, begin, end = _span(entry.cidr)
    if family != other or last < begin or end < first:
        return False
    if "all" not in (denied.protocol, entry.protocol) and denied.protocol != entry.protocol:
        return False
    if denied.ports is None or entry.ports is None:
        return True
    if denied.protocol in ICMP and entry.protocol in ICMP:
        (kind, code), (asked, wanted) = denied.ports, entry.ports
        return kind == asked and (_ANY_CODE in (code, wanted) or code == wanted)
    if entry.protocol not in WITH_PORTS:
        return True
    return denied.ports[0] <= entry.ports[1] and entry.ports[0] <= denied.ports[1]


def contains(denied: Entry, entry: Entry) -> bool:
    """Return whether a rule denies all of the traffic that an entry allows."""
    family, first, last = _span(denied.cidr)
    other, begin, end = _span(entry.cidr)
    if family != other or begin < first or last < end:
        return False
    if denied.protocol not in ("all", entry.protocol):
        return False
    if denied.ports is None:
        return True
    if entry.ports is None or (entry.protocol in ICMP and denied.protocol not in ICMP):
        return False
    if entry.protocol in ICMP:
        return denied.ports[0] == entry.ports[0] and denied.ports[1] in (_ANY_CODE, entry.ports[1])
    return denied.ports[0] <= entry.ports[0] and entry.ports[1] <= denied.ports[1]
