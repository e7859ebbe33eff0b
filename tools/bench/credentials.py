# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits of many credentials, beside a loop of other collections' modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Took, columns

_HEAD = ("cloud", "audit", "credentials", "ours", "calls", "per cred.", "peer", "theirs", "calls", "ratio", "of cpu")


@dataclass(frozen=True)
class Cost:
    """What a module took for so many credentials, in each run, and the API calls of one run."""

    module: str
    credentials: int
    runs: tuple[Took, ...]
    calls: int

    @property
    def median(self) -> Took:
        """The median of the runs."""
        return Took.median(self.runs)

    @property
    def calls_each(self) -> float:
        """How many calls one credential costs."""
        return self.calls / self.credentials

    def of(self, many: int, empty: Took) -> Took:
        """What so many credentials take: measured, or reckoned from a loop over fewer."""
        return self.median if many == self.credentials else self.median.grown(many / self.credentials, empty)


@dataclass(frozen=True)
class Row:
    """One audit of one cloud or store. ``peer`` is text where there is none: the reason."""

    cloud: str
    audit: str
    credentials: int
    empty: Took
    ours: Cost
    peer: Cost | str
    notes: tuple[str, ...] = ()

    @property
    def ratios(self) -> tuple[float, float] | None:
        """How many times as much the peer takes for all of them: seconds, and processor time.

        The start of Ansible is in it on both sides.
        """
        if isinstance(self.peer, str):
            return None
        theirs, ours = (cost.of(self.credentials, self.empty) for cost in (self.peer, self.ours))
        return theirs.wall_s / ours.wall_s, theirs.cpu_s / ours.cpu_s


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the figures as they are written to build/bench.json."""
    return [_row(row) for row in rows]


def _row(row: Row) -> dict[str, Any]:
    return {
        "cloud": row.cloud,
        "audit": row.audit,
        "credentials": row.credentials,
        "ours": _cost(row, row.ours),
        "peer": row.peer if isinstance(row.peer, str) else _cost(row, row.peer),
        "ratio": None if row.ratios is None else round(row.ratios[0], 2),
        "ratio_cpu": None if row.ratios is None else round(row.ratios[1], 2),
        "notes": list(row.notes),
    }


def _cost(row: Row, cost: Cost) -> dict[str, Any]:
    whole = cost.of(row.credentials, row.empty)
    return {
        "module": cost.module,
        **whole.rounded(),
        "calls_per_credential": round(cost.calls_each, 3),
        "measured": {
            "credentials": cost.credentials,
            "seconds": [round(run.wall_s, 2) for run in cost.runs],
            "cpu_s": [round(run.cpu_s, 2) for run in cost.runs],
            "calls": cost.calls,
        },
    }


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text in columns; below them why there is no peer, and notes.

    A figure with a tilde is reckoned from a loop over fewer credentials.
    """
    text = columns(_HEAD, [_cells(row) for row in rows])
    for row in rows:
        reasons = [f"no peer: {row.peer}"] if isinstance(row.peer, str) else []
        text += [f"{row.cloud}, {row.audit}: {said}" for said in (*reasons, *row.notes)]
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    ours = (*_figures(row, row.ours), f"{row.ours.calls_each:.3g}")
    theirs: tuple[str, ...] = ("no peer", "", "", "", "")
    if not isinstance(row.peer, str) and row.ratios:
        theirs = (row.peer.module, *_figures(row, row.peer), *(f"{ratio:.1f}" for ratio in row.ratios))
    return (row.cloud, row.audit, str(row.credentials), *ours, *theirs)


def _figures(row: Row, cost: Cost) -> tuple[str, str]:
    about = "" if cost.credentials == row.credentials else "~"
    seconds = cost.of(row.credentials, row.empty).wall_s
    return f"{about}{seconds:.1f} s", f"{about}{cost.calls_each * row.credentials:.0f}"
