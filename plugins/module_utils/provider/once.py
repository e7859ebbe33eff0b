# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that must not be made twice: what makes a key is sent again only where the provider surely did nothing."""

from __future__ import annotations

from typing import Callable, TypeVar

from ..core.errors import ProviderError
from ..core.retry import Retry

T = TypeVar("T")


def at_most_once(retry: Retry) -> Callable[[Callable[[int], T]], T]:
    """Return what calls ``attempt(n)`` as ``retry`` does, but tries again after throttling alone.

    Any other failure may be a lost answer to a call that took effect; it is raised as it came.
    """

    def run(attempt: Callable[[int], T]) -> T:
        failed: list[ProviderError] = []

        def once(number: int) -> list[T]:
            try:
                return [attempt(number)]
            except ProviderError as exc:
                if exc.kind == "throttled":
                    raise
                failed.append(exc)
                return []

        made = retry.call(once)
        if failed:
            raise failed[0]
        return made[0]

    return run
