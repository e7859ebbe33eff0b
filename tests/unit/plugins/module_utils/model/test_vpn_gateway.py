# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's end of a tunnel as operators write it: what is taken, and what is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import parse_tunnel
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import (
    TunnelEnd,
    connections,
    parse_wanted,
    tunnel_names,
)

TUNNEL: dict[str, Any] = {
    "local": {"address": "198.51.100.10"},
    "sources": [{"name": "store-1", "address": "10.20.0.11"}],
    "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
    "ike_proposals": ["aes256-sha256-ecp256"],
}
PARAMS: dict[str, Any] = {
    "name": "acme-vpn",
    "scope": {"kind": "vpc", "name": "prod"},
    "tunnel": TUNNEL,
    "networks": ["10.60.0.0/16"],
    "pre_shared_keys": ["one", "two"],
}


def wanted(**more: Any) -> Any:
    return parse_wanted({**PARAMS, **more}, ("vpc",), 2)


def test_a_definition_is_taken() -> None:
    found = wanted()
    assert found.peer.address == found.peer.identity == "198.51.100.10"
    assert found.peer_networks == ("10.20.0.11/32",)
    assert found.networks == ("10.60.0.0/16",)
    assert found.tunnel_names == ("acme-vpn-1", "acme-vpn-2")
    assert tunnel_names("acme-vpn", 1) == ("acme-vpn",)


def test_with_covering_selectors_the_cloud_gets_the_prefix_that_holds_our_gateway_too() -> None:
    ours = {
        **TUNNEL,
        "local": {"address": "198.51.100.10", "inside_address": "10.20.0.14"},
        "remote": {"inside_address": "10.60.1.10"},
        "selectors": "covering",
    }
    found = wanted(tunnel=ours)
    assert found.peer_networks == ("10.20.0.8/29",)
    assert found.tunnel.local_selectors == ("10.20.0.11-10.20.0.14",)


@pytest.mark.parametrize(
    ("inside", "source", "words"),
    [
        pytest.param("10.20.0.14", "172.16.0.11", r"0\.0\.0\.0/0, wider than a /8", id="everything"),
        pytest.param("10.20.0.14", "10.60.255.11", r"10\.0\.0\.0/10, which overlaps 10\.60\.1\.0/24", id="the cloud's"),
        pytest.param("198.51.100.11", "198.51.100.14", "which holds tunnel.local.address 198.51.100.10", id="our own"),
    ],
)
def test_covering_selectors_that_would_let_strangers_in_are_refused(inside: str, source: str, words: str) -> None:
    ours = {
        **TUNNEL,
        "local": {"address": "198.51.100.10", "inside_address": inside},
        "remote": {"inside_address": "10.60.1.10"},
        "sources": [{"name": "store-1", "address": source}],
        "selectors": "covering",
    }
    with pytest.raises(InvalidValue, match=words) as refused:
        wanted(tunnel=ours, networks=["10.60.1.0/24"])
    assert "tunnel.selectors" in str(refused.value) and "write exact" in str(refused.value)


def test_without_networks_they_are_the_endpoints() -> None:
    assert wanted(networks=None).networks == ("10.60.1.10/32",)


def test_an_ipv6_end_of_ours_is_in_no_network_of_ipv4() -> None:
    ours = {**TUNNEL, "local": {"address": "2001:db8::10"}}
    assert wanted(tunnel=ours).networks == ("10.60.0.0/16",)


def test_without_a_time_a_silent_peer_is_given_half_a_minute() -> None:
    assert wanted(dpd_timeout_s=None).dpd_timeout_s == 30


def test_what_is_returned_is_what_the_role_at_our_end_takes() -> None:
    ends = [TunnelEnd("acme-vpn-1", "203.0.113.7"), TunnelEnd("acme-vpn-2", "")]
    (made,) = connections(wanted(), ends, "acme-aws")
    tunnel = parse_tunnel(made, "tunnels[0]")
    assert (tunnel.name, tunnel.account, tunnel.initiate) == ("acme-vpn-1", "acme-aws", True)
    assert (tunnel.remote.address, tunnel.remote.identity) == ("203.0.113.7", "203.0.113.7")
    assert tunnel.ike_proposals == ("aes256-sha256-ecp256",)
    assert tunnel.local_selectors == ("10.20.0.11/32",) and tunnel.remote_selectors == ("10.60.1.10/32",)


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        pytest.param({"name": "Acme VPN"}, "name", "is no name", id="name"),
        pytest.param({"name": "a" * 39}, "name", "is no name", id="long name"),
        pytest.param({"scope": {"kind": "router", "name": "r"}}, "scope.kind", "no kind of this provider", id="kind"),
        pytest.param(
            {"tunnel": {**TUNNEL, "local": {"address": "gw.example.net"}}},
            "tunnel.local.address",
            "is no address",
            id="peer by name",
        ),
        pytest.param({"tunnel": {**TUNNEL, "local": {"id": "us"}}}, "tunnel.local.address", "no address", id="no peer"),
        pytest.param(
            {"tunnel": {**TUNNEL, "ike_proposals": ["aes256-sha1-modp1024"]}},
            "tunnel.ike_proposals[0]",
            "sha1, which is withdrawn",
            id="weak",
        ),
        pytest.param({"tunnel": {**TUNNEL, "targets": []}}, "tunnel.targets", "names no API endpoint", id="no target"),
        pytest.param({"networks": ["10.61.0.0/16"]}, "networks", "hold none that 10.60.1.10", id="outside"),
        pytest.param({"networks": ["0.0.0.0/0"]}, "networks[0]", "is not possible", id="everything"),
        pytest.param({"networks": ["2001:db8::/48"]}, "networks[0]", "is not possible", id="ipv6"),
        pytest.param({"networks": ["10.0.0.0/8"]}, "networks[0]", "overlaps 10.20.0.11/32", id="overlap"),
        pytest.param({"pre_shared_keys": ["one"]}, "pre_shared_keys", "has 2 tunnels", id="too few keys"),
        pytest.param({"pre_shared_keys": ["one", "one"]}, "pre_shared_keys", "twice", id="one key twice"),
        pytest.param({"inside_cidrs": ["169.254.1.0/30"] * 3}, "inside_cidrs", "more than the 2", id="inside"),
        pytest.param(
            {"networks": ["10.60.0.0/16", "198.51.100.0/24"]},
            "networks[1]",
            "holds tunnel.local.address 198.51.100.10",
            id="our end",
        ),
        pytest.param({"dpd_timeout_s": 9}, "dpd_timeout_s", "less than twice", id="dpd"),
        pytest.param({"dpd_timeout_s": 0}, "dpd_timeout_s", "less than twice", id="no dpd"),
        pytest.param(
            {"tunnel": {**TUNNEL, "esp_rekey_s": 20000}}, "tunnel.esp_rekey_s", "is longer than", id="lifetimes"
        ),
    ],
)
def test_what_could_not_work_is_refused(more: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words) as refused:
        wanted(**more)
    assert refused.value.where == where
