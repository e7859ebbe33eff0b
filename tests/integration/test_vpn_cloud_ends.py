# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels to the clouds' own gateways: what their APIs say is what strongSwan hosts of the lab do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from lab.topology import STORE, WORKLOAD_PORT
from lab.vpn.host_files import LOG_FILE
from tests.support.lab import Lab
from tests.support.vpn import LOGGED_WITHIN_S, address, new_key, seconds_until, succeeded
from tests.support.vpn_ends import NAME, NAMED, SITES, Ends, change_aws, make

# Four more hosts, and two minutes for each cloud.
pytestmark = [pytest.mark.lab, pytest.mark.long]

COMPONENT = "vpn_ends"


@pytest.fixture(scope="module")
def clouds(lab: Lab) -> Iterator[Lab]:
    """The lab with the clouds' own ends, which go again where they were not there."""
    was_there = lab.command("status", "--only", COMPONENT).returncode == 0
    done = lab.command("up", "--only", COMPONENT)
    assert done.returncode == 0, done.stderr[-4000:]
    yield lab
    if not was_there:
        lab.command("down", "--only", COMPONENT)


@pytest.fixture(scope="module", params=sorted(SITES))
def ends(request: pytest.FixtureRequest, clouds: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    yield from make(SITES[request.param], clouds, tmp_path_factory.mktemp(request.param))


def refused(log: str, since: int, *words: str) -> bool:
    """Whether a log, from a line on, has a line with all of these words."""
    return any(all(word in line for word in words) for line in log.splitlines()[since:])


def test_every_tunnel_of_the_connection_is_up_at_both_ends(ends: Ends) -> None:
    assert all(ends.up())
    seconds_until(lambda: {one["status"] for one in ends.module(name="vpn_gateway_info")["ends"]} == {"up"}, 30)


@pytest.mark.parametrize("server", NAMED)
def test_a_named_store_server_reaches_what_is_behind_the_cloud(ends: Ends, server: str) -> None:
    assert ends.answer(server) == f"{ends.site.end.cloud} sees {address(server, STORE.name)}"


def test_an_unnamed_server_of_the_stores_network_is_refused_and_logged(ends: Ends) -> None:
    since = len(ends.vpn.log("store-gw").splitlines())
    assert not ends.answer("store-3", 3)
    words = (f"SRC={address('store-3', STORE.name)} ", f"DST={ends.site.end.workload} ", f"DPT={WORKLOAD_PORT} ")
    seconds_until(lambda: refused(ends.vpn.log("store-gw"), since, *words), LOGGED_WITHIN_S)


def test_an_outsider_is_refused_and_logged_by_the_cloud(ends: Ends) -> None:
    end, lab = ends.site.end, ends.vpn.lab

    def log() -> str:
        return lab.ssh(end.host.name, f"cat {LOG_FILE}").stdout

    since = len(log().splitlines())
    try:
        assert lab.ssh("outsider", f"ip route replace {end.workload} via {end.outer[0]}").returncode == 0
        assert not ends.answer("outsider", 3)
    finally:
        lab.ssh("outsider", f"ip route del {end.workload}")
    seconds_until(lambda: refused(log(), since, f"DST={end.workload} ", f"DPT={WORKLOAD_PORT} "), LOGGED_WITHIN_S)


def test_the_wire_carries_esp_and_nothing_in_clear(ends: Ends) -> None:
    file = f"/tmp/leg-{uuid.uuid4().hex}.pcap"
    begin = f"timeout 60 tcpdump -n -i eth0 -w {file} -U >/dev/null 2>{file}.said &"
    listens = f"for i in $(seq 300); do grep -q 'listening on' {file}.said && exit 0; sleep 0.1; done; exit 1"
    assert ends.vpn.lab.ssh("store-gw", f"{begin} {listens}").returncode == 0
    assert ends.answer(NAMED[0])
    seen = ends.vpn.lab.ssh("store-gw", f"sleep 1; tcpdump -n -r {file} 2>/dev/null; rm {file}").stdout
    assert "ESP(spi=" in seen
    assert any(address in seen for address in ends.site.end.outer)
    assert ends.site.end.workload not in seen


def test_a_second_run_of_both_ends_changes_nothing(ends: Ends) -> None:
    assert not ends.module()["changed"]
    again = succeeded(ends.vpn.play([ends.our_end()]))
    assert "changed=0" in again.stdout


def test_a_tunnel_whose_key_differs_is_down_while_the_other_one_carries_the_traffic(ends: Ends) -> None:
    if ends.site.tunnels == 1:
        pytest.skip("a connection of this cloud has one tunnel")
    first, second = ends.site.end.outer
    change_aws(ends.vpn.lab, new_key(), only=first)
    seconds_until(lambda: ends.up() == [False, True], 60)
    assert ends.answer(NAMED[0])
    shown = {one["address"]: one["status"] for one in ends.module(name="vpn_gateway_info")["ends"]}
    assert shown == {first: "down", second: "up"}
    assert ends.module()["changed"]
    seconds_until(lambda: all(ends.up()), 60)


def test_a_key_that_is_changed_at_the_cloud_alone_breaks_the_tunnel_and_the_next_run_mends_it(ends: Ends) -> None:
    lab = ends.vpn.lab
    ends.site.change_key(lab, new_key())
    if ends.site.runs_on:
        for name in ends.site.names:
            lab.ssh("store-gw", f"swanctl --terminate --ike {name} --timeout 5")
    broken = seconds_until(lambda: not any(ends.up()), 60)
    assert not ends.answer(NAMED[0], 3)
    said = ends.vpn.play([ends.verify()])
    assert said.returncode != 0
    assert "Cause: authentication failed" in said.stdout, said.stdout[-3000:]
    assert ends.module(**({"aws": {"wait_up_s": 0}} if ends.site.tunnels > 1 else {}))["changed"]
    succeeded(ends.vpn.play([ends.verify()]))
    assert ends.answer(NAMED[0])
    print(f"{ends.site.end.cloud}: down {broken:.1f} s after its key had changed")


def test_absent_removes_both_ends(ends: Ends) -> None:
    host, lab = ends.site.end.host.name, ends.vpn.lab
    assert ends.module("absent")["changed"]
    seconds_until(lambda: NAME not in lab.ssh("store-gw", "swanctl --list-sas").stdout, 60)
    succeeded(ends.vpn.play([ends.our_end(ipsec_state="absent")]))
    assert NAME not in lab.ssh("store-gw", "swanctl --list-conns; nft list tables; ls /etc/swanctl/conf.d").stdout
    left = "swanctl --list-conns; swanctl --list-sas; ls /etc/swanctl/conf.d | grep lab-"
    seconds_until(lambda: not lab.ssh(host, left).stdout.strip(), 60)
    assert not ends.module("absent")["changed"]
