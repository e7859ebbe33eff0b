# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a host as values: what is wanted, what is there, and how one becomes the other."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import ServiceStoreError
from ..core.redact import slow_fingerprint
from ..model.invalid import InvalidValue
from ..model.plan import Change, Plan

VALIDATE_TIMEOUT_S = 60


class FileError(ServiceStoreError):
    """A file could not be read, checked or written."""


@dataclass(frozen=True)
class HostFile:
    """One file or folder as it is wanted; ``mode`` is None where nothing shall be there."""

    path: str
    mode: int | None = None
    content: str | None = None
    secret: bool = False
    validate: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any], root: str, where: str) -> HostFile:
        """Make a file of an option's dict; raises InvalidValue."""
        path = os.path.normpath(os.path.join(root, str(raw["path"]).lstrip("/")) if root else str(raw["path"]))
        if not os.path.isabs(path):
            raise InvalidValue(f"{where}.path", raw["path"], "is not absolute; write it from / on, or give root")
        if raw["state"] == "absent":
            return cls(path)
        secret = raw.get("secret_content")
        content = secret if secret is not None else raw.get("content")
        if (content is None) != (raw["state"] == "folder"):
            raise InvalidValue(
                f"{where}.content", raw["path"], "a file needs content or secret_content, a folder neither"
            )
        return cls(
            path, _mode(raw, where, secret is not None), content, secret is not None, tuple(raw["validate"] or ())
        )

    def shown(self, mode: int | None, content: str | None) -> Shown | None:
        """Return a state of this path as a diff shows it; None where nothing is there."""
        return None if mode is None else Shown(self.path, mode, content, self.secret)


@dataclass(frozen=True)
class Shown:
    """A file or folder as it is or will be. A secret's fingerprint takes its time, so only a diff reckons it."""

    path: str
    mode: int
    content: str | None = field(repr=False)
    secret: bool

    def __str__(self) -> str:
        content = self.content
        if self.secret and content is not None:
            content = f"(secret, {slow_fingerprint(content, self.path)})\n"
        return f"mode: {self.mode:04o}\n{content or ''}"


class FilesPlan(Plan):
    """A plan whose diff keeps the order of lines, as files need."""

    def diff(self) -> list[dict[str, str]]:
        """Return one part per file."""
        return [
            {
                "before_header": change.key,
                "after_header": change.key,
                "before": str(change.before or ""),
                "after": str(change.after or ""),
            }
            for change in self.changes
        ]


def plan_files(files: Sequence[HostFile]) -> FilesPlan:
    """Compare the files with what is there; reads, and changes nothing."""
    return FilesPlan(tuple(change for file in files for change in _compare(file)))


def _compare(file: HostFile) -> Iterator[Change]:
    there = _read(file)
    if there == (file.mode, file.content):
        return
    before = file.shown(*there)
    after = file.shown(file.mode, file.content)
    action = "remove" if after is None else "add" if before is None else "update"
    yield Change(action, file.path, before, after)


def _read(file: HostFile) -> tuple[int | None, str | None]:
    """Return mode and content; both None where nothing is there, content None for a folder."""
    try:
        mode = stat.S_IMODE(os.lstat(file.path).st_mode)
        if os.path.isdir(file.path):
            return mode, None
        with open(file.path, encoding="utf-8", errors="replace", newline="") as stream:
            return mode, stream.read()
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise FileError(f"could not read {file.path}: {error.strerror}") from None


def write(file: HostFile) -> None:
    """Bring one path to its wanted state; a file is whole at every moment."""
    try:
        if file.mode is None:
            _remove(file.path)
        elif file.content is None:
            os.makedirs(file.path, exist_ok=True)
            os.chmod(file.path, file.mode)
        else:
            os.makedirs(os.path.dirname(file.path), exist_ok=True)
            _replace(file, file.mode, file.content)
    except OSError as error:
        raise FileError(f"could not write {file.path}: {error.strerror}") from None


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _replace(file: HostFile, mode: int, content: str) -> None:
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".new", dir=os.path.dirname(file.path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(content)
        _check(file, partial)
        os.chmod(partial, mode)
        os.replace(partial, file.path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def _check(file: HostFile, partial: str) -> None:
    """Run the file's own checker on the candidate; one that fails never gets its name."""
    if not file.validate:
        return
    command = [part.replace("%s", partial) for part in file.validate]
    try:
        # No AnsibleModule is at hand here, and its run_command has no time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command, capture_output=True, text=True, timeout=VALIDATE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as exc:
        why = f"{command[0]} did not answer within {VALIDATE_TIMEOUT_S:g} s"
        raise FileError(f"{file.path} was left as it is: {why}; give a command in validate that ends") from exc
    except OSError as exc:
        why = f"{command[0]} cannot be run ({exc.strerror})"
        raise FileError(f"{file.path} was left as it is: {why}; install it first, or correct validate") from exc
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise FileError(f"{file.path} was left as it is: {' '.join(file.validate)} refuses the new one: {said}")


def _mode(raw: Mapping[str, Any], where: str, secret: bool) -> int:
    text = str(raw.get("mode") or ("0600" if secret else "0755" if raw["state"] == "folder" else "0644"))
    if not text.startswith("0") or not all(digit in "01234567" for digit in text):
        raise InvalidValue(f"{where}.mode", text, 'is no mode; write four octal digits in quotes, such as "0644"')
    if secret and int(text, 8) & 0o077:
        raise InvalidValue(f"{where}.mode", text, "would let others read a secret; write 0600 or 0400")
    return int(text, 8)
