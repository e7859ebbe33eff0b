# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of charon's control interface, for what is read of it: lists that it streams, and events.

The protocol is vici's as strongSwan documents it (src/libcharon/plugins/vici/README.md): packets with a length of 32
bits in front, in each a type, a name where the type has one, and a message of elements.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from ..core.errors import ServiceStoreError

#: Types of packets.
CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN = 0, 1, 2
EVENT_REGISTER, EVENT_UNREGISTER, EVENT_CONFIRM, EVENT_UNKNOWN, EVENT = 3, 4, 5, 6, 7
#: Types of elements.
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = 1, 2, 3, 4, 5, 6
#: The longest packet that either side sends, in bytes.
LONGEST = 512 * 1024
#: How long charon may take for an answer, in seconds.
ANSWER_S = 10.0

#: Values are texts, lists of texts, and sections.
Message = dict[str, Any]


class ViciError(ServiceStoreError):
    """charon cannot be asked, or what it answers is not its protocol; ``running`` is whether something answers."""

    def __init__(self, text: str, running: bool = True) -> None:
        self.running = running
        super().__init__(text)


class Vici:
    """One connection to charon. Every method raises ViciError."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_S)
        self._events: list[tuple[str, Message]] = []
        self._rest = b""
        try:
            self._socket.connect(path)
        except OSError as exc:
            self._socket.close()
            raise ViciError(*_unreachable(path, exc)) from exc

    def __enter__(self) -> Vici:
        return self

    def __exit__(self, *unused: object) -> None:
        self._socket.close()

    def listed(self, command: str, event: str) -> list[Message]:
        """Return what a command streams as events of that name."""
        self.listen(event)
        self._send(CMD_REQUEST, command)
        self._expect(CMD_RESPONSE, command)
        self._send(EVENT_UNREGISTER, event)
        self._expect(EVENT_CONFIRM, event)
        found = [message for name, message in self._events if name == event]
        self._events = [item for item in self._events if item[0] != event]
        return found

    def listen(self, event: str) -> None:
        """Ask to be told of each event of that name."""
        self._send(EVENT_REGISTER, event)
        self._expect(EVENT_CONFIRM, event)

    def heard(self, for_s: float) -> Iterator[tuple[str, Message]]:
        """Yield the events that have come, and those of the next seconds, by name."""
        end = time.monotonic() + for_s
        while True:
            while self._events:
                yield self._events.pop(0)
            left = end - time.monotonic()
            packet = self._packet(left) if left > 0 else None
            if packet is None:
                return
            self._note(packet)

    def _send(self, kind: int, name: str) -> None:
        packet = bytes([kind, len(name)]) + name.encode("ascii")
        try:
            self._socket.settimeout(ANSWER_S)
            self._socket.sendall(struct.pack("!I", len(packet)) + packet)
        except OSError as exc:
            raise ViciError(f"charon closed {self._path} ({exc.strerror or exc})", False) from exc

    def _expect(self, wanted: int, name: str) -> None:
        """Take packets up to the answer; the events between are kept."""
        while True:
            packet = self._packet(ANSWER_S)
            if packet is None:
                raise ViciError(f"charon did not answer {name} at {self._path} within {ANSWER_S:g} s")
            if packet[0] == wanted:
                return
            if not self._note(packet):
                raise ViciError(f"charon at {self._path} does not know {name}; use strongSwan 5.9 or newer")

    def _note(self, packet: bytes) -> bool:
        if packet[0] != EVENT:
            return False
        end = 2 + packet[1]
        self._events.append((packet[2:end].decode("ascii", "replace"), decode(packet[end:])))
        return True

    def _packet(self, for_s: float) -> bytes | None:
        """Return the next packet, or None where none comes in time; what came of one is kept for the next call."""
        end = time.monotonic() + for_s
        while True:
            if len(self._rest) >= 4:
                length = struct.unpack("!I", self._rest[:4])[0]
                if not 1 <= length <= LONGEST:
                    raise ViciError(f"what answers at {self._path} is not charon: a packet of {length} bytes")
                if len(self._rest) >= 4 + length:
                    packet, self._rest = self._rest[4 : 4 + length], self._rest[4 + length :]
                    return packet
            self._socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                more = self._socket.recv(65536)
            except socket.timeout:
                return None
            except OSError as exc:
                raise ViciError(f"charon closed {self._path} ({exc.strerror or exc})", False) from exc
            if not more:
                raise ViciError(f"charon closed {self._path}", False)
            self._rest += more


def _unreachable(path: str, exc: OSError) -> tuple[str, bool]:
    if exc.errno in (errno.EACCES, errno.EPERM):
        return f"{path} may only be opened by root: set become: true", True
    return f"charon does not run: {path}: {exc.strerror or exc}. Next: look at journalctl -u strongswan", False


def decode(raw: bytes) -> Message:
    """Return a message; raises ViciError where it is malformed."""
    message: Message = {}
    stack, items = [message], None
    at = 0
    try:
        while at < len(raw):
            kind, at = raw[at], at + 1
            if kind in (SECTION_START, KEY_VALUE, LIST_START):
                end = at + 1 + raw[at]
                name, at = raw[at + 1 : end].decode("ascii", "replace"), end
            if kind in (KEY_VALUE, LIST_ITEM):
                end = at + 2 + struct.unpack("!H", raw[at : at + 2])[0]
                if end > len(raw):
                    raise IndexError(end)
                value, at = raw[at + 2 : end].decode("utf-8", "replace"), end
            if kind == SECTION_START:
                stack.append(stack[-1].setdefault(name, {}))
            elif kind == SECTION_END and len(stack) > 1:
                stack.pop()
            elif kind == KEY_VALUE:
                stack[-1][name] = value
            elif kind == LIST_START:
                items = stack[-1][name] = []
            elif kind == LIST_ITEM and items is not None:
                items.append(value)
            elif kind == LIST_END:
                items = None
            else:
                raise IndexError(kind)
    except (IndexError, struct.error, AttributeError) as exc:
        raise ViciError("charon's answer is malformed") from exc
    if len(stack) > 1:
        raise ViciError("charon's answer is malformed")
    return message
