# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git repository of the sample application.

The same files, names and dates every time, so the commit ids are the same on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .context import PACKAGE
from .errors import LabError

SAMPLE = PACKAGE / "samples" / "app"
#: Tag and subject of each commit, oldest first.
VERSIONS = (
    ("v1", "A status board"),
    ("v2", "Notes have a kind"),
    ("v-bad", "Hide notes (asks for a column that no migration made)"),
)
BRANCH = "main"
_FIRST = 1767225600  # 2026-01-01T00:00:00Z
_DAY = 86400


def _git(folder: Path, *arguments: str, when: int = _FIRST) -> str:
    date = f"{when} +0000"
    person = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Lab"), ("EMAIL", "lab@lab.example"), ("DATE", date))
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
        **person,
    }
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise LabError("git is not installed; run: apt-get install git") from None
    if done.returncode != 0:
        raise LabError(f"git {arguments[0]} in {folder} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _copy(version: str, work: Path) -> None:
    source = SAMPLE / version
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            target = work / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            # The mode is part of the commit id; a checkout with another umask must not change it.
            target.chmod(0o644)


def make_repository(folder: Path) -> dict[str, str]:
    """Make the bare repository `folder` anew, in one step; gives {tag: commit id}."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work, bare = Path(temporary) / "work", Path(temporary) / "bare.git"
        work.mkdir()
        _git(work, "init", "--quiet", f"--initial-branch={BRANCH}")
        commits = {}
        for number, (tag, subject) in enumerate(VERSIONS):
            when = _FIRST + number * _DAY
            _copy(tag, work)
            _git(work, "add", "--all")
            _git(work, "commit", "--quiet", "--no-verify", "--message", subject, when=when)
            _git(work, "tag", "--annotate", "--message", subject, tag, when=when)
            commits[tag] = _git(work, "rev-parse", "HEAD")
        # The branch stands at the last good version, as a protected branch would.
        _git(work, "update-ref", f"refs/heads/{BRANCH}", "v2^{commit}")
        _git(work, "clone", "--quiet", "--bare", str(work), str(bare))
        _git(bare, "update-server-info")
        shutil.rmtree(folder, ignore_errors=True)
        bare.rename(folder)
    return commits
