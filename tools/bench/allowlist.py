# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowlists brought to what is declared: API calls first, then seconds, beside other collections and the bare SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .figures import Took, columns

FRESH, RERUN, CHANGE = "fresh", "rerun", "change one"
STEPS = (FRESH, RERUN, CHANGE)
_HEAD = ("cloud", "scopes x rules", "step", "by", "calls", "seconds", "cpu", "ratio", "of cpu", "of task")


@dataclass(frozen=True)
class Figure:
    """What a step took and how many API calls it made; ``reckoned`` from a shorter loop, or measured."""

    took: Took
    calls: int
    reckoned: bool = False

    def ratios(self, ours: Figure) -> tuple[float, float]:
        """How many times as much this takes as ours: seconds, and processor time."""
        return self.took.wall_s / ours.took.wall_s, self.took.cpu_s / ours.took.cpu_s

    def task_ratio(self, ours: Figure, empty: Took) -> float | None:
        """As the ratio of processor time, of what each takes beyond a play that does nothing; None where ours is none.

        Ansible's own start is the same on both sides, and in a short task the larger part.
        """
        theirs_s, ours_s = self.took.cpu_s - empty.cpu_s, ours.took.cpu_s - empty.cpu_s
        return max(theirs_s, 0.0) / ours_s if ours_s > 0 else None


def reckoned(measured: Mapping[str, Figure], step: str, times: float, empty: Took) -> Figure:
    """Return a step of a loop that is so many times as long; ``measured`` are the steps of the short one.

    To change one entry costs a rerun of the long loop, and what the change cost beyond a rerun of the short one.
    """
    if step == CHANGE:
        rerun, change = measured[RERUN], measured[CHANGE]
        grown = reckoned(measured, RERUN, times, empty)
        return Figure(grown.took.plus(change.took, rerun.took), grown.calls + change.calls - rerun.calls, True)
    short = measured[step]
    return Figure(short.took.grown(times, empty), round(short.calls * times), True)


@dataclass(frozen=True)
class Line:
    """One step by one way: our module, another collection's, or the bare SDK."""

    cloud: str
    scopes: int
    rules: int
    step: str
    way: str
    figure: Figure
    ours: Figure
    empty: Took

    @property
    def task_ratio(self) -> float | None:
        """The ratio beyond Ansible's own start; None for what Ansible does not run."""
        return self.figure.task_ratio(self.ours, self.empty) if "." in self.way else None


@dataclass(frozen=True)
class Waiting:
    """One fresh run without and with so many seconds before each answer."""

    cloud: str
    scopes: int
    delay_s: float
    workers: int
    calls: int
    without: Took
    delayed: Took

    @property
    def added_s(self) -> float:
        """The seconds that the delay added."""
        return self.delayed.wall_s - self.without.wall_s

    @property
    def least_s(self) -> float:
        """What it adds where ``workers`` calls always wait side by side."""
        return self.calls / self.workers * self.delay_s


@dataclass(frozen=True)
class Memory:
    """The most memory that the module's process held, in MiB, by the number of scopes."""

    cloud: str
    peak_mib: Mapping[int, float]


@dataclass(frozen=True)
class Accounts:
    """So many cloud accounts, each a host of one play; ``parts`` are the play and what it can be compared with."""

    cloud: str
    accounts: int
    forks: int
    parts: Mapping[str, Took]


@dataclass(frozen=True)
class Report:
    """Everything that was measured."""

    lines: tuple[Line, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    memory: tuple[Memory, ...] = ()
    accounts: tuple[Accounts, ...] = ()
    notes: tuple[str, ...] = ()


def table(report: Report) -> str:
    """Return the lines as text in columns, and below them what is said in sentences."""
    text = columns(_HEAD, [_cells(line) for line in report.lines]) if report.lines else []
    for wait in report.waiting:
        text.append(
            f"{wait.cloud}, {wait.scopes} scopes: {wait.delay_s:g} s before each of {wait.calls} answers add "
            f"{wait.added_s:.1f} s; calls / workers x delay is {wait.least_s:.1f} s ({wait.workers} workers)"
        )
    for memory in report.memory:
        held = ", ".join(f"{mib:.0f} MiB for {scopes} scopes" for scopes, mib in memory.peak_mib.items())
        text.append(f"{memory.cloud}: the module's process holds at most {held}")
    for many in report.accounts:
        text.append(f"{many.cloud}, {many.accounts} accounts, {many.forks} forks:")
        text += [f"  {name}: {took.wall_s:.1f} s, {took.cpu_s:.1f} s of cpu" for name, took in many.parts.items()]
    return "\n".join([*text, *report.notes])


def _cells(line: Line) -> tuple[str, ...]:
    figure, about = line.figure, "~" if line.figure.reckoned else ""
    compared = ("", "", "")
    if figure is not line.ours:
        wall, cpu = figure.ratios(line.ours)
        compared = (f"{wall:.1f}", f"{cpu:.1f}", "" if line.task_ratio is None else f"{line.task_ratio:.1f}")
    took = (f"{about}{figure.calls}", f"{about}{figure.took.wall_s:.1f} s", f"{about}{figure.took.cpu_s:.1f} s")
    return (line.cloud, f"{line.scopes} x {line.rules}", line.step, line.way, *took, *compared)


def as_json(report: Report) -> dict[str, Any]:
    """Return the figures as they are written to build/bench.json."""
    return {
        "lines": [_line(line) for line in report.lines],
        "waiting": [
            {"cloud": wait.cloud, "scopes": wait.scopes, "delay_s": wait.delay_s, "workers": wait.workers,
             "calls": wait.calls, "without": wait.without.rounded(), "delayed": wait.delayed.rounded()}
            for wait in report.waiting
        ],
        "memory": [{"cloud": memory.cloud, "peak_mib": dict(memory.peak_mib)} for memory in report.memory],
        "accounts": [
            {"cloud": many.cloud, "accounts": many.accounts, "forks": many.forks,
             "parts": {name: took.rounded() for name, took in many.parts.items()}}
            for many in report.accounts
        ],
        "notes": list(report.notes),
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    wall, cpu = line.figure.ratios(line.ours)
    return {
        "cloud": line.cloud,
        "scopes": line.scopes,
        "rules": line.rules,
        "step": line.step,
        "by": line.way,
        "calls": line.figure.calls,
        **line.figure.took.rounded(),
        "reckoned": line.figure.reckoned,
        "ratio": round(wall, 2),
        "ratio_cpu": round(cpu, 2),
        "ratio_task": None if line.task_ratio is None else round(line.task_ratio, 2),
    }
