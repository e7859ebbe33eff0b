# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt to reach an API from this host, with what the network answers, and what the role's filter has counted."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import subprocess
import time
from typing import Any, Callable

from ..model.tunnel_probe import Attempt

NFT = ("nft", "--json", "list", "counters")
NFT_S = 20
#: ICMP's "destination unreachable".
UNREACHABLE = 3


def attempt(address: str, port: int, timeout_s: float) -> Attempt:
    """Open a TCP connection to an IPv4 address and close it again."""
    with contextlib.ExitStack() as stack:
        icmp = _icmp(stack)
        try:
            stack.enter_context(socket.create_connection((address, port), timeout_s))
            return Attempt(True)
        except socket.timeout:
            error = "ETIMEDOUT"
        except OSError as exc:
            error = errno.errorcode.get(exc.errno or 0, type(exc).__name__)
        return Attempt(False, error, *_unreachable(icmp, address, port))


def attempts(address: str, port: int, timeout_s: float, wait_s: float, before: Callable[[], None]) -> Attempt:
    """Try until the API answers, for so many seconds, and once in any case, with ``before()`` in front of each."""
    end = time.monotonic() + wait_s
    while True:
        before()
        tried = attempt(address, port, timeout_s)
        if tried.ok or time.monotonic() + 1 >= end:
            return tried
        time.sleep(1)


def _icmp(stack: contextlib.ExitStack) -> socket.socket | None:
    """Return a socket that sees the ICMP messages of this host, None where only root may have one."""
    try:
        raw = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    except OSError:
        return None
    raw.setblocking(False)
    return raw


def _unreachable(icmp: socket.socket | None, address: str, port: int) -> tuple[int | None, str]:
    """Return code and sender of the "destination unreachable" that came for a SYN to address:port."""
    while icmp is not None:
        try:
            packet, sender = icmp.recvfrom(2048)
        except OSError:
            break
        found = unreachable_code(packet, address, port)
        if found is not None:
            return found, str(sender[0])
    return None, ""


def unreachable_code(packet: bytes, address: str, port: int) -> int | None:
    """Return the code of an ICMP packet, with its IP header, that says a TCP segment did not get to address:port.

    The message quotes the segment's IP header and its first 8 bytes (RFC 792).
    """
    icmp = packet[(packet[0] & 15) * 4 :] if packet else b""
    quoted = icmp[8:]
    if len(quoted) < 20 or icmp[0] != UNREACHABLE or quoted[9] != socket.IPPROTO_TCP:
        return None
    segment = quoted[(quoted[0] & 15) * 4 :]
    if quoted[16:20] != socket.inet_aton(address) or segment[2:4] != port.to_bytes(2, "big"):
        return None
    return icmp[1]


def counted() -> dict[str, dict[str, int]]:
    """Return the packets by counter by table of nftables; nothing where the host has no nft."""
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            NFT, capture_output=True, text=True, timeout=NFT_S, check=False
        )
        rows: list[dict[str, Any]] = json.loads(done.stdout)["nftables"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return {}
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        one = row.get("counter")
        if one:
            found.setdefault(str(one["table"]), {})[str(one["name"])] = int(one["packets"])
    return found
