# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command to its end, and everything it started away when it takes too long."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """How a command ended; `out` and `err` are text."""

    status: int
    out: str
    err: str


class TookTooLong(Exception):
    """The command did not end in time and was killed."""


def run(
    command: Sequence[str],
    *,
    timeout_s: float,
    folder: str = "/",
    environment: Mapping[str, str] | None = None,
) -> Done:
    """Run `command` without a shell or input. Raises TookTooLong, or OSError when it cannot be started.

    Its output goes to files: with pipes a daemon that it leaves behind would keep them open, and this waiting.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # AnsibleModule.run_command merges the surroundings' environment and waits on pipes.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            list(command),
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            umask=0o022,
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            # The whole session: git leaves the fetching to children of its own.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise TookTooLong() from None
        out.seek(0)
        err.seek(0)
        return Done(status, out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace"))
