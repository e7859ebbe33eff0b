# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's rules and entries, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import Held
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack import rules


def rule(**more: Any) -> dict[str, Any]:
    base = {
        "id": "r1",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 443,
        "port_range_max": 443,
        "remote_ip_prefix": "192.0.2.10/32",
        "remote_group_id": None,
        "remote_address_group_id": None,
        "description": "",
    }
    return {**base, **more}


def shown(**more: Any) -> list[str]:
    return [str(held.entry) for held in rules.held_in([rule(**more)])]


@pytest.mark.parametrize(
    ("given", "entry"),
    [
        pytest.param({}, "192.0.2.10/32 tcp/443", id="one port"),
        pytest.param({"protocol": "6"}, "192.0.2.10/32 tcp/443", id="protocol by number"),
        pytest.param({"port_range_min": 1, "port_range_max": 65535}, "192.0.2.10/32 tcp", id="every port spelled out"),
        pytest.param({"port_range_min": None, "port_range_max": None}, "192.0.2.10/32 tcp", id="every port"),
        pytest.param({"remote_ip_prefix": "192.0.2.10/24"}, "192.0.2.0/24 tcp/443", id="host bits"),
        pytest.param(
            {"protocol": "icmp", "port_range_min": 8, "port_range_max": None}, "192.0.2.10/32 icmp/8", id="any code"
        ),
        pytest.param(
            {"protocol": "icmp", "port_range_min": None, "port_range_max": None}, "192.0.2.10/32 icmp", id="any type"
        ),
        pytest.param(
            {"protocol": "ospf", "port_range_min": None, "port_range_max": None},
            "192.0.2.10/32 89",
            id="Neutron's name",
        ),
        pytest.param(
            {
                "protocol": "icmp",
                "ethertype": "IPv6",
                "remote_ip_prefix": "2001:DB8::/48",
                "port_range_min": 128,
                "port_range_max": 0,
            },
            "2001:db8::/48 icmpv6/128-0",
            id="ICMP under its old name in IPv6",
        ),
        pytest.param(
            {"remote_ip_prefix": None, "protocol": None, "port_range_min": None, "port_range_max": None},
            "0.0.0.0/0 all",
            id="no source is everybody",
        ),
        pytest.param({"remote_ip_prefix": None, "ethertype": "IPv6"}, "::/0 tcp/443", id="everybody in IPv6"),
    ],
)
def test_a_rule_is_read_as_the_entry_it_is(given: dict[str, Any], entry: str) -> None:
    assert shown(**given) == [entry]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"direction": "egress"}, id="egress"),
        pytest.param({"remote_ip_prefix": None, "remote_group_id": "g2"}, id="from a group"),
        pytest.param({"remote_ip_prefix": None, "remote_address_group_id": "a1"}, id="from an address group"),
    ],
)
def test_what_is_no_entry_is_left_out(given: dict[str, Any]) -> None:
    assert shown(**given) == []


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        pytest.param({"cidr": "192.0.2.1", "ports": 443}, ("IPv4", "tcp", 443, 443), id="port"),
        pytest.param({"cidr": "2001:db8::/48", "ports": "80-90"}, ("IPv6", "tcp", 80, 90), id="range"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "all"}, ("IPv4", None, None, None), id="all"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "icmp", "ports": "8"}, ("IPv4", "icmp", 8, None), id="type"),
        pytest.param(
            {"cidr": "2001:db8::/48", "protocol": "icmp", "ports": "128-0"}, ("IPv6", "ipv6-icmp", 128, 0), id="icmpv6"
        ),
        pytest.param({"cidr": "192.0.2.1", "protocol": "89"}, ("IPv4", "89", None, None), id="number"),
    ],
)
def test_an_entry_becomes_a_rule_that_reads_back_as_itself(raw: dict[str, Any], sent: tuple[Any, ...]) -> None:
    entry = Entry.parse({**raw, "owner": "team"})
    body = rules.of_entry("g1", Held(entry, store="store-a"))
    assert (body["ethertype"], body["protocol"], body["port_range_min"], body["port_range_max"]) == sent
    assert body["security_group_id"] == "g1"
    (back,) = rules.held_in([{**body, "id": "r1"}])
    assert (back.entry, back.store, back.entry.note.owner) == (entry, "store-a", "team")
