# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps secrets out of texts: fingerprints to compare them by, and a redactor for messages of others."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "VALUE_HIDDEN"


def fingerprint(secret: str) -> str:
    """Return a short name of a secret, the same for the same secret: ``sha256:`` and 12 hex digits.

    Only for secrets of high entropy (keys, tokens): 48 bits of a hash would tell a weak password to a guesser.
    """
    return "sha256:" + hashlib.sha256(secret.encode("utf-8")).hexdigest()[:12]


def spellings(secret: str) -> set[str]:
    """Return the ways a secret may be written in a log: raw, url-encoded and base64."""
    raw = secret.encode("utf-8")
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(raw).decode("ascii"),
        base64.urlsafe_b64encode(raw).decode("ascii"),
    }


class Redactor:
    """Replaces every known secret, in every spelling, in whatever is about to leave the process."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, secrets: Iterable[str]) -> None:
        """Learn secrets; those shorter than 4 characters would blank out ordinary words and are left out."""
        for secret in secrets:
            if len(secret) >= 4:
                self._known |= spellings(secret)

    def text(self, text: str) -> str:
        """Return ``text`` without any known secret; the longest spelling goes first."""
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
