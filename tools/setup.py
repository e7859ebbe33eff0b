# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make setup`: the virtual environments and the Debian packages, both at once."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import debian, pythons, venvs

ROOT = Path(__file__).resolve().parent.parent


def environments(root: Path) -> list[venvs.Environment]:
    """The environments this machine can have: the newest pair is `.venv`, the oldest stands beside it."""
    newest, oldest = pythons.find((3, 13)) or pythons.find((3, 12)), pythons.find((3, 11))
    main = newest or oldest
    if main is None:
        raise SystemExit("setup: no Python 3.11, 3.12 or 3.13 found; run: apt-get install python3 python3-venv")
    pair = "core-2.21" if newest else "core-2.19"
    found = [venvs.Environment(root / ".venv", main, pair, collection=True)]
    if newest and oldest:
        found.append(venvs.Environment(root / ".venv-min", oldest, "core-2.19", collection=True))
    found.append(venvs.Environment(root / ".venv-ministack", main, "ministack"))
    found.append(venvs.Environment(root / ".venv-galaxy", oldest or main, "galaxy-importer"))
    return found


def main() -> int:
    """Build what is missing; a second run only compares hashes."""
    os.chdir(ROOT)
    started = time.monotonic()
    with alone():
        prepare()
    seconds = time.monotonic() - started
    if seconds > 2:
        print(f"setup: ready after {seconds:.0f} s", flush=True)
    return 0


@contextmanager
def alone() -> Iterator[None]:
    """Hold the checkout's lock: two targets started side by side would make one environment twice at once."""
    folder = ROOT / ".cache"
    folder.mkdir(exist_ok=True)
    with (folder / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare() -> None:
    """Install the packages and build the environments."""
    packages = debian.Packages.missing_from(ROOT / "bindep.txt")
    # Debian's Python brings no ensurepip: without this package no environment can be made at all.
    packages.install_first("python3-venv")
    running = packages.start()
    try:
        for environment in environments(ROOT):
            environment.build()
    finally:
        running.finish()


if __name__ == "__main__":
    sys.exit(main())
