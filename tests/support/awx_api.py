# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of AWX's REST API as registering types, job templates and surveys needs; it refuses what AWX refuses."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .awx_rules import refuse_survey, refuse_type

TOKEN = "canary-awx-token"


@dataclass
class Awx:
    """What is registered, by collection and id; ``writes`` counts what changed something."""

    url: str = ""
    items: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    surveys: dict[int, dict[str, Any]] = field(default_factory=dict)
    attached: dict[int, list[int]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def add(self, where: str, /, **fields: Any) -> dict[str, Any]:
        """Put an item down, as a POST does."""
        own = self.items.setdefault(where, {})
        number = sum(map(len, self.items.values())) + 1
        url = f"/api/v2/{where}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/", "credentials": f"{url}credentials/"}
        own[number] = {"id": number, "url": url, "type": where.rstrip("s"), "related": related, **fields}
        return own[number]

    def named(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the items of a kind by name."""
        return {item["name"]: item for item in self.items.get(kind, {}).values()}

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Return status and content for one call."""
        parts = re.fullmatch(r"/api/v2/(\w+)/(?:(\d+)/)?(?:(\w+)/)?", path)
        if parts is None:
            return 404, {"detail": "Not found."}
        kind, number, part = (group or "" for group in parts.groups())
        if method != "GET":
            self.writes.append(f"{method} {path}")
        if kind == "credential_types" and method in ("POST", "PATCH"):
            try:
                refuse_type(body["inputs"], body["injectors"])
            except Exception as exc:
                return 400, {"inputs": [str(exc)]}
        if part == "survey_spec":
            return self._survey(method, int(number), body)
        if part == "credentials":
            return self._credentials(method, int(number), body)
        if method == "POST":
            return 201, self.add(kind, **body)
        if method == "PATCH":
            self.items[kind][int(number)].update(body)
            return 200, self.items[kind][int(number)]
        found = [
            item
            for item in self.items.get(kind, {}).values()
            if all(str(item.get(name)) == value for name, value in query.items())
        ]
        return 200, {"count": len(found), "next": None, "results": found}

    def _survey(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.surveys.get(number, {})
        try:
            refuse_survey(body)
        except Exception as exc:
            return 400, {"error": str(exc)}
        self.surveys[number] = body
        return 200, {}

    def _credentials(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        attached = self.attached.setdefault(number, [])
        if method == "GET":
            return 200, {"count": len(attached), "next": None, "results": [{"id": one} for one in attached]}
        attached.append(body["id"])
        return 204, None


@contextmanager
def awx_api() -> Iterator[Awx]:
    """Run the API on a free port."""
    awx = Awx()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, content = 401, {"detail": "Authentication credentials were not provided."}
            else:
                status, content = awx.answer(self.command, parts.path, query, body)
            text = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _serve

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    awx.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        thread.join()
