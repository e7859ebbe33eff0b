# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC's end of a tunnel: what others made, what two gateways share, what fails in a job, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_plan import VpnState
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack import vpn_apply
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.vpn import VPN
from ansible_collections.strategic.service_store.plugins.module_utils.provider.vpn import CloudEnd
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import Open
from .test_vpn_terms import KEY, TUNNEL

READS = ["listVPCs", "listVpnConnections", "listVpnCustomerGateways", "listVpnGateways"]
HOME = {"kind": "vpc", "name": "vpc"}


class Runner:
    """Does what the module does, with one gateway; ``hidden`` is what it kept out of results."""

    def __init__(self, session: CloudStackSession, name: str = "acme", store: str = "store-a", **more: Any) -> None:
        self.session = session
        self.hidden: list[str] = []
        tunnel = {**TUNNEL, "targets": [{"name": "api", "address": "10.1.1.10", "port": 443}], **more.pop("tunnel", {})}
        own = more.pop("own", None)
        params = {"name": name, "scope": HOME, "tunnel": tunnel, "pre_shared_keys": ["psk"], **more}
        self.wanted = parse_wanted(params, ("vpc",), 1, own)
        self.adapter = VPN.open(session, store, {"psk": KEY}, lambda *values: self.hidden.extend(values))
        self.end = CloudEnd(name, Scope("vpc", name="vpc"), self.wanted, self.adapter, VPN, "account")
        self.done: list[str] = []

    def plan(self, **how: bool) -> Plan:
        return self.end.plan(**how)

    def apply(self, **how: bool) -> list[str]:
        """Plan and apply; return what was done, in words."""
        made = self.plan(**how)
        self.done = []
        self.end.apply(made, lambda change: self.done.append(change.describe()))
        return self.done

    def state(self) -> VpnState:
        return self.adapter.read_vpn(self.wanted.name, self.wanted.scope)


@pytest.fixture
def acme(connect: Open) -> Runner:
    return Runner(connect())


@pytest.fixture
def api(connect: Open) -> CloudStackSession:
    """Somebody else of the same account."""
    return connect()


@pytest.fixture
def said(server: LabServer, api: CloudStackSession) -> Iterator[Any]:
    """``said("Error")`` is the router's word for how the one connection is."""

    def say(state: str) -> None:
        (one,) = api.list_all("look", "listVpnConnections")
        server.lab("POST", f"vpn/{one['id']}", {"state": state})

    yield say


def customer(api: CloudStackSession, name: str = "acme", **more: Any) -> str:
    fields = {
        "gateway": "198.51.100.10",
        "cidrlist": "10.20.0.11/32,10.20.0.12/32",
        "ikepolicy": "aes256-sha256;modp3072",
        "esppolicy": "aes256-sha256;modp3072",
        "ikelifetime": 14400,
        "ikeversion": "ikev2",
        "dpd": "true",
        "ipsecpsk": KEY,
    }
    made = api.run_job("make", "createVpnCustomerGateway", **{**fields, "name": name, **more})
    return str(made["vpncustomergateway"]["id"])


def gateway(api: CloudStackSession, name: str = "vpc") -> str:
    (vpc,) = api.list_all("look", "listVPCs", name=name)
    return str(api.run_job("make", "createVpnGateway", vpcid=vpc["id"])["vpngateway"]["id"])


def connection(api: CloudStackSession, own: str, other: str) -> None:
    api.run_job("make", "createVpnConnection", s2svpngatewayid=own, s2scustomergatewayid=other, passive="true")


def tags(api: CloudStackSession) -> list[str]:
    (vpc,) = api.list_all("look", "listVPCs", name="vpc")
    return sorted(f"{tag['key']}={tag['value']}" for tag in vpc["tags"])


def held(api: CloudStackSession) -> list[int]:
    """How many gateways, customer gateways and connections there are."""
    return [
        len(api.list_all("look", command))
        for command in ("listVpnGateways", "listVpnCustomerGateways", "listVpnConnections")
    ]


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


def test_a_connection_in_error_is_started_again(acme: Runner, api: CloudStackSession, said: Any) -> None:
    acme.apply()
    said("Error")
    assert [(end.status, end.detail) for end in acme.state().ends] == [("down", "Error")]
    assert acme.apply() == ["update acme: connection acme"]
    assert [end.detail for end in acme.state().ends] == ["Disconnected"]
    assert api.list_all("look", "listVpnConnections")[0]["state"] == "Disconnected"


