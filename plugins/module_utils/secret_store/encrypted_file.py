# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default secret store: one encrypted file, no server.

Each write goes to a new file beside it, is flushed to disk and renamed over it; the version before stays as
``<path>.bak``. A lock file keeps writers apart. What the file holds, and under which key, is in envelope.py.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Callable

from ..core.errors import InvalidInput, SecretStoreError
from . import key as key_file
from .base import Record, check_expected, check_name, missing
from .envelope import Content, Envelope
from .kek import Kek, open_kek


def open_encrypted_file(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> EncryptedFile:
    """Return the store for ``{type: encrypted_file, path, kek: {type, ...}, auth: {key_file, ...}}``."""
    if not option.get("path"):
        # A module's own check of its options has said so before; a lookup has none.
        raise InvalidInput("secret_store.path", None, "is not set; give the file of the store")
    path = os.path.abspath(os.path.expanduser(str(option["path"])))
    return EncryptedFile(path, open_kek(f"encrypted_file {path}", option, keep_secret))


class EncryptedFile:
    """Keeps all records in one file under one key-encryption key."""

    def __init__(self, path: str, kek: Kek) -> None:
        self.path = path
        self.label = f"encrypted_file {path}"
        self.envelope = Envelope(self.label, kek)

    def get(self, name: str) -> Record:
        """Return the record of that name."""
        records = self.read().records
        if name not in records:
            raise missing(self.label, name, tuple(sorted(records)))
        record: Record = records[name]["record"]
        return record

    def version(self, name: str) -> int:
        """Return the record's version, 0 where there is none."""
        return int(self.read().records.get(name, {}).get("version", 0))

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Store a record and return its version."""
        check_name(self.label, name)
        with self.locked():
            content = self.read()
            present = int(content.records.get(name, {}).get("version", 0))
            check_expected(self.label, f"write {name}", expect, present)
            # Versions go on after a delete, so that an old reader can never mistake a new record for its own.
            number = max(present, content.last) + 1
            content.records[name] = {"version": number, "record": dict(record)}
            content.last = number
            self.write(content)
        return number

    def delete(self, name: str, expect: int | None = None) -> bool:
        """Remove a record, also from the backup; return whether there was one."""
        with self.locked():
            content = self.read()
            present = int(content.records.get(name, {}).get("version", 0))
            check_expected(self.label, f"delete {name}", expect, present)
            if not present:
                if name in self._in_backup():
                    # A delete that was killed half way.
                    self.write(content)
                return False
            del content.records[name]
            self.write(content)
            # A revoked secret must not live on in the copy of the version before.
            self.write(content)
        return True

    def remnant(self, name: str) -> str | None:
        """Return that the backup still holds a record that is gone from the file."""
        held = name in self._in_backup() and name not in self.read().records
        return f"a copy in {self.path}.bak" if held else None

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted."""
        return tuple(sorted(self.read().records))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file's lock; the kernel frees it when the process dies."""
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            why = f"the folder {folder} does not exist"
            raise SecretStoreError(self.label, "write", why, f"mkdir -p -m 700 {folder}", "unsafe")
        handle = os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self) -> Content:
        """Return the decrypted content; an absent file is an empty store."""
        raw = self.raw(self.path)
        return self.envelope.open(raw) if raw is not None else Content()

    def raw(self, path: str) -> bytes | None:
        """Return the bytes of the file or of its backup, None where there is none."""
        try:
            with open(path, "rb") as file:
                key_file.refuse_shared(self.label, path, "read it")
                return file.read()
        except FileNotFoundError:
            return None
        except PermissionError as exc:
            raise SecretStoreError(
                self.label, "read it", "permission denied", "run as the file's owner", "locked"
            ) from exc

    def _in_backup(self) -> Mapping[str, Any]:
        """Return the records of the backup, none where it cannot be read."""
        with suppress(SecretStoreError):
            raw = self.raw(self.path + ".bak")
            return self.envelope.open(raw).records if raw is not None else {}
        return {}

    def write(self, content: Content) -> None:
        """Replace the file by ``content``, keeping the version before as the backup; the lock must be held."""
        self._replace(self.envelope.seal(content))

    def _replace(self, raw: bytes) -> None:
        # The name is fixed: the lock is held, so what lies there is the litter of a killed run.
        fresh = self.path + ".new"
        _remove(fresh)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            self._back_up()
            os.rename(fresh, self.path)
        except BaseException:
            _remove(fresh)
            raise
        _sync_folder(os.path.dirname(self.path))

    def _back_up(self) -> None:
        """Let the present file live on as ``.bak`` without a moment in which the store itself is missing."""
        if not os.path.exists(self.path):
            return
        link, backup = self.path + ".old", self.path + ".bak"
        _remove(link)
        # A run killed after this step left both names on one file, where rename(2) does nothing and keeps the link.
        if os.path.exists(backup) and os.path.samefile(self.path, backup):
            return
        os.link(self.path, link)
        os.rename(link, backup)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _sync_folder(folder: str) -> None:
    """Make a rename last over a power cut (fsync(2): the directory entry needs its own)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
