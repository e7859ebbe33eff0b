# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS reverse proxy that makes chosen calls go wrong, in front of any server of the lab.

    python -m lab.faults --upstream https://HOST:PORT --upstream-ca F --cert F --key F [--config RULES.json]

It prints `ready https://HOST:PORT`. The Host header is kept, so signatures stay valid. The configuration is a JSON
list of rules (see `fault_rules.Rule`). GET /_lab/calls lists what came in ({operation, method, path, fault, status}),
POST /_lab/rules replaces the rules, POST /_lab/reset forgets rules and calls. In a test:

    with FaultProxy(server.url, server.ca_file, cert, key) as faults:
        faults.add(mode="lost", operation="authorizeSecurityGroupIngress")
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import socketserver
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, cast
from urllib.parse import urlsplit

from .fault_rules import Answer, Rule, operation_of

_LAB = "/_lab/"
_UPSTREAM_TIMEOUT_S = 120
# RFC 9110, section 7.6.1: these hold for one connection only.
_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade"}


class _Dropped(Exception):
    """The connection has been cut on purpose."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultProxy, tls: ssl.SSLContext) -> None:
        self.proxy = proxy
        self.tls = tls
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # http.server would ask DNS for the host's name here.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        # Ends the connection quietly: clients that give up are what this program is for.
        with contextlib.suppress(_Dropped, OSError, ValueError):
            request.settimeout(_UPSTREAM_TIMEOUT_S)
            super().finish_request(self.tls.wrap_socket(request, server_side=True), client_address)


class FaultProxy:
    """The proxy on a thread of its own; `url` is where it listens."""

    def __init__(
        self,
        upstream: str,
        upstream_ca: str | None,
        cert: str,
        key: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rules: list[Rule] | None = None,
    ) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 443)
        self._context = ssl.create_default_context(cafile=upstream_ca)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        self._lock = threading.Lock()
        self.rules: list[Rule] = list(rules or [])
        self.calls: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        self._server = _Server((host, port), self, tls)
        self.url = f"https://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, **rule: Any) -> Rule:
        """Adds one rule, given as the fields of `Rule`; the first that takes a call spoils it."""
        added = Rule.parse(rule)
        with self._lock:
            self.rules.append(added)
        return added

    def set_rules(self, raw: list[dict[str, Any]]) -> None:
        parsed = [Rule.parse(item) for item in raw]
        with self._lock:
            self.rules = parsed

    def reset(self) -> None:
        with self._lock:
            self.rules, self.calls = [], []

    def operations(self) -> list[str]:
        """The names of the calls so far, oldest first."""
        with self._lock:
            return [str(call["operation"]) for call in self.calls]

    def enter(self, method: str, path: str, operation: str) -> tuple[dict[str, Any], Rule | None]:
        """Records a call and finds the rule that spoils it. Every matching rule counts it."""
        with self._lock:
            taking = [rule for rule in self.rules if rule.takes(method, operation)]
            call = {"operation": operation, "method": method, "path": path, "status": 0,
                    "fault": taking[0].mode if taking else ""}  # fmt: skip
            self.calls.append(call)
        return call, taking[0] if taking else None

    def forward(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        connection = http.client.HTTPSConnection(*self._upstream, timeout=_UPSTREAM_TIMEOUT_S, context=self._context)
        with contextlib.closing(connection):
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in _HOP | {"content-length"}:
                    connection.putheader(name, value)
            if body or method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            kept = {n: v for n, v in answer.getheaders() if n.lower() not in _HOP | {"content-length"}}
            return Answer(answer.status, answer.read(), kept)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def _proxy(self) -> FaultProxy:
        return cast(_Server, self.server).proxy

    def _serve(self) -> None:
        body = self._body()
        if self.path.startswith(_LAB):
            self._lab(self.path[len(_LAB) :], body)
            return
        operation = operation_of(self.command, self.path, dict(self.headers.items()), body)
        call, rule = self._proxy.enter(self.command, urlsplit(self.path).path, operation)
        answer = self._spoiled(rule, operation, body) if rule else self._forward(body)
        call["status"] = answer.status
        self._send(answer)

    # Beside HTTP's own methods the one by which Vault lists.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_LIST = _serve

    def _spoiled(self, rule: Rule, operation: str, body: bytes) -> Answer:
        if rule.mode in {"throttle", "status"}:
            return rule.answer(operation)
        if rule.mode == "slow":
            self._proxy.stopping.wait(rule.seconds)
            return self._forward(body)
        if rule.mode == "lost":
            self._forward(body)
        elif rule.mode == "hang":
            self._proxy.stopping.wait(rule.seconds)
        self._cut()
        raise _Dropped

    def _forward(self, body: bytes) -> Answer:
        try:
            return self._proxy.forward(self.command, self.path, list(self.headers.items()), body)
        except OSError as error:
            return Answer(502, f"the fault proxy cannot reach its upstream: {error}".encode())

    def _cut(self) -> None:
        """Ends the connection with a TCP reset, as a crashed server or a firewall does."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue
        return body

    def _lab(self, what: str, body: bytes) -> None:
        if self.command == "GET" and what == "calls":
            self._send(Answer(200, json.dumps(self._proxy.calls).encode(), {"Content-Type": "application/json"}))
            return
        try:
            if what == "rules":
                self._proxy.set_rules(json.loads(body or b"[]"))
            elif what == "reset":
                self._proxy.reset()
            else:
                raise ValueError(f"there is no {_LAB}{what}")
        except (TypeError, ValueError) as error:
            self._send(Answer(400, str(error).encode()))
            return
        self._send(Answer(200, b"{}", {"Content-Type": "application/json"}))

    def _send(self, answer: Answer) -> None:
        # Date and Server come from the upstream where it sent them.
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        # Queries carry credentials; the call log says what there is to say.
        return


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="lab.faults", description="Makes chosen calls go wrong")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--upstream-ca", required=True)
    parser.add_argument("--config", help="a JSON list of rules")
    options = parser.parse_args(argv)
    raw = json.loads(Path(options.config).read_text(encoding="utf-8")) if options.config else []
    try:
        rules = [Rule.parse(item) for item in raw]
    except (TypeError, ValueError) as error:
        print(f"lab.faults: {options.config}: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _stop)
    where = {"host": options.host, "port": options.port}
    with FaultProxy(options.upstream, options.upstream_ca, options.cert, options.key, rules=rules, **where) as proxy:
        print(f"ready {proxy.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
