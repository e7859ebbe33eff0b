# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From findings to a plan of repairs, pure: bytes, modes and owners before and after.

Nothing here touches a host. The fixers work on a Workspace that reads through a FileSource and remembers what
would change, so that several controls can edit one file and the diff shown is the edit made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Protocol

from .baseline import (
    FAIL,
    Control,
    Finding,
)

HEADER = "# Kept by strategic.service_store.baseline: the next run rewrites this file.\n"
PACKAGE_FIXES = frozenset({"package_absent"})


@dataclass(frozen=True)
class FileState:
    """A file's bytes and attributes; `content` None means: not looked at, stays as it is."""

    content: bytes | None
    mode: int
    uid: int
    gid: int


class FileSource(Protocol):
    """Where a Workspace reads from; a missing file is None."""

    def stat(self, path: str) -> FileState | None:
        """The attributes alone."""

    def load(self, path: str) -> FileState | None:
        """The attributes and the bytes."""


@dataclass(frozen=True)
class FileEdit:
    """One file's way from `before` to `after`; None stands for no such file."""

    path: str
    before: FileState | None
    after: FileState | None
    controls: tuple[str, ...]


@dataclass(frozen=True)
class SysctlEdit:
    """One running kernel parameter."""

    key: str
    before: str
    after: str
    controls: tuple[str, ...]


@dataclass(frozen=True)
class PackageRemoval:
    """One package to purge."""

    name: str
    version: str
    controls: tuple[str, ...]


@dataclass(frozen=True)
class Repairs:
    """All repairs of one run. `withheld` says per control why nothing is done about it."""

    files: tuple[FileEdit, ...] = ()
    sysctls: tuple[SysctlEdit, ...] = ()
    packages: tuple[PackageRemoval, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.files or self.sysctls or self.packages)

    @property
    def controls(self) -> tuple[str, ...]:
        """Ids of the controls that this plan repairs, sorted."""
        edits: tuple[Any, ...] = self.files + self.sysctls + self.packages
        return tuple(sorted({control for edit in edits for control in edit.controls}))


@dataclass
class Workspace:
    """An overlay on a host's files in which fixers make their edits."""

    source: FileSource
    names: Mapping[str, Mapping[str, int]]

    def __post_init__(self) -> None:
        self._before: dict[str, FileState | None] = {}
        self._after: dict[str, FileState | None] = {}
        self._by: dict[str, set[str]] = {}
        self.sysctls: dict[str, SysctlEdit] = {}
        self.packages: dict[str, PackageRemoval] = {}

    def stat(self, path: str) -> FileState | None:
        """The file as it would be now, without its bytes unless they are known."""
        if path not in self._after:
            self._before[path] = self._after[path] = self.source.stat(path)
        return self._after[path]

    def load(self, path: str) -> FileState | None:
        """The file as it would be now, with its bytes."""
        state = self.stat(path)
        if state is not None and state.content is None:
            loaded = self.source.load(path)
            content = loaded.content if loaded else b""
            before = self._before[path]
            self._before[path] = replace(before, content=content) if before else None
            self._after[path] = state = replace(state, content=content)
        return state

    def text(self, path: str) -> str:
        """The text of a file; empty when there is none. Bytes that are not UTF-8 survive a round trip."""
        state = self.load(path)
        return (state.content or b"").decode("utf-8", "surrogateescape") if state else ""

    def original(self, path: str) -> str:
        """The text as the audit saw it."""
        self.load(path)
        before = self._before[path]
        return (before.content or b"").decode("utf-8", "surrogateescape") if before else ""

    def write(self, path: str, text: str, control: str, mode: int = 0o644) -> None:
        """Set a file's text; `mode` counts only for a file that is new, which root owns."""
        content = text.encode("utf-8", "surrogateescape")
        state = self.load(path)
        new = FileState(content, mode, self.uid("root"), self.gid("root"))
        self._after[path] = replace(state, content=content) if state else new
        self._by.setdefault(path, set()).add(control)

    def attributes(self, path: str, control: str, *, mode: int, uid: int, gid: int) -> None:
        """Set mode, uid or gid of a file that exists."""
        state = self.stat(path)
        if state is not None:
            self._after[path] = replace(state, mode=mode, uid=uid, gid=gid)
            self._by.setdefault(path, set()).add(control)

    def remove(self, path: str, control: str) -> None:
        """Delete a file; its bytes are read first, so that a diff can show them."""
        if self.load(path) is not None:
            self._after[path] = None
            self._by.setdefault(path, set()).add(control)

    def uid(self, name: str) -> int:
        return self.names["users"].get(name, 0)

    def gid(self, name: str) -> int:
        return self.names["groups"].get(name, 0)

    def edits(self) -> tuple[FileEdit, ...]:
        """Every real change, in the order of the paths."""
        return tuple(
            FileEdit(path, self._before[path], after, tuple(sorted(self._by[path])))
            for path, after in sorted(self._after.items())
            if path in self._by and after != self._before[path]
        )


Fixer = Callable[[Workspace, Control, Finding], None]


def plan(
    findings: Sequence[Finding],
    controls: Sequence[Control],
    work: Workspace,
    fixers: Mapping[str, Fixer],
    *,
    packages: bool,
    disruptive: bool,
) -> Repairs:
    """Plan the repair of every failing control that may be repaired."""
    withheld: dict[str, str] = {}
    by_id = {control.id: control for control in controls}
    for finding in findings:
        if finding.status != FAIL:
            continue
        control = by_id[finding.id]
        why = _withheld(control, packages=packages, disruptive=disruptive)
        if why:
            withheld[control.id] = why
        else:
            fixers[control.fix["kind"]](work, control, finding)
    return Repairs(work.edits(), _sorted(work.sysctls), _sorted(work.packages), withheld)


def _sorted(edits: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(edits[key] for key in sorted(edits))


def _withheld(control: Control, *, packages: bool, disruptive: bool) -> str:
    if control.fix["kind"] == "manual":
        return str(control.fix["reason"])
    if control.fix["kind"] in PACKAGE_FIXES and not packages:
        return "package changes are off (fix_packages: false)"
    if control.disruptive and not disruptive:
        return "disruptive repairs are off (fix_disruptive: false)"
    return ""
