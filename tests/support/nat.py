# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's way out: a forward proxy whose connections leave from an address that can be changed, and who tells it.

Every address of 127.0.0.0/8 is this machine's own, so a server on loopback sees the true source of a connection.
"""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import threading
from pathlib import Path
from typing import Any

from lab.ca import issue, make_ca


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    way: WayOut


class _Forward(http.server.BaseHTTPRequestHandler):
    """CONNECT, and nothing else."""

    server: _Server

    def do_CONNECT(self) -> None:
        host, _colon, port = self.path.rpartition(":")
        try:
            far = socket.create_connection((host, int(port)), 60, source_address=(self.server.way.address, 0))
        except OSError:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        with far:
            back = threading.Thread(target=_pump, args=(far, self.connection), daemon=True)
            back.start()
            _pump(self.connection, far)
            back.join(60)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Echo(http.server.BaseHTTPRequestHandler):
    """Tells from which address a call comes."""

    server: _Server

    def do_GET(self) -> None:
        body = f"{self.client_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class WayOut:
    """``proxy`` is the forward proxy's URL, ``echo`` that of who tells; ``address`` can be set while both run."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        ca = make_ca(folder)
        self.ca_file = str(ca.cert_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(str(path) for path in issue(ca, ["localhost"], ["127.0.0.1"])))
        self._servers = [_Server(("127.0.0.1", 0), handler) for handler in (_Forward, _Echo)]
        self._servers[1].socket = context.wrap_socket(self._servers[1].socket, server_side=True)
        for server in self._servers:
            server.way = self
        self.port, echo = (server.server_address[1] for server in self._servers)
        self.proxy, self.echo = f"http://127.0.0.1:{self.port}", f"https://127.0.0.1:{echo}/"

    def __enter__(self) -> WayOut:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _pump(here: socket.socket, there: socket.socket) -> None:
    """Carry what comes in here to there until one end closes."""
    try:
        while data := here.recv(65536):
            there.sendall(data)
    except OSError:
        pass
    finally:
        for end in (here, there):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
