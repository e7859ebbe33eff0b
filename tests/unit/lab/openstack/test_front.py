# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS front: what it passes on, what it logs, and what it answers itself."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from lab.ca import issue, make_ca
from lab.clouds.openstack.front import CallLog, Front, server_tls
from lab.clouds.openstack.unix_http import Client
from lab.errors import LabError


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; /missing is 404."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        said = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
        content = json.dumps(said).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "s.sock"
    with ThreadingUnixStreamServer(str(path), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield path
        server.shutdown()


class Caller:
    def __init__(self, front: Front, ca_file: str) -> None:
        self.url = front.url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file)),
        )

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def front(upstream: Path, tmp_path: Path) -> Iterator[tuple[Front, Caller]]:
    ca = make_ca(tmp_path / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    server = Front(("127.0.0.1", 0), "neutron", upstream, CallLog(), server_tls(str(cert), str(key)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server, Caller(server, str(ca.cert_path))
    server.shutdown()
    server.server_close()


def test_a_call_is_passed_on_and_logged(front: tuple[Front, Caller]) -> None:
    status, said = front[1].call("POST", "/v2.0/x?a=1", b'{"b": 2}')
    assert (status, said["method"], said["path"], said["body"]) == (200, "POST", "/v2.0/x?a=1", '{"b": 2}')
    assert said["headers"]["X-Forwarded-Proto"] == "https"
    assert said["headers"]["Host"] == front[1].url.removeprefix("https://")
    assert front[1].call("GET", "/missing")[0] == 404
    assert front[1].call("GET", "/_lab/calls")[1] == [
        {"service": "neutron", "method": "POST", "path": "/v2.0/x", "source": "127.0.0.1", "status": 200},
        {"service": "neutron", "method": "GET", "path": "/missing", "source": "127.0.0.1", "status": 404},
    ]


def test_a_reset_forgets_the_calls_and_a_wrong_request_is_told(front: tuple[Front, Caller]) -> None:
    front[1].call("GET", "/a")
    assert front[1].call("POST", "/_lab/reset") == (200, {})
    assert front[1].call("GET", "/_lab/calls") == (200, [])
    assert front[1].call("GET", "/_lab/nothing")[0] == 404


def test_a_service_that_is_gone_is_a_bad_gateway(front: tuple[Front, Caller], upstream: Path) -> None:
    upstream.unlink()
    assert front[1].call("GET", "/a")[0] == 502


def test_a_client_that_speaks_no_tls_stops_nobody(front: tuple[Front, Caller]) -> None:
    with socket.create_connection(front[0].server_address[:2]) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert front[1].call("GET", "/a")[0] == 200


def test_the_client_over_a_unix_socket_tells_refusals_and_silence(upstream: Path, tmp_path: Path) -> None:
    client = Client(upstream, "the-token")
    assert client.answers()
    assert client.call("GET", "/a")["headers"]["X-Auth-Token"] == "the-token"
    with pytest.raises(LabError, match="404"):
        client.call("GET", "/missing")
    silent = Client(tmp_path / "no.sock")
    assert not silent.answers()
    with pytest.raises(LabError, match=r"no\.sock"):
        silent.call("GET", "/")
