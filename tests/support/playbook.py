# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook with the real command, as an operator would, and keeps everything it leaves behind in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
WATCH_EVERY_S = 0.02
#: A process is looked at each time for 2 seconds, then twice a second.
YOUNG_LOOKS, OLD_EVERY_LOOKS = 100, 25


@dataclass(frozen=True)
class Run:
    """A finished run: exit status, everything printed, and every command line seen while it ran."""

    status: int
    output: str
    command_lines: frozenset[str]


def run_playbook(
    playbook: str,
    folder: Path,
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 900.0,
    watch: bool = True,
    kill_at: str = "",
    kill_when: Callable[[], bool] | None = None,
) -> Run:
    """Run ``playbook`` (a path or a full name) in ``folder``, with Ansible's home, temporary files and cache in it.

    watch: note the command lines; costs a good part of a processor. kill_at: end everything with SIGKILL as soon as the
    command line of one of the run's processes holds this text. kill_when: end it so as soon as this is true.
    """
    extra = folder / "variables.json"
    extra.write_text(json.dumps(dict(variables or {})), encoding="utf-8")
    command = [str(BIN / "ansible-playbook"), playbook, "-e", f"@{extra}", *arguments]
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(temporary),
        "ANSIBLE_REMOTE_TEMP": str(temporary),
        "TMPDIR": str(temporary),
        "ANSIBLE_NOCOLOR": "1",
        **(env or {}),
    }
    seen: set[str] = set()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        finished = threading.Event()
        kill = _Kill(environment["ANSIBLE_HOME"], kill_at, kill_when or (lambda: False))
        watcher = threading.Thread(target=_watch, args=(finished, seen, kill), daemon=True)
        if watch:
            watcher.start()
        try:
            output, _none = process.communicate(timeout=timeout_s)
        finally:
            process.kill()
            finished.set()
            if watch:
                watcher.join()
    return Run(process.returncode, output, frozenset(seen))


@dataclass(frozen=True)
class _Kill:
    """When to end a run: its home of Ansible, a text in a command line of its own, and what else is waited for."""

    home: str
    text: str
    when: Callable[[], bool]

    def is_due(self, process: Path, line: str) -> bool:
        return bool(self.text) and self.text in line and self.home in _read(process / "environ")


def _watch(finished: threading.Event, seen: set[str], kill: _Kill) -> None:
    """Note the command line of every process of the machine until the run has ended, or end it where ``kill`` says so.

    A process gets its arguments soon after its start; those that have long been there are looked at now and then.
    """
    looks: dict[str, int] = {}
    while not finished.wait(WATCH_EVERY_S):
        if kill.when():
            _kill_all(kill.home)
            return
        looks = {name: looks.get(name, 0) + 1 for name in os.listdir("/proc") if name.isdigit()}
        for name, times in looks.items():
            if times > YOUNG_LOOKS and times % OLD_EVERY_LOOKS:
                continue
            process = Path("/proc", name)
            line = _read(process / "cmdline").replace("\0", " ")
            seen.add(line)
            if kill.is_due(process, line):
                _kill_all(kill.home)
                return


def _kill_all(home: str) -> None:
    """End every process of the run that has this home of Ansible: its workers are in sessions of their own."""
    while mine := [process for process in Path("/proc").glob("[0-9]*") if home in _read(process / "environ")]:
        for process in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)


def _read(file: Path) -> str:
    """Return what the kernel tells of a process, or nothing of one that has ended."""
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def left_behind(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file that a run left in its folder, with its content."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()
