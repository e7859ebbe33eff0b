# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this host open a connection there? Standard library only, so that any host can be asked."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reached:
    """The outcome of one attempt: ``ok``, and how that showed itself."""

    ok: bool
    why: str


def reach(address: str, port: int, timeout_s: float, proxy: str | None, tls: bool, ca_file: str | None) -> Reached:
    """Open a TCP connection, through ``proxy`` with CONNECT where given, and complete TLS where asked.

    Raises ssl.SSLCertVerificationError where ``ca_file`` is given and does not fit: that is no matter of access.
    """
    try:
        with _connect(address, port, timeout_s, proxy) as raw:
            if not tls:
                return Reached(True, "connected")
            with _context(ca_file).wrap_socket(raw, server_hostname=address) as wrapped:
                return Reached(True, f"connected, {wrapped.version()}")
    except ssl.SSLCertVerificationError:
        raise
    except _Refused as exc:
        return Reached(False, str(exc))
    except socket.timeout:
        return Reached(False, f"timed out after {timeout_s:g} s")
    except OSError as exc:
        return Reached(False, exc.strerror or str(exc) or type(exc).__name__)


class _Refused(Exception):
    """The proxy answered, and not with a connection."""


def _connect(address: str, port: int, timeout_s: float, proxy: str | None) -> socket.socket:
    if not proxy:
        return socket.create_connection((address, port), timeout_s)
    at = urlsplit(proxy)
    raw = socket.create_connection((at.hostname or "", at.port or 3128), timeout_s)
    try:
        host = f"[{address}]" if ":" in address else address
        raw.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode("ascii"))
        status = _status(raw)
    except BaseException:
        raw.close()
        raise
    if status != 200:
        raw.close()
        raise _Refused(f"the proxy {at.hostname} answered {status} to CONNECT")
    return raw


def _status(raw: socket.socket) -> int:
    """Read the head of the proxy's answer byte by byte: what follows it belongs to the tunnel."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = raw.recv(1)
        if not byte or len(head) > 16384:
            raise _Refused("the proxy closed the connection")
        head += byte
    words = head.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if not ca_file:
        # Whether the packets get there is asked here, not whether the server is who it says.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
