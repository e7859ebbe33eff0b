# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as the readers see it: files under a root folder, and the few programs an audit asks.

Every read is remembered, so that an audit opens a file once however many controls look at it.
"""

from __future__ import annotations

import glob
import grp
import os
import pwd
import re
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..model.baseline_plan import FileState

# A configuration file is small; a huge one is not read into memory, whatever its name says.
MAX_BYTES = 4 * 1024 * 1024
COMMAND_TIMEOUT_S = 60

Answer = tuple[int, str, str]
Run = Callable[..., Answer]


def run_command(argv: Sequence[str], timeout_s: float = COMMAND_TIMEOUT_S) -> Answer:
    """Run a program with a plain environment; a missing or hanging one is an answer too."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, env=env, check=False
        )
    except FileNotFoundError:
        return 127, "", "%s: not found" % argv[0]
    except subprocess.TimeoutExpired:
        return 124, "", "%s: no answer within %d s" % (argv[0], timeout_s)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def _all(fd: int) -> bytes:
    """Read in small pieces: /proc answers a large buffer with ENOMEM."""
    parts, total = [], 0
    while total < MAX_BYTES:
        part = os.read(fd, 65536)
        if not part:
            break
        parts.append(part)
        total += len(part)
    return b"".join(parts)


class Host:
    """A FileSource and more. `root` is another folder than `/` only in tests."""

    def __init__(self, root: str = "/", run: Run = run_command, scratch: str | None = None) -> None:
        self.root = root.rstrip("/")
        self.run = run
        self._scratch = scratch
        self._memo: dict[str, Any] = {}
        self._bytes: dict[str, bytes | None] = {}
        self._names: Mapping[str, Mapping[str, int]] | None = None
        self._users: dict[int, str | None] = {}
        self._groups: dict[int, str | None] = {}

    def memo(self, key: str, make: Callable[[], Any]) -> Any:
        """What a reader works out once and several controls use."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """A folder for root alone, inside Ansible's remote temporary folder, that goes when its `with` ends."""
        return tempfile.TemporaryDirectory(prefix="service-store-baseline-", dir=self._scratch)

    def forget(self) -> None:
        """Drop everything remembered, because the host has changed."""
        self._memo.clear()
        self._bytes.clear()
        self._names = None
        self._users.clear()
        self._groups.clear()

    def forget_file(self, path: str) -> None:
        """Drop what is remembered of one file."""
        self._bytes.pop(path, None)

    @property
    def real(self) -> bool:
        """Whether this is the running system and not a folder that looks like one."""
        return not self.root

    def path(self, path: str) -> str:
        """Where a path of the host really is."""
        return self.root + path

    def resolve(self, path: str) -> str:
        """The path with its symbolic links followed."""
        found = os.path.realpath(self.path(path))
        if self.real:
            return found
        return found[len(self.root) :] if found.startswith(self.root + "/") else path

    def glob(self, pattern: str) -> list[str]:
        """Existing paths that match a shell pattern, sorted as sshd, sudo and sysctl sort them."""
        found = glob.glob(glob.escape(self.root) + pattern) if glob.has_magic(pattern) else [self.path(pattern)]
        return sorted(path[len(self.root) :] for path in found if os.path.lexists(path))

    def lstat(self, path: str) -> os.stat_result | None:
        try:
            return os.lstat(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file; None when there is none."""
        if path not in self._bytes:
            self._bytes[path] = self._read(path)
        return self._bytes[path]

    def _read(self, path: str) -> bytes | None:
        try:
            # A named pipe in the place of a file must not hang the audit.
            fd = os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return _all(fd) if stat.S_ISREG(os.fstat(fd).st_mode) else None
        finally:
            os.close(fd)

    def lines(self, path: str) -> list[str]:
        """The lines of a text file; none when there is no such file."""
        return (self.read(path) or b"").decode("utf-8", "surrogateescape").splitlines()

    def stat(self, path: str) -> FileState | None:
        """FileSource: attributes of the file itself, never of what a link points to."""
        seen = self.lstat(path)
        return FileState(None, stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid) if seen else None

    def load(self, path: str) -> FileState | None:
        """FileSource: attributes and bytes."""
        seen = self.lstat(path)
        if seen is None:
            return None
        content = self.read(path) if stat.S_ISREG(seen.st_mode) else None
        return FileState(content or b"", stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)

    @property
    def names(self) -> Mapping[str, Mapping[str, int]]:
        """Ids of the local users and groups by name."""
        if self._names is None:
            self._names = {"users": self._ids("/etc/passwd"), "groups": self._ids("/etc/group")}
            for table, known in (("users", self._users), ("groups", self._groups)):
                for name, number in self._names[table].items():
                    known.setdefault(number, name)
        return self._names

    def _ids(self, path: str) -> dict[str, int]:
        fields = [line.split(":") for line in self.lines(path)]
        return {part[0]: int(part[2]) for part in fields if len(part) > 3 and part[2].isdigit()}

    def user_name(self, uid: int) -> str | None:
        """The account that owns a number, local first, then whatever NSS knows; None when nobody does."""
        if self.names and uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name if self.real else None
            except KeyError:
                self._users[uid] = None
        return self._users[uid]

    def group_name(self, gid: int) -> str | None:
        if self.names and gid not in self._groups:
            try:
                self._groups[gid] = grp.getgrgid(gid).gr_name if self.real else None
            except KeyError:
                self._groups[gid] = None
        return self._groups[gid]

    def attributes(self, seen: os.stat_result) -> dict[str, object]:
        """The value that controls on files judge."""
        return {
            "mode": stat.S_IMODE(seen.st_mode),
            "owner": self.user_name(seen.st_uid) or str(seen.st_uid),
            "group": self.group_name(seen.st_gid) or str(seen.st_gid),
        }

    def os_release(self) -> tuple[str, str]:
        """Id and version of the distribution, os-release(5)."""
        for path in ("/etc/os-release", "/usr/lib/os-release"):
            found = dict(re.findall(r"^([A-Z_]+)=[\"']?([^\"'\n]*)", "\n".join(self.lines(path)), re.MULTILINE))
            if found:
                return found.get("ID", "unknown"), found.get("VERSION_ID", "unknown")
        return "unknown", "unknown"

    def in_container(self) -> bool:
        """systemd's own marks first, then those of podman and docker."""
        marks = ("/run/systemd/container", "/run/.containerenv", "/.dockerenv")
        if any(self.lstat(mark) for mark in marks):
            return True
        return any(word.startswith(b"container=") for word in (self.read("/proc/1/environ") or b"").split(b"\0"))

    def today(self) -> int:
        """Days since 1970-01-01, the unit of shadow(5)."""
        return int(time.time() // 86400)
