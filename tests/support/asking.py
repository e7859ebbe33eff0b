# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One end of a tunnel asks ten times a second, the other one answers, and what is lost is counted."""

from __future__ import annotations

import re
import subprocess

from .gateways import Gateways

PINGS_PER_S = 10
#: The packet filter of a tunnel lets named ports through and no ICMP, so that these ask by UDP, at port 7.
_ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 7))
while True:
    data, peer = s.recvfrom(64); s.sendto(data, peer)
"""
_ASK = """
import select, socket, sys, time
near, far, count, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((near, 0)); s.setblocking(False)
begin, came = time.monotonic(), set()
for number in range(count + rate):
    if number < count:
        try: s.sendto(str(number).encode(), (far, 7))
        except OSError: pass
    while (left := begin + (number + 1) / rate - time.monotonic()) > 0:
        if select.select([s], [], [], left)[0]:
            came.add(int(s.recv(64)))
print("lost", *sorted(set(range(count)) - came))
"""


def echo(site: Gateways, host: str, address: str) -> None:
    """Answer at an address of a host from now on."""
    site.shell(host, f"systemd-run --quiet --unit=echo /usr/bin/python3 -c '{_ECHO}' {address}")


def ask(site: Gateways, host: str, ends: tuple[str, str], seconds: int) -> subprocess.Popen[str]:
    """Ask from one address of a host to another for some seconds."""
    return site.start(host, "python3", "-c", _ASK, *ends, str(seconds * PINGS_PER_S), str(PINGS_PER_S))


def lost(said: str) -> list[int]:
    """Return the numbers of the packets without an answer, counted from 0."""
    found = re.search(r"^lost(.*)$", said, re.M)
    assert found, said
    return [int(word) for word in found[1].split()]
