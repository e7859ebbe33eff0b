# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared is measured by turns, so that all sides meet the same moods of a shared machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.bench.figures import Took


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Turn:
    """Something that is measured; what is made ready before it and looked at after it is not."""

    run: Callable[[], Took]
    prepare: Callable[[], None] = _nothing
    check: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Found:
    """What each run took, and the names of the API calls of the last one."""

    runs: tuple[Took, ...]
    calls: tuple[str, ...]


def by_turns(turns: Sequence[Turn], times: int, calls: Callable[[], Sequence[str]]) -> list[Found]:
    """Run all of them in order, so many times; ``calls`` returns the names of the calls so far, oldest first."""
    runs: list[list[Took]] = [[] for _turn in turns]
    made: list[tuple[str, ...]] = [() for _turn in turns]
    for _time in range(times):
        for at, turn in enumerate(turns):
            turn.prepare()
            before = len(calls())
            runs[at].append(turn.run())
            made[at] = tuple(calls()[before:])
            turn.check()
    return [Found(tuple(took), names) for took, names in zip(runs, made, strict=True)]
