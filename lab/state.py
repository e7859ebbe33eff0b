# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab.json: what is up and where, for whoever uses the lab; and the lock that keeps two commands apart."""

from __future__ import annotations

import contextlib
import fcntl
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from .ca import write_private
from .errors import LabError

FORMAT = 1
_POLL_S = 0.5


class State:
    """{"format", "folder", "components": {name: facts}}; every change is written at once, mode 0600."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lab.json"
        self._folder = folder
        self._mutex = threading.Lock()
        self._data: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"format": FORMAT, "folder": str(self._folder), "components": {}}
        if not self.path.exists():
            return empty
        try:
            data = json.loads(self.path.read_text())
        except ValueError:
            # Half a file after a crash of the machine: every component is looked at by itself anyway.
            return empty
        return data if isinstance(data, dict) and data.get("format") == FORMAT else empty

    @property
    def components(self) -> dict[str, dict[str, Any]]:
        return dict(self._data["components"])

    def put(self, component: str, facts: dict[str, Any]) -> None:
        with self._mutex:
            self._data["components"][component] = facts
            self._write()

    def drop(self, component: str) -> None:
        with self._mutex:
            if self._data["components"].pop(component, None) is not None:
                self._write()

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_private(self.path, json.dumps(self._data, indent=2, sort_keys=True).encode() + b"\n")


@contextlib.contextmanager
def locked(folder: Path, wait_s: float = 0.0, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Only one command at a time changes a lab; waiting is called once when another one has to end first."""
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    with (folder / "lock").open("w") as handle:
        told = False
        while not _try_lock(handle):
            if time.monotonic() >= deadline:
                raise LabError(f"another command is changing the lab in {folder}; wait until it has ended")
            if not told:
                waiting()
                told = True
            time.sleep(_POLL_S)
        yield


def _try_lock(handle: TextIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
