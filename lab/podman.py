# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs podman with the lab's own settings.

They go in through CONTAINERS_CONF, so that nothing of the machine's own is changed.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LabError

# The limits podman asks for by itself are refused on machines that are containers or small virtual
# machines; crun refuses a hybrid cgroup tree; cgroupfs works with and without systemd on the machine.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
pids_limit = 0
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"

[network]
network_backend = "netavark"
"""

_ATTEMPTS = 3


@dataclass(frozen=True)
class Podman:
    """conf: the lab's containers.conf. label: marks what is the lab's, as key=value."""

    conf: Path
    label: str

    def environment(self) -> dict[str, str]:
        return {**os.environ, "CONTAINERS_CONF": str(self.conf)}

    def call(self, *args: str, timeout_s: float = 120, data: str | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                ["podman", *args],
                input=data,
                stdin=None if data is not None else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=self.environment(),
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError as error:
            raise LabError("podman is not installed; run: apt-get install podman") from error
        except subprocess.TimeoutExpired as error:
            raise LabError(f"podman {' '.join(args[:3])} did not end within {timeout_s:.0f} s") from error

    def ok(self, *args: str) -> bool:
        return self.call(*args).returncode == 0

    def run(self, *args: str, timeout_s: float = 120, data: str | None = None) -> str:
        done = self.call(*args, timeout_s=timeout_s, data=data)
        if done.returncode != 0:
            raise LabError(f"podman {' '.join(args[:4])} failed: {done.stderr.strip()[-800:]}")
        return done.stdout.strip()

    def json(self, *args: str) -> Any:
        return json.loads(self.run(*args) or "[]")

    def exec(self, container: str, *command: str, data: str | None = None, timeout_s: float = 120) -> str:
        """Runs a command in a container as root; its stdout."""
        options = ("--interactive",) if data is not None else ()
        return self.run("exec", *options, container, *command, data=data, timeout_s=timeout_s)

    def check(self) -> None:
        """Raises LabError when podman is there but does not work on this machine."""
        done = self.call("info", "--format", "{{.Host.NetworkBackend}}")
        if done.returncode != 0:
            raise LabError(f"podman does not work on this machine: {done.stderr.strip()[-800:]}")

    def containers(self) -> dict[str, dict[str, Any]]:
        """The lab's own containers, running or not, by name."""
        rows = self.json("ps", "--all", "--format", "json", "--filter", f"label={self.label}")
        return {row["Names"][0]: row for row in rows}

    def pid(self, container: str) -> int:
        """The process on the machine whose namespaces are the container's; 0 when it does not run."""
        done = self.call("container", "inspect", "--format", "{{.State.Pid}}", container)
        return int(done.stdout.strip() or 0) if done.returncode == 0 else 0


def make_podman(folder: Path) -> Podman:
    """Writes the settings into the lab's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    conf = folder / "containers.conf"
    if not conf.exists() or conf.read_text() != CONTAINERS_CONF:
        conf.write_text(CONTAINERS_CONF)
    return Podman(conf, f"service-store.lab={folder}")


def remove_containers(podman: Podman, names: Sequence[str]) -> None:
    """Removes them at once, without asking their systemd; tries again what podman did not manage (on a busy
    machine it may not see in time that a container has ended)."""
    left, last = list(names), ""
    for _attempt in range(_ATTEMPTS):
        if not left:
            return
        done = podman.call("rm", "--force", "--time", "0", "--volumes", *left, timeout_s=300)
        last = done.stderr.strip()[-400:]
        there = podman.containers()
        left = [name for name in left if name in there]
    if left:
        raise LabError(f"podman could not remove {', '.join(left)}: {last}")
