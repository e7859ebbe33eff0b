# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the planned repairs. What decides on who may come in (sudo, sshd) is tried first and changed last."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Callable

from ..model.baseline_plan import FileEdit, PackageRemoval, Repairs, SysctlEdit
from ..model.plan import Change
from . import services, sysctl
from .errors import BaselineError
from .host import Host
from .write import install

Done = Callable[[Change], None]
Check = Callable[[Host, Sequence[FileEdit]], str]

DPKG_TIMEOUT_S = 300


def changes(repairs: Repairs, *, reload_pending: bool) -> tuple[Change, ...]:
    """The repairs as they will be made, in their order; a reload that an earlier run still owes is one too."""
    sudo, sshd = _of(repairs, services.is_sudo), _of(repairs, services.is_sshd)
    found = [file_change(edit) for edit in _of(repairs, _harmless)]
    found += [sysctl_change(edit) for edit in repairs.sysctls]
    found += [package_change(package) for package in repairs.packages]
    found += [file_change(edit) for edit in (*sudo, *sshd)]
    if reload_pending or sshd:
        found.append(RELOAD)
    return tuple(found)


def _of(repairs: Repairs, belongs: Callable[[str], bool]) -> list[FileEdit]:
    return [edit for edit in repairs.files if belongs(edit.path)]


def _harmless(path: str) -> bool:
    return not services.is_sudo(path) and not services.is_sshd(path)


RELOAD = Change("update", "ssh", group="reload")


def file_change(edit: FileEdit) -> Change:
    action = "remove" if edit.after is None else "update" if edit.before else "add"
    return Change(action, edit.path, group="file")


def sysctl_change(edit: SysctlEdit) -> Change:
    return Change("update", edit.key, edit.before, edit.after, group="kernel parameter")


def package_change(package: PackageRemoval) -> Change:
    return Change("remove", package.name, package.version, group="package")


def reload_pending(host: Host) -> bool:
    return host.lstat(services.RELOAD_MARK) is not None


def apply(host: Host, repairs: Repairs, running: Mapping[str, str], done: Done) -> None:
    """Apply everything, calling `done` after each change that has taken effect.

    `running` are the kernel parameters that the audit saw, by name, as they were.
    """
    sudo, sshd = _of(repairs, services.is_sudo), _of(repairs, services.is_sshd)
    _try(host, sshd, services.try_sshd)
    _try(host, sudo, services.try_sudo)
    for edit in _of(repairs, _harmless):
        install(host, edit)
        done(file_change(edit))
    _set_sysctls(host, repairs.sysctls, running, done)
    _purge(host, repairs.packages, done)
    _together(host, sudo, done, lambda: services.try_sudo(host, ()))
    _apply_sshd(host, sshd, done)


def _try(host: Host, edits: Sequence[FileEdit], check: Check) -> None:
    complaint = check(host, edits) if edits else ""
    if complaint:
        paths = ", ".join(edit.path for edit in edits)
        raise BaselineError("nothing was changed: the new %s would not work: %s" % (paths, complaint))


def _apply_sshd(host: Host, edits: Sequence[FileEdit], done: Done) -> None:
    if not edits and not reload_pending(host):
        return
    mark = host.path(services.RELOAD_MARK)
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    with open(mark, "a", encoding="ascii"):
        pass
    _together(host, edits, done, lambda: services.try_sshd(host, ()) or services.reload_sshd(host))
    done(RELOAD)
    os.unlink(mark)


def _together(host: Host, edits: Sequence[FileEdit], done: Done, works: Callable[[], str]) -> None:
    """Install several files; when the service then is not content, put all of them back."""
    installed: list[FileEdit] = []
    try:
        for edit in edits:
            install(host, edit)
            installed.append(edit)
        host.forget()
        complaint = works()
    except BaselineError:
        _put_back(host, installed)
        raise
    if complaint:
        _put_back(host, installed)
        with contextlib.suppress(OSError):
            works()
        raise BaselineError("%s; its files were put back as they were" % complaint)
    for edit in edits:
        done(file_change(edit))


def _put_back(host: Host, installed: Sequence[FileEdit]) -> None:
    for edit in reversed(installed):
        install(host, FileEdit(edit.path, edit.after, edit.before, edit.controls))
    host.forget()


def _set_sysctls(host: Host, edits: Sequence[SysctlEdit], running: Mapping[str, str], done: Done) -> None:
    for edit in edits:
        _set_sysctl(host, edit.key, edit.after)
        done(sysctl_change(edit))
    # Switching ip_forward makes the kernel set others anew, accept_redirects for one (ip-sysctl.rst): what the
    # audit saw and nobody asked to change has to be the same afterwards.
    wanted = {**running, **{edit.key: edit.after for edit in edits}} if edits else {}
    for key, value in wanted.items():
        now = sysctl.running(host, key)
        if now is not None and now != value:
            _set_sysctl(host, key, value)


def _set_sysctl(host: Host, key: str, value: str) -> None:
    try:
        with open(host.path(sysctl.file_of(key)), "w", encoding="ascii") as stream:
            stream.write(value)
    except OSError as exc:
        raise BaselineError("could not set %s = %s: %s" % (key, value, exc.strerror)) from exc


def _purge(host: Host, packages: Sequence[PackageRemoval], done: Done) -> None:
    """dpkg and not apt: it refuses when another package needs one of these, where apt would take that along."""
    if not packages:
        return
    names = [package.name for package in packages]
    code, _out, err = host.run(["dpkg", "--purge", *names], DPKG_TIMEOUT_S)
    if code:
        raise BaselineError("dpkg --purge %s: %s" % (" ".join(names), "; ".join(err.strip().splitlines()[:4])))
    for package in packages:
        done(package_change(package))
