# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default secret store: one encrypted file, no server.

The file is JSON: a header and the AES-256-GCM ciphertext of all records. The header (format, the file's own random
id) is authenticated with it, so that a file cannot be passed off as another. Each write goes to a new file beside
it, is flushed to disk and renamed over it; the version before stays as ``<path>.bak``. A lock file keeps writers apart.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import secrets as random_source
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Callable

from ..core.deps import load
from ..core.errors import SecretStoreError
from . import key as key_file
from .base import Record, check_name, missing

FORMAT = "strategic.service_store/1"
NONCE_BYTES = 12


def open_encrypted_file(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> EncryptedFile:
    """Return the store for ``{type: encrypted_file, path, auth: {key_file}}``."""
    path = os.path.abspath(os.path.expanduser(str(option["path"])))
    label = f"encrypted_file {path}"
    key = key_file.load_key(label, option.get("auth") or {}, os.environ)
    keep_secret(base64.b64encode(key).decode("ascii"))
    return EncryptedFile(path, key)


class EncryptedFile:
    """Keeps all records in one file under one key."""

    def __init__(self, path: str, key: bytes) -> None:
        self.path = path
        self.label = f"encrypted_file {path}"
        aead = load("cryptography.hazmat.primitives.ciphers.aead", "cryptography", "to open an encrypted secret store")
        self._aead = aead.AESGCM(key)

    def get(self, name: str) -> Record:
        """Return the record of that name."""
        records = self._read()["records"]
        if name not in records:
            raise missing(self.label, name, tuple(sorted(records)))
        record: Record = records[name]["record"]
        return record

    def version(self, name: str) -> int:
        """Return the record's version, 0 where there is none."""
        return int(self._read()["records"].get(name, {}).get("version", 0))

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Store a record and return its version."""
        check_name(self.label, name)
        with self._locked():
            content = self._read()
            present = int(content["records"].get(name, {}).get("version", 0))
            if expect is not None and expect != present:
                why = f"it is at version {present}, not {expect}: somebody changed it at the same time"
                raise SecretStoreError(self.label, f"write {name}", why, "run again", "conflict")
            # Versions go on after a delete, so that an old reader can never mistake a new record for its own.
            number = max(present, int(content["last"])) + 1
            content["records"][name] = {"version": number, "record": dict(record)}
            content["last"] = number
            self._write(content)
        return number

    def delete(self, name: str) -> bool:
        """Remove a record, also from the backup; return whether there was one."""
        with self._locked():
            content = self._read()
            if name not in content["records"]:
                return False
            del content["records"][name]
            self._write(content)
            # A revoked secret must not live on in the copy of the version before.
            self._write(content)
        return True

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted."""
        return tuple(sorted(self._read()["records"]))

    @contextmanager
    def _locked(self) -> Iterator[None]:
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

    def _read(self) -> dict[str, Any]:
        """Return the decrypted content; an absent file is an empty store."""
        try:
            with open(self.path, "rb") as file:
                key_file.refuse_shared(self.label, self.path, "read it")
                raw = file.read()
        except FileNotFoundError:
            return {"records": {}, "last": 0, "id": random_source.token_hex(16)}
        except PermissionError as exc:
            raise SecretStoreError(
                self.label, "read it", "permission denied", "run as the file's owner", "locked"
            ) from exc
        return self._decrypt(raw)

    def _decrypt(self, raw: bytes) -> dict[str, Any]:
        doing = "read it"
        damaged = "restore it from its .bak or from your backup"
        try:
            outer = json.loads(raw)
            header = {"format": outer["format"], "id": outer["id"]}
            nonce, body = base64.b64decode(outer["nonce"]), base64.b64decode(outer["body"])
        except (ValueError, KeyError, TypeError, binascii.Error) as exc:
            raise SecretStoreError(
                self.label, doing, "it is not an encrypted store, or is damaged", damaged, "damaged"
            ) from exc
        if header["format"] != FORMAT:
            raise SecretStoreError(
                self.label, doing, f"its format {header['format']} is not {FORMAT}", "update the collection"
            )
        invalid = load("cryptography.exceptions", "cryptography", "to open an encrypted secret store").InvalidTag
        try:
            clear = self._aead.decrypt(nonce, body, _header(header))
        except invalid as exc:
            why = "the key does not fit, or the file is damaged"
            raise SecretStoreError(self.label, doing, why, f"name the right key file, or {damaged}", "locked") from exc
        content: dict[str, Any] = json.loads(clear)
        content["id"] = header["id"]
        return content

    def _write(self, content: Mapping[str, Any]) -> None:
        """Replace the file by ``content``, keeping the version before as the backup."""
        header = {"format": FORMAT, "id": content["id"]}
        clear = json.dumps({"records": content["records"], "last": content["last"]}).encode("utf-8")
        nonce = os.urandom(NONCE_BYTES)
        body = self._aead.encrypt(nonce, clear, _header(header))
        packed = {name: base64.b64encode(value).decode("ascii") for name, value in (("nonce", nonce), ("body", body))}
        self._replace(json.dumps({**header, **packed}, indent=1).encode("ascii"))

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


def _header(header: Mapping[str, str]) -> bytes:
    return json.dumps(header, sort_keys=True).encode("ascii")


def _sync_folder(folder: str) -> None:
    """Make a rename last over a power cut (fsync(2): the directory entry needs its own)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
