# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits as data: until what, failing on what, how often, how long; a timeout says what was last seen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, TypeVar

from .errors import ProviderError

T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """Poll a state (a string) until it is one of ``until``; one of ``fail`` ends it at once.

    ``every_s`` and ``at_most_s`` are seconds. Sleep and monotonic clock are injected for tests.
    """

    until: frozenset[str]
    fail: frozenset[str] = frozenset()
    every_s: float = 5.0
    at_most_s: float = 600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def poll(self, provider: str, doing: str, read: Callable[[], T], state: Callable[[T], str]) -> T:
        """Return the first object whose ``state`` is wanted; raise ProviderError (timeout, other) otherwise."""
        end = self.clock() + self.at_most_s
        while True:
            seen = read()
            name = state(seen)
            if name in self.until:
                return seen
            if name in self.fail:
                raise ProviderError(provider, doing, f"its state became {name}", "other")
            if self.clock() + self.every_s > end:
                wanted = ", ".join(sorted(self.until))
                raise ProviderError(
                    provider,
                    doing,
                    f"not {wanted} after {self.at_most_s:g} s, last seen: {name}",
                    "timeout",
                    hint="run again, it goes on from here",
                )
            self.sleep(self.every_s)
