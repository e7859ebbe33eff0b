# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_release killed before every step it takes: the next run finishes the work."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.release_world import World

#: Every step in `make test-long`, one of four in `make test`.
EVERY = pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 4])


def restore(world: World, saved: Path) -> None:
    subprocess.run(["rm", "-rf", str(world.place)], check=True)
    subprocess.run(["cp", "-a", str(saved), str(world.place)], check=True)
    world.running.write_text("v1\n")


@pytest.fixture
def deployed(world: World, tmp_path: Path) -> tuple[World, Path]:
    """v1 is active; a copy of it serves to start over."""
    world.deploy("v1")
    saved = tmp_path / "saved"
    subprocess.run(["cp", "-a", str(world.place), str(saved)], check=True)
    return world, saved


def kill_everywhere(deployed: tuple[World, Path], every: int, version: str, then: str, **more: Any) -> int:
    """Kill a run at its first step and each so many after it; each time the run after it has to lead to `then`."""
    world, saved = deployed
    step = 0
    while True:
        restore(world, saved)
        killed = world.deploy(version, kill_at=step, **more)
        if not killed.killed:
            return step
        assert world.active() in ("v1", version), f"step {step}: current is no whole release"
        answer = world.deploy(then, **{key: value for key, value in more.items() if key != "state"})
        assert answer["healthy"] is True, f"step {step}: {answer.output}"
        assert (world.active(), world.runs()) == (then, then), f"step {step}"
        assert world.state()["pending"] is None, f"step {step}: not finished"
        # A third run costs as much as the other two; a sample of them is enough.
        assert step % 5 or world.deploy(then)["changed"] is False, f"step {step}: the third run changed something"
        assert not world.leftovers(), f"step {step}: {world.leftovers()}"
        step += every


@EVERY
def test_killed_at_any_step_the_next_run_finishes(deployed: tuple[World, Path], every: int) -> None:
    assert kill_everywhere(deployed, every, "v2", "v2") > 20


@EVERY
def test_killed_at_any_step_of_a_bad_release_the_release_before_can_be_had_again(
    deployed: tuple[World, Path], every: int
) -> None:
    assert kill_everywhere(deployed, every, "v-bad", "v1") > 25


@EVERY
def test_killed_at_any_step_of_the_first_release_the_next_run_finishes(world: World, every: int) -> None:
    step = 0
    while world.deploy("v1", kill_at=step).killed:
        assert world.deploy("v1")["healthy"] is True, step
        assert (world.active(), world.runs()) == ("v1", "v1")
        assert world.state()["pending"] is None
        subprocess.run(["rm", "-rf", str(world.place), str(world.running)], check=True)
        step += every
    assert step > 20


@EVERY
def test_killed_at_any_step_of_a_roll_back_the_next_run_leads_to_the_same_release(
    world: World, tmp_path: Path, every: int
) -> None:
    for version in ("v1", "v2", "v3"):
        world.deploy(version)
    saved = tmp_path / "saved"
    subprocess.run(["cp", "-a", str(world.place), str(saved)], check=True)
    step = 0
    while True:
        restore(world, saved)
        if not world.roll_back(kill_at=step).killed:
            break
        answer = world.roll_back()
        assert answer["healthy"] is True and answer["release"]["version"] == "v2", f"step {step}: {answer.output}"
        assert (world.active(), world.runs()) == ("v2", "v2"), step
        assert step % 3 or world.roll_back()["changed"] is False, step
        step += every
    assert step > 6


def test_git_killed_half_way_does_not_stand_in_the_way(deployed: tuple[World, Path]) -> None:
    world, _saved = deployed
    cache = world.place / ".app_release" / "repo.git"
    shim = world.folder / "bin"
    shim.mkdir()
    # A git that leaves its locks behind, as kill -9 does, and takes the module with it.
    (shim / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *fetch*) touch {cache}/config.lock {cache}/HEAD.lock {cache}/packed-refs.lock; '
        'kill -9 $PPID; exit 1;; esac\nexec /usr/bin/env -u X "$REAL_GIT" "$@"\n'
    )
    (shim / "git").chmod(0o755)
    real = subprocess.run(["sh", "-c", "command -v git"], check=True, capture_output=True, text=True).stdout.strip()
    (shim / "git").write_text((shim / "git").read_text().replace("$REAL_GIT", real))
    world.commit("v6")
    assert world.deploy("v6", environment={"PATH": f"{shim}:{os.environ['PATH']}"}).killed
    assert world.deploy("v6")["healthy"] is True and world.active() == "v6"
