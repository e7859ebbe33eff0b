# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS front for tests without containers: one listener per service, one call log for both.

In the lab HAProxy does this in the customer's network; here the point is a log of calls and a reset.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lab.clouds.openstack.unix_http import UnixConnection

# RFC 9110, 7.6.1: these are between two neighbours and are not passed on.
_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"})


class CallLog:
    """What was asked of the services; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[dict[str, Any]] = []

    def add(self, call: dict[str, Any]) -> None:
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._calls)


class Front(ThreadingHTTPServer):
    """reset puts the services back; report_vpn takes statuses of VPN connections; accounts are served to loopback.
    All may be set after the start, because the services need to know this server's port."""

    daemon_threads = True
    # A backlog of 5 makes a client's burst wait for SYN retries of a second.
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], service: str, socket_path: Path, calls: CallLog, tls: ssl.SSLContext
    ) -> None:
        super().__init__(address, Handler)
        self.service = service
        self.socket_path = socket_path
        self.calls = calls
        self.reset: Callable[[], None] = calls.clear
        self.accounts: list[dict[str, Any]] = []
        self.report_vpn: Callable[[Mapping[str, str]], None] = lambda _statuses: None
        # The handshake belongs to the connection's own thread, or one slow client would stop all.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"https://{self.server_address[0]!s}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that do not trust the certificate, or hang up, are no errors of this server."""


class Handler(BaseHTTPRequestHandler):
    """Passes one request on and logs it."""

    protocol_version = "HTTP/1.1"
    timeout = 120
    server: Front

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_lab/"):
            self._lab(body)
            return
        try:
            status, headers, content = self._pass_on(body)
        except (OSError, http.client.HTTPException) as error:
            status, headers = 502, [("Content-Type", "text/plain")]
            content = f"{self.server.service}: {type(error).__name__}".encode()
        path = self.path.partition("?")[0]
        self.server.calls.add(
            {
                "service": self.server.service,
                "method": self.command,
                "path": path,
                "source": self.client_address[0],
                "status": status,
            }
        )
        self._answer(status, headers, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def _pass_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-For": self.client_address[0], "Connection": "close"})
        if body:
            headers["Content-Length"] = str(len(body))
        connection = UnixConnection(self.server.socket_path)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _lab(self, body: bytes) -> None:
        """The lab's own requests; they are not logged, and nobody but this machine may make them."""
        if not ipaddress.ip_address(self.client_address[0]).is_loopback:
            self._json(403, {"error": "only for loopback"})
        elif (self.command, self.path) == ("GET", "/_lab/calls"):
            self._json(200, self.server.calls.all())
        elif (self.command, self.path) == ("GET", "/_lab/accounts"):
            self._json(200, self.server.accounts)
        elif (self.command, self.path) == ("POST", "/_lab/reset"):
            self.server.reset()
            self._json(200, {})
        elif (self.command, self.path) == ("POST", "/_lab/vpn"):
            self.server.report_vpn(json.loads(body))
            self._json(200, {})
        else:
            self._json(404, {"error": "calls, accounts, reset and vpn"})

    def _json(self, status: int, content: Any) -> None:
        self._answer(status, [("Content-Type", "application/json")], json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """The call log is kept in memory."""


def server_tls(cert: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context
