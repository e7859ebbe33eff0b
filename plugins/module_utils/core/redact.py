# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps secrets out of texts: fingerprints to compare them by, and a redactor for messages of others."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "VALUE_HIDDEN"
#: A field whose secrets are worth so many bits is not found by trying, however fast.
STRONG_BITS = 96
#: PBKDF2-HMAC-SHA256 as often as OWASP's Password Storage Cheat Sheet asks: a third of a second. Hosts in FIPS mode,
#: which have no scrypt, compute it too.
_ROUNDS = 600_000


#: So many characters of base64 are no accident.
_SURE = 12


def fingerprint(secret: str) -> str:
    """Return a short name of a secret, the same for the same secret: ``sha256:`` and 12 hex digits.

    Only for secrets of high entropy (keys, tokens): 48 bits of a hash would tell a weak password to a guesser.
    """
    return "sha256:" + hashlib.sha256(secret.encode("utf-8")).hexdigest()[:12]


def secrets_fingerprint(secrets: Mapping[str, Any], public: Mapping[str, Any]) -> str:
    """Return one short name for a record's secrets; ``public`` are its fields that anybody may know.

    What a provider issues has ``fingerprint``. What people make up, such as a password, has ``slow_fingerprint`` with
    the public fields as its salt: they come with the record, so both sides of a hand-over and check mode see the same.
    """
    # Here, since few modules show a fingerprint and every one redacts: policies load word lists with them.
    from ..model.secret_kinds import FIELDS

    if list(secrets) == ["psk"]:
        # Pre-shared keys pass 128 bits, and the other end computes this with sha256sum.
        return fingerprint(str(secrets["psk"]))
    text = "\n".join(f"{name}={value}" for name, value in sorted(secrets.items()))
    if all(name in FIELDS and FIELDS[name].min_bits >= STRONG_BITS for name in secrets):
        return fingerprint(text)
    # A time that the provider tells later is no part of who the secret belongs to.
    known = {name: value for name, value in public.items() if name != "expires_at"}
    return slow_fingerprint(text, json.dumps(known, sort_keys=True))


@lru_cache(maxsize=64)
def slow_fingerprint(secret: str, salt: str) -> str:
    """Return a short name of a secret that may be weak: ``pbkdf2:`` and 12 hex digits, a third of a second a guess."""
    salted = b"service_store fingerprint " + salt.encode("utf-8")
    return "pbkdf2:" + hashlib.pbkdf2_hmac("sha256", secret.encode("utf-8"), salted, _ROUNDS, 6).hex()


def spellings(secret: str) -> set[str]:
    """Return how a secret may be written in a log: raw, url-encoded, in JSON, in base64 alone or within a text."""
    raw = secret.encode("utf-8")
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(raw).decode("ascii"),
        base64.urlsafe_b64encode(raw).decode("ascii"),
        *_within_base64(raw),
    }


def _within_base64(raw: bytes) -> set[str]:
    """Return what is surely of a secret in the base64 of a longer text (``user:secret``), wherever in it it stands.

    What is shorter than _SURE characters might be anybody's.
    """
    found = set()
    for before, mixed in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * before + raw).decode("ascii")[mixed:whole])
    return {text for text in found if len(text) >= _SURE}


class Redactor:
    """Replaces every known secret, in every spelling, in whatever is about to leave the process."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        # Made at the first text after a secret was learnt: an audit learns hundreds and shows thousands of texts.
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str]) -> None:
        """Learn secrets; those shorter than 4 characters would blank out ordinary words and are left out."""
        for secret in secrets:
            if len(secret) >= 4:
                self._known |= spellings(secret)
                self._pattern = None

    def text(self, text: str) -> str:
        """Return ``text`` without any known secret; the longest spelling goes first."""
        if not self._known:
            return text
        if self._pattern is None:
            self._pattern = re.compile("|".join(map(re.escape, self._known)))
        if not self._pattern.search(text):
            return text
        for known in sorted(self._known, key=len, reverse=True):
            text = text.replace(known, HIDDEN)
        return text

    def value(self, value: Any) -> Any:
        """Return a copy of a JSON-like value without any known secret."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value
