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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent


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
) -> Run:
    """Run ``playbook`` (a path or a full name) in ``folder``, with Ansible's home, temporary files and cache in it.

    watch: note the command lines; costs a good part of a processor. kill_at: end everything with SIGKILL as soon as the
    command line of one of the run's processes holds this text.
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
        watcher = threading.Thread(
            target=_watch, args=(finished, seen, kill_at, environment["ANSIBLE_HOME"]), daemon=True
        )
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


def _watch(finished: threading.Event, seen: set[str], kill_at: str, home: str) -> None:
    """Note the command line of every process of the machine until the run has ended, or end it where one says so."""
    while not finished.wait(0.02):
        for process in Path("/proc").glob("[0-9]*"):
            line = _read(process / "cmdline").replace("\0", " ")
            seen.add(line)
            if kill_at and kill_at in line and home in _read(process / "environ"):
                _kill_all(home)
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
