# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers on loopback that take notices: SMTP (aiosmtpd) and a webhook."""

from __future__ import annotations

import asyncio
import email
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Letter:
    """A mail as the server took it."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        """Return the text that a reader sees."""
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


@dataclass
class PostOffice:
    """Takes mail for everybody but those in ``refused``, and from those alone who know its password, where it has one.

    While it is ``slow`` it does not say whether it takes a mail; ``busy`` is set when one has come to that point.
    """

    password: str = ""
    port: int = 0
    slow: bool = False
    busy: threading.Event = field(default_factory=threading.Event)
    refused: set[str] = field(default_factory=set)
    letters: list[Letter] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        while self.slow:
            self.busy.set()
            await asyncio.sleep(0.05)
        message = email.message_from_bytes(envelope.content or b"", policy=default)  # type: ignore[arg-type]
        self.letters.append(Letter(str(envelope.mail_from), list(envelope.rcpt_tos), message))  # type: ignore[arg-type]
        return "250 taken"

    def let_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, who: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=who.password.decode() == self.password)


class _AnyPort(Controller):
    """Learns which port it was given before it calls itself to see whether it is up."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office(password: str = "") -> Iterator[PostOffice]:
    """Run an SMTP server on a free port; without a password it takes mail from anybody."""
    office = PostOffice(password)
    login = {"authenticator": office.let_in, "auth_required": True, "auth_require_tls": False} if password else {}
    controller = _AnyPort(office, hostname="127.0.0.1", port=0, ready_timeout=60, **login)
    controller.start()
    office.port = controller.port
    try:
        yield office
    finally:
        controller.stop()


@dataclass
class Hook:
    """A webhook that answers ``status`` and keeps what it was sent: (headers, body)."""

    url: str
    status: int = 200
    calls: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Hook]:
    """Run a webhook on a free port; its path is as secret as those of chat services."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.status < 300:
                hook.calls.append((dict(self.headers), json.loads(body)))
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(f"http://127.0.0.1:{server.server_address[1]}/hooks/canary-hook-path")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
