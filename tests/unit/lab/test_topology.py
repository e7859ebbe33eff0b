# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's plan holds together: every address is in its network and is used once."""

from __future__ import annotations

import ipaddress
from collections import Counter

from lab.topology import CLOUD_SERVERS, HOSTS, HOSTS_BY_NAME, NETWORKS, PUBLIC

SUBNETS = {network.name: ipaddress.ip_network(network.subnet) for network in NETWORKS}


def test_networks_do_not_overlap() -> None:
    subnets = list(SUBNETS.values())
    assert not [(a, b) for a in subnets for b in subnets if a is not b and a.overlaps(b)]


def test_every_leg_is_in_its_network() -> None:
    assert all(ipaddress.ip_address(leg.ip) in SUBNETS[leg.network] for host in HOSTS for leg in host.legs)
    assert all(ipaddress.ip_address(server.ip) in SUBNETS[PUBLIC.name] for server in CLOUD_SERVERS)


def test_every_address_is_used_once() -> None:
    used = Counter([leg.ip for host in HOSTS for leg in host.legs] + [server.ip for server in CLOUD_SERVERS])
    used.update(network.bridge_address for network in NETWORKS)
    assert {ip for ip, times in used.items() if times > 1} == set()


def test_only_the_customers_gateway_and_api_front_touch_a_private_network() -> None:
    touching = {network.name: sorted(host.name for host in HOSTS if host.ip(network.name)) for network in NETWORKS[2:]}
    assert touching == {"lab-os": ["os-api", "os-gw"], "lab-cs": ["cs-api", "cs-gw"]}


def test_private_networks_are_internal_and_the_public_one_is_not() -> None:
    assert [network.internal for network in NETWORKS] == [False, True, True, True]


def test_every_route_goes_through_a_gateway_on_a_shared_network() -> None:
    for host in HOSTS:
        for _destination, via in host.routes:
            assert any(ipaddress.ip_address(via) in SUBNETS[leg.network] for leg in host.legs), host.name


def test_no_named_store_server_can_reach_a_private_network_but_through_the_gateway() -> None:
    assert {via for name in ("store-1", "store-2", "store-3") for _to, via in HOSTS_BY_NAME[name].routes} == {
        HOSTS_BY_NAME["store-gw"].ip("lab-store")
    }
