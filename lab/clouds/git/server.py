# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files over TLS, read only."""

from __future__ import annotations

import ipaddress
import json
import shutil
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

_LAB = "/_lab/"
_MAX_BODY = 1 << 20


class Server(ThreadingHTTPServer):
    """Handshakes in the connection's own thread, so that a client that hangs in one holds up nobody."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], root: Path, cert: str, key: str) -> None:
        self.root = root
        self.calls: list[dict[str, Any]] = []
        self.calls_lock = threading.Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert, key)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # http.server asks DNS for the host's name here, which takes seconds where there is no resolver.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(60)
        try:
            with self.tls.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)
        except OSError as error:
            print(f"{client_address[0]}: {error}", file=sys.stderr)

    def file(self, url: str) -> Path | None:
        """The file below the root that a URL names; None for anything else."""
        name = unquote(urlsplit(url).path).lstrip("/")
        if "\0" in name:
            return None
        path = (self.root / name).resolve()
        return path if path.is_relative_to(self.root) and path.is_file() else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "git"
    sys_version = ""

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def do_GET(self) -> None:
        if self.path == _LAB + "calls" and self._is_near():
            self._send(200, json.dumps(self._server.calls).encode(), "application/json")
            return
        self._file(with_body=True)

    def do_HEAD(self) -> None:
        self._file(with_body=False)

    def do_POST(self) -> None:
        # The smart protocol would post here: what is pushed is refused, and so is everything else.
        self.close_connection = True
        # A body that stays unread makes the kernel reset the connection before the answer is read.
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MAX_BODY))
        if self.path == _LAB + "reset" and self._is_near():
            self._server.calls.clear()
            self._send(200, b"{}", "application/json")
        else:
            self._record(403)
            self._send(403, b"read only\n", "text/plain")

    def _file(self, *, with_body: bool) -> None:
        path = self._server.file(self.path)
        self._record(200 if path else 404)
        if path is None:
            self._send(404, b"not found\n" if with_body else b"", "text/plain")
            return
        with path.open("rb") as stream:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(path.stat().st_size))
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
            if with_body:
                shutil.copyfileobj(stream, self.wfile)

    def _record(self, status: int) -> None:
        call = {
            "method": self.command,
            "path": urlsplit(self.path).path,
            "source": self.client_address[0],
            "status": status,
        }
        with self._server.calls_lock:
            self._server.calls.append(call)

    def _is_near(self) -> bool:
        """Loopback, or the same /24 as the address of ours that was called."""
        peer = ipaddress.ip_address(self.client_address[0])
        own = ipaddress.ip_address(self.connection.getsockname()[0])
        return peer.is_loopback or peer in ipaddress.ip_network(f"{own}/24", strict=False)

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        return
