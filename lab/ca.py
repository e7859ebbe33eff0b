# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own certificate authority.

Every endpoint of the lab speaks TLS itself, with a certificate from here: over plain http the SDKs
send no CONNECT, and a terminator in front would hide the caller's address from the server.

    ca = make_ca(Path(".lab/ca"))
    cert_path, key_path = issue(ca, ["api.example"], ["10.203.2.10"])
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
SERVER_DAYS = 397
# A lab that was left alone for months gets new certificates instead of failing handshakes.
RENEW_DAYS = 30
_BACKDATE = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class CA:
    """Where an authority's files are: ``cert_path`` is what clients get as their ca_file."""

    cert_path: Path
    key_path: Path

    @property
    def folder(self) -> Path:
        return self.cert_path.parent

    def load(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        cert = x509.load_pem_x509_certificate(self.cert_path.read_bytes())
        key = serialization.load_pem_private_key(self.key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self.key_path} holds no EC key; remove {self.folder} and make the CA again")
        return cert, key


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def write_private(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes and replaces in one step; the content is never readable with wider permissions than mode."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as handle:
        handle.write(data)
    temporary.chmod(mode)
    temporary.replace(path)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _is_fresh(path: Path) -> bool:
    if not path.exists():
        return False
    cert = x509.load_pem_x509_certificate(path.read_bytes())
    return cert.not_valid_after_utc - _now() > datetime.timedelta(days=RENEW_DAYS)


def make_ca(folder: Path, name: str = "Service Store lab CA") -> CA:
    """The authority in folder; made when it is not there, kept when it is (clients hold its file)."""
    ca = CA(folder / "ca.pem", folder / "ca.key")
    if ca.key_path.exists() and _is_fresh(ca.cert_path):
        return ca
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _BACKDATE)
        .not_valid_after(_now() + datetime.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    write_private(ca.key_path, _key_pem(key))
    write_private(ca.cert_path, _pem(builder.sign(key, hashes.SHA256())), mode=0o644)
    return ca


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def _usage(*, ca: bool) -> x509.KeyUsage:
    # Python 3.13's ssl verifies with VERIFY_X509_STRICT, which wants key usage on every certificate.
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _file_stem(names: Sequence[str], ips: Sequence[str]) -> str:
    wanted = [*names, *ips]
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:8]
    label = "".join(c if c.isalnum() or c in ".-" else "_" for c in wanted[0])
    return f"{label}-{digest}"


def issue(ca: CA, names: Sequence[str], ips: Sequence[str]) -> tuple[Path, Path]:
    """A server certificate for these DNS names and IP addresses, as (cert_path, key_path).

    Asked again for the same names, gives the same files until they are near their end.
    The certificate file holds the chain (server, CA), the key file is mode 0600.
    """
    if not names and not ips:
        raise ValueError("a certificate needs at least one DNS name or IP address")
    stem = _file_stem(names, ips)
    cert_path, key_path = ca.folder / f"{stem}.pem", ca.folder / f"{stem}.key"
    ca_cert, ca_key = ca.load()
    if key_path.exists() and _is_fresh(cert_path) and _issued_by(cert_path, ca_cert):
        return cert_path, key_path
    key = ec.generate_private_key(ec.SECP256R1())
    cert = _server_certificate(ca_cert, ca_key, key.public_key(), names, ips)
    write_private(key_path, _key_pem(key))
    write_private(cert_path, _pem(cert) + _pem(ca_cert), mode=0o644)
    return cert_path, key_path


def _issued_by(path: Path, ca_cert: x509.Certificate) -> bool:
    chain = x509.load_pem_x509_certificates(path.read_bytes())
    return chain[-1] == ca_cert


def _server_certificate(
    ca_cert: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    names: Sequence[str],
    ips: Sequence[str],
) -> x509.Certificate:
    san: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    san += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
    common = [*names, *ips][0][:64]
    authority = ca_cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]))
        .issuer_name(ca_cert.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _BACKDATE)
        .not_valid_after(_now() + datetime.timedelta(days=SERVER_DAYS))
        .add_extension(x509.SubjectAlternativeName(san), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256())
