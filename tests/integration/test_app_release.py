# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_release on this machine, with real git repositories and a stand-in for the service: deploy, fail, go back."""

from __future__ import annotations

import os

import pytest

from tests.support.release_world import World


def test_a_first_release_is_built_switched_to_and_checked(world: World) -> None:
    answer = world.deploy("v1")
    assert answer["changed"] is True and answer["healthy"] is True and answer["previous"] is None
    assert answer["release"]["commit"] == world.commits["v1"]
    assert (world.active(), world.runs()) == ("v1", "v1")
    assert os.readlink(world.place / "current") == f"releases/{world.commits['v1'][:12]}"
    assert (world.place / "shared" / "data" / "seed").read_text() == "seed\n"
    assert (world.place / "current" / "data").resolve() == world.place / "shared" / "data"
    assert (world.place / ".app_release").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("version", ["v2", "refs/tags/v2", "commit"])
def test_a_second_run_changes_nothing(world: World, version: str) -> None:
    version = world.commits["v2"] if version == "commit" else version
    world.deploy(version)
    before = world.snapshot()
    answer = world.deploy(version)
    assert answer["changed"] is False and answer["healthy"] is True and answer["diff"] == []
    assert world.snapshot() == before


def test_the_same_commit_under_another_name_is_the_same_release(world: World) -> None:
    world.deploy("v2")
    assert world.deploy(world.commits["v2"])["changed"] is False


def test_check_mode_predicts_and_does_nothing(world: World) -> None:
    world.deploy("v1")
    before = world.snapshot()
    predicted = world.deploy("v2", check=True)
    assert world.snapshot() == before and world.runs() == "v1"
    real = world.deploy("v2")
    assert predicted["changed"] is real["changed"] is True
    assert predicted["diff"] == real["diff"]
    assert "current" in real["diff"][0]["before"] and "(v2)" in real["diff"][0]["after"]
    assert predicted["release"]["id"] == real["release"]["id"]


def test_check_mode_before_the_first_release_makes_no_folder(world: World) -> None:
    assert world.deploy("v1", check=True)["changed"] is True
    assert not world.place.parent.exists()


def test_a_bad_release_is_kept_and_the_one_before_comes_back(world: World) -> None:
    world.deploy("v1")
    answer = world.deploy("v-bad")
    assert answer["failed"] is True and answer["rolled_back"] is True and answer["healthy"] is True
    assert answer["changed"] is True and answer["release"]["version"] == "v1"
    assert "did not pass its check" in answer["msg"] and "v1) is active again and well" in answer["msg"]
    assert (world.active(), world.runs()) == ("v1", "v1")
    assert (world.place / "releases" / world.commits["v-bad"][:12] / "app").read_text() == "v-bad\n"
    failed = next(release for release in world.info()["releases"] if release["version"] == "v-bad")
    assert failed["status"] == "failed" and failed["reason"]
    assert world.deploy("v1")["changed"] is False


def test_a_bad_first_release_leaves_none_active(world: World) -> None:
    answer = world.deploy("v-bad")
    assert answer["failed"] is True and answer["rolled_back"] is False and answer["release"] is None
    assert not (world.place / "current").is_symlink()
    assert world.deploy("v1")["healthy"] is True


def test_a_failed_release_is_tried_again_when_asked_for_again(world: World) -> None:
    world.deploy("v1")
    world.deploy("v-bad")
    again = world.deploy("v-bad", health={"type": "command", "command": ["true"]})
    assert again["changed"] is True and again["release"]["status"] == "healthy" and world.active() == "v-bad"


def test_a_build_that_fails_switches_nothing(world: World) -> None:
    world.deploy("v1")
    before = world.snapshot()
    answer = world.deploy("v2", build_command=["sh", "-c", "echo no compiler >&2; exit 3"])
    assert answer["failed"] is True and answer["changed"] is False
    assert "could not be built: sh ended with 3: no compiler" in answer["msg"]
    assert world.snapshot() == before and world.deploy("v1")["changed"] is False


def test_an_active_release_that_is_not_well_is_restarted(world: World) -> None:
    world.deploy("v1")
    world.deploy("v2")
    world.running.write_text("bad memory\n")
    answer = world.deploy("v2")
    assert answer["changed"] is True and answer["healthy"] is True and world.runs() == "v2"


def test_an_accepted_release_stays_when_a_restart_does_not_help(world: World) -> None:
    world.deploy("v1")
    world.deploy("v2")
    answer = world.deploy("v2", health={"type": "command", "command": ["false"], "retries": 1})
    assert answer["failed"] is True and answer["rolled_back"] is False and "a restart did not help" in answer["msg"]
    assert world.active() == "v2"


def test_rolled_back_leads_to_the_release_before_once(world: World) -> None:
    for version in ("v1", "v2", "v3"):
        world.deploy(version)
    first, second = world.roll_back(), world.roll_back()
    assert first["changed"] is True and first["rolled_back"] is True and first["release"]["version"] == "v2"
    assert second["changed"] is False and second["release"]["version"] == "v2"
    assert (world.active(), world.runs()) == ("v2", "v2")
    assert world.roll_back("v1")["release"]["version"] == "v1"
    assert world.deploy("v3")["release"]["version"] == "v3"
    assert world.roll_back()["release"]["version"] == "v1"


def test_rolled_back_does_not_need_the_repository(world: World) -> None:
    world.deploy("v1")
    world.deploy("v2")
    (world.repo / ".git").rename(world.folder / "gone")
    assert world.roll_back(check=True)["changed"] is True and world.active() == "v2"
    assert world.roll_back()["release"]["version"] == "v1"


def test_rolled_back_names_the_kept_releases_when_asked_for_another(world: World) -> None:
    world.deploy("v1")
    assert world.roll_back("v9")["msg"].startswith("version: v9 is no release kept on this host; kept are: ")
    assert "finds no earlier healthy release" in world.roll_back()["msg"]
