# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What app_release keeps on a host, whom it locks out, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.release_world import World


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
    with subprocess.Popen(["flock", "--no-fork", str(world.place / ".app_release" / "lock"), "sleep", "600"]) as holder:
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