def test_a_connection_that_is_being_started_is_waited_for_before_a_change(connect: Open, said: Any) -> None:
    Runner(connect()).apply()
    said("Connecting")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        said("Connected")

    changed = Runner(connect(retry=Retry(2, sleep=sleep)), tunnel={"esp_rekey_s": 1800})
    assert changed.apply() == ["update acme: customer gateway acme"]
    assert waits == [5]


def test_the_answer_of_a_job_may_be_lost(connect: Open, faults: FaultProxy, api: CloudStackSession) -> None:
    runner = Runner(connect(url=faults.url))
    # The first of the two looks at each job.
    for call in (1, 3, 5, 7):
        faults.add(mode="lost", operation="queryAsyncJobResult", first=call, times=1)
    assert len(runner.apply()) == 4
    assert held(api) == [1, 1, 1] and not runner.plan().changed


@pytest.mark.parametrize("mode", ["lost", "throttle"])
@pytest.mark.parametrize(
    "command", ["createTags", "createVpnGateway", "createVpnCustomerGateway", "createVpnConnection"]
)
def test_a_create_that_is_throttled_or_whose_answer_is_lost_is_made_once(
    connect: Open, faults: FaultProxy, api: CloudStackSession, command: str, mode: str
) -> None:
    runner = Runner(connect(url=faults.url))
    faults.add(mode=mode, operation=command, times=1, **({"shape": "cloudstack"} if mode == "throttle" else {}))
    assert len(runner.apply()) == 4
    assert held(api) == [1, 1, 1] and not runner.plan().changed


def test_a_customer_gateway_that_somebody_made_meanwhile_is_not_taken_for_ours(
    acme: Runner, api: CloudStackSession
) -> None:
    made = acme.plan()
    customer(api, ipsecpsk="SomebodyElsesKey.1234567890abcdef")
    with pytest.raises(ProviderError, match="already existed"):
        acme.end.apply(made, lambda change: None)


def test_settings_that_were_kept_though_the_restart_failed_are_put_to_work(
    connect: Open, api: CloudStackSession, monkeypatch: pytest.MonkeyPatch, server: LabServer, said: Any
) -> None:
    Runner(connect()).apply()
    said("Connecting")
    changed = Runner(connect(), tunnel={"esp_rekey_s": 1800})
    made = changed.plan()
    run_job = changed.session.run_job

    def failing(doing: str, command: str, **params: Any) -> Any:
        try:
            return run_job(doing, command, **params)
        except ProviderError:
            # The router has meanwhile said how it is.
            said("Connected")
            raise

    monkeypatch.setattr(changed.session, "run_job", failing)
    # Nothing is waited for, as when the router is set up between the wait and the change.
    monkeypatch.setattr(vpn_apply.Writer, "_wait_until_free", lambda self: None)
    changed.end.apply(made, lambda change: None)
    assert Counter(call["command"] for call in server.calls())["resetVpnConnection"] == 1
    assert not changed.plan().changed


def test_a_run_that_is_killed_between_two_calls_is_finished_by_the_next(connect: Open, api: CloudStackSession) -> None:
    for number in range(1, 4):
        runner = Runner(connect())
        made = runner.plan()
        changes = runner.adapter.apply_vpn(runner.end.state, made.changes)
        for _count in range(number):
            next(changes)
        assert len(Runner(connect()).apply()) == 4 - number
        gone = Runner(connect())
        removals = gone.adapter.apply_vpn(gone.state(), gone.plan(absent=True).changes)
        for _count in range(number):
            next(removals)
        assert len(Runner(connect()).apply(absent=True)) == 4 - number
        assert held(api) == [0, 0, 0] and tags(api) == []


def test_a_vpc_that_is_not_there_is_named(acme: Runner) -> None:
    with pytest.raises(ProviderError, match="this account has none of that name or id"):
        acme.adapter.read_vpn("acme", replace(acme.wanted.scope, name="nowhere"))
    with pytest.raises(ProviderError, match="this account has none of that name or id"):
        acme.adapter.read_vpn("acme", Scope("vpc", id="00000000-0000-0000-0000-000000000000"))
