# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels: one definition, two ends, and refusals that name option, value and mend."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import (
    parse_tunnel,
    parse_tunnels,
    psk_problem,
)


def site(**changes: Any) -> dict[str, Any]:
    return {
        "name": "acme",
        "kind": "site",
        "local": {"address": "192.0.2.1", "inside_address": "10.1.0.14"},
        "remote": {"address": "198.51.100.1", "inside_address": "10.2.0.20"},
        "sources": [{"name": "store-1", "address": "10.1.0.11"}, {"name": "store-2", "address": "10.1.0.12/32"}],
        "targets": [{"name": "keystone", "address": "10.2.0.10", "port": 5000}],
        **changes,
    }


def client(**changes: Any) -> dict[str, Any]:
    return {
        "name": "acme",
        "kind": "client",
        "local": {"id": "proxy-1"},
        "remote": {"address": "198.51.100.1", "inside_address": "10.2.0.20"},
        "pool": "10.9.0.0/28",
        "targets": [{"address": "10.2.0.10", "port": 443}],
        **changes,
    }


def test_a_site_selects_and_allows_its_named_hosts_only() -> None:
    view = parse_tunnel(site(), "c").view()
    assert view["local_selectors"] == ["10.1.0.11/32", "10.1.0.12/32"]
    assert view["remote_selectors"] == view["far"] == ["10.2.0.10/32"]
    assert view["allowed"]["tcp"] == ["10.1.0.11 . 10.2.0.10 . 5000", "10.1.0.12 . 10.2.0.10 . 5000"]
    assert view["initiate"] is True


def test_covering_selectors_hold_both_gateways_and_allow_no_more() -> None:
    exact, covering = parse_tunnel(site(), "c").view(), parse_tunnel(site(selectors="covering"), "c").view()
    assert covering["local_selectors"] == ["10.1.0.11-10.1.0.14"]
    assert covering["remote_selectors"] == ["10.2.0.10-10.2.0.20"]
    assert covering["allowed"] == exact["allowed"]


@pytest.mark.parametrize("raw", [site(), site(selectors="covering"), client()], ids=["site", "covering", "client"])
def test_the_mirror_of_the_mirror_is_the_tunnel_itself(raw: dict[str, Any]) -> None:
    tunnel = parse_tunnel(raw, "c")
    other = tunnel.mirrored()
    assert other.mirrored() == tunnel
    assert other.local_selectors == tunnel.remote_selectors and other.remote_selectors == tunnel.local_selectors
    assert [tunnel.initiate, other.initiate].count(True) == 1


def test_the_other_end_of_a_client_is_a_server_that_allows_its_pool() -> None:
    view = parse_tunnel(client(), "c").mirrored().view()
    assert (view["kind"], view["initiate"]) == ("server", False)
    assert view["remote"]["address"] == "%any"
    assert view["remote_selectors"] == ["dynamic"] and view["far"] == ["10.9.0.0/28"]
    assert view["allowed"]["tcp"] == ["10.9.0.0/28 . 10.2.0.10 . 443"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        pytest.param(site(name="Acme!"), "c.name: Acme! is no name", id="name"),
        pytest.param(site(kind="mesh"), "c.kind: mesh is not possible here; write site", id="kind"),
        pytest.param(site(sources=[]), "c.sources: [] names no store server", id="no sources"),
        pytest.param(site(targets=[]), "c.targets: [] names no API endpoint", id="no targets"),
        pytest.param(
            site(sources=[{"address": "10.0.0.0/8"}]), "c.sources[0].address: 10.0.0.0/8 is wider than /24", id="wide"
        ),
        pytest.param(
            site(sources=[{"address": "10.1.0.1/24"}]), "has host bits set; write 10.1.0.0/24", id="host bits"
        ),
        pytest.param(
            site(sources=[{"address": "10.1.0.11"}, {"address": "10.1.0.11/32"}]),
            "is already named in c.sources[0]",
            id="twice",
        ),
        pytest.param(
            site(targets=[{"address": "10.2.0.10", "port": 70000}]), "c.targets[0].port: 70000 is no port", id="port"
        ),
        pytest.param(
            site(targets=[{"address": "api", "port": 443}]),
            "c.targets[0].address: api is no address",
            id="name as target",
        ),
        pytest.param(site(targets=[{"address": "::1", "port": 443}]), "is IPv6", id="ipv6 inside"),
        pytest.param(site(remote={}), "c.remote.id", id="no peer"),
        pytest.param(
            site(remote={"id": "x"}), "c.remote.address:  is needed by the end that initiates", id="no address to call"
        ),
        pytest.param(site(remote={"address": "192.0.2.1"}), "is also the local id", id="same ids"),
        pytest.param(
            site(selectors="covering", local={"address": "192.0.2.1"}),
            "c.local.inside_address:  is needed",
            id="covering",
        ),
        pytest.param(
            site(sources=[{"address": "192.0.2.0/24"}]),
            "c.local.address: 192.0.2.1 lies in 192.0.2.0/24",
            id="outer inside",
        ),
        pytest.param(
            site(ike_proposals=["3des-md5-modp768"]), "c.ike_proposals[0]: 3des-md5-modp768 holds 3des", id="weak"
        ),
        pytest.param(client(api_side="local"), "c.api_side: local is not possible here; write remote", id="side"),
        pytest.param(
            client(kind="server", pool=None, local={"address": "198.51.100.2"}), "c.pool:  is needed", id="no pool"
        ),
        pytest.param(client(pool="10.0.0.0/8"), "c.pool: 10.0.0.0/8 is wider than /22", id="wide pool"),
        pytest.param(client(local={}), "c.local.id:  is needed where the address may change", id="client without id"),
    ],
)
def test_a_refusal_names_option_value_and_mend(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_tunnel(raw, "c")
    assert says in str(error.value)


def test_names_are_unique() -> None:
    with pytest.raises(InvalidValue, match=r"c\[1\].name: acme is used twice"):
        parse_tunnels([site(), site()], "c")


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        pytest.param("Zq8wLm4RtXyPn6KdVb2HsJf9GcTe7Ua1", "", id="good"),
        pytest.param("short", "has 5 characters", id="short"),
        pytest.param("abababababababababababab", "fewer than 10 different", id="monotonous"),
        pytest.param("Zq8wLm4RtXyPn6KdVb2HsJf9GcTe7Uä1", "other than printable ASCII", id="not ascii"),
        pytest.param("Zq8wLm4RtXyPn6KdVb2HsJf9GcTe7Ua1\n", "other than printable ASCII", id="newline"),
    ],
)
def test_weak_keys_are_refused_without_quoting_them(secret: str, problem: str) -> None:
    assert problem in psk_problem(secret)
    assert bool(problem) == bool(psk_problem(secret))
    assert secret not in psk_problem(secret)


@given(hosts=st.sets(st.integers(1, 250), min_size=1, max_size=12), gateway=st.integers(1, 250))
def test_the_covering_range_holds_every_source_and_the_gateway(hosts: set[int], gateway: int) -> None:
    sources = [{"address": f"10.1.0.{host}"} for host in sorted(hosts)]
    ends = {"local": {"address": "192.0.2.1", "inside_address": f"10.1.0.{gateway}"}}
    (text,) = parse_tunnel(site(selectors="covering", sources=sources, **ends), "c").local_selectors
    first, last = (int(part.rsplit(".", 1)[1]) for part in text.split("-"))
    assert first == min(hosts | {gateway}) and last == max(hosts | {gateway})
