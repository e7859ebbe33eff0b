# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server: a page for people, a JSON API for programs, /healthz for whoever deploys it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from .page import render
from .store import Refused, Store

MAX_BODY = 8192
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: Store, version: str) -> None:
        self.store, self.version = store, version
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    server_version = "board"
    sys_version = ""
    # A client that sends nothing must not hold a thread for ever.
    timeout = 20

    @property
    def board(self) -> Server:
        return cast(Server, self.server)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            self._send(HTTPStatus.OK, render(self.board.store.notes(), self.board.version), "text/html; charset=utf-8")
        elif path == "/api/notes":
            self._json(HTTPStatus.OK, {"notes": [asdict(note) for note in self.board.store.notes()]})
        elif path == "/healthz":
            self._health()
        else:
            self._json(HTTPStatus.NOT_FOUND, {"error": "there is nothing here"})

    def do_POST(self) -> None:
        kind = self.headers.get_content_type()
        try:
            body = self._body()
            if self.path == "/api/notes" and kind == "application/json":
                data = json.loads(body)
                note = self.board.store.add(str(data["author"]), str(data["text"]), str(data.get("kind", "info")))
                self._json(HTTPStatus.CREATED, asdict(note))
            elif self.path == "/" and kind == "application/x-www-form-urlencoded":
                form = parse_qs(body, max_num_fields=4)
                author, text, kind = (form.get(name, [""])[0] for name in ("author", "text", "kind"))
                self.board.store.add(author, text, kind or "info")
                self._send(HTTPStatus.SEE_OTHER, "", "text/plain", Location="/")
            else:
                self._json(HTTPStatus.NOT_FOUND, {"error": "there is nothing to post to here"})
        except Refused as refused:
            self._json(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(refused)})
        except (ValueError, KeyError, TypeError):
            self._json(HTTPStatus.BAD_REQUEST, {"error": "send an author and a text"})

    def _body(self) -> str:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            raise ValueError("too long")
        return self.rfile.read(length).decode("utf-8")

    def _health(self) -> None:
        try:
            notes = self.board.store.check()
        except sqlite3.Error as error:
            self._json(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "not well", "why": str(error)})
        else:
            self._json(HTTPStatus.OK, {"status": "ok", "version": self.board.version, "notes": notes})

    def _json(self, status: HTTPStatus, content: Any) -> None:
        self._send(status, json.dumps(content) + "\n", "application/json")

    def _send(self, status: HTTPStatus, content: str, kind: str, **headers: str) -> None:
        body = content.encode("utf-8")
        self.send_response(status)
        for name, value in {**HEADERS, **headers, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
