# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git repository and an application's folder on this machine, with a stand-in for the service.

The "service" is a file `running` that the restart command fills from the active release, so that a test sees which
release would be running, not only which one the link names.
"""

from __future__ import annotations

import json
import os
import subprocess
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
