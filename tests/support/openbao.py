# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real OpenBao server for tests, and the option ``secret_store`` that opens it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import requests

from lab.openbao import Client, unseal
from tests.support.servers import LabServer

MOUNT = "service-store"


@dataclass(frozen=True)
class OpenBao:
    """A running server and the file in which it keeps its tokens and keys."""

    server: LabServer
    secrets_file: Path

    @property
    def secrets(self) -> dict[str, Any]:
        """Return the tokens and keys of the server."""
        found: dict[str, Any] = json.loads(self.secrets_file.read_text(encoding="utf-8"))
        return found

    def root(self) -> Client:
        """Return a client that may do everything."""
        return Client(self.server.url, self.server.ca_file, self.secrets["root_token"])

    def unseal(self) -> None:
        """Open the server after it was sealed."""
        unseal(self.root(), self.secrets["unseal_keys"])


def vault_option(bao: OpenBao, folder: Path) -> dict[str, Any]:
    """Return the option for an empty folder of its own below the mount, with the operator's token."""
    token = folder / "token"
    token.write_text(bao.secrets["token"], encoding="utf-8")
    token.chmod(0o600)
    return {
        "type": "vault",
        "url": bao.server.url,
        "path": f"{MOUNT}/{uuid.uuid4().hex}",
        "auth": {"token_file": str(token), "ca_file": bao.server.ca_file},
    }


@contextmanager
def after_writes(url: str, at: Callable[[str], None]) -> Iterator[None]:
    """Call ``at`` with method and record after each write that was answered, before anybody sees the answer."""
    send = requests.Session.send

    def told(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        answer = send(session, request, **more)
        if str(request.url).startswith(url) and request.method not in ("GET", "LIST"):
            at(f"{request.method} {str(request.url).rpartition('/')[2]}")
        return answer

    with mock.patch.object(requests.Session, "send", told):
        yield
