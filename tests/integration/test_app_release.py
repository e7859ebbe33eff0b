# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_release on this machine, with real git repositories and a stand-in for the service.

The "service" is a file `running` that the restart command fills from the active release, so that a test sees which
release would be running, not only which one the link names.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.modules import app_release, app_release_info
from tests.support.modules import Answer, run_module


class World:
    """A repository with v1, v2, v3 and v-bad, and an application folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "repo"
        self.place = folder / "srv" / "board"
        self.running = folder / "running"
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commits = {name: self.commit(name) for name in ("v1", "v2", "v3", "v-bad")}

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.net", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.repo, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, name: str) -> str:
        (self.repo / "app").write_text(name + "\n")
        (self.repo / "data").mkdir(exist_ok=True)
        (self.repo / "data" / "seed").write_text("seed\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)
        self.git("tag", *(["-a", "-m", name] if name == "v2" else []), name)
        return self.git("rev-parse", "HEAD")

    def arguments(self, version: str | None, **more: Any) -> dict[str, Any]:
        return {
            "application": "board",
            "path": str(self.place),
            "repo": str(self.repo),
            "version": version,
            "shared": ["data"],
            "restart_command": ["cp", "app", str(self.running)],
            "health": {
                "type": "command",
                "retries": 2,
                "interval_s": 0,
                "command": ["sh", "-c", f"test -s {self.running} && ! grep -q bad {self.running}"],
            },
            **more,
        }

    def deploy(
        self,
        version: str | None,
        *,
        check: bool = False,
        kill_at: int | None = None,
        environment: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        return run_module(
            app_release.main, self.arguments(version, **more), check=check, kill_at=kill_at, environment=environment
        )

    def roll_back(self, version: str | None = None, **more: Any) -> Answer:
        return self.deploy(version, state="rolled_back", **more)

    def info(self) -> Answer:
        return run_module(app_release_info.main, {"application": "board", "path": str(self.place)})

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.place / ".app_release" / "state.json").read_text())
        return state

    def runs(self) -> str:
        return self.running.read_text().strip() if self.running.exists() else ""

    def active(self) -> str:
        return (self.place / "current" / "app").read_text().strip()

    def snapshot(self) -> list[tuple[str, int, str]]:
        paths = [path for path in sorted(self.place.rglob("*")) if ".app_release" not in path.parts]
        return [
            (
                str(path.relative_to(self.place)),
                path.lstat().st_mode,
                os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else "",
            )
            for path in paths
        ]

    def leftovers(self) -> list[str]:
        # A half-written state file stays until the next one is written over it, and is never read.
        names = [path.name for path in self.place.rglob("*") if ".app_release" not in path.parts]
        return [name for name in names if name.startswith(".incoming") or name.endswith((".new", ".index"))]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


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


def test_only_the_wanted_number_of_releases_is_kept(world: World) -> None:
    for version in ("v1", "v2"):
        world.deploy(version, keep=2)
    answer = world.deploy("v3", keep=2)
    assert answer["removed"] == [world.commits["v1"][:12]]
    assert [release["version"] for release in world.info()["releases"]] == ["v2", "v3"]
    assert not (world.place / "releases" / world.commits["v1"][:12]).exists()


def test_failed_releases_never_push_out_the_one_to_return_to(world: World) -> None:
    world.deploy("v1", keep=2)
    for number in range(3):
        world.commit(f"v-bad{number}")
        world.deploy(f"v-bad{number}", keep=2)
    assert (world.active(), world.runs()) == ("v1", "v1")
    assert world.deploy("v2", keep=2)["previous"] == world.commits["v1"][:12]
    assert world.roll_back()["release"]["version"] == "v1"


def test_shared_folders_outlive_releases(world: World) -> None:
    world.deploy("v1")
    (world.place / "current" / "data" / "visitor").write_text("kept\n")
    world.deploy("v2")
    assert (world.place / "current" / "data" / "visitor").read_text() == "kept\n"


def test_a_shared_folder_added_later_is_linked_into_the_active_release(world: World) -> None:
    world.deploy("v1")
    answer = world.deploy("v1", shared=["data", "cache/pages"])
    assert answer["changed"] is True and (world.place / "current" / "cache" / "pages").is_dir()
    assert world.deploy("v1", shared=["data", "cache/pages"])["changed"] is False


def test_a_link_in_the_repository_cannot_lead_a_shared_folder_outside(world: World) -> None:
    (world.repo / "etc").symlink_to("/etc")
    world.commit("v4")
    answer = world.deploy("v4", shared=["etc/board"])
    assert answer["failed"] is True and "leads out of the release" in answer["msg"]
    assert not Path("/etc/board").exists()


def test_the_hosts_own_git_configuration_and_hooks_are_not_used(world: World, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[core]\n\thooksPath = {home}\n[url "https://192.0.2.1/"]\n\tinsteadOf = /\n')
    assert world.deploy("v1", environment={"HOME": str(home), "GIT_DIR": "/nowhere"})["healthy"] is True


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"version": "v9"}, "version: v9 is no tag or branch of"),
        ({"version": "0" * 40}, "is in no branch or tag of"),
        ({"version": "--upload-pack=x"}, "version: --upload-pack=x is no commit id, tag or branch"),
        ({"repo": "ext::sh -c id"}, "repo: ext::sh -c id is no address of a git repository"),
        ({"repo": "https://user:hunter2@git.example.net/x"}, "repo: (not shown) carries a password"),
        ({"repo": "http://git.example.net/x"}, "comes over http, where anybody on the way can change it"),
        ({"repo": "/nonexistent/repo"}, "not_found"),
        ({"application": "../x"}, "application: ../x is no name"),
        ({"path": "relative"}, "path: "),
        ({"shared": ["../x"]}, "shared: ../x is no path inside the release"),
        ({"shared": ["data", "data/in"]}, "shared: data/in lies inside another shared folder"),
        ({"keep": 1}, "keep: 1 leaves no release to return to"),
        ({"owner": "nobody-of-this-name"}, "owner: nobody-of-this-name is no user"),
        ({"ca_file": "/nonexistent.pem"}, "ca_file: /nonexistent.pem is no file"),
        ({"health": {"type": "http", "url": "ftp://x"}}, "health.url: ftp://x is no http:// or https:// address"),
        ({"health": {"type": "tcp", "port": 70000}}, "health.port: 70000 is out of range"),
        ({"health": {"type": "tcp", "port": 1, "retries": 0}}, "health.retries: 0 is too small"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_input_is_named_and_changes_nothing(world: World, more: dict[str, Any], message: str) -> None:
    answer = world.deploy(**{"version": "v1", **more})
    assert answer["failed"] is True and answer["changed"] is False
    assert message in answer["msg"]
    assert "hunter2" not in answer["msg"]
    assert not (world.place / "current").exists()


def test_a_name_that_is_a_tag_and_a_branch_is_refused(world: World) -> None:
    world.git("branch", "v1", "v2")
    assert "is a tag and a branch; write refs/tags/v1 or refs/heads/v1" in world.deploy("v1")["msg"]
    assert world.deploy("refs/heads/v1")["release"]["commit"] == world.commits["v2"]


def test_submodules_are_refused(world: World) -> None:
    (world.repo / ".gitmodules").write_text("")
    world.commit("v5")
    assert "has submodules" in world.deploy("v5")["msg"]


def test_two_runs_at_once_are_refused(world: World) -> None:
    world.deploy("v1")
    with subprocess.Popen(["flock", str(world.place / ".app_release" / "lock"), "sleep", "20"]) as holder:
        command = ["flock", "-n", str(world.place / ".app_release" / "lock"), "true"]
        while subprocess.run(command, check=False).returncode == 0:
            time.sleep(0.01)
        answer = world.deploy("v2")
        holder.kill()
    assert answer["changed"] is False and "another run is deploying" in answer["msg"]


def test_a_damaged_state_is_named(world: World) -> None:
    world.deploy("v1")
    (world.place / ".app_release" / "state.json").write_text("{")
    assert "state.json is damaged" in world.deploy("v2")["msg"]
    (world.place / ".app_release" / "state.json").write_text(json.dumps({"schema": 99}))
    assert "another version of this collection" in world.deploy("v2")["msg"]


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


def kill_everywhere(deployed: tuple[World, Path], version: str, then: str, **more: Any) -> int:
    """Kill a run at its first, second, ... step; each time the run after it has to lead to `then`."""
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
        step += 1


def test_killed_at_any_step_the_next_run_finishes(deployed: tuple[World, Path]) -> None:
    assert kill_everywhere(deployed, "v2", "v2") > 20


def test_killed_at_any_step_of_a_bad_release_the_release_before_can_be_had_again(deployed: tuple[World, Path]) -> None:
    assert kill_everywhere(deployed, "v-bad", "v1") > 25


def test_killed_at_any_step_of_the_first_release_the_next_run_finishes(world: World, tmp_path: Path) -> None:
    step = 0
    while world.deploy("v1", kill_at=step).killed:
        assert world.deploy("v1")["healthy"] is True, step
        assert (world.active(), world.runs()) == ("v1", "v1")
        assert world.state()["pending"] is None
        subprocess.run(["rm", "-rf", str(world.place), str(world.running)], check=True)
        step += 1
    assert step > 20


def test_killed_at_any_step_of_a_roll_back_the_next_run_leads_to_the_same_release(world: World, tmp_path: Path) -> None:
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
        step += 1
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
