# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves an encrypted file to another key-encryption key, and gives it a new data key on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from ..core.errors import InvalidInput, SecretStoreError
from .encrypted_file import EncryptedFile, open_encrypted_file
from .envelope import FORMAT, Content, Header, parse


@dataclass(frozen=True)
class State:
    """What is: ``before`` wraps the file now, ``wanted`` is the KEK that the options name."""

    before: str
    wanted: str
    records: int
    done: bool


class Rewrap:
    """Rewraps one file. ``previous`` is ``{kek, auth}`` as the file was opened until now, or None."""

    def __init__(
        self, option: Mapping[str, Any], previous: Mapping[str, Any] | None, keep_secret: Callable[..., None]
    ) -> None:
        kind = option.get("type") or "encrypted_file"
        if kind != "encrypted_file":
            raise InvalidInput("secret_store.type", kind, "has no key of its own to change; only encrypted_file has")
        self._store = open_encrypted_file(option, keep_secret)
        self._previous: EncryptedFile | None = None
        if previous:
            old = {"path": option["path"], "kek": previous.get("kek"), "auth": previous.get("auth")}
            self._previous = open_encrypted_file(old, keep_secret)

    def state(self) -> State:
        """Return how things stand; raises SecretStoreError where the file cannot be opened."""
        header = self._header(self._store.path)
        wanted = str(self._store.envelope.kek.id)
        if header is None:
            why = f"there is no file {self._store.path}"
            raise SecretStoreError(self._store.label, "rewrap it", why, "check secret_store.path", "not_found")
        content = self._open()
        # The backup too: a run killed half way leaves it under the key that shall be given up.
        backup = self._header(self._store.path + ".bak")
        done = self._is_done(header) and (backup is None or self._is_done(backup))
        return State(str(header.kek), wanted, len(content.records), done)

    def apply(self) -> None:
        """Write the file and its backup under a new data key that the wanted KEK wraps."""
        with self._store.locked():
            content = self._open()
            identity = content.header.id if content.header else ""
            fresh = Content(content.records, content.last, self._store.envelope.new_header(identity))
            self._store.write(fresh)
            # What the old key can open must not live on in the copy of the version before.
            self._store.write(fresh)

    def _header(self, path: str) -> Header | None:
        raw = self._store.raw(path)
        return parse(self._store.label, raw)[0] if raw is not None else None

    def _is_done(self, header: Header) -> bool:
        kek = self._store.envelope.kek
        return header.format == FORMAT and header.kek == kek.id and kek.is_newest(header.wrapped)

    def _open(self) -> Content:
        """Return the content, opened by the wanted KEK or by the previous one."""
        try:
            return self._store.read()
        except SecretStoreError as exc:
            if exc.kind != "locked" or self._previous is None:
                raise
        return self._previous.read()
