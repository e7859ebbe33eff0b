# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the certificates of a tunnel's end and refuses, before any host is touched, what charon would not take."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.deps import load
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
except ImportError:
    # Tunnels by pre-shared key do without it; whoever has certificates is told by ``read_bundle``.
    pass

#: As for proposals (NIST SP 800-57 part 1, 128 bits; BSI TR-02102-1): RSA 3072, curves of 256 bits, SHA-2.
RSA_BITS, CURVE_BITS = 3072, 256
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
#: A leaf with its intermediates, or the authorities that are trusted while one replaces another.
MOST = 4


@dataclass(frozen=True)
class Bundle:
    """The certificates of one connection; ``own_ca`` is what the other end trusts."""

    chain: tuple[x509.Certificate, ...]
    ca: tuple[x509.Certificate, ...]
    own_ca: tuple[x509.Certificate, ...]

    def view(self, far: bool) -> dict[str, Any]:
        """Return the public part for templates: PEM texts, and of our own certificate who, until when, and which."""
        trusted = self.own_ca if far else self.ca
        seen: dict[str, Any] = {
            "chain": [] if far else [_pem(item) for item in self.chain],
            "ca": [_pem(item) for item in trusted],
        }
        if self.chain:
            leaf = self.chain[0]
            seen["subject"] = leaf.subject.rfc4514_string()
            seen["names"] = sorted(names(leaf))
            seen["not_after"] = leaf.not_valid_after_utc.isoformat()
            seen["serial"] = f"{leaf.serial_number:x}"
        return seen


def read_bundle(raw: Mapping[str, Any], where: str, identity: str, need: Mapping[str, bool], now: datetime) -> Bundle:
    """Return what was given for one connection, checked.

    ``need`` says whether this end has a certificate of its own and whether it trusts authorities (``certificate``,
    ``ca``); ``now`` is aware. Raises InvalidValue, which never quotes a key, and MissingDependency.
    """
    load("cryptography.x509", "cryptography", "to check the certificates of ipsec_certificates")
    chain = _certificates(raw, "certificate", where, need["certificate"], now)
    ca = _authorities(raw, "ca", where, need["ca"], now)
    own_ca = _authorities(raw, "own_ca", where, False, now) or ca
    if need["certificate"]:
        _refuse_leaf(chain[0], where, identity)
        _refuse_key(chain[0], str(raw.get("private_key") or ""), f"{where}.private_key")
        if own_ca:
            _refuse_chain(chain, own_ca, where)
    return Bundle(chain, ca, own_ca)


def names(certificate: x509.Certificate) -> set[str]:
    """Return the identities that a certificate vouches for, as IKE writes them (RFC 4945, 3.1 and 5.1.3)."""
    found = {certificate.subject.rfc4514_string()}
    try:
        entries = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return found
    wanted = (x509.DNSName, x509.RFC822Name, x509.IPAddress)
    return found | {str(item.value) for item in entries if isinstance(item, wanted)}


def _certificates(
    raw: Mapping[str, Any], option: str, where: str, needed: bool, now: datetime
) -> tuple[x509.Certificate, ...]:
    text, place = str(raw.get(option) or ""), f"{where}.{option}"
    if not text:
        if needed:
            raise InvalidValue(place, "", "is needed; give a path on the controller or the text in PEM")
        return ()
    try:
        found = tuple(x509.load_pem_x509_certificates(text.encode()))
    except ValueError as error:
        raise InvalidValue(place, "(given)", f"is no certificate in PEM ({error}); give one") from None
    if len(found) > MOST:
        raise InvalidValue(
            place, f"({len(found)} certificates)", f"are more than {MOST}; give only those of this tunnel"
        )
    for item in found:
        _refuse_weak(item, place)
        _refuse_time(item, place, now)
    return found


def _authorities(
    raw: Mapping[str, Any], option: str, where: str, needed: bool, now: datetime
) -> tuple[x509.Certificate, ...]:
    found = _certificates(raw, option, where, needed, now)
    for item in found:
        if not _is_authority(item):
            mend = "is no certificate of an authority (basicConstraints CA:TRUE); give that of the issuer"
            raise InvalidValue(f"{where}.{option}", item.subject.rfc4514_string(), mend)
    return found


