# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hosts and networks: everybody can log in, nobody gets round a tunnel, and what breaks is repaired."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from lab.topology import AZURE, BT_CLOUD, CLOUDSTACK_API, GIT, HOSTS, HOSTS_BY_NAME, KEYSTONE, MINISTACK, MOTO, NEUTRON
from tests.support.lab import Lab

pytestmark = pytest.mark.lab

PRIVATE = [
    pytest.param("os-api", KEYSTONE.ip, KEYSTONE.port, id="keystone"),
    pytest.param("os-api", NEUTRON.ip, NEUTRON.port, id="neutron"),
    pytest.param("cs-api", CLOUDSTACK_API.ip, CLOUDSTACK_API.port, id="cloudstack"),
]


def curl(address: str, port: int, seconds: int = 3) -> str:
    """A command that succeeds when something answers a TLS handshake."""
    return f"curl --noproxy '*' -sk -m {seconds} -o /dev/null https://{address}:{port}/"


@pytest.mark.parametrize("host", [host.name for host in HOSTS])
def test_every_host_runs_systemd_and_takes_a_root_login(lab: Lab, host: str) -> None:
    done = lab.ssh(host, "hostname; systemctl is-system-running --wait")
    name, state = done.stdout.split()
    assert name == host
    # A failed unit is shown, because a role must be able to tell its own failures.
    assert state == "running", lab.ssh(host, "systemctl --failed --no-legend").stdout


def test_services_that_a_role_manages_wait_for_the_role(lab: Lab) -> None:
    units = "squid haproxy nginx strongswan ulogd2 nftables"
    state = lab.ssh("outsider", f"systemctl is-enabled {units}; systemctl is-active {units}").stdout.split()
    assert set(state) == {"disabled", "inactive"}


def test_up_on_a_lab_that_is_up_checks_and_says_so(lab: Lab) -> None:
    done = lab.command("up")
    assert done.returncode == 0 and "is up already" in done.stderr


def test_a_second_lab_is_told_where_the_first_is(lab: Lab, tmp_path: Path) -> None:
    done = lab.command("up", "--only", "networks", folder=tmp_path / "second")
    assert done.returncode == 1
    assert f"LAB_DIR={lab.folder} python -m lab down" in done.stderr


def test_taking_down_another_lab_leaves_this_one_alone(lab: Lab, tmp_path: Path) -> None:
    assert lab.command("down", folder=tmp_path / "second").returncode == 0
    assert not (tmp_path / "second").exists()
    assert lab.command("status", "--only", "hosts").returncode == 0


@pytest.mark.parametrize(("front", "address", "port"), PRIVATE)
def test_a_private_api_is_there_and_the_machine_itself_is_refused(
    lab: Lab, front: str, address: str, port: int
) -> None:
    assert lab.ssh(front, curl(address, port, 20)).returncode == 0
    assert subprocess.run(curl(address, port), shell=True, check=False).returncode != 0
    # Its ssh stays open: that is how the customer's staff gets in.
    assert lab.ssh(front, "true").returncode == 0


@pytest.mark.parametrize(("front", "address", "port"), PRIVATE)
@pytest.mark.parametrize("host", ["outsider", "store-3", "app-1"])
def test_no_other_network_is_a_way_to_a_private_api(lab: Lab, host: str, front: str, address: str, port: int) -> None:
    assert lab.ssh(host, curl(address, port)).returncode != 0


@pytest.mark.parametrize(("front", "address", "port"), PRIVATE)
def test_the_customers_edge_lets_nothing_in_without_a_tunnel(lab: Lab, front: str, address: str, port: int) -> None:
    edge = HOSTS_BY_NAME["os-gw" if front == "os-api" else "cs-gw"].address
    done = lab.ssh(
        "outsider",
        f"ip route add {address} via {edge} && {curl(address, port)}; s=$?; ip route del {address} via {edge}; exit $s",
    )
    assert done.returncode == 28


@pytest.mark.parametrize("network", ["lab-os", "lab-cs"])
def test_the_machine_forwards_nothing_into_a_private_network(lab: Lab, network: str) -> None:
    """A gateway with a foot in the public network could send there whatever it is given."""
    gateway, target = ("cs-gw", "10.203.2.20") if network == "lab-os" else ("os-gw", "10.203.3.30")
    assert lab.ssh(gateway, f"ping -c 1 -W 2 {target}").returncode != 0


def lab_calls(lab: Lab, url: str) -> list[dict[str, Any]]:
    context = ssl.create_default_context(cafile=lab.ca_file)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(f"{url}/_lab/calls", timeout=60) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
    return found


@pytest.mark.parametrize("server", [MOTO, MINISTACK, AZURE, BT_CLOUD, GIT], ids=lambda server: server.name)
def test_a_cloud_sees_who_really_calls(lab: Lab, server: Any) -> None:
    path = "/client/api?command=listZones" if server is BT_CLOUD else "/probe-of-source"
    lab.ssh("store-1", f"curl --noproxy '*' -sk -m 60 -o /dev/null '{server.url}{path}'")
    assert lab_calls(lab, server.url)[-1]["source"] == HOSTS_BY_NAME["store-1"].address


def test_a_process_that_died_is_noticed_and_started_again(lab: Lab) -> None:
    record = json.loads((lab.folder / "run" / "git.pid").read_text())
    os.kill(record["pid"], signal.SIGKILL)
    status = lab.command("status", "--only", "git")
    assert status.returncode == 1 and "git has died; its log is" in status.stdout
    assert lab.command("up", "--only", "git").returncode == 0
    assert lab_calls(lab, GIT.url) == []


def test_a_host_that_was_killed_comes_back_with_the_same_key_and_address(lab: Lab) -> None:
    environment = {**os.environ, "CONTAINERS_CONF": str(lab.folder / "containers.conf")}
    subprocess.run(["podman", "kill", "lab-outsider"], env=environment, capture_output=True, check=True)
    assert "not running: outsider" in lab.command("status", "--only", "hosts").stdout
    assert lab.command("up", "--only", "hosts").returncode == 0
    assert lab.ssh("outsider", "hostname").stdout == "outsider\n"
