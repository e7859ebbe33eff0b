# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP over TLS in front of the API, and the lab's own paths."""

from __future__ import annotations

import email.utils
import ipaddress
import json
import socket
import socketserver
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from .api import Api
from .config import Config
from .handlers.vpn_connections import for_routers, report_state

_LAB = "/_lab/"
_MAX_BODY = 1 << 20


class Server(ThreadingHTTPServer):
    """Handshakes in the connection's own thread, so that a client that hangs in one holds up nobody."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], config: Config, cert: str, key: str) -> None:
        self.api = Api(config)
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
        except (ssl.SSLError, OSError) as error:
            print(f"{client_address[0]}: {error}", file=sys.stderr)

    def handle_error(self, request: Any, client_address: Any) -> None:
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "CloudStack"
    sys_version = ""
    # Without this each small answer waits for the peer's delayed acknowledgement (40 ms).
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def do_GET(self) -> None:
        self._serve("")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            self.close_connection = True
            self._send(413, b"", "text/plain")
            return
        self._serve(self.rfile.read(length).decode("utf-8", "replace"))

    def _serve(self, form: str) -> None:
        url = urlsplit(self.path)
        if url.path.startswith(_LAB):
            self._lab(url.path[len(_LAB) :], form)
        elif url.path.rstrip("/") != self._server.api.config.path:
            self._send(404, b"not found", "text/plain")
        else:
            request = dict(parse_qsl(url.query, keep_blank_values=True))
            request.update(parse_qsl(form, keep_blank_values=True))
            self._answer(request)

    def _answer(self, request: dict[str, str]) -> None:
        status, key, body = self._server.api.handle(request, self.command, self.client_address[0])
        if request.get("response", "").lower() == "json":
            self._send(status, json.dumps({key: body}).encode(), "application/json; charset=UTF-8")
        else:
            document = f'<?xml version="1.0" encoding="UTF-8"?>{_xml(key, body)}'
            self._send(status, document.encode(), "text/xml; charset=UTF-8")

    def _lab(self, what: str, form: str = "") -> None:
        if not _near(self.connection, self.client_address[0]):
            self._send(403, b"only for the server's own network", "text/plain")
        elif self.command == "GET" and what == "calls":
            self._send(200, json.dumps(self._server.api.call_log()).encode(), "application/json")
        elif self.command == "POST" and what == "reset":
            self._server.api.reset()
            self._send(200, b"{}", "application/json")
        elif what == "vpn" or what.startswith("vpn/"):
            self._lab_vpn(what[len("vpn/") :], form)
        else:
            self._send(404, b"not found", "text/plain")

    def _lab_vpn(self, connection_id: str, form: str) -> None:
        """What the lab's routers have to set up, and what they say of it."""
        store = self._server.api.store
        with store.lock:
            if self.command == "GET":
                self._send(200, json.dumps(for_routers(store)).encode(), "application/json")
                return
            try:
                said = json.loads(form)
            except ValueError:
                said = None
            known = isinstance(said, dict) and report_state(store, connection_id, said.get("state"))
        self._send(200 if known else 404, b"{}" if known else b"no such connection or state", "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def date_time_string(self, timestamp: float | None = None) -> str:
        moment = self._server.api.now().timestamp() if timestamp is None else timestamp
        return email.utils.formatdate(moment, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        # A query string carries keys and signatures: the call log says what there is to say.
        return


def _xml(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(key, part) for key, part in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_xml(name, part) for part in value)
    return f"<{name}>{escape(json.dumps(value) if isinstance(value, bool) else str(value))}</{name}>"


def _near(connection: socket.socket, address: str) -> bool:
    """Loopback, or the same /24 as the address of ours that was called."""
    peer = ipaddress.ip_address(address)
    own = ipaddress.ip_address(connection.getsockname()[0])
    if peer.is_loopback:
        return True
    return peer.version == own.version == 4 and peer in ipaddress.ip_network(f"{own}/24", strict=False)
