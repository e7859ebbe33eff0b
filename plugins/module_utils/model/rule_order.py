# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which number a new rule takes in a list that is looked at from the lowest on and stops at the first that fits."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from .entry import Entry
from .ports import ICMP, WITH_PORTS


@dataclass(frozen=True)
class Numbers:
    """The numbers of such a list: ``first`` to ``last``, those of our own from ``ours`` on.

    Room stays before our own for rules that the customer wants looked at first.
    """

    last: int
    ours: int = 1000
    first: int = 1


def ceiling(entry: Entry, denials: Iterable[tuple[int, Entry]], numbers: Numbers) -> int:
    """Return the lowest number of a rule that denies some of the entry's traffic: behind it a rule has no effect."""
    return min([number for number, denied in denials if overlap(denied, entry)] + [numbers.last + 1])


def free(taken: Iterable[int], below: int, numbers: Numbers) -> int | None:
    """Return a number that no rule has, below a ceiling; None where there is none."""
    gone = set(taken)
    candidates = [*range(numbers.ours, below), *range(numbers.first, min(numbers.ours, below))]
    return next((number for number in candidates if number not in gone), None)


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
    if denied.ports is None or entry.ports is None or entry.protocol in ICMP or entry.protocol not in WITH_PORTS:
        return True
    return denied.ports[0] <= entry.ports[1] and entry.ports[0] <= denied.ports[1]
