# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IKEv2 and ESP proposals in strongSwan's spelling: which are modern, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .invalid import InvalidValue

# NIST SP 800-77 rev. 1 and BSI TR-02102-3: AES with 256 or 128 bits (GCM preferred), SHA-2, groups of 3072 bits or an
# elliptic curve of 256 bits and more. What is not named here is refused, so that a new weak algorithm is too.
AEAD = frozenset({"aes128gcm16", "aes192gcm16", "aes256gcm16", "chacha20poly1305"})
CIPHERS = frozenset({"aes128", "aes192", "aes256", "aes128ctr", "aes192ctr", "aes256ctr"})
INTEGRITY = frozenset({"sha256", "sha384", "sha512"})
PRF = frozenset({"prfsha256", "prfsha384", "prfsha512"})
GROUPS = frozenset(
    {
        "modp3072",
        "modp4096",
        "modp6144",
        "modp8192",
        "ecp256",
        "ecp384",
        "ecp521",
        "curve25519",
        "x25519",
        "curve448",
    }
)
SEQUENCE = frozenset({"esn", "noesn"})

#: The groups keep to what Debian 12, appliances and the clouds' own gateways have in common.
IKE_DEFAULT = ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-prfsha256-ecp256", "aes256-sha256-ecp256")
ESP_DEFAULT = ("aes256gcm16-ecp384", "aes256gcm16-ecp256", "aes256-sha256-ecp256")

_SMALL = "is a group of less than 3072 bits; use ecp256, ecp384, curve25519 or modp3072"
#: Why the well-known weak ones are refused, by how their names begin.
_WEAK = (
    ("default", "leaves the choice to the installed version; name the algorithms, such as {example}"),
    ("3des", "has blocks of 64 bits (SWEET32); use aes256gcm16"),
    ("des", "has keys of 56 bits; use aes256gcm16"),
    ("blowfish", "has blocks of 64 bits (SWEET32); use aes256gcm16"),
    ("cast", "has blocks of 64 bits (SWEET32); use aes256gcm16"),
    ("null", "does not encrypt; use aes256gcm16"),
    ("md5", "is broken; use sha256"),
    ("prfmd5", "is broken; use prfsha256"),
    ("sha1", "is withdrawn; use sha256"),
    ("prfsha1", "is withdrawn; use prfsha256"),
    ("sha256_96", "is cut to 96 bits; use sha256"),
    ("nopfs", "leaves the traffic's keys without forward secrecy; use ecp384"),
    ("modp", _SMALL),
    ("ecp192", _SMALL),
    ("ecp224", _SMALL),
)


@dataclass(frozen=True)
class Algorithms:
    """The algorithms of one proposal by what they are for, in the order written; most are one each."""

    ciphers: tuple[str, ...]
    integrity: tuple[str, ...]
    prf: tuple[str, ...]
    groups: tuple[str, ...]


def algorithms(proposal: str) -> Algorithms:
    """Take a proposal apart that ``parse_proposals`` returned, for those who write it otherwise."""
    tokens = proposal.split("-")

    def of(known: frozenset[str]) -> tuple[str, ...]:
        return tuple(token for token in tokens if token in known)

    return Algorithms(of(AEAD | CIPHERS), of(INTEGRITY), of(PRF), of(GROUPS))


def weakness(token: str) -> str:
    """Return why a single algorithm, or ``ikev1``, must not be used, for an audit; empty where it is strong."""
    if token == "ikev1":
        return "knows no modern key exchange (RFC 9395); use IKEv2 alone"
    if token in AEAD | CIPHERS | INTEGRITY | PRF | GROUPS | SEQUENCE:
        return ""
    why = next((why for start, why in _WEAK if token.startswith(start)), "is not known to be strong; use {example}")
    return why.format(example=IKE_DEFAULT[0])


def parse_proposals(where: str, values: Sequence[Any] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return the proposals, best first; ``default`` where none are given. Weak, unknown and incomplete are refused.

    ``default`` also says which kind they are: an IKE proposal needs a PRF with an AEAD cipher, an ESP one has none.
    """
    if values is None or len(values) == 0:
        return default
    ike = default is IKE_DEFAULT
    return tuple(_parse(f"{where}[{index}]", str(value).strip().lower(), ike) for index, value in enumerate(values))


def _parse(where: str, text: str, ike: bool) -> str:
    example = (IKE_DEFAULT if ike else ESP_DEFAULT)[0]
    tokens = text.split("-")
    known = AEAD | CIPHERS | INTEGRITY | GROUPS | (PRF if ike else SEQUENCE)
    for token in tokens:
        if token not in known:
            raise InvalidValue(where, text, _why(token, example))
    missing = _missing(frozenset(tokens), ike)
    if missing:
        raise InvalidValue(where, text, f"has no {missing}; write it like {example}")
    return text


def _why(token: str, example: str) -> str:
    for start, why in _WEAK:
        if token.startswith(start):
            return f"holds {token}, which " + why.format(example=example)
    return f"holds {token}, which is not known to be strong; write it like {example}"


def _missing(tokens: frozenset[str], ike: bool) -> str:
    """Return what a proposal lacks in words, or an empty text."""
    if not tokens & (AEAD | CIPHERS):
        return "cipher"
    if tokens & CIPHERS and not tokens & INTEGRITY:
        return "integrity algorithm"
    if ike and tokens & AEAD and not tokens & PRF:
        return "PRF (an AEAD cipher brings none)"
    # ESP without a group would reuse the IKE_SA's key exchange: no forward secrecy for the traffic.
    return "" if tokens & GROUPS else "key exchange group"
