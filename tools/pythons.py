# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the machine's Python interpreters, also those that pyenv keeps beside the default one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def find(version: tuple[int, int]) -> Path | None:
    """Return an interpreter of that minor version that really runs, or None."""
    name = f"python{version[0]}.{version[1]}"
    for candidate in [*_from_pyenv(version), *_on_path(name), *_on_path("python3")]:
        if _version_of(candidate) == version:
            return candidate
    return None


def _from_pyenv(version: tuple[int, int]) -> list[Path]:
    # pyenv's shims refuse versions that are not selected: the real file is called by its full path.
    prefix = f"{version[0]}.{version[1]}."
    found = [p for root in _pyenv_roots() for p in root.glob(f"versions/{prefix}*")]
    folders = [p for p in found if p.name[len(prefix) :].isdigit()]
    folders.sort(key=lambda p: int(p.name[len(prefix) :]), reverse=True)
    return [folder / "bin" / "python3" for folder in folders]


def _pyenv_roots() -> list[Path]:
    """Where pyenv may live: a shim sets PYENV_ROOT for what it starts, so the answer must not hang on that alone."""
    shims = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).name == "shims"]
    named = os.environ.get("PYENV_ROOT")
    roots = [*([Path(named)] if named else []), Path.home() / ".pyenv", *(folder.parent for folder in shims)]
    return list(dict.fromkeys(root.resolve() for root in roots))


def _on_path(name: str) -> list[Path]:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep) + ["/usr/bin", "/usr/local/bin"]
    found = (shutil.which(name, path=folder) for folder in folders)
    return [Path(path) for path in found if path]


def _version_of(python: Path) -> tuple[int, int] | None:
    # A virtual environment is no base for another one: it may be the very one that is being replaced.
    code = "import sys; sys.exit(1) if sys.prefix != sys.base_prefix else print(*sys.version_info[:2])"
    try:
        done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    major, minor = done.stdout.split()
    return int(major), int(minor)
