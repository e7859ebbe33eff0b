# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority, judged by real TLS handshakes."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from lab.ca import CA, issue, make_ca


def handshake(cert: Path, key: Path, ca_file: Path, name: str) -> str:
    """Serve once with cert and key, connect with ca_file; the common name that the client saw."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    client = ssl.create_default_context(cafile=str(ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _address = listener.accept()
            try:
                server.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=60) as plain,
                client.wrap_socket(plain, server_hostname=name) as wrapped,
            ):
                subject = dict(pair[0] for pair in (wrapped.getpeercert() or {})["subject"])
        finally:
            thread.join()
    return str(subject["commonName"])


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CA:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("name", ["api.example", "127.0.0.1", "10.203.2.10"])
def test_a_certificate_is_good_for_every_name_and_address_it_was_issued_for(ca: CA, name: str) -> None:
    cert, key = issue(ca, ["api.example"], ["127.0.0.1", "10.203.2.10"])
    assert handshake(cert, key, ca.cert_path, name) == "api.example"


def test_another_name_is_refused(ca: CA) -> None:
    cert, key = issue(ca, ["api.example"], ["127.0.0.1"])
    with pytest.raises(ssl.SSLCertVerificationError, match="other.example"):
        handshake(cert, key, ca.cert_path, "other.example")


def test_another_authority_is_refused(ca: CA, tmp_path: Path) -> None:
    cert, key = issue(ca, ["api.example"], [])
    stranger = make_ca(tmp_path / "stranger")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(cert, key, stranger.cert_path, "api.example")


def test_making_it_again_keeps_what_clients_hold(ca: CA) -> None:
    before = ca.cert_path.read_bytes()
    assert make_ca(ca.folder) == ca
    assert ca.cert_path.read_bytes() == before
    first = issue(ca, ["api.example"], ["127.0.0.1"])
    content = first[0].read_bytes()
    assert issue(ca, ["api.example"], ["127.0.0.1"])[0].read_bytes() == content


def test_a_new_authority_replaces_certificates_of_the_old_one(tmp_path: Path) -> None:
    old = make_ca(tmp_path)
    issue(old, ["api.example"], [])
    old.key_path.unlink()
    new = make_ca(tmp_path)
    cert, key = issue(new, ["api.example"], [])
    assert handshake(cert, key, new.cert_path, "api.example") == "api.example"


def test_keys_are_readable_by_their_owner_alone(ca: CA) -> None:
    _cert, key = issue(ca, ["mode.example"], [])
    assert (key.stat().st_mode & 0o777, ca.key_path.stat().st_mode & 0o777) == (0o600, 0o600)


def test_a_certificate_for_nothing_is_refused(ca: CA) -> None:
    with pytest.raises(ValueError, match="at least one"):
        issue(ca, [], [])
