# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers for new rules in a list that is looked at from the lowest on, or the error that says why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..core.errors import ProviderError
from ..model.entry import Entry
from ..model.rule_order import Numbers, ceiling, floor, free, no_room

Denials = Sequence[tuple[int, Entry]]


@dataclass(frozen=True)
class Numbering:
    """How a provider numbers its rules, and what it calls them and their numbers."""

    provider: str
    numbers: Numbers
    rule: str = "rule"
    number: str = "number"
    mend: str = "move a deny rule so that one is free there, or remove rules that are no longer needed"

    def place(self, doing: str, entry: Entry, taken: Iterable[int], denials: Denials, whole: Denials) -> int:
        """Return a free number in front of what would deny an entry, and behind what denies a part of it only.

        ``whole`` are those of the ``denials`` that can deny all of an entry. Raises ProviderError (quota).
        """
        below = ceiling(entry, whole, self.numbers)
        above = floor(entry, denials, below, self.numbers)
        found = free(taken, above, below, self.numbers)
        if found is None:
            why = no_room(above, below, self.numbers, self.rule, self.number)
            raise ProviderError(self.provider, doing, why, "quota", hint=self.mend)
        return found

    def places(self, entries: Iterable[Entry], taken: Iterable[int], denials: Denials, whole: Denials) -> Iterator[int]:
        """Yield the number for a new rule of each entry, each number once; raises as ``place`` does."""
        gone = set(taken)
        for entry in entries:
            number = self.place(f"allow {entry}", entry, gone, denials, whole)
            gone.add(number)
            yield number
