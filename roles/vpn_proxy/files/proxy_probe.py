# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks each API for an answer by way of the proxy and its tunnel, and mends what does not work.

With --look it only says what it sees; exit code 0 means that every API answers.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

CONFIG = Path("/etc/service-store/proxy-probes.json")
STATE = Path("/run/service-store-probe/state.json")
TIMEOUT_S = 5


class Silent(Exception):
    """An API did not answer; ``part`` is what has to be mended: proxy, tunnel or nothing."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(why)
        self.part = part


def ask(proxy: tuple[str, int], probe: dict) -> str:
    """Return the first line of the API's answer."""
    host = "%(address)s:%(port)s" % probe
    try:
        raw = socket.create_connection(proxy, TIMEOUT_S)
    except OSError as error:
        raise Silent("proxy", f"the proxy does not listen on {proxy[0]}:{proxy[1]} ({error})") from None
    with raw:
        raw.settimeout(TIMEOUT_S)
        try:
            raw.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = raw.recv(4096).decode("latin-1").split("\r\n")[0]
        except OSError as error:
            raise Silent("tunnel", f"no connection to {host} ({error})") from None
        if " 403 " in head + " ":
            raise Silent("nothing", f"the proxy refuses {host}; name it among its targets")
        if " 200 " not in head + " ":
            raise Silent("tunnel", f"no connection to {host} ({head or 'the proxy closed the connection'})")
        try:
            return talk(raw, probe, host)
        except (OSError, ValueError) as error:
            raise Silent("tunnel", f"{host} is reached but does not answer ({error})") from None


def talk(raw: socket.socket, probe: dict, host: str) -> str:
    """Speak HTTP through the connection. Whether the certificate can be trusted is for clients to judge."""
    stream = raw
    if probe.get("tls", True):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        stream = context.wrap_socket(raw, server_hostname=probe["address"])
    stream.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    line = stream.recv(4096).decode("latin-1").split("\r\n")[0]
    if not line.startswith("HTTP/"):
        raise ValueError(f"said {line[:60]!r} instead of an HTTP status")
    return line


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def mend(part: str, tunnel: str | None) -> str:
    """Do the least that may help; says what was done."""
    if part == "proxy":
        run("systemctl", "restart", "squid.service")
        return "restarted the proxy"
    if part != "tunnel" or not tunnel:
        return "left it alone"
    listed = run("swanctl", "--list-sas", "--ike", tunnel)
    if listed.returncode != 0:
        run("systemctl", "restart", "strongswan.service")
        return "restarted charon, which did not answer"
    if "CONNECTING" in listed.stdout:
        return f"left tunnel {tunnel} alone, it is being set up"
    # An SA that looks well but carries nothing is as good as none.
    run("swanctl", "--terminate", "--ike", tunnel, "--force", "--timeout", "3")
    done = run("swanctl", "--initiate", "--child", tunnel, "--timeout", "10")
    return f"started tunnel {tunnel} anew ({'up' if done.returncode == 0 else 'not up yet'})"


def judge(config: dict, state: dict, look_only: bool) -> bool:
    """Ask every API; a second silence in a row is mended, but not too often."""
    all_well = True
    for probe in config["probes"]:
        key = "%(address)s:%(port)s" % probe
        seen = state.setdefault(key, {"silent": 0, "mended_at": 0.0})
        try:
            line = ask(tuple(config["proxy"]), probe)
            if seen["silent"] or look_only:
                print(f"{key} answers: {line}")
            seen.update(silent=0, ok=True)
        except Silent as error:
            all_well = False
            seen.update(silent=seen["silent"] + 1, ok=False, why=str(error))
            print(f"{key} is silent: {error}")
            late = time.time() - seen["mended_at"] >= config["mend_every_s"]
            if late and not look_only and seen["silent"] >= 2:
                seen["mended_at"] = time.time()
                print(mend(error.part, probe.get("tunnel")))
    return all_well


def main() -> int:
    look_only = "--look" in sys.argv[1:]
    config = json.loads(CONFIG.read_text())
    try:
        state = json.loads(STATE.read_text())
    except (OSError, ValueError):
        state = {}
    well = judge(config, state, look_only)
    if look_only:
        return 0 if well else 1
    STATE.write_text(json.dumps(state))
    return 0


if __name__ == "__main__":
    sys.exit(main())
