# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the ends of a tunnel prove themselves: by a pre-shared key, by certificates, or a client by name and password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .invalid import InvalidValue

METHODS = ("psk", "certificate", "eap")
#: Whoever proves itself otherwise than by its IKE identity.
ANYONE = "%any"
#: swanctl.conf(5), remote.auth: the weakest keys and the signatures that are taken of the other end's certificates,
#: with the strengths of NIST SP 800-57 part 1 for 128 bits. vici reads 63 characters and drops the rest.
_STRONG = "rsa-3072-ecdsa-256-pubkey-sha256-sha384-sha512-identity"
_EAP = "eap-mschapv2"
#: A certificate that was withdrawn or has expired serves a standing connection for a day at most.
REAUTH_S = 86400
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True)
class Auth:
    """The method of both ends; ``user`` is a client's name with ``eap``, ``reauth_s`` 0 where nobody asks anew."""

    method: str = "psk"
    user: str = ""
    reauth_s: int = 0

    def mirrored(self) -> Auth:
        """Return the other end's: whoever starts the connection asks anew, and a server has no name of its own."""
        return replace(self, user="")

    def view(self, kind: str, initiate: bool) -> dict[str, Any]:
        """Return what templates need: swanctl's words for either end, and which files this end needs."""
        local = remote = "psk"
        if self.method == "certificate":
            local, remote = "pubkey", _STRONG
        elif self.method == "eap":
            local, remote = (_EAP, _STRONG) if kind == "client" else ("pubkey", _EAP)
        return {
            "method": self.method,
            "user": self.user,
            "local": local,
            "remote": remote,
            "certificate": local == "pubkey",
            "ca": remote == _STRONG,
            "reauth_s": self.reauth_s if initiate else 0,
        }


def parse_auth(value: Any, where: str, kind: str) -> Auth:
    """Return the authentication of a connection of that kind; raises InvalidValue."""
    raw = value if isinstance(value, Mapping) else {}
    method = str(raw.get("method") or "psk")
    if method not in METHODS:
        raise InvalidValue(f"{where}.method", method, f"is not possible here; write {' or '.join(METHODS)}")
    user = str(raw.get("user") or "")
    if method == "eap" and kind == "site":
        raise InvalidValue(f"{where}.method", method, "is for clients and servers; write psk or certificate")
    if method == "eap" and kind == "client":
        if not _USER.fullmatch(user):
            raise InvalidValue(f"{where}.user", user, "is no name of a user; write letters, digits and . _ @ -")
    elif user:
        raise InvalidValue(f"{where}.user", user, "is a client's with method: eap alone; leave it out")
    return Auth(method, user, _reauth(raw.get("reauth_s"), f"{where}.reauth_s", method, kind))


def is_user(name: str) -> bool:
    """Return whether a name can be that of a user."""
    return bool(_USER.fullmatch(name))


def _reauth(value: Any, where: str, method: str, kind: str) -> int:
    # A client that asks anew may get another virtual address, so it does so on demand only.
    if value is None:
        return REAUTH_S if method == "certificate" and kind == "site" else 0
    seconds = int(value)
    if seconds and seconds < 300:
        raise InvalidValue(where, value, "is shorter than a handshake may take; write 0 (never) or 300 and more")
    return seconds
