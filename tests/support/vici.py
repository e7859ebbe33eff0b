# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A charon for tests: speaks vici on a unix socket, with what a real one of strongSwan 5.9.8 sent, or what a test says.

The recorded bytes are of two charons with a tunnel between them, and of one with a wrong key and one with a wrong
proposal. Everything else is encoded here, apart from the product's own code.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

RECORDED = Path(__file__).with_name("charon-5.9.8.json")
#: The connections of the recording: one that is up, and one that is configured alone.
UP, IDLE = "acme-vpn-1", "idle"

REQUEST, RESPONSE, UNKNOWN, REGISTER, UNREGISTER, CONFIRM, UNREGISTERED, EVENT = range(8)
_STREAMS = {"list-conns": "list-conn", "list-sas": "list-sa"}


def recorded(name: str) -> bytes:
    """Return what a real charon sent for a command, its answer included, or in a log."""
    return base64.b64decode(json.loads(RECORDED.read_text(encoding="utf-8"))[name])


def encode(message: Mapping[str, Any]) -> bytes:
    raw = b""
    for name, value in message.items():
        label = bytes([len(name)]) + name.encode()
        if isinstance(value, Mapping):
            raw += b"\x01" + label + encode(value) + b"\x02"
        elif isinstance(value, list):
            raw += b"\x04" + label + b"".join(b"\x05" + _sized(item) for item in value) + b"\x06"
        else:
            raw += b"\x03" + label + _sized(str(value))
    return raw


def _sized(text: str) -> bytes:
    return struct.pack("!H", len(text.encode())) + text.encode()


def packet(kind: int, name: str = "", message: Mapping[str, Any] | None = None) -> bytes:
    label = bytes([len(name)]) + name.encode() if name else b""
    raw = bytes([kind]) + label + encode(message or {})
    return struct.pack("!I", len(raw)) + raw


def sa(name: str, *, state: str = "INSTALLED", remote: str = "203.0.113.7", **child: Any) -> dict[str, Any]:
    """Return an IKE_SA with one CHILD_SA as charon lists it; state CONNECTING has none."""
    ike = {"uniqueid": 7, "local-host": "198.51.100.10", "remote-host": remote, "remote-id": remote}
    if state == "CONNECTING":
        return {name: {**ike, "state": state, "child-sas": {}}}
    one = {"name": name, "uniqueid": 9, "state": state, "bytes-in": 512, "bytes-out": 256, "use-in": 1, **child}
    return {name: {**ike, "state": "ESTABLISHED", "established": 60, "child-sas": {f"{name}-9": one}}}


def connection(name: str, remote: str = "203.0.113.7") -> dict[str, Any]:
    return {name: {"local_addrs": ["198.51.100.10"], "remote_addrs": [remote], "children": {}}}


class Charon:
    """Answers clients in threads until it is left.

    ``connections`` and ``sas`` are what it lists, the recorded bytes where they are None. ``log`` are bytes that go to
    whoever listens to the log. With ``up_after`` the CHILD_SAs are there from the so many-th question on, and none
    before. ``commands`` are the names of the commands that it knows; ``asked`` are the packets it got.
    """

    def __init__(
        self,
        path: Path,
        connections: Sequence[Mapping[str, Any]] | None = None,
        sas: Sequence[Mapping[str, Any]] | None = None,
        log: bytes = b"",
        up_after: int = 0,
    ) -> None:
        self.path, self.log, self.up_after = path, log, up_after
        self.lists: dict[str, Sequence[Mapping[str, Any]] | None] = {"list-conns": connections, "list-sas": sas}
        self.commands = set(_STREAMS)
        self.piece = 65536
        self.asked: list[tuple[int, str]] = []
        self._clients: list[socket.socket] = []

    def __enter__(self) -> Charon:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(self.path))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._server, *self._clients):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _unused = self._server.accept()
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, struct.error):
            while True:
                length = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))[0]
                raw = client.recv(length, socket.MSG_WAITALL)
                kind, name = raw[0], raw[2 : 2 + raw[1]].decode()
                self.asked.append((kind, name))
                answer = self._answer(kind, name)
                for at in range(0, len(answer), self.piece):
                    client.sendall(answer[at : at + self.piece])

    def _answer(self, kind: int, name: str) -> bytes:
        if kind == UNREGISTER:
            return packet(CONFIRM)
        if kind == REGISTER:
            return packet(CONFIRM) + (self.log if name == "log" else b"")
        if name not in self.commands:
            return packet(UNKNOWN)
        listed = self.lists[name]
        if name == "list-sas" and self.up_after:
            self.up_after -= 1
            listed = []
        if listed is None:
            return recorded(name)
        return b"".join(packet(EVENT, _STREAMS[name], one) for one in listed) + packet(RESPONSE)
