# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seals to a public key and opens with the private one: HPKE through cryptography, age through pyrage."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from .deps import load
from .errors import InvalidInput

_WHY_HPKE = "to seal with HPKE (RFC 9180), from version 47 on"
_WHY_AGE = "to seal with age"
_RAW_KEY_BYTES = 32
_OTHER_KEY = "does not open with this key: it was sealed to another key, or changed on its way"


def key_fingerprint(public_key: str) -> str:
    """Return a short name of a recipient's public key, as its owner can compute it from the same text.

    It is the SHA-256 of the key's text without white space around it, the first 16 hex digits.
    """
    return "sha256:" + hashlib.sha256(public_key.strip().encode("utf-8")).hexdigest()[:16]


def seal_hpke(plaintext: bytes, public_key: str, info: bytes, where: str) -> str:
    """Return base64 of the encapsulated key and the ciphertext. Raises InvalidInput for another kind of key.

    ``info`` is authenticated: opening with another one fails (RFC 9180, section 8.1: auxiliary authenticated
    information of the single-shot API goes there).
    """
    suite = _suite()
    return base64.b64encode(suite.encrypt(plaintext, _public(public_key, where), info=info)).decode("ascii")


def open_hpke(sealed: str, private_key: str, info: bytes, where: str, key_where: str) -> bytes:
    """Return what was sealed; raises InvalidInput where the key or ``info`` is another one."""
    suite, key = _suite(), _private(private_key, key_where)
    invalid = load("cryptography.exceptions", "cryptography", _WHY_HPKE).InvalidTag
    try:
        plaintext: bytes = suite.decrypt(base64.b64decode(sealed, validate=True), key, info=info)
    except (invalid, ValueError, binascii.Error) as exc:
        raise InvalidInput(where, None, f"{_OTHER_KEY}, or its binding was") from exc
    return plaintext


def seal_age(plaintext: bytes, public_key: str, where: str) -> str:
    """Return an armored file of age; the recipient is ``age1...`` or a public key of OpenSSH."""
    age = load("pyrage", "pyrage", _WHY_AGE)
    public_key = public_key.strip()
    kind = age.ssh if public_key.startswith("ssh-") else age.x25519
    try:
        recipient = kind.Recipient.from_str(public_key)
    except age.RecipientError as exc:
        mend = "is no recipient of age; give age1..., or a public key of OpenSSH (ssh-ed25519 or ssh-rsa)"
        raise InvalidInput(where, None, mend) from exc
    sealed: bytes = age.encrypt(plaintext, [recipient], armored=True)
    return sealed.decode("ascii")


def open_age(sealed: str, private_key: str, where: str, key_where: str) -> bytes:
    """Return what was sealed; raises InvalidInput where the key is another one."""
    age = load("pyrage", "pyrage", _WHY_AGE)
    mend = "holds no identity of age; make one with age-keygen, or give a private key of OpenSSH"
    try:
        identities = _identities(age, private_key)
    except age.IdentityError as exc:
        raise InvalidInput(key_where, None, mend) from exc
    if not identities:
        raise InvalidInput(key_where, None, mend)
    try:
        plaintext: bytes = age.decrypt(sealed.encode("utf-8"), identities)
    except age.DecryptError as exc:
        raise InvalidInput(where, None, _OTHER_KEY) from exc
    return plaintext


def _identities(age: Any, text: str) -> list[Any]:
    """Return the identities of a file as age-keygen writes it, with its comments, or of an OpenSSH key."""
    if "-----BEGIN" in text:
        return [age.ssh.Identity.from_buffer(text.encode("utf-8"))]
    lines = [line.strip() for line in text.splitlines()]
    return [age.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]


def _suite() -> Any:
    hpke = load("cryptography.hazmat.primitives.hpke", "'cryptography>=47'", _WHY_HPKE)
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def _public(text: str, where: str) -> Any:
    x25519 = load("cryptography.hazmat.primitives.asymmetric.x25519", "cryptography", _WHY_HPKE)
    mend = "is no X25519 public key; give PEM (openssl pkey -in KEY -pubout), or its 32 bytes in base64"
    try:
        if "-----BEGIN" in text:
            serial = load("cryptography.hazmat.primitives.serialization", "cryptography", _WHY_HPKE)
            key = serial.load_pem_public_key(text.strip().encode("utf-8"))
        else:
            key = x25519.X25519PublicKey.from_public_bytes(_raw(text))
    except (ValueError, load("cryptography.exceptions", "cryptography", _WHY_HPKE).UnsupportedAlgorithm) as exc:
        raise InvalidInput(where, None, mend) from exc
    if not isinstance(key, x25519.X25519PublicKey):
        raise InvalidInput(where, None, mend)
    return key


def _private(text: str, where: str) -> Any:
    x25519 = load("cryptography.hazmat.primitives.asymmetric.x25519", "cryptography", _WHY_HPKE)
    mend = "holds no X25519 private key; make one with: openssl genpkey -algorithm X25519 -out KEY"
    try:
        if "-----BEGIN" in text:
            serial = load("cryptography.hazmat.primitives.serialization", "cryptography", _WHY_HPKE)
            key = serial.load_pem_private_key(text.strip().encode("utf-8"), password=None)
        else:
            key = x25519.X25519PrivateKey.from_private_bytes(_raw(text))
    except (ValueError, TypeError) as exc:
        raise InvalidInput(where, None, mend) from exc
    if not isinstance(key, x25519.X25519PrivateKey):
        raise InvalidInput(where, None, mend)
    return key


def _raw(text: str) -> bytes:
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != _RAW_KEY_BYTES:
        raise ValueError("not 32 bytes")
    return key
