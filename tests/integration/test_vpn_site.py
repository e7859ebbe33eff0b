# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site-to-site tunnel: who gets through, who is refused and where that is logged, and what the wire shows."""

from __future__ import annotations

import uuid

import pytest

from lab.topology import KEYSTONE, NEUTRON, STORE
from tests.support.vpn import (
    ANSWER_S,
    BACK_WITHIN_S,
    LOGGED_WITHIN_S,
    SITE,
    Vpn,
    address,
    own_end,
    seconds_until,
    succeeded,
)

pytestmark = pytest.mark.lab

PUBLIC_LEG = "eth0"


def refused(vpn: Vpn, host: str, source: str | None, port: int, since: int) -> bool:
    """Whether a host's log, from a line on, holds a refusal of packets to the API."""
    lines = vpn.log(host).splitlines()[since:]
    found = [line for line in lines if f"DST={KEYSTONE.ip}" in line and f"DPT={port}" in line]
    return any(source is None or f"SRC={source} " in line for line in found)


@pytest.mark.parametrize("server", ["store-1", "store-2"])
@pytest.mark.parametrize("port", [KEYSTONE.port, NEUTRON.port])
def test_a_named_store_server_reaches_the_api(vpn: Vpn, server: str, port: int) -> None:
    assert vpn.reaches(server, KEYSTONE.ip, port, ANSWER_S)


# The front's allowlist, which the rollout proves, judges true sources as well.
@pytest.mark.long
def test_the_api_sees_true_sources(vpn: Vpn) -> None:
    wanted = f"src host {address('store-2', STORE.name)} and dst port {KEYSTONE.port}"
    seen = capture(vpn, "store-2", reached=True, host="os-api", only=wanted)
    assert f"IP {address('store-2', STORE.name)}." in seen


def test_an_unnamed_server_of_the_stores_network_is_refused_and_logged(vpn: Vpn) -> None:
    since = len(vpn.log("store-gw").splitlines())
    assert not vpn.reaches("store-3", KEYSTONE.ip, KEYSTONE.port)
    seconds_until(
        lambda: refused(vpn, "store-gw", address("store-3", STORE.name), KEYSTONE.port, since), LOGGED_WITHIN_S
    )


def test_a_named_server_is_refused_any_other_port(vpn: Vpn) -> None:
    since = len(vpn.log("store-gw").splitlines())
    assert vpn.lab.ssh("store-1", f"timeout 3 bash -c 'echo > /dev/tcp/{KEYSTONE.ip}/22'").returncode != 0
    seconds_until(lambda: refused(vpn, "store-gw", address("store-1", STORE.name), 22, since), LOGGED_WITHIN_S)


def test_an_outsider_is_refused_and_logged_by_the_customers_gateway(vpn: Vpn) -> None:
    since = len(vpn.log("os-gw").splitlines())
    way = f"ip route replace {KEYSTONE.ip} via {address('os-gw', 'lab-public')}"
    try:
        assert vpn.lab.ssh("outsider", way).returncode == 0
        assert not vpn.reaches("outsider", KEYSTONE.ip, KEYSTONE.port)
    finally:
        vpn.lab.ssh("outsider", f"ip route del {KEYSTONE.ip}")
    # Bridged packets may bear the machine's own address here (its masquerading sees them): the source is not judged.
    seconds_until(lambda: refused(vpn, "os-gw", None, KEYSTONE.port, since), LOGGED_WITHIN_S)


def test_the_customers_side_cannot_call_into_the_store(vpn: Vpn) -> None:
    target = address("store-1", STORE.name)
    since = len(vpn.log("os-gw").splitlines())
    assert vpn.lab.ssh("os-api", f"timeout 3 bash -c 'echo > /dev/tcp/{target}/22'").returncode != 0
    seconds_until(lambda: f"DST={target} " in "\n".join(vpn.log("os-gw").splitlines()[since:]), LOGGED_WITHIN_S)


def capture(vpn: Vpn, server: str, reached: bool, host: str = "store-gw", only: str = "") -> str:
    """What a host's first leg, the public one of the store's gateway, carries while a store server calls the API."""
    # One of its own: the capture before may still be written to.
    file = f"/tmp/leg-{uuid.uuid4().hex}.pcap"
    said = f"{file}.said"
    begin = f"timeout 60 tcpdump -n -i {PUBLIC_LEG} -w {file} -U {only} >/dev/null 2>{said} &"
    # It listens some time after it was started, and what passes before is not seen.
    listens = f"for i in $(seq 300); do grep -q 'listening on' {said} && exit 0; sleep 0.1; done; cat {said}; exit 1"
    started = vpn.lab.ssh(host, f"{begin} {listens}")
    assert started.returncode == 0, started.stdout
    assert vpn.reaches(server, KEYSTONE.ip, KEYSTONE.port, ANSWER_S if reached else 3) is reached
    return vpn.lab.ssh(host, f"sleep 1; tcpdump -n -r {file} 2>/dev/null").stdout


def test_the_wire_carries_esp_and_nothing_in_clear(vpn: Vpn) -> None:
    before = vpn.state("store-gw", SITE)["esp_bytes_out"]
    seen = capture(vpn, "store-1", reached=True)
    # Userland ESP travels in UDP (RFC 3948), the kernel's own as protocol 50; tcpdump calls both ESP.
    assert "ESP(spi=" in seen
    assert KEYSTONE.ip not in seen
    assert vpn.state("store-gw", SITE)["esp_bytes_out"] > before


def test_nothing_leaves_in_clear_while_the_tunnel_is_down_and_it_comes_back_by_itself(vpn: Vpn) -> None:
    vpn.lab.ssh("store-gw", "systemctl stop service-store-ipsec-keep.timer strongswan")
    try:
        seen = capture(vpn, "store-1", reached=False)
    finally:
        vpn.lab.ssh("store-gw", "systemctl start strongswan service-store-ipsec-keep.timer")
    assert KEYSTONE.ip not in seen
    table = "service_store_ipsec_" + SITE.replace("-", "_")
    counted = vpn.lab.ssh("store-gw", f"nft list counter inet {table} in_clear").stdout
    assert "packets 0 " not in counted
    took = seconds_until(lambda: vpn.reaches("store-1", KEYSTONE.ip, KEYSTONE.port), BACK_WITHIN_S)
    print(f"\nthe site-to-site tunnel was back {took:.1f} s after charon had started")


def test_the_tunnel_heals_after_the_customers_charon_was_killed(vpn: Vpn) -> None:
    vpn.lab.ssh("os-gw", "systemctl kill --signal=KILL strongswan")
    took = seconds_until(lambda: vpn.reaches("store-1", KEYSTONE.ip, KEYSTONE.port, 5), BACK_WITHIN_S)
    print(f"\nthe site-to-site tunnel was back {took:.1f} s after the peer's charon was killed")


def test_a_second_run_changes_nothing_and_check_mode_agrees(vpn: Vpn) -> None:
    for arguments in ((), ("--check",)):
        done = succeeded(vpn.play(own_end(vpn), *arguments))
        recap = done.stdout[done.stdout.index("PLAY RECAP") :]
        assert recap.count("changed=0 ") == 4, recap
    assert not any(key in done.stdout + done.stderr for key in vpn.keys.values())
