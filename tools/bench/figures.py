# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command took, and figures as text in columns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of processor time in all processes of the command."""

    wall_s: float
    cpu_s: float

    @classmethod
    def median(cls, runs: Sequence[Took]) -> Took:
        """The median of each."""
        return cls(statistics.median(run.wall_s for run in runs), statistics.median(run.cpu_s for run in runs))

    def grown(self, times: float, empty: Took) -> Took:
        """What a loop takes that is so many times as long; ``empty`` is a play that does nothing."""
        wall_s, cpu_s = (
            start + max(whole - start, 0.0) * times
            for whole, start in ((self.wall_s, empty.wall_s), (self.cpu_s, empty.cpu_s))
        )
        return Took(wall_s, cpu_s)

    def plus(self, more: Took, less: Took) -> Took:
        """This, and what ``more`` takes beyond ``less``; never less than this."""
        wall_s, cpu_s = max(more.wall_s - less.wall_s, 0.0), max(more.cpu_s - less.cpu_s, 0.0)
        return Took(self.wall_s + wall_s, self.cpu_s + cpu_s)

    def rounded(self) -> dict[str, float]:
        """As it is written to a file."""
        return {"seconds": round(self.wall_s, 2), "cpu_s": round(self.cpu_s, 2)}


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of text: the head, a rule, and the rows below it."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    return text
