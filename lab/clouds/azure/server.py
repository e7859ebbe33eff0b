# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS server: one thread per connection, the TCP peer as source, a record of every call."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from lab.clouds.azure import arm, data_plane, entra, graph, vpn
from lab.clouds.azure.state import State
from lab.clouds.azure.wire import AzureError, EntraError, Request, Response

HANDSHAKE_TIMEOUT_S = 60
IDLE_TIMEOUT_S = 120


class Server(ThreadingHTTPServer):
    """Serves one State."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, state: State) -> None:
        self._context = context
        self.state = state
        super().__init__(address, Handler)

    def get_request(self) -> tuple[Any, Any]:
        # The handshake is left to the connection's own thread: a silent client must not stop the accept loop.
        raw, peer = self.socket.accept()
        raw.settimeout(HANDSHAKE_TIMEOUT_S)
        return self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    """Turns bytes into a Request and a Response into bytes."""

    protocol_version = "HTTP/1.1"
    server_version = "AzureLab"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        self.request.do_handshake()
        self.request.settimeout(IDLE_TIMEOUT_S)
        super().setup()

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        host = self.headers.get("Host") or f"{self.connection.getsockname()[0]}:{self.server.server_port}"
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            source=self.client_address[0],
            base_url=f"https://{host}",
        )
        response = answer(self.server.state, request, str(self.connection.getsockname()[0]))
        self._send(response)

    def _send(self, response: Response) -> None:
        body = response.body
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(response.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        print(f"{self.client_address[0]} {format % args}", file=sys.stderr, flush=True)


def answer(state: State, request: Request, own_address: str) -> Response:
    """Hands the request to the service it is meant for and records the call."""
    if request.path.startswith("/_lab/"):
        return _lab(state, request, own_address)
    with state.lock:
        response = _service(state, request)
        state.calls.append(
            {
                "method": request.method,
                "path": request.path,
                "source": request.source,
                "status": response.status,
            }
        )
    return response


def _service(state: State, request: Request) -> Response:
    try:
        if entra.serves(request):
            return entra.handle(state, request)
        if graph.serves(request):
            return graph.handle(state, request)
        if data_plane.serves(request):
            return data_plane.handle(state, request)
        return arm.handle(state, request)
    except EntraError as error:
        return error.response(request.base_url)
    except AzureError as error:
        return error.graph() if graph.serves(request) else error.arm()
    except (AttributeError, KeyError, TypeError, ValueError):
        # A body of a shape that no check foresaw: the service would answer too, and say no more.
        traceback.print_exc()
        return AzureError(500, "InternalServerError", "An error occurred.").arm()


def _lab(state: State, request: Request, own_address: str) -> Response:
    if not _may_control(request.source, own_address):
        return Response(403, {"error": "the lab's own paths are for loopback and the server's own network"})
    with state.lock:
        if (request.method, request.path) == ("GET", "/_lab/calls"):
            return Response(200, list(state.calls))
        if (request.method, request.path) == ("POST", "/_lab/reset"):
            state.reset()
            return Response(200, {})
        if (request.method, request.path) == ("POST", "/_lab/throttle"):
            state.throttle = int(request.json().get("count", 1))
            return Response(200, {"throttle": state.throttle})
        if (request.method, request.path) == ("POST", "/_lab/vpn"):
            return vpn.report(state, request)
    return Response(404, {"error": "no such path of the lab"})


def _may_control(source: str, own_address: str) -> bool:
    peer = ipaddress.ip_address(source)
    return peer.is_loopback or peer in ipaddress.ip_network(f"{own_address}/24", strict=False)


def serve(host: str, port: int, certificate: str, key: str, config: dict[str, Any]) -> Server:
    """A server that listens; the caller runs serve_forever()."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    server = Server((host, port), context, State(config))
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return server
