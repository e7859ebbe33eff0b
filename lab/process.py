# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background processes of the machine: started in a session of their own, logged, found again by pid file.

A pid file also holds the process's start time, so that a pid that was given to something else in the
meantime is never taken for ours, and never killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError

READY_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 10.0
_TAIL = 1500
_MARK = "SERVICE_STORE_LAB_PROCESS"


def start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat, in clock ticks since boot; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in brackets and may hold anything, so count from its end.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


@dataclass(frozen=True)
class Service:
    """A process by name; its pid file is RUN/NAME.pid, its log LOG/NAME.log."""

    name: str
    run: Path
    logs: Path

    @property
    def log(self) -> Path:
        return self.logs / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.run / f"{self.name}.pid"

    def _record(self) -> tuple[int, int] | None:
        try:
            data = json.loads(self._pid_file.read_text())
            return int(data["pid"]), int(data["start"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def pid(self) -> int | None:
        """The running process, or None when it is not there (any more)."""
        record = self._record()
        return record[0] if record and start_time(record[0]) == record[1] else None

    def has_died(self) -> bool:
        """True when it was started, not stopped, and is not there."""
        return self._record() is not None and self.pid() is None

    def start(
        self,
        command: Sequence[str],
        *,
        netns: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> int:
        """Starts it unless it runs; netns is a process whose network namespace it is to live in."""
        running = self.pid()
        if running is not None:
            return running
        self._end_orphans()
        for folder in (self.run, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        enter = [] if netns is None else ["nsenter", f"--net=/proc/{netns}/ns/net", "--"]
        name, _equals, value = self._mark.partition("=")
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [*enter, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**(os.environ if env is None else env), name: value},
                cwd=cwd,
            )
        started = start_time(process.pid)
        if started is None:
            raise LabError(f"{self.name} ended at once; {self._tail()}")
        self._pid_file.write_text(json.dumps({"pid": process.pid, "start": started, "command": list(command)}))
        return process.pid

    def start_until_ready(
        self,
        command: Sequence[str],
        *,
        netns: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = READY_TIMEOUT_S,
    ) -> str:
        """Starts it and waits for its line ``ready URL``; gives the URL."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        self.start(command, netns=netns, env=env, cwd=cwd)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with self.log.open("rb") as handle:
                handle.seek(offset)
                lines = handle.read().decode(errors="replace").splitlines()
            for line in lines:
                if line.startswith("ready "):
                    return line.removeprefix("ready ").strip()
            if self.pid() is None:
                raise LabError(f"{self.name} ended before it was ready; {self._tail()}")
            time.sleep(0.1)
        self.stop()
        raise LabError(f"{self.name} was not ready within {timeout_s:.0f} s; {self._tail()}")

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Ends it and what it started (its session's process group); does nothing when it does not run."""
        pid = self.pid()
        self._end_orphans()
        if pid is not None:
            self._signal(pid, signal.SIGTERM)
            deadline = time.monotonic() + timeout_s
            while self.pid() is not None and time.monotonic() < deadline:
                _reap(pid)
                time.sleep(0.05)
            if self.pid() is not None:
                self._signal(pid, signal.SIGKILL)
                _reap(pid)
        self._pid_file.unlink(missing_ok=True)

    @property
    def _mark(self) -> str:
        return f"{_MARK}={self._pid_file}"

    def _end_orphans(self) -> None:
        """Ends what a process that died (kill -9) had started and left behind; known by an inherited variable."""
        if not self.has_died():
            return
        mark = self._mark.encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                # Ended meanwhile, or another user's.
                continue

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return

    def _tail(self) -> str:
        text = self.log.read_text(errors="replace")[-_TAIL:] if self.log.exists() else ""
        return f"{self.log} ends with:\n{text}" if text else f"{self.log} is empty"


def _reap(pid: int) -> None:
    """A child of this very command would stay a zombie; another command's is init's to reap."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
