# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the checkout and of its tarball, for tools that refuse a link or must not see the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


def sources() -> list[Path]:
    """Return the files that are, or could be, under version control, relative to the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = sorted(name for name in done.stdout.split("\0") if name)
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy(target: Path) -> Path:
    """Copy the sources into an empty folder and return it."""
    for source in sources():
        (target / source.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / source, target / source)
    return target


def tarball() -> Path:
    """Build the collection from a copy (so that nothing unversioned ships) and return the tarball's path."""
    stage = BUILD / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    _galaxy("build", "--force", "--output-path", str(BUILD), cwd=copy(stage))
    return newest_tarball()


def newest_tarball() -> Path:
    """Return the tarball that was built last."""
    found = sorted(BUILD.glob("strategic-service_store-*.tar.gz"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise SystemExit("no tarball in build/; run: make build")
    return found[-1]


def install(into: Path) -> Path:
    """Install the tarball into an empty collections folder and return that folder."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    _galaxy("install", "--force", "--offline", "--no-deps", "-p", str(into), str(newest_tarball()), cwd=into)
    return into


def _galaxy(*arguments: str, cwd: Path) -> None:
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(cwd)}
    command = [str(ROOT / ".venv" / "bin" / "ansible-galaxy"), "collection", *arguments]
    if subprocess.run(command, cwd=cwd, env=env, check=False).returncode:
        raise SystemExit(f"failed: {' '.join(command)}")


def main(arguments: list[str]) -> int:
    """`build`, or `install FOLDER`."""
    if arguments == ["build"]:
        print(tarball())
        return 0
    if len(arguments) == 2 and arguments[0] == "install":
        print(install(Path(arguments[1]).absolute()))
        return 0
    print("usage: python -m tools.tree build | install FOLDER", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
