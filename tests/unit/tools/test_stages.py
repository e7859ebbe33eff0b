# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of `make test`, with make targets that say what a real one says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import stages

ROOT = Path(__file__).resolve().parents[3]
MAKEFILE = """
good: ; @echo '=== 3 passed, 1 skipped in 0.10s ==='
plain: ; @echo nothing counted
bad: ; @echo '=== 1 failed, 2 passed in 0.10s ==='; exit 1
slow: ; @sleep 3; echo '=== 1 passed in 3s ==='
niceness: ; @test $$(nice) -eq $(WANTED)
loud: ; @echo why it broke; exit 3
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    code = (
        "import pathlib, sys; from tools import stages; stages.ROOT = pathlib.Path(sys.argv.pop(1)); "
        "stages.LOGS = stages.ROOT / 'build'; sys.exit(stages.main())"
    )
    command = [sys.executable, "-c", code, str(folder), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_counts_are_added_up_on_the_last_line(tmp_path: Path) -> None:
    done = run(tmp_path, "--lane", "good", "plain", "--lane", "good2:good")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "4 passed, 1 failed"
    done = run(tmp_path, "--lane", "good", "--lane", "plain")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "4 passed, 0 failed")


def test_a_failed_stage_is_named_with_its_output_and_stops_only_what_needs_it(tmp_path: Path) -> None:
    done = run(tmp_path, "--lane", "loud", "good", "plain:loud")
    assert done.returncode == 1
    assert "loud: FAILED" in done.stdout and "why it broke" in done.stdout
    assert "plain: not run, because loud failed" in done.stdout
    assert done.stdout.splitlines()[-1] == "3 passed, 2 failed"


def test_shared_stages_are_done_by_the_lane_that_is_free(tmp_path: Path) -> None:
    done = run(tmp_path, "--lane", "slow", "--lane", "good", "--shared", "plain:good", "loud")
    order = [line.split("] ")[1].split(":")[0] for line in done.stdout.splitlines() if line.startswith("[")]
    assert order[-1] == "slow" and {"plain", "loud"} <= set(order[:-1])
    assert done.returncode == 1 and done.stdout.splitlines()[-1] == "5 passed, 1 failed"


def test_a_lane_that_needs_a_shared_stage_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "--lane", "good:plain", "--shared", "plain")
    assert done.returncode == 2 and "needs plain, which is shared" in done.stderr


def test_an_unknown_need_is_refused_before_anything_runs(tmp_path: Path) -> None:
    done = run(tmp_path, "--lane", "good:nothing")
    assert done.returncode == 2
    assert "nothing, which is no stage" in done.stderr


def test_a_run_without_stages_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert "no lane is given" in done.stderr


@pytest.mark.parametrize(("option", "more"), [("--lane", 0), ("--yielding-lane", 5)])
def test_only_a_yielding_lane_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, more: int
) -> None:
    monkeypatch.setenv("WANTED", str(min(os.nice(0) + more, 19)))
    assert run(tmp_path, option, "niceness").returncode == 0


@pytest.mark.parametrize(
    ("output", "ok", "expected"),
    [
        pytest.param("=== 5 passed in 1.00s ===", True, (5, 0), id="pytest"),
        pytest.param("5 passed, 2 warnings in 61.00s (0:01:01)", True, (5, 0), id="quiet-pytest"),
        pytest.param("=== 1 failed, 4 passed, 1 error in 1.00s ===", False, (4, 2), id="failed"),
        pytest.param("=== 5 passed in 1s ===", False, (5, 1), id="passed-but-the-target-failed"),
        pytest.param("all is well", True, (1, 0), id="not-pytest"),
        pytest.param("", False, (0, 1), id="not-pytest-failed"),
    ],
)
def test_what_counts(output: str, ok: bool, expected: tuple[int, int]) -> None:
    assert stages.count(output, ok=ok) == expected
