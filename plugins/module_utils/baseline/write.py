# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes one planned edit to disk: whole or not at all, and never through a link that somebody slipped in."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import posixpath
import stat
from collections.abc import Iterator

from ..model.baseline_plan import FileEdit, FileState
from .errors import BaselineError
from .host import Host

# glibc's lckpwdf(3): passwd, useradd and chage wait for it as well.
PASSWD_LOCK = "/etc/.pwd.lock"
LOCKED_FILES = frozenset({"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FOLLOW = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def install(host: Host, edit: FileEdit) -> None:
    """Bring a file from `edit.before` to `edit.after`; refuses a file that changed since the audit."""
    path = host.resolve(posixpath.dirname(edit.path)) + "/" + posixpath.basename(edit.path)
    try:
        with _lock(host, edit.path), _open_folder(host, posixpath.dirname(path)) as folder:
            _install(folder, posixpath.basename(path), edit)
    except OSError as exc:
        why = os.strerror(exc.errno) if exc.errno else str(exc)
        raise BaselineError("could not write %s: %s; the file is as it was" % (edit.path, why)) from exc


def _install(folder: int, name: str, edit: FileEdit) -> None:
    now = _present(folder, name, edit.before is not None and edit.before.content is not None)
    if now != edit.before:
        raise BaselineError("%s changed while the baseline was at work; run again" % edit.path)
    if edit.after is None:
        os.unlink(name, dir_fd=folder)
    elif edit.before is None or edit.before.content != edit.after.content:
        _replace(folder, name, edit.after)
    else:
        with _opened(folder, name) as fd:
            # The owner first: chown(2) takes set-id bits away, which the mode then decides.
            os.fchown(fd, edit.after.uid, edit.after.gid)
            os.fchmod(fd, edit.after.mode)


def _replace(folder: int, name: str, state: FileState) -> None:
    # sshd, sudo, cron and sysctl all pass over a name that starts with a dot or lacks their suffix.
    temporary = ".%s.service-store.%d" % (name, os.getpid())
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(fd, "wb") as stream:
            stream.write(state.content or b"")
            stream.flush()
            os.fchown(fd, state.uid, state.gid)
            os.fchmod(fd, state.mode)
            _copy_labels(folder, name, fd)
            os.fsync(fd)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def _copy_labels(folder: int, name: str, fd: int) -> None:
    """Carry ACLs and security labels over; a file system without them is fine."""
    with contextlib.suppress(OSError), _opened(folder, name) as old:
        for label in os.listxattr(old):
            os.setxattr(fd, label, os.getxattr(old, label))


@contextlib.contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    fd = os.open(name, os.O_RDONLY | _NO_FOLLOW, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)


def _present(folder: int, name: str, with_content: bool) -> FileState | None:
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    content = None
    if with_content:
        content = b""
        if stat.S_ISREG(seen.st_mode):
            with _opened(folder, name) as fd, os.fdopen(os.dup(fd), "rb") as stream:
                content = stream.read()
    return FileState(content, stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)


@contextlib.contextmanager
def _open_folder(host: Host, path: str) -> Iterator[int]:
    """Go down from the root one name at a time; whoever swaps a folder for a link gets ELOOP, not root's pen."""
    fd = os.open(host.root or "/", _FOLDER)
    try:
        for name in [part for part in path.split("/") if part]:
            with contextlib.suppress(FileExistsError):
                if not _exists(fd, name):
                    os.mkdir(name, 0o755, dir_fd=fd)
            below = os.open(name, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _lock(host: Host, path: str) -> Iterator[None]:
    if path not in LOCKED_FILES or not host.real:
        yield
        return
    fd = os.open(PASSWD_LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except OSError as exc:
        if exc.errno in (errno.EAGAIN, errno.EACCES):
            why = "another program is changing the accounts (%s is locked); run again" % PASSWD_LOCK
            raise BaselineError(why) from exc
        raise
    finally:
        os.close(fd)
