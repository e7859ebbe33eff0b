# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier secrets of a record, as fingerprints that tell a secret that comes back and are of no other use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The name in a record's ``meta``.
META = "earlier_secrets"
#: scrypt (RFC 7914): 16 MiB and about 50 ms a guess, so that an earlier password is not found by trying.
_COST, _BLOCK, _PARALLEL, _BYTES = 2**14, 8, 1, 16


@dataclass(frozen=True)
class History:
    """The salt of a record, 16 bytes in hex, and the fingerprints of its earlier secrets, the latest last."""

    salt: str
    fingerprints: tuple[str, ...] = ()

    def knows(self, secret: str) -> bool:
        """Return whether this secret was in the record before."""
        return bool(self.fingerprints) and self._fingerprint(secret) in self.fingerprints

    def with_secret(self, secret: str, keep: int) -> History:
        """Return the history with one more secret; ``keep`` of them are remembered."""
        mark = self._fingerprint(secret)
        others = [known for known in self.fingerprints if known != mark]
        return History(self.salt, tuple([*others, mark][-keep:]) if keep > 0 else ())

    def record(self) -> dict[str, Any]:
        """Return what is kept in a record's ``meta``."""
        return {"salt": self.salt, "fingerprints": list(self.fingerprints)}

    def _fingerprint(self, secret: str) -> str:
        salt = bytes.fromhex(self.salt)
        found = hashlib.scrypt(secret.encode("utf-8"), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=_BYTES)
        return found.hex()


def of_meta(meta: Mapping[str, Any], fresh_salt: str) -> History:
    """Return a record's history; one that has none begins with ``fresh_salt``."""
    kept = meta.get(META) or {}
    return History(str(kept.get("salt") or fresh_salt), tuple(str(mark) for mark in kept.get("fingerprints") or ()))
