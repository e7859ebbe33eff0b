# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries of transient failures: exponential back-off with full jitter, clock and randomness injected."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Callable, TypeVar

from .errors import ProviderError

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """How often and how long to try again.

    ``retries`` further attempts follow the first; the wait before attempt n is drawn between zero and
    ``base_s * 2**n``, at most ``most_s`` ("full jitter", AWS Architecture Blog, Exponential Backoff And Jitter).
    """

    retries: int = 4
    base_s: float = 0.5
    most_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[float, float], float] = random.uniform

    def call(self, attempt: Callable[[int], T]) -> T:
        """Call ``attempt(n)`` with n = 0, 1, ... until it returns, fails for good, or the tries are used up."""
        number = 0
        while True:
            try:
                return attempt(number)
            except ProviderError as exc:
                if not exc.transient or number >= self.retries:
                    raise
            self.sleep(self.draw(0.0, min(self.most_s, self.base_s * 2**number)))
            number += 1
