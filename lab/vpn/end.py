# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud's host: the files and the daemon on it, from the machine.

The agent is root on the machine that runs the containers, so that it reaches the host's files and sockets by way of one
of its processes: no key is ever an argument of a command, and a look costs milliseconds.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..ca import write_private
from ..context import Context
from ..errors import LabError
from ..topology import CloudEnd
from .swanctl import PREFIX, running
from .tunnel import Running

TIMEOUT_S = 60
_FOLDER = "etc/swanctl/conf.d"


class EndHost:
    """The host that stands for a cloud's gateway."""

    def __init__(self, ctx: Context, end: CloudEnd) -> None:
        self._ctx, self.end, self._pid = ctx, end, 0

    def files(self) -> Mapping[str, str]:
        """The tunnels' files by name, without their ending."""
        return {path.stem: path.read_text(encoding="utf-8") for path in self._folder().glob(f"{PREFIX}*.conf")}

    def write(self, name: str, text: str | None) -> None:
        """Put a file there (mode 0600), or take it away."""
        path = self._folder() / f"{name}.conf"
        if text is None:
            path.unlink(missing_ok=True)
        else:
            write_private(path, text.encode())

    def load(self) -> None:
        """Make charon take what the files say; security associations that are there go on."""
        self._run("swanctl", "--load-all", "--clear", "--noprompt")

    def end_tunnel(self, name: str) -> None:
        """End a connection's security associations; none is no error."""
        self._run("swanctl", "--terminate", "--ike", name, "--force", "--timeout", "3", may_fail=True)

    def start_tunnel(self, name: str) -> None:
        """Begin to negotiate, without waiting for the outcome."""
        self._run("swanctl", "--initiate", "--child", name, "--timeout", "-1", may_fail=True)

    def running(self) -> Mapping[str, Running]:
        """The security associations by connection."""
        return running(self._run("swanctl", "--list-sas"))

    def _run(self, *command: str, may_fail: bool = False) -> str:
        enter = ["nsenter", f"--target={self._process()}", "--mount", "--net", "--"]
        done = subprocess.run(
            [*enter, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0 and not may_fail:
            # swanctl names files and sections, never what a secret is.
            raise LabError(f"{self.end.host.name}: {' '.join(command)}: {(done.stderr or done.stdout).strip()[-400:]}")
        return done.stdout

    def _folder(self) -> Path:
        return Path(f"/proc/{self._process()}/root") / _FOLDER

    def _process(self) -> int:
        if not self._pid or not Path(f"/proc/{self._pid}/root/{_FOLDER}").is_dir():
            self._pid = self._ctx.podman.pid(self.end.host.container)
        if not self._pid:
            raise LabError(f"{self.end.host.name} does not run")
        return self._pid
