# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key-encryption key (KEK): what wraps the data key of an encrypted file, and where it rests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Protocol

from ..core.deps import load
from ..core.errors import InvalidInput, SecretStoreError
from . import key as key_file

TYPES = ("file", "pkcs11", "vault_transit", "aws_kms")
NONCE_BYTES = 12
WHY = "to open an encrypted secret store"


@dataclass(frozen=True)
class KekId:
    """Which KEK it is, fit to be written into the file's header: its type and its public name."""

    type: str
    key: str

    def __str__(self) -> str:
        return f"{self.type} {self.key}".strip()


class Kek(Protocol):
    """Wraps and unwraps data keys. All methods raise SecretStoreError; a KEK that does not fit is ``locked``."""

    id: KekId

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """Return the data key, encrypted for this KEK and bound to the file, as text."""

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """Return the data key."""

    def is_newest(self, wrapped: str) -> bool:
        """Return whether the KEK's newest version has wrapped it, where a KEK has versions."""


def open_kek(label: str, option: Mapping[str, Any], keep_secret: Callable[..., None]) -> Kek:
    """Return the KEK of ``{kek: {type, ...}, auth: {...}}``; without ``kek`` it is the key file."""
    wanted, auth = option.get("kek") or {}, option.get("auth") or {}
    kind = wanted.get("type") or "file"
    if kind == "file":
        key = key_file.load_key(label, auth, os.environ)
        keep_secret(base64.b64encode(key).decode("ascii"))
        return FileKek(label, key)
    if kind == "pkcs11":
        from .kek_pkcs11 import open_pkcs11

        return open_pkcs11(label, wanted, auth, keep_secret)
    if kind == "vault_transit":
        from .kek_transit import open_transit

        return open_transit(label, wanted, auth, keep_secret)
    if kind == "aws_kms":
        from .kek_kms import open_kms

        return open_kms(label, wanted, auth, keep_secret)
    raise InvalidInput("secret_store.kek.type", kind, f"is not known; it is one of {', '.join(TYPES)}")


def required(option: Mapping[str, Any], name: str, mend: str) -> str:
    """Return a text of ``secret_store.kek``, which must be set."""
    value = option.get(name)
    if not value:
        raise InvalidInput(f"secret_store.kek.{name}", None, f"is not set; {mend}")
    return str(value)


def decoded(label: str, wrapped: str) -> bytes:
    """Return the bytes of a wrapped key that is kept as base64."""
    try:
        return base64.b64decode(wrapped, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise SecretStoreError(label, "unlock it", "its wrapped data key is damaged", kind="damaged") from exc


class FileKek:
    """A key of 32 bytes out of a file; wraps with AES-256-GCM."""

    def __init__(self, label: str, key: bytes) -> None:
        self.label = label
        self.key = key
        # A fingerprint of 32 random bytes tells nothing of them, and tells two key files apart.
        self.id = KekId("file", hashlib.sha256(b"service_store kek " + key).hexdigest()[:16])
        self._aead = load("cryptography.hazmat.primitives.ciphers.aead", "cryptography", WHY).AESGCM(key)

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """Return nonce and ciphertext in base64."""
        nonce = os.urandom(NONCE_BYTES)
        sealed: bytes = self._aead.encrypt(nonce, data_key, file_id.encode("ascii"))
        return base64.b64encode(nonce + sealed).decode("ascii")

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """Return the data key."""
        invalid = load("cryptography.exceptions", "cryptography", WHY).InvalidTag
        raw = decoded(self.label, wrapped)
        try:
            opened: bytes = self._aead.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], file_id.encode("ascii"))
        except (invalid, ValueError) as exc:
            why = "the key file does not fit its data key"
            raise SecretStoreError(self.label, "unlock it", why, "name the right key file", "locked") from exc
        return opened

    def is_newest(self, wrapped: str) -> bool:
        """Return True: a key file has no versions."""
        return True
