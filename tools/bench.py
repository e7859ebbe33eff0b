# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: seconds and API calls of an audit of many credentials, beside a loop of other collections' modules.

    python -m tools.bench [--credentials 200] [--loop 10] [--runs 3] [--only aws ...]

Nothing is judged here: seconds differ from machine to machine, and from hour to hour on a shared one, so what compares
are ratios within one run, in which both sides take turns.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "build" / "bench.json"
_HEAD = ("cloud", "audit", "credentials", "ours", "calls", "per cred.", "peer", "theirs", "calls", "ratio", "of cpu")


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


def as_json(rows: Sequence[Row], empty: Took) -> dict[str, Any]:
    """Return the figures as they are written to build/bench.json."""
    empty_play = {"seconds": round(empty.wall_s, 2), "cpu_s": round(empty.cpu_s, 2)}
    return {"cores": os.cpu_count(), "empty_play": empty_play, "rows": [_row(row) for row in rows]}


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
        "seconds": round(whole.wall_s, 2),
        "cpu_s": round(whole.cpu_s, 2),
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
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
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


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--credentials", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3, help="of each, by turns")
    parser.add_argument("--loop", type=int, default=10, help="how many of them a module is looped over")
    parser.add_argument("--only", nargs="+", default=[], help="these clouds and stores")
    options = parser.parse_args(argv)
    # The servers are those of the tests; mypy holds tools to more than tests, and would follow a plain import.
    bench = importlib.import_module("tests.bench.measure")
    plan = bench.Plan(options.credentials, options.runs, options.loop, tuple(options.only))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        empty, rows = bench.measure(Path(folder), plan, lambda text: print(text, file=sys.stderr, flush=True))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(as_json(rows, empty), indent=2) + "\n", encoding="utf-8")
    print(f"{table(rows)}\nAn empty play takes {empty.wall_s:.1f} s; ~ is reckoned from a loop over {plan.loop}.")
    print(f"The figures are in {RESULT.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
