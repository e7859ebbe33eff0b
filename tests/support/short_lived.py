# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that has expired: providers make none with an end in the past, so that end has to be waited for."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError

T = TypeVar("T")
#: A busy machine comes too late with the first of these, and may with the second.
LIVES_S = (2, 15, 120)


def expired(make: Callable[[str], T]) -> T:
    """Make a key with an end that ``make`` is given (YYYY-MM-DDTHH:MM:SSZ), and return it when that has come."""
    for life_s in LIVES_S:
        end = (_now() + datetime.timedelta(seconds=life_s)).replace(microsecond=0)
        try:
            made = make(end.strftime("%Y-%m-%dT%H:%M:%SZ"))
        except ProviderError as exc:
            if exc.kind != "invalid" or life_s == LIVES_S[-1]:
                raise
            continue
        while (left := (end - _now()).total_seconds()) > -0.1:
            time.sleep(max(left, 0) + 0.1)
        return made
    raise AssertionError("the last of them is made, or raises")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
