# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An internal authority for tests: certificates of any age, key and name."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        kind = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def authority(name: str = "Internal CA", above: Issued | None = None) -> Issued:
    """An authority, or one below another."""
    return _issue(name, (), above, ec.generate_private_key(ec.SECP384R1()), ca=True)


def issue(
    above: Issued, *names: str, key: Any = None, ends: timedelta = timedelta(days=90), begins: timedelta | None = None
) -> Issued:
    """A certificate for names and addresses, from ``begins`` until ``ends``, both counted from now."""
    return _issue(names[0], names, above, key or ec.generate_private_key(ec.SECP256R1()), ends=ends, begins=begins)


def _issue(
    common: str,
    names: tuple[str, ...],
    above: Issued | None,
    key: Any,
    ca: bool = False,
    ends: timedelta = timedelta(days=365),
    begins: timedelta | None = None,
) -> Issued:
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + (begins if begins is not None else min(-timedelta(hours=1), ends - timedelta(days=1))))
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(item) for item in names]), critical=False)
    signer = above.key if above else key
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Issued(builder.sign(signer, digest), key)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.RFC822Name(text) if "@" in text else x509.DNSName(text)
