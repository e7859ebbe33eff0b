# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries of transient failures: exponential back-off with full jitter, clock and randomness injected."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Callable, TypeVar

from .errors import ProviderError

T = TypeVar("T")


def asked_s(retry_after: str | None, now: Callable[[], float] = time.time) -> float:
    """Return the seconds that a header ``Retry-After`` asks for, a number or a date; 0 where it asks for nothing."""
    text = (retry_after or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now())
    except (TypeError, ValueError):
        return 0.0


@dataclass(frozen=True)
class Retry:
    """How often and how long to try again.

    ``retries`` further attempts follow the first; the wait before attempt n is drawn between zero and
    ``base_s * 2**n``, at most ``most_s`` ("full jitter", AWS Architecture Blog, Exponential Backoff And Jitter).
    Where the provider named a time (``Retry-After``, RFC 9110 section 10.2.3) the wait is no shorter than that, up
    to ``most_asked_s``; a provider that asks for more gets its error reported at once.
    """

    retries: int = 4
    base_s: float = 0.5
    most_s: float = 20.0
    most_asked_s: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[float, float], float] = random.uniform

    def call(self, attempt: Callable[[int], T]) -> T:
        """Call ``attempt(n)`` with n = 0, 1, ... until it returns, fails for good, or the tries are used up."""
        number = 0
        while True:
            try:
                return attempt(number)
            except ProviderError as exc:
                asked = exc.retry_after_s
                exc.retried = number > 0
                if not exc.transient or number >= self.retries or asked > self.most_asked_s:
                    raise
            self.sleep(asked + self.draw(0.0, min(self.most_s, self.base_s * 2**number)))
            number += 1
