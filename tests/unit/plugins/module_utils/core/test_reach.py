# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching a port, directly and through a proxy that grants or refuses."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.reach import reach
from lab.ca import issue, make_ca


class Listener:
    """Answers each connection with ``answer`` after it has read a request, or with TLS."""

    def __init__(self, answer: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self._answer, self._tls = answer, tls
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _peer = self.socket.accept()
            # One client that hangs up is not the end of the next one.
            with connection, contextlib.suppress(OSError):
                if self._tls:
                    self._tls.wrap_socket(connection, server_side=True).close()
                elif self._answer:
                    connection.recv(4096)
                    connection.sendall(self._answer)


@pytest.fixture
def start() -> Iterator[type[Listener]]:
    yield Listener


def test_an_open_port_is_reached_and_a_closed_one_is_not(start: type[Listener]) -> None:
    assert reach("127.0.0.1", start().port, 60, None, False, None).ok
    with socket.socket() as bound:
        # Nobody listens there, and nobody else can.
        bound.bind(("127.0.0.1", 0))
        refused = reach("127.0.0.1", int(bound.getsockname()[1]), 60, None, False, None)
    assert not refused.ok and "refused" in refused.why.lower()


@pytest.mark.parametrize(
    ("answer", "ok", "why"),
    [
        (b"HTTP/1.1 200 Connection established\r\n\r\n", True, "connected"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", False, "answered 403 to CONNECT"),
        (b"nonsense", False, "closed the connection"),
    ],
)
def test_a_proxy_grants_or_refuses(start: type[Listener], answer: bytes, ok: bool, why: str) -> None:
    got = reach("192.0.2.1", 443, 60, f"http://127.0.0.1:{start(answer).port}", False, None)
    assert got.ok is ok and why in got.why


def test_tls_is_completed_and_an_untrusted_certificate_is_no_matter_of_access(
    start: type[Listener], tmp_path: Path
) -> None:
    ca = make_ca(tmp_path / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    port = start(tls=context).port
    assert "TLSv1.3" in reach("127.0.0.1", port, 60, None, True, str(ca.cert_path)).why
    other = make_ca(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        reach("127.0.0.1", port, 60, None, True, str(other.cert_path))
