# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The persistent client on the proxy host: it comes back by itself, and its proxy serves named sources only."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from lab.topology import CLOUDSTACK_API, HOSTS_BY_NAME, PUBLIC, STORE
from tests.support.vpn import BACK_WITHIN_S, CLIENT, LOGGED_WITHIN_S, Vpn, address, seconds_until

# Part of `make test-long`: each test waits for a tunnel to come back.
# The rollout of `make test` proves the same paths once.
pytestmark = [pytest.mark.lab, pytest.mark.long]

API = f"{CLOUDSTACK_API.ip}:{CLOUDSTACK_API.port}"

#: Another address of the proxy host in the public network, which no host of the lab has.
NEW_ADDRESS = "10.203.0.115"


def through_proxy(vpn: Vpn, host: str, target: str = API, scheme: str = "https") -> str:
    """The proxy's status for CONNECT and the API's own, as ``200 404``."""
    proxy = f"http://{address('proxy-1', STORE.name)}:3128"
    says = "%{http_connect} %{http_code}"
    return vpn.lab.ssh(host, f"curl -sk -m 8 -x {proxy} -o /dev/null -w '{says}' {scheme}://{target}/").stdout


def answers(vpn: Vpn) -> bool:
    says = through_proxy(vpn, "store-1").split()
    return says[:1] == ["200"] and says[1:] != ["000"]


def access_log(vpn: Vpn) -> str:
    return vpn.lab.ssh("proxy-1", "cat /var/log/squid/access.log").stdout


def test_a_named_source_reaches_the_api_through_proxy_and_tunnel(vpn: Vpn) -> None:
    before = vpn.state("proxy-1", CLIENT)
    assert answers(vpn)
    after = vpn.state("proxy-1", CLIENT)
    assert after["virtual_ip"].startswith("10.203.13.")
    assert after["esp_bytes_out"] > before["esp_bytes_out"]


@pytest.mark.parametrize(
    ("host", "target", "scheme"),
    [
        pytest.param("store-2", API, "https", id="a source that is not named"),
        pytest.param("store-1", f"{CLOUDSTACK_API.ip}:22", "https", id="another port"),
        pytest.param("store-1", f"{address('cs-gw', 'lab-public')}:443", "https", id="another host"),
        pytest.param("store-1", API, "http", id="a request in clear"),
    ],
)
def test_the_proxy_refuses_and_logs(vpn: Vpn, host: str, target: str, scheme: str) -> None:
    before = access_log(vpn).count("TCP_DENIED/403")
    assert "403" in through_proxy(vpn, host, target, scheme)
    seconds_until(lambda: access_log(vpn).count("TCP_DENIED/403") > before, LOGGED_WITHIN_S)
    assert access_log(vpn).count("TCP_DENIED/403") == before + 1


def test_nobody_is_forwarded_through_the_proxy_host(vpn: Vpn) -> None:
    try:
        vpn.lab.ssh("store-1", f"ip route replace {CLOUDSTACK_API.ip} via {address('proxy-1', STORE.name)}")
        vpn.lab.ssh("proxy-1", "sysctl -w net.ipv4.ip_forward=1")
        assert not vpn.reaches("store-1", CLOUDSTACK_API.ip, CLOUDSTACK_API.port)
    finally:
        vpn.lab.ssh("proxy-1", "sysctl -w net.ipv4.ip_forward=0")
        vpn.lab.ssh("store-1", f"ip route del {CLOUDSTACK_API.ip}")
    seconds_until(lambda: f"SRC={address('store-1', STORE.name)} " in vpn.log("proxy-1"), LOGGED_WITHIN_S)


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        pytest.param("proxy-1", "systemctl kill --signal=KILL strongswan", id="own charon killed"),
        pytest.param("cs-gw", "systemctl kill --signal=KILL strongswan", id="peer's charon killed"),
        pytest.param("cs-gw", "systemctl restart strongswan", id="peer restarted"),
        pytest.param("proxy-1", "systemctl kill --signal=KILL squid", id="proxy killed"),
    ],
)
def test_the_api_is_back_within_30_seconds(vpn: Vpn, host: str, fault: str) -> None:
    assert answers(vpn)
    assert vpn.lab.ssh(host, fault).returncode == 0
    time.sleep(1)
    took = 1 + seconds_until(lambda: answers(vpn), BACK_WITHIN_S, lambda: vpn.evidence("proxy-1", "cs-gw"))
    print(f"\nback after {took:.1f} s: {host}: {fault}")


@pytest.mark.parametrize("host", ["proxy-1", "cs-gw"])
def test_the_api_is_back_within_30_seconds_of_a_hosts_start(vpn: Vpn, host: str) -> None:
    settings = {**os.environ, "CONTAINERS_CONF": str(vpn.lab.folder / "containers.conf")}
    restart = ["podman", "restart", "--time", "1", HOSTS_BY_NAME[host].container]
    subprocess.run(restart, env=settings, check=True, capture_output=True, timeout=180)
    took = seconds_until(lambda: answers(vpn), BACK_WITHIN_S, lambda: vpn.evidence("proxy-1", "cs-gw"))
    print(f"\nback {took:.1f} s after {host} had been started")


def readdress(vpn: Vpn, old: str, new: str) -> None:
    """Give the proxy host another public address, asked for through its leg in the store's network."""
    # The order matters: with the first address of a network the kernel takes away the others of the same network.
    change = f"ip address del {old}/24 dev eth0; ip address add {new}/24 dev eth0;"
    change += f" ip route replace default via {PUBLIC.bridge_address}"
    inside = ["ssh", "-F", f"{vpn.lab.folder}/ssh_config", "-o", f"HostName={address('proxy-1', STORE.name)}"]
    subprocess.run([*inside, "proxy-1", change], check=True, capture_output=True, timeout=120)


def test_the_api_is_back_within_30_seconds_of_a_new_address_of_the_proxy_host(vpn: Vpn) -> None:
    old = address("proxy-1", PUBLIC.name)
    try:
        readdress(vpn, old, NEW_ADDRESS)
        took = seconds_until(lambda: answers(vpn), BACK_WITHIN_S, lambda: vpn.evidence("cs-gw"))
        seen = vpn.lab.ssh("cs-gw", "swanctl --list-sas").stdout
    finally:
        readdress(vpn, NEW_ADDRESS, old)
    assert f"@ {NEW_ADDRESS}[" in seen
    seconds_until(lambda: answers(vpn), BACK_WITHIN_S)
    print(f"\nback {took:.1f} s after the proxy host had got another address")


def test_the_probe_starts_a_tunnel_anew_that_is_up_but_carries_nothing(vpn: Vpn) -> None:
    # The peer's packets are swallowed on their way back although the SA stays: the probe must not trust the SA.
    before = vpn.state("proxy-1", CLIENT)["child_id"]
    swallow = "nft add table inet swallow; nft 'add chain inet swallow in { type filter hook input priority -30 ; }';"
    swallow += f" nft add rule inet swallow in ip saddr {CLOUDSTACK_API.ip} drop"
    vpn.lab.ssh("proxy-1", swallow)
    try:
        seconds_until(lambda: vpn.state("proxy-1", CLIENT).get("child_id", before) > before, 60)
    finally:
        vpn.lab.ssh("proxy-1", "nft delete table inet swallow")
    said = vpn.lab.ssh("proxy-1", "journalctl -u service-store-proxy-probe -n 20 -o cat --no-pager").stdout
    assert f"{API} is silent" in said
    assert f"started tunnel {CLIENT} anew" in said
    seconds_until(lambda: answers(vpn), BACK_WITHIN_S)
