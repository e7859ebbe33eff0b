# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic through the tunnel of a pair: a ping of 10 numbered packets a second, and a download that takes its time.

The tunnel admits named endpoints alone and no echo request, so that the ping is UDP to a named port. A packet without
an answer is lost, whichever way it was lost on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .ipsec_pair import API_PORT, FAR, INNER, NEAR, Pair

PING_PORT = 7007
PACKETS_PER_S = 10
#: What is on its way when the ping ends gets this long.
LAST_ANSWERS_S = 3
TARGETS = [
    {"name": "api", "address": INNER[FAR], "port": API_PORT},
    {"name": "ping", "address": INNER[FAR], "port": PING_PORT, "protocol": "udp"},
]

# Answers every packet with itself; serves a body of numbered lines for as long as somebody reads it.
SERVER = f"""
import http.server, socket, threading, time
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("{INNER[FAR]}", {PING_PORT}))
def answer():
    while True:
        data, peer = echo.recvfrom(100)
        echo.sendto(data, peer)
threading.Thread(target=answer, daemon=True).start()
class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        number = 0
        while True:
            for line in range(64):
                self.wfile.write(b"%015d\\n" % number)
                number += 1
            time.sleep(0.01)
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("{INNER[FAR]}", {API_PORT}), Slow).serve_forever()
"""
# Sends until the file `stop` is there, then tells what came back.
PING = f"""
import json, os, select, socket, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("{INNER[NEAR]}", 0))
sent, got, begin = {{}}, {{}}, time.monotonic()
def read(until):
    while (left := until - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0]:
            got[int(sock.recv(100))] = time.time()
while not os.path.exists("/run/traffic/stop"):
    number = len(sent)
    try:
        sock.sendto(b"%d" % number, ("{INNER[FAR]}", {PING_PORT}))
    except OSError:
        pass
    sent[number] = time.time()
    read(begin + (number + 1) / {PACKETS_PER_S})
read(time.monotonic() + {LAST_ANSWERS_S})
lost = [sent[number] for number in sent if number not in got]
slowest = max((got[number] - sent[number] for number in got), default=0)
open("/run/traffic/ping.json", "w").write(json.dumps({{"sent": len(sent), "lost": lost, "slowest_s": slowest}}))
"""
# Reads until the same file is there; every number has to come, in its turn.
DOWNLOAD = f"""
import json, os, socket, time
sock = socket.create_connection(("{INNER[FAR]}", {API_PORT}), source_address=("{INNER[NEAR]}", 0))
sock.settimeout(60)
sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
file = sock.makefile("rb")
while file.readline().strip():
    pass
number, longest, why = 0, 0, ""
while not os.path.exists("/run/traffic/stop"):
    begin = time.monotonic()
    try:
        line = file.readline()
    except OSError as exc:
        why = str(exc)
        break
    longest = max(longest, time.monotonic() - begin)
    if line != b"%015d\\n" % number:
        why = f"{{line!r}} instead of {{number}}"
        break
    number += 1
open("/run/traffic/download.json", "w").write(json.dumps({{"bytes": number * 16, "pause_s": longest, "broken": why}}))
"""


@dataclass(frozen=True)
class Traffic:
    """What was sent and what came: ``ping`` has ``sent``, ``lost`` (times), ``download`` has ``bytes``, ``broken``."""

    ping: dict[str, Any]
    download: dict[str, Any]

    @property
    def lost(self) -> int:
        """Packets without an answer."""
        return len(self.ping["lost"])

    def __str__(self) -> str:
        ping, download = self.ping, self.download
        return (
            f"{self.lost} of {ping['sent']} packets lost at {PACKETS_PER_S} a second, the slowest answer after "
            f"{ping['slowest_s']:.2f} s; {download['bytes'] / 1e6:.1f} MB downloaded, the longest pause "
            f"{download['pause_s']:.2f} s{', broken: ' + download['broken'] if download['broken'] else ''}"
        )


def serve(pair: Pair) -> None:
    """Start what answers on the far host; it stays until the host goes."""
    _start(pair, FAR, "server", SERVER)


def begin(pair: Pair) -> None:
    """Start a ping and a download from the near host."""
    pair.shell(NEAR, "rm -rf /run/traffic")
    _start(pair, NEAR, "ping", PING)
    _start(pair, NEAR, "download", DOWNLOAD)


def end(pair: Pair) -> Traffic:
    """Stop both and return what they saw."""
    done = "[ -s /run/traffic/ping.json ] && [ -s /run/traffic/download.json ]"
    pair.shell(NEAR, f"touch /run/traffic/stop; for i in $(seq 100); do {done} && break; sleep 0.2; done")
    return Traffic(*(json.loads(pair.shell(NEAR, f"cat /run/traffic/{name}.json")) for name in ("ping", "download")))


def _start(pair: Pair, host: str, name: str, program: str) -> None:
    pair.podman.exec(host, "/bin/sh", "-c", f"mkdir -p /run/traffic; cat > /run/traffic/{name}.py", data=program)
    pair.shell(host, f"systemd-run --quiet --collect --unit=traffic-{name} /usr/bin/python3 /run/traffic/{name}.py")
