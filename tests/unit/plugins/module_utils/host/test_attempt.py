# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt to reach an API, and what the network and the filter say of it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.host import attempt as module
from ansible_collections.strategic.service_store.plugins.module_utils.host.attempt import (
    attempt,
    attempts,
    counted,
    unreachable_code,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_probe import Attempt

TARGET, PORT = "10.2.0.10", 5000


def ip_packet(protocol: int, source: str, target: str, payload: bytes) -> bytes:
    head = bytes([0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0])
    return head + socket.inet_aton(source) + socket.inet_aton(target) + payload


def icmp(kind: int, code: int, target: str = TARGET, port: int = PORT, protocol: int = 6) -> bytes:
    segment = (40000).to_bytes(2, "big") + port.to_bytes(2, "big") + b"\0\0\0\0"
    quoted = ip_packet(protocol, "10.1.0.11", target, segment)
    return ip_packet(1, "10.2.0.1", "10.1.0.11", bytes([kind, code, 0, 0, 0, 0, 0, 0]) + quoted)


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        pytest.param(icmp(3, 13), 13, id="prohibited"),
        pytest.param(icmp(3, 0), 0, id="no net"),
        pytest.param(icmp(11, 0), None, id="another message"),
        pytest.param(icmp(3, 13, port=443), None, id="another port"),
        pytest.param(icmp(3, 13, target="10.2.0.11"), None, id="another host"),
        pytest.param(icmp(3, 13, protocol=17), None, id="no TCP"),
        pytest.param(icmp(3, 13)[:40], None, id="cut off"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_an_icmp_message_is_taken_for_its_own_segment_alone(packet: bytes, code: int | None) -> None:
    assert unreachable_code(packet, TARGET, PORT) == code


def test_a_listener_answers_and_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert attempt("127.0.0.1", port, 2) == Attempt(True)
    before: list[int] = []
    assert attempts("127.0.0.1", port, 2, 0, lambda: before.append(1)) == Attempt(False, "ECONNREFUSED")
    assert before == [1]


def test_an_api_that_comes_up_during_the_wait_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(module.time, "sleep", lambda seconds: server.listen())
        before: list[int] = []
        assert attempts("127.0.0.1", server.getsockname()[1], 2, 30, lambda: before.append(1)) == Attempt(True)
    assert before == [1, 1]


def test_without_nft_nothing_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert counted() == {}


#: In a network of its own: one address that routes lead to and nobody has, and a filter that says no in several ways.
_IN_A_NETWORK = """
import json, subprocess, sys
from {package}.attempt import attempt, counted
rules = '''
table inet service_store_ipsec_acme {{
    counter unnamed_to_far {{ }}
    chain output {{
        type filter hook output priority 0;
        ip daddr 10.2.0.11 reject with icmp type admin-prohibited
        ip daddr 10.2.0.12 counter name unnamed_to_far drop
    }}
}}
'''
for command in (
    "ip link set lo up",
    "ip link add d0 type veth peer name d1",
    "ip addr add 10.1.0.1/24 dev d0",
    "ip link set d0 up",
    "ip link set d1 up",
    "ip route add 10.2.0.0/24 dev d0 src 10.1.0.1",
    "ip route add unreachable 10.3.0.0/24",
):
    subprocess.run(command.split(), check=True)
subprocess.run(["nft", "--file", "-"], input=rules, text=True, check=True)
before = counted()
tried = [vars(attempt(address, 5000, 1)) for address in ("10.9.0.1", "10.3.0.1", "10.2.0.11", "10.2.0.12")]
print(json.dumps([tried, before, counted()]))
"""


def test_no_route_a_prohibition_and_a_silent_filter_are_told_apart_by_a_real_kernel() -> None:
    package = module.__name__.rpartition(".")[0]
    unshare = shutil.which("unshare")
    if not unshare or not shutil.which("nft") or not shutil.which("ip"):
        pytest.skip("this machine has no unshare, nft or ip")
    if subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let users have networks of their own")
    code = _IN_A_NETWORK.format(package=package)
    done = subprocess.run([unshare, "-rn", sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (nowhere, unreachable, prohibited, dropped), before, after = json.loads(done.stdout.splitlines()[-1])
    assert nowhere["error"] == "ENETUNREACH" and unreachable["error"] == "EHOSTUNREACH"
    assert (prohibited["error"], prohibited["icmp_code"], prohibited["icmp_from"]) == ("EHOSTUNREACH", 13, "10.1.0.1")
    assert dropped["error"] == "ETIMEDOUT"
    table = "service_store_ipsec_acme"
    assert before[table]["unnamed_to_far"] == 0 < after[table]["unnamed_to_far"]
