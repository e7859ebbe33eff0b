# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits that take no time, in the place of the module ``time``."""

from __future__ import annotations

import time


class Skipping:
    """The machine's monotonic clock, set forward ``factor`` times as far as whoever sleeps asked for, at once."""

    def __init__(self, factor: float = 1.0) -> None:
        self._factor, self.skipped_s = factor, 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped_s

    def sleep(self, seconds: float) -> None:
        self.skipped_s += self._factor * seconds