def _is_authority(item: x509.Certificate) -> bool:
    try:
        return item.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _refuse_weak(item: x509.Certificate, place: str) -> None:
    who, key = item.subject.rfc4514_string(), item.public_key()
    why = ""
    if isinstance(key, rsa.RSAPublicKey):
        why = f"has an RSA key of {key.key_size} bits, fewer than {RSA_BITS}" if key.key_size < RSA_BITS else ""
    elif isinstance(key, ec.EllipticCurvePublicKey):
        why = f"has a key on {key.curve.name}, of fewer than {CURVE_BITS} bits" if key.key_size < CURVE_BITS else ""
    elif not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        why = f"has a key of a kind that charon does not take ({type(key).__name__})"
    digest = item.signature_hash_algorithm
    if not why and digest is not None and digest.name not in _DIGESTS:
        why = f"is signed with {digest.name}"
    if why:
        raise InvalidValue(place, who, f"{why}; issue one with RSA {RSA_BITS}, ECDSA P-256 or more, and SHA-2")


def _refuse_time(item: x509.Certificate, place: str, now: datetime) -> None:
    who = item.subject.rfc4514_string()
    if now > item.not_valid_after_utc:
        raise InvalidValue(place, who, f"expired on {item.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; issue a new one")
    if now < item.not_valid_before_utc:
        since = f"{item.not_valid_before_utc:%Y-%m-%d %H:%M}"
        raise InvalidValue(place, who, f"is not valid before {since} UTC; wait until then, or look at the clocks")


def _refuse_leaf(leaf: x509.Certificate, where: str, identity: str) -> None:
    if _is_authority(leaf):
        who = leaf.subject.rfc4514_string()
        raise InvalidValue(
            f"{where}.certificate", who, "is that of an authority; give this end's own, first in the file"
        )
    known = names(leaf)
    if _normal(identity) not in {_normal(name) for name in known}:
        said = ", ".join(sorted(known)) or "nothing"
        mend = (
            f"does not say {identity}, the id of this end, but {said}; write one of these as local.id, or issue another"
        )
        raise InvalidValue(f"{where}.certificate", leaf.subject.rfc4514_string(), mend)


def _normal(name: str) -> str:
    """Return an identity so that two spellings of one are equal: of an address, a DNS name, a distinguished name."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    if "=" in name:
        # strongSwan writes distinguished names first part first, RFC 4514 last part first.
        return ",".join(sorted(part.strip() for part in name.split(",")))
    return name.lower()


def _refuse_key(leaf: x509.Certificate, text: str, place: str) -> None:
    if not text:
        raise InvalidValue(place, "", "is needed; look it up in the secret store, or give a path on the controller")
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise InvalidValue(
            place, "(hidden)", "is locked by a passphrase; give it without, from the secret store"
        ) from None
    except Exception:
        # Whatever the parser says may quote what it read.
        raise InvalidValue(place, "(hidden)", "is no private key in PEM; give that of the certificate") from None
    if _public(key.public_key()) != _public(leaf.public_key()):
        who = leaf.subject.rfc4514_string()
        raise InvalidValue(
            place, "(hidden)", f"is not that of the certificate {who}; give the two that belong together"
        )


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def _refuse_chain(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], where: str) -> None:
    """Refuse a certificate that the other end could not follow to an authority."""
    current, rest = chain[0], list(chain[1:])
    while not any(_issued(current, root) for root in roots):
        above = next((item for item in rest if _issued(current, item)), None)
        if above is None:
            mend = (
                f"was issued by {current.issuer.rfc4514_string()}, which is not among ca; give its authority as own_ca"
            )
            raise InvalidValue(f"{where}.certificate", current.subject.rfc4514_string(), mend)
        rest.remove(above)
        current = above


def _issued(item: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        item.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _pem(item: x509.Certificate) -> str:
    return item.public_bytes(serialization.Encoding.PEM).decode()
