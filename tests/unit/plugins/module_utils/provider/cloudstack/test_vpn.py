# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC's end of a tunnel: what others made, what two gateways share, what is refused, and what it costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from tests.support.servers import LabServer

from .conftest import Open
from .test_vpn_terms import KEY
from .vpn_hand import Runner, connection, customer, gateway, held, tags

READS = ["listVPCs", "listVpnConnections", "listVpnCustomerGateways", "listVpnGateways"]


@pytest.fixture
def acme(connect: Open) -> Runner:
    return Runner(connect())


def test_making_and_removing_take_the_least_calls(acme: Runner, server: LabServer) -> None:
    def asked() -> Counter[str]:
        return Counter(call["command"] for call in server.calls())

    assert acme.apply() == [
        "add acme: mark acme",
        "add acme: gateway vpc",
        "add acme: customer gateway acme",
        "add acme: connection acme",
    ]
    writes = ["createTags", "createVpnConnection", "createVpnCustomerGateway", "createVpnGateway"]
    assert asked() == Counter({**dict.fromkeys(READS, 2), **dict.fromkeys(writes, 1), "queryAsyncJobResult": 4})
    before = asked()
    assert acme.apply(absent=True) == [
        "remove acme: connection acme",
        "remove acme: customer gateway acme",
        "remove acme: gateway vpc",
        "remove acme: mark acme",
    ]
    writes = ["deleteTags", "deleteVpnConnection", "deleteVpnCustomerGateway", "deleteVpnGateway"]
    expected = Counter({**dict.fromkeys(READS, 2), **dict.fromkeys(writes, 1), "queryAsyncJobResult": 4})
    assert asked() - before == expected


def test_marks_name_the_store_and_the_key_is_hidden(acme: Runner, api: CloudStackSession) -> None:
    acme.apply()
    assert tags(api) == [
        "svcstore-vpn-connection acme=store-a",
        "svcstore-vpn-customer acme=store-a",
        "svcstore-vpn-gateway acme=store-a",
    ]
    assert set(acme.hidden) == {KEY}
    assert KEY not in repr(acme.state()) + str(acme.end.describe()) + str(acme.state().extra)


def test_what_another_store_made_stays(acme: Runner, connect: Open, api: CloudStackSession) -> None:
    acme.apply()
    other = Runner(connect(), store="store-b")
    assert not other.plan().changed and not other.plan(absent=True).changed
    differs = Runner(connect(), store="store-b", tunnel={"local": {"address": "198.51.100.99"}})
    with pytest.raises(InvalidValue, match="was made by somebody else and differs in peer; take it over with adopt"):
        differs.plan()
    assert held(api) == [1, 1, 1]


def test_what_somebody_else_made_is_adopted_and_then_ours(acme: Runner, api: CloudStackSession) -> None:
    connection(api, gateway(api), customer(api, esplifetime=1800))
    with pytest.raises(InvalidValue, match=r"differs in esp lifetime \(s\)"):
        acme.plan()
    assert acme.apply(adopt=True) == ["update acme: customer gateway acme", "update acme: connection acme"]
    assert not acme.plan().changed and not acme.plan(adopt=True).changed
    acme.apply(absent=True)
    # The VPC's gateway was there, and may serve others.
    assert held(api) == [1, 0, 0] and tags(api) == []


def test_only_what_is_ours_goes_where_the_customer_gateway_is_somebody_elses(
    acme: Runner, api: CloudStackSession
) -> None:
    customer(api)
    assert acme.apply() == ["add acme: mark acme", "add acme: gateway vpc", "add acme: connection acme"]
    assert not acme.plan().changed
    acme.apply(absent=True)
    assert held(api) == [0, 1, 0] and tags(api) == []


def test_two_gateways_of_a_vpc_share_its_gateway_and_the_last_takes_it_away(
    acme: Runner, connect: Open, api: CloudStackSession
) -> None:
    sources = {"sources": [{"name": "store-3", "address": "10.30.0.11"}]}
    second = Runner(connect(), "other", tunnel=sources)
    acme.apply()
    assert second.apply() == [
        "add other: mark other",
        "add other: customer gateway other",
        "add other: connection other",
    ]
    assert not acme.plan().changed
    acme.apply(absent=True)
    assert held(api) == [1, 1, 1] and not second.plan().changed
    second.apply(absent=True)
    assert held(api) == [0, 0, 0] and tags(api) == []


def test_a_gateway_that_somebody_else_connects_to_stays(acme: Runner, api: CloudStackSession) -> None:
    acme.apply()
    (own,) = api.list_all("look", "listVpnGateways")
    connection(api, str(own["id"]), customer(api, "theirs", cidrlist="10.40.0.0/24"))
    acme.apply(absent=True)
    assert held(api) == [1, 1, 1] and tags(api) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"networks": ["10.1.0.0/16", "10.2.0.0/16"]}, "10.2.0.0/16 is not in the VPC's network 10.1.0.0/16"),
        (
            {"tunnel": {"sources": [{"name": "s", "address": "10.1.9.9"}]}},
            "10.1.9.9/32, which is behind our end, overlaps",
        ),
        ({"tunnel": {"sources": [{"name": "s", "address": "10.40.0.7"}]}}, "10.40.0.7/32 is behind the VPC's"),
        ({"name": "away"}, "customer gateway away serves another VPC .*choose another name"),
    ],
    ids=["outside", "inside", "taken", "another vpc"],
)
def test_what_cannot_be_beside_what_is_there_is_refused_before_anything_is_made(
    connect: Open, api: CloudStackSession, more: dict[str, Any], words: str
) -> None:
    connection(api, gateway(api), customer(api, "theirs", cidrlist="10.40.0.0/24"))
    runner = Runner(connect(), **more)
    connection(api, gateway(api, "vpc-2"), customer(api, "away"))
    before = held(api)
    with pytest.raises(ProviderError, match=words) as refused:
        runner.plan()
    assert refused.value.kind == "invalid" and held(api) == before and tags(api) == []


def test_a_change_where_it_is_says_what_drops(acme: Runner, connect: Open, said: Any) -> None:
    acme.apply()
    changed = Runner(connect(), tunnel={"local": {"address": "198.51.100.20"}})
    changed.plan()
    # CloudStack says that the tunnel is not up yet, so nothing drops.
    assert changed.end.describe()["drops"] == []
    said("Connected")
    changed.plan()
    why = "peer of customer gateway acme changes"
    assert changed.end.describe()["drops"] == [{"tunnel": "acme", "why": why, "about_s": 60}]
    assert changed.apply() == ["update acme: customer gateway acme"]
    assert not changed.plan().changed


def test_passive_cannot_be_changed_where_it_is(acme: Runner, connect: Open) -> None:
    acme.apply()
    with pytest.raises(InvalidValue, match="connection acme: passive: True cannot be changed to False where it is"):
        Runner(connect(), own={"passive": False}).plan()


def test_a_vpc_that_is_not_there_is_named(acme: Runner) -> None:
    with pytest.raises(ProviderError, match="this account has none of that name or id"):
        acme.adapter.read_vpn("acme", replace(acme.wanted.scope, name="nowhere"))
    with pytest.raises(ProviderError, match="this account has none of that name or id"):
        acme.adapter.read_vpn("acme", Scope("vpc", id="00000000-0000-0000-0000-000000000000"))
