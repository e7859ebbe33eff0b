# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP over a unix socket: how the lab itself talks to Keystone and Neutron, past any network."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.errors import LabError

TIMEOUT_S = 60.0


class UnixConnection(http.client.HTTPConnection):
    """A connection to a server that listens on a unix socket."""

    def __init__(self, path: Path, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """JSON calls to one service; token is what Keystone gave, empty before that."""

    def __init__(self, path: Path, token: str = "") -> None:
        self._path = path
        self.token = token

    def answers(self) -> bool:
        """Whether the service gives its list of versions."""
        try:
            status, _headers, _body = self._exchange("GET", "/", None, TIMEOUT_S / 2)
        except (OSError, http.client.HTTPException):
            return False
        return status in (200, 300)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; LabError for every status that is no success."""
        return self.call_with_headers(method, path, body)[1]

    def call_with_headers(self, method: str, path: str, body: Any = None) -> tuple[Mapping[str, str], Any]:
        try:
            status, headers, content = self._exchange(method, path, body, TIMEOUT_S)
        except (OSError, http.client.HTTPException) as error:
            raise LabError(f"{method} {path} on {self._path.name}: {error}") from error
        if status >= 300:
            # The path is ours and the answer is the service's: neither holds a secret.
            raise LabError(f"{method} {path} on {self._path.name}: {status} {content[:500].decode(errors='replace')}")
        return headers, json.loads(content) if content else None

    def _exchange(self, method: str, path: str, body: Any, timeout_s: float) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self.token:
            headers["X-Auth-Token"] = self.token
        connection = UnixConnection(self._path, timeout_s)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()
