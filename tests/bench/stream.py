# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TCP stream, with the standard library alone, since it runs on a host.

python3 stream.py serve PORT
python3 stream.py send SOURCE ADDRESS PORT SECONDS, which prints the Mbit/s that arrived
"""

from __future__ import annotations

import socket
import sys
import time

_BLOCK = 1 << 18


def serve(port: int) -> None:
    """Take what comes, one stream after the other, and tell each how many bytes came."""
    with socket.create_server(("", port)) as listening:
        while True:
            stream, _peer = listening.accept()
            with stream:
                stream.sendall(b"%d\n" % _swallow(stream))


def _swallow(stream: socket.socket) -> int:
    arrived, block = 0, bytearray(_BLOCK)
    while count := stream.recv_into(block):
        arrived += count
    return arrived


def send(source: str, address: str, port: int, seconds: float) -> float:
    """Send for so long and return the Mbit/s by what arrived."""
    block = bytes(_BLOCK)
    with socket.create_connection((address, port), timeout=30, source_address=(source, 0)) as stream:
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            stream.sendall(block)
        stream.shutdown(socket.SHUT_WR)
        arrived = int(stream.makefile("rb").readline())
        return arrived * 8 / (time.perf_counter() - began) / 1e6


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    print(round(send(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])), 1))
