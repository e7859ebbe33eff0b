# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small steps that put a host, or a folder that looks like one, into a state: as Python calls or as a shell script."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Write:
    """A file with these contents."""

    path: str
    text: str
    mode: int = 0o644

    def do(self, root: Path) -> None:
        target = root / self.path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.text)
        target.chmod(self.mode)

    def shell(self) -> str:
        path = shlex.quote(self.path)
        text = shlex.quote(self.text)
        return f"mkdir -p $(dirname {path}); printf %s {text} > {path}; chmod {self.mode:04o} {path}"


@dataclass(frozen=True)
class Append:
    """More lines at the end of a file."""

    path: str
    text: str

    def do(self, root: Path) -> None:
        with (root / self.path.lstrip("/")).open("a") as stream:
            stream.write(self.text)

    def shell(self) -> str:
        return f"printf %s {shlex.quote(self.text)} >> {shlex.quote(self.path)}"


@dataclass(frozen=True)
class Mode:
    """Another mode."""

    path: str
    mode: int

    def do(self, root: Path) -> None:
        (root / self.path.lstrip("/")).chmod(self.mode)

    def shell(self) -> str:
        return f"chmod {self.mode:04o} {shlex.quote(self.path)}"


@dataclass(frozen=True)
class Folder:
    """A folder with a mode."""

    path: str
    mode: int = 0o755

    def do(self, root: Path) -> None:
        target = root / self.path.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(self.mode)

    def shell(self) -> str:
        return f"mkdir -p {shlex.quote(self.path)}; chmod {self.mode:04o} {shlex.quote(self.path)}"


@dataclass(frozen=True)
class Owner:
    """Another owner, by number. Needs root."""

    path: str
    uid: int
    gid: int

    def do(self, root: Path) -> None:
        os.chown(root / self.path.lstrip("/"), self.uid, self.gid)

    def shell(self) -> str:
        return f"chown {self.uid}:{self.gid} {shlex.quote(self.path)}"


@dataclass(frozen=True)
class Gone:
    """No such file."""

    path: str

    def do(self, root: Path) -> None:
        (root / self.path.lstrip("/")).unlink(missing_ok=True)

    def shell(self) -> str:
        return f"rm -f {shlex.quote(self.path)}"


@dataclass(frozen=True)
class Sysctl:
    """A running kernel parameter."""

    key: str
    value: str

    def do(self, root: Path) -> None:
        (root / "proc/sys" / self.key.replace(".", "/")).write_text(self.value + "\n")

    def shell(self) -> str:
        return f"echo {self.value} > /proc/sys/{self.key.replace('.', '/')}"


@dataclass(frozen=True)
class Package:
    """An installed package: an empty one of that name on a real host, a stanza of dpkg's status elsewhere."""

    name: str

    def do(self, root: Path) -> None:
        stanza = f"Package: {self.name}\nStatus: install ok installed\nVersion: 99.0\n\n"
        Append("/var/lib/dpkg/status", stanza).do(root)

    def shell(self) -> str:
        fields = (f"Package: {self.name}", "Version: 99.0", "Architecture: all", "Maintainer: a test", "Description: -")
        control = "".join(field + "\\n" for field in fields)
        return (
            f"d=$(mktemp -d); mkdir $d/DEBIAN; printf '{control}' > $d/DEBIAN/control; "
            f"dpkg-deb --build $d $d.deb >/dev/null; dpkg -i $d.deb >/dev/null; rm -r $d $d.deb"
        )


Step = Write | Append | Mode | Folder | Owner | Gone | Sysctl | Package


def script(steps: Iterable[Step]) -> str:
    """All steps as one shell script that stops at the first failure."""
    return "set -e\n" + "\n".join(step.shell() for step in steps) + "\n"
