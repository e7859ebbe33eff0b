# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: seconds and API calls of our modules, beside other collections' modules in the same run.

    python -m tools.bench [--subject credentials allowlist tunnels] [--only aws ...] [--runs 3] [--loop 10]
                          [--credentials 200] [--sizes 1x10 1x50 1x200 200x20] [--accounts 75]
                          [--alone] [--connections 1 200]

Nothing is judged here: seconds differ from machine to machine, and from hour to hour on a shared one, so what compares
are ratios within one run, in which both sides take turns.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.errors import LabError

from . import allowlist, credentials, tunnels
from .figures import Took

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "bench.json"
SUBJECTS = ("credentials", "allowlist", "tunnels")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables and write the figures."""
    options = _options(argv)
    figures: dict[str, Any] = {"cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        play: Any = importlib.import_module("tests.bench.play")
        empty: Took = Took.median([play.took(Path(folder) / "empty", []) for _run in range(options.runs)])
        figures["empty_play"] = empty.rounded()
        for subject in options.subject:
            measure = {"credentials": _credentials, "allowlist": _allowlist, "tunnels": _tunnels}[subject]
            figures[subject], text = measure(Path(folder) / subject, options, empty)
            print(f"{text}\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"An empty play takes {empty.wall_s:.1f} s; ~ is reckoned from a loop over {options.loop}.")
    print(f"The figures are in {RESULT.relative_to(ROOT)}.")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--subject", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--only", nargs="+", default=[], help="these clouds and stores")
    parser.add_argument("--runs", type=_positive, default=3, help="of each, by turns")
    parser.add_argument("--loop", type=_positive, default=10, help="the longest loop that is run in full")
    parser.add_argument("--credentials", type=_positive, default=200)
    parser.add_argument("--sizes", nargs="+", type=_size, default=[(1, 10), (1, 50), (1, 200), (200, 20)])
    parser.add_argument("--alone", action="store_true", help="allowlists by our module and the bare SDK only")
    parser.add_argument("--accounts", type=int, default=75, help="in one play, 0 for none")
    parser.add_argument("--connections", nargs="+", type=_positive, default=[1, 200], help="tunnels on one host")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


def _size(text: str) -> tuple[int, int]:
    """Return scopes and rules out of SCOPESxRULES."""
    scopes, _x, rules = text.partition("x")
    return _positive(scopes), _positive(rules)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# The servers are those of the tests; mypy holds tools to more than tests, and would follow a plain import.


def _credentials(folder: Path, options: argparse.Namespace, empty: Took) -> tuple[Any, str]:
    bench: Any = importlib.import_module("tests.bench.credentials")
    plan = bench.Plan(options.credentials, options.runs, options.loop, tuple(options.only))
    rows: list[credentials.Row] = bench.measure(folder, plan, empty, _say)
    return credentials.as_json(rows), credentials.table(rows)


def _allowlist(folder: Path, options: argparse.Namespace, empty: Took) -> tuple[Any, str]:
    bench: Any = importlib.import_module("tests.bench.allowlist")
    much = (tuple(options.sizes), options.runs, options.loop, tuple(options.only), options.accounts)
    plan = bench.Plan(*much, alone=options.alone)
    report: allowlist.Report = bench.measure(folder, plan, empty, _say)
    return allowlist.as_json(report), allowlist.table(report)


def _tunnels(folder: Path, options: argparse.Namespace, empty: Took) -> tuple[Any, str]:
    bench: Any = importlib.import_module("tests.bench.tunnels")
    plan = bench.Plan(tuple(options.connections), options.runs)
    try:
        report: tunnels.Report = bench.measure(folder, plan, empty, _say)
    except LabError as exc:
        # A machine without containers still has its other figures.
        return {"not_measured": str(exc)}, f"Tunnels were not measured: {exc}"
    return tunnels.as_json(report), tunnels.table(report)


if __name__ == "__main__":
    sys.exit(main())
