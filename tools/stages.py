# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test`: runs make targets as stages, two lanes at a time, and says at the end what each cost.

One lane needs the processor (static checks), the other mostly waits for the lab: two cores carry both. What belongs to
no lane is done by the one that is through first.
A stage that fails stops only the stages that need it, so that one run shows everything that is wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "log"
_PYTEST_SUMMARY = re.compile(r"^=* ?(?=.*\b\d+ (?:passed|failed|errors?|skipped)\b)(.*) in [\d.]+s\b", re.MULTILINE)
# Enough to give way, and not so much that a busy machine starves it.
_GIVE_WAY = ("nice", "-n", "5")
_COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")


@dataclass
class Stage:
    """One make target.

    needs: the stages that must have passed before it starts. yields: the other stages get the processor first.
    """

    name: str
    needs: tuple[str, ...] = ()
    yields: bool = False
    status: str = "not run"
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    done: threading.Event = field(default_factory=threading.Event)


def parse(words: list[str], *, yields: bool = False) -> list[Stage]:
    """Read `name` or `name:needed,needed`."""
    stages = []
    for word in words:
        name, _colon, needs = word.partition(":")
        stages.append(Stage(name, tuple(n for n in needs.split(",") if n), yields))
    return stages


def run_lane(lane: list[Stage], shared: deque[Stage], stages: dict[str, Stage]) -> None:
    """Run the stages of one lane in order, then what is left of the shared ones, each after what it needs."""
    for stage in lane:
        _run_after_needs(stage, stages)
    while True:
        try:
            stage = shared.popleft()
        except IndexError:
            return
        _run_after_needs(stage, stages)


def _run_after_needs(stage: Stage, stages: dict[str, Stage]) -> None:
    try:
        for name in stage.needs:
            stages[name].done.wait()
        if any(stages[name].status != "passed" for name in stage.needs):
            stage.status, stage.failed = "blocked", 1
            _say(f"{stage.name}: not run, because {' or '.join(stage.needs)} failed")
        else:
            run(stage)
    finally:
        stage.done.set()


def run(stage: Stage) -> None:
    """Run one make target; its output goes to a file and is shown when it fails."""
    log = LOGS / f"{stage.name}.log"
    _say(f"{stage.name}: started")
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as out:
        command = [*(_GIVE_WAY if stage.yields else ()), "make", "--no-print-directory", stage.name]
        env = {**os.environ, "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, check=False)
    code = done.returncode
    stage.seconds = time.monotonic() - started
    text = log.read_text(encoding="utf-8", errors="replace")
    stage.passed, stage.failed = count(text, ok=code == 0)
    stage.status = "passed" if code == 0 else "FAILED"
    if code == 0:
        _say(f"{stage.name}: passed in {stage.seconds:.0f} s")
        return
    where = log.relative_to(ROOT)
    _say(f"{stage.name}: FAILED after {stage.seconds:.0f} s; the end of {where}:\n{text[-8000:]}")


def count(text: str, *, ok: bool) -> tuple[int, int]:
    """Return what passed and failed: pytest's own counts where there are any, else one for the stage."""
    passed = failed = 0
    for summary in _PYTEST_SUMMARY.findall(text):
        for number, word in _COUNT.findall(summary):
            if word == "passed":
                passed += int(number)
            else:
                failed += int(number)
    if ok:
        return max(passed, 1), 0
    return passed, max(failed, 1)


def table(stages: list[Stage], seconds: float) -> str:
    """Render the closing table; its last line is the machine-readable count."""
    width = max(len(stage.name) for stage in stages)
    rows = [
        f"{s.name:<{width}}  {s.status:<8} {s.seconds:7.1f} s  {s.passed:5d} passed {s.failed:5d} failed"
        for s in stages
    ]
    passed, failed = sum(s.passed for s in stages), sum(s.failed for s in stages)
    return "\n".join(["", *rows, f"{'all':<{width}}  {'':<8} {seconds:7.1f} s", f"{passed} passed, {failed} failed"])


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def main() -> int:
    """Run the stages of each lane in order, and the lanes side by side; 0 only when every stage passed."""
    parser = argparse.ArgumentParser(prog="python -m tools.stages", description=__doc__)
    for option in ("--lane", "--yielding-lane"):
        parser.add_argument(option, action="append", nargs="+", default=[], metavar="STAGE[:NEEDS]")
    parser.add_argument("--shared", nargs="+", default=[], metavar="STAGE[:NEEDS]", help="for whichever lane is free")
    given = parser.parse_args()
    shared = parse(given.shared, yields=True)
    lanes = [*map(parse, given.lane), *(parse(words, yields=True) for words in given.yielding_lane)]
    if not lanes:
        parser.error("no lane is given: --lane STAGE ...")
    stages = {stage.name: stage for lane in [*lanes, shared] for stage in lane}
    unknown = {name for stage in stages.values() for name in stage.needs} - set(stages)
    if unknown:
        parser.error(f"a stage needs {', '.join(sorted(unknown))}, which is no stage")
    late = {stage.name for stage in shared} & {name for lane in lanes for stage in lane for name in stage.needs}
    if late:
        parser.error(f"a lane's stage needs {', '.join(sorted(late))}, which is shared and would start after it")
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    left = deque(shared)
    threads = [threading.Thread(target=run_lane, args=(lane, left, stages)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(table(list(stages.values()), time.monotonic() - started), flush=True)
    return 0 if all(stage.status == "passed" for stage in stages.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
