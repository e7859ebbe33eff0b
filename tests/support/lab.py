# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab, for tests that need its hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .servers import REPO

UP_TIMEOUT_S = 1800


@dataclass(frozen=True)
class Lab:
    """folder: LAB_DIR of a lab that is up."""

    folder: Path

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca" / "ca.pem")

    @property
    def inventory(self) -> str:
        """The hosts as machines; the operator's inventory is ``service_store.inventory.yml`` beside it."""
        return str(self.folder / "inventory.yml")

    def facts(self, component: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "lab.json").read_text())["components"][component]
        return found

    def secret(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "secrets" / f"{name}.json").read_text())
        return found

    def ssh(self, host: str, command: str, timeout_s: float = 180) -> subprocess.CompletedProcess[str]:
        """Runs a shell command as root on a host."""
        return subprocess.run(
            ["ssh", "-F", str(self.folder / "ssh_config"), "-o", "BatchMode=yes", host, command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def command(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """``python -m lab ARGUMENTS`` on this lab, or on another one's folder."""
        environment = {**os.environ, "LAB_DIR": str(folder or self.folder), "PYTHONPATH": str(REPO)}
        return subprocess.run(
            [sys.executable, "-m", "lab", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            timeout=UP_TIMEOUT_S,
            check=False,
        )


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of LAB_DIR, repaired where needed, and left as it is found: one that was not there is taken down."""
    found = Lab(Path(os.environ.get("LAB_DIR") or REPO / ".lab").resolve())
    was_there = (found.folder / "lab.json").exists()
    done = found.command("up")
    if done.returncode != 0:
        pytest.fail(f"the lab did not come up:\n{done.stderr[-4000:]}")
    yield found
    if not was_there:
        found.command("down")
