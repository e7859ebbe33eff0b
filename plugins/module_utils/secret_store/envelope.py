# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of the encrypted file: a data key that the KEK wraps, and the records that the data key encrypts.

The file is JSON: a header and the AES-256-GCM ciphertext of all records. The header (format, the file's own random
id, the KEK's name, the wrapped data key) is authenticated with it, so that a file cannot be passed off as another.
Files of the first format, where the key file's key encrypts the records itself, are read, and written in the present
format at their next change.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets as random_source
from dataclasses import dataclass, field
from typing import Any

from ..core.deps import load
from ..core.errors import SecretStoreError
from .kek import NONCE_BYTES, WHY, FileKek, Kek, KekId

FORMAT, FIRST_FORMAT = "strategic.service_store/2", "strategic.service_store/1"
KEY_BYTES = 32
DOING = "read it"
MEND = "restore it from its .bak or from your backup"


@dataclass(frozen=True)
class Header:
    """What of a file can be read without a key. ``wrapped`` is empty in the first format."""

    format: str
    id: str
    kek: KekId
    wrapped: str = ""

    def authenticated(self) -> bytes:
        """Return the bytes that the ciphertext is bound to."""
        return json.dumps(self.fields(), sort_keys=True).encode("ascii")

    def fields(self) -> dict[str, Any]:
        """Return the header as it stands in the file."""
        base: dict[str, Any] = {"format": self.format, "id": self.id}
        if self.format == FIRST_FORMAT:
            return base
        return {**base, "kek": {"type": self.kek.type, "key": self.kek.key}, "wrapped": self.wrapped}


@dataclass
class Content:
    """The records, the highest version ever given, and the header they came with (none for a new file)."""

    records: dict[str, Any] = field(default_factory=dict)
    last: int = 0
    header: Header | None = None


class Envelope:
    """Opens and seals the content of one file. The KEK is asked once for each data key."""

    def __init__(self, label: str, kek: Kek) -> None:
        self.label = label
        self.kek = kek
        self._data_keys: dict[str, bytes] = {}

    def open(self, raw: bytes) -> Content:
        """Return what a file holds; raises SecretStoreError (damaged, locked)."""
        header, nonce, body = parse(self.label, raw)
        invalid = load("cryptography.exceptions", "cryptography", WHY).InvalidTag
        try:
            clear = _aead(self._key_of(header)).decrypt(nonce, body, header.authenticated())
        except (invalid, ValueError) as exc:
            why = "the key does not fit, or the file is damaged"
            raise SecretStoreError(self.label, DOING, why, f"name the right key, or {MEND}", "locked") from exc
        content = json.loads(clear)
        return Content(content["records"], int(content["last"]), header)

    def seal(self, content: Content) -> bytes:
        """Return the file for a content, under the data key it came with, else under a new one."""
        header = content.header
        if header is None or header.format != FORMAT or header.kek != self.kek.id:
            header = self.new_header(header.id if header else random_source.token_hex(16))
            content.header = header
        clear = json.dumps({"records": content.records, "last": content.last}).encode("utf-8")
        nonce = os.urandom(NONCE_BYTES)
        body = _aead(self._key_of(header)).encrypt(nonce, clear, header.authenticated())
        packed = {name: base64.b64encode(value).decode("ascii") for name, value in (("nonce", nonce), ("body", body))}
        return json.dumps({**header.fields(), **packed}, indent=1).encode("ascii")

    def new_header(self, file_id: str) -> Header:
        """Return the header of a file under a new data key."""
        data_key = os.urandom(KEY_BYTES)
        wrapped = self.kek.wrap(data_key, file_id)
        self._data_keys[wrapped] = data_key
        return Header(FORMAT, file_id, self.kek.id, wrapped)

    def _key_of(self, header: Header) -> bytes:
        """Return the key that encrypts the records."""
        if header.kek.type != self.kek.id.type:
            raise self._other_kek(header)
        if header.format == FIRST_FORMAT and isinstance(self.kek, FileKek):
            return self.kek.key
        if header.wrapped not in self._data_keys:
            try:
                self._data_keys[header.wrapped] = self.kek.unwrap(header.wrapped, header.id)
            except SecretStoreError as exc:
                # Another name may be the same key: an alias, a renamed label. So only a refusal tells.
                if exc.kind != "locked" or header.kek == self.kek.id:
                    raise
                raise self._other_kek(header) from exc
        return self._data_keys[header.wrapped]

    def _other_kek(self, header: Header) -> SecretStoreError:
        why = f"its data key is wrapped by {header.kek}, and secret_store.kek names {self.kek.id}"
        hint = "name that key, or rewrap the file with strategic.service_store.secret_store_rewrap"
        return SecretStoreError(self.label, DOING, why, hint, "locked")


def parse(label: str, raw: bytes) -> tuple[Header, bytes, bytes]:
    """Return header, nonce and ciphertext of a file; raises SecretStoreError (damaged)."""
    try:
        outer = json.loads(raw)
        kind = str(outer["format"])
        nonce, body = base64.b64decode(outer["nonce"]), base64.b64decode(outer["body"])
        header = Header(kind, str(outer["id"]), KekId("file", ""))
        if kind == FORMAT:
            kek = KekId(str(outer["kek"]["type"]), str(outer["kek"]["key"]))
            header = Header(kind, header.id, kek, str(outer["wrapped"]))
    except (ValueError, KeyError, TypeError, binascii.Error) as exc:
        why = "it is not an encrypted store, or is damaged"
        raise SecretStoreError(label, DOING, why, MEND, "damaged") from exc
    if kind not in (FORMAT, FIRST_FORMAT):
        raise SecretStoreError(label, DOING, f"its format {kind} is not {FORMAT}", "update the collection")
    return header, nonce, body


def _aead(key: bytes) -> Any:
    return load("cryptography.hazmat.primitives.ciphers.aead", "cryptography", WHY).AESGCM(key)
