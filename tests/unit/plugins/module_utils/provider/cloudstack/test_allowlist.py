# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups and firewalls: read, plan, apply, and the same again after faults."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model import mark
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    ScopeState,
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Note
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack import PROVIDER, marks
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.allowlist import allowlists
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import Open

TODAY = datetime.date(2026, 1, 1)
WEB = Scope("security_group", name="web")
ADDRESS = Scope("firewall", name="198.51.100.7")
SPARE = Scope("firewall", name="198.51.100.8")
EMPTY = Scope("network_acl", name="empty")
READS = {
    WEB: ("listSecurityGroups",),
    SPARE: ("listPublicIpAddresses", "listFirewallRules"),
    EMPTY: ("listNetworkACLLists", "listNetworkACLs"),
}
HTTPS = ({"cidr": "192.0.2.1", "ports": 443}, {"cidr": "192.0.2.2/32", "ports": "443"})


class Runner:
    """Does what the module does, with one scope."""

    def __init__(self, session: CloudStackSession, scope: Scope = WEB) -> None:
        self.session = session
        self.scope = scope
        self.adapter = allowlists(session, "store-a")
        self.done: list[Change] = []

    def state(self) -> ScopeState:
        return self.adapter.read_allowlists([self.scope])[self.scope]

    def apply(self, raw: Iterable[dict[str, Any]], purge: str = "own") -> int:
        state = self.state()
        wanted = Wanted(self.scope, parse_entries(list(raw), "entries"), purge)
        changes = plan(state, wanted, "store-a", state.limits or self.adapter.limits, TODAY).changes
        self.done = []
        for change in self.adapter.apply_allowlist(state, changes):
            self.done.append(change)
        return len(changes)

    def held(self) -> list[str]:
        return [f"{held.entry.line()} [{held.store}]" for held in self.state().held]


@pytest.fixture
def web(connect: Open) -> Runner:
    return Runner(connect())


@pytest.mark.parametrize("scope", [WEB, SPARE, EMPTY], ids=str)
def test_a_second_run_changes_nothing_and_makes_no_write(connect: Open, scope: Scope) -> None:
    entries = [
        {"cidr": "192.0.2.1", "ports": 443, "owner": "ops", "reason": "the store"},
        {"cidr": "192.0.2.0/24", "protocol": "UDP", "ports": "1-65535"},
        {"cidr": "198.51.100.0/24", "protocol": "icmp"},
        {"cidr": "198.51.100.0/24", "protocol": "1", "ports": "8-0"},
        {"cidr": "203.0.113.0/24", "protocol": -1},
    ]
    assert Runner(connect(), scope).apply(entries) == 5
    again = Runner(connect(), scope)
    assert again.apply(entries) == 0
    assert again.session.calls.by_name() == dict.fromkeys(READS[scope], 1)


def test_ipv6_and_numbered_protocols_in_a_group(web: Runner) -> None:
    entries = [
        {"cidr": "2001:DB8:0::/32", "ports": "8000-8010"},
        {"cidr": "2001:db8::/32", "protocol": "icmpv6"},
        {"cidr": "192.0.2.0/24", "protocol": 50},
    ]
    assert web.apply(entries) == 3
    assert web.apply(entries) == 0


def test_networks_of_one_port_are_one_call(web: Runner) -> None:
    more = [{"cidr": f"192.0.2.{n}", "ports": 443} for n in range(100, 120)]
    web.apply([*more, {"cidr": "192.0.2.1", "ports": 80}])
    calls = web.session.calls.by_name()
    assert calls["authorizeSecurityGroupIngress"] == 2
    assert calls["createTags"] == 1
    assert calls["listSecurityGroups"] == 1


def test_many_scopes_are_one_read(connect: Open) -> None:
    session = connect()
    scopes = [WEB, Scope("security_group", name="db"), ADDRESS, SPARE]
    states = allowlists(session, "store-a").read_allowlists(scopes)
    assert set(states) == set(scopes)
    assert len(states[ADDRESS].held) == 3
    assert session.calls.by_name() == {"listFirewallRules": 1, "listPublicIpAddresses": 1, "listSecurityGroups": 1}
    by_id = Scope("security_group", id=states[WEB].ref)
    assert allowlists(session, "store-a").read_allowlists([by_id])[by_id].ref == states[WEB].ref


@pytest.mark.parametrize(
    "scope",
    [
        Scope("security_group", name="none"),
        Scope("security_group", id="00000000-0000-0000-0000-000000000000"),
        Scope("firewall", name="203.0.113.1"),
        Scope("firewall", id="00000000-0000-0000-0000-000000000000"),
    ],
    ids=str,
)
def test_an_unknown_scope_is_named(connect: Open, scope: Scope) -> None:
    adapter = allowlists(connect(), "store-a")
    for scopes in ([scope], [WEB, scope]):
        with pytest.raises(ProviderError) as caught:
            adapter.read_allowlists(scopes)
        assert caught.value.kind == "not_found" and str(scope) in str(caught.value)


def test_only_own_entries_are_removed(web: Runner) -> None:
    web.apply(HTTPS)
    web.apply(HTTPS[:1])
    assert web.held() == ["192.0.2.1/32 tcp/443 [store-a]", "192.0.2.9/32 tcp/22 []"]
    web.apply(HTTPS[:1], purge="all")
    assert web.held() == ["192.0.2.1/32 tcp/443 [store-a]"]


def test_a_note_is_changed_in_place(web: Runner) -> None:
    web.apply([{**HTTPS[0], "owner": "ops"}])
    ref = next(held.ref for held in web.state().held if held.store)
    assert web.apply([{**HTTPS[0], "owner": "security", "ticket": "T-7"}]) == 1
    assert "192.0.2.1/32 tcp/443 owner=security ticket=T-7 [store-a]" in web.held()
    assert next(held.ref for held in web.state().held if held.store) == ref


def test_rules_that_are_no_entries_are_left_alone(web: Runner) -> None:
    own = web.session.call("list", "listSecurityGroups", securitygroupname="web")["securitygroup"][0]
    web.session.run_job(
        "allow a group",
        "authorizeSecurityGroupIngress",
        securitygroupid=own["id"],
        protocol="tcp",
        startport=1,
        endport=2,
        usersecuritygrouplist=[{"account": "initech", "group": "db"}],
    )
    web.apply([], purge="all")
    assert web.held() == []
    now = web.session.call("list", "listSecurityGroups", securitygroupname="web")["securitygroup"][0]
    assert [rule.get("securitygroupname") for rule in now["ingressrule"]] == ["db"]
    assert len(now["egressrule"]) == 1


def test_a_shared_firewall_rule_is_taken_apart_only_for_what_goes(connect: Open) -> None:
    runner = Runner(connect(), ADDRESS)
    keep = [{"cidr": "192.0.2.9", "ports": 22}, {"cidr": "192.0.2.11", "ports": 22}]
    assert runner.apply(keep, purge="all") == 1
    assert runner.held() == ["192.0.2.11/32 tcp/22 []", "192.0.2.9/32 tcp/22 []"]
    rules = runner.session.call("list", "listFirewallRules")["firewallrule"]
    assert {rule["cidrlist"]: [t["key"] for t in rule["tags"]] for rule in rules} == {
        "192.0.2.9/32": ["team"],
        "192.0.2.11/32": ["team"],
    }


def test_an_overlapping_firewall_rule_of_others_is_a_conflict(connect: Open) -> None:
    runner = Runner(connect(), ADDRESS)
    with pytest.raises(ProviderError) as caught:
        runner.apply([{"cidr": "192.0.2.9", "ports": "20-25"}])
    assert caught.value.kind == "conflict" and runner.done == []


@pytest.mark.parametrize(
    ("scope", "entry"),
    [
        (WEB, {"cidr": "192.0.2.0/24", "protocol": "icmp", "ports": 8}),
        (WEB, {"cidr": "192.0.2.0/24", "protocol": "sctp", "ports": 8}),
        (SPARE, {"cidr": "2001:db8::/32", "ports": 443}),
        (SPARE, {"cidr": "192.0.2.0/24", "protocol": "esp"}),
    ],
    ids=["icmp-any-code", "sctp-port", "ipv6-firewall", "esp-firewall"],
)
def test_what_cannot_be_said_is_refused_before_the_first_write(
    connect: Open, scope: Scope, entry: dict[str, Any]
) -> None:
    runner = Runner(connect(), scope)
    with pytest.raises(ProviderError) as caught:
        runner.apply([*HTTPS, entry])
    assert caught.value.kind == "invalid"
    assert not [name for name in runner.session.calls.by_name() if not name.startswith("list")]


FAULTY = [
    (WEB, ("authorize*", "queryAsync*", "createTags", "revoke*")),
    (SPARE, ("createFirewall*", "queryAsync*", "createTags", "delete*")),
    (EMPTY, ("createNetwork*", "queryAsync*", "delete*")),
]


@pytest.mark.parametrize("mode", ["lost", "reset", "throttle"])
@pytest.mark.parametrize(("scope", "operation"), [(scope, name) for scope, names in FAULTY for name in names], ids=str)
def test_one_fault_anywhere_is_ridden_out(
    connect: Open, faults: FaultProxy, scope: Scope, operation: str, mode: str
) -> None:
    runner = Runner(connect(url=faults.url), scope)
    runner.apply([*HTTPS, {"cidr": "203.0.113.1", "ports": 80}])
    rule = faults.add(mode=mode, operation=operation, **({"shape": "cloudstack"} if mode == "throttle" else {}))
    assert runner.apply([*HTTPS, {"cidr": "203.0.113.2", "ports": 80}]) == len(runner.done) == 2
    assert rule.seen
    assert runner.apply([*HTTPS, {"cidr": "203.0.113.2", "ports": 80}]) == 0
    own = [held for held in runner.held() if "[store-a]" in held]
    assert len(own) == 3 and "203.0.113.2/32 tcp/80 [store-a]" in own


@pytest.mark.parametrize("operation", ["authorize*", "createTags", "revoke*"])
def test_after_a_fault_that_stays_the_next_run_converges(connect: Open, faults: FaultProxy, operation: str) -> None:
    runner = Runner(connect(url=faults.url))
    runner.apply(HTTPS)
    faults.add(mode="reset", operation=operation, times=0)
    wanted = [HTTPS[0], {"cidr": "203.0.113.1", "ports": 80}]
    with pytest.raises(ProviderError):
        runner.apply(wanted)
    added = [change.action for change in runner.done]
    assert added == (["add"] if operation == "revoke*" else [])
    faults.reset()
    runner.apply(wanted)
    assert runner.apply(wanted) == 0


KEYS = ["192.0.2.1/32 tcp/443", "192.0.2.2/32 tcp/443"]


@pytest.mark.parametrize(("scope", "make"), [(WEB, "authorize*"), (SPARE, "createFirewall*")], ids=str)
def test_a_mark_alone_is_dropped_though_nothing_else_changes(
    connect: Open, faults: FaultProxy, scope: Scope, make: str
) -> None:
    faults.add(mode="reset", operation=make, times=0)
    with pytest.raises(ProviderError):
        Runner(connect(url=faults.url), scope).apply([{**HTTPS[0], "owner": "ops"}, HTTPS[1]])
    runner = Runner(connect(), scope)
    assert runner.state().stale == tuple(KEYS)
    # An entry that is wanted takes the mark that is there; what is said about it is brought to what is wanted.
    runner.apply(HTTPS[:1])
    assert [(change.action, change.key) for change in runner.done] == [("add", KEYS[0]), ("unmark", KEYS[1])]
    assert runner.state().stale == () and f"{KEYS[0]} [store-a]" in runner.held()
    runner.apply([])
    assert runner.state().extra.tags == {}
    runner = Runner(connect(), scope)
    assert runner.apply([]) == 0 and runner.session.calls.by_name() == dict.fromkeys(READS[scope], 1)


def test_the_mark_of_a_rule_that_a_late_job_made_since_the_read_stays(connect: Open) -> None:
    runner = Runner(connect())
    runner.apply(HTTPS[:1])
    state = runner.state()
    now = dataclasses.replace(state, held=(), stale=(KEYS[0],))
    changes = plan(now, Wanted(WEB, ()), "store-a", runner.adapter.limits, TODAY).changes
    assert [change.action for change in changes] == ["unmark"]
    assert list(runner.adapter.apply_allowlist(now, changes)) == []
    assert runner.state() == state


def test_with_our_stale_note_the_mark_that_another_store_has_just_set_stays(connect: Open) -> None:
    runner = Runner(connect())
    theirs = {f"{marks.OWN}{KEYS[0]}": "store-b"}
    note = {f"{marks.NOTE}{KEYS[0]}": mark.write("store-a", Note("ops"), marks.MARK_CHARS)}
    marks.Marks(runner.session, "SecurityGroup").put("meddle", runner.state().ref, {}, theirs | note)
    assert runner.apply([]) == 1
    assert [(change.action, change.key) for change in runner.done] == [("unmark", KEYS[0])]
    assert runner.state().extra.tags == theirs


@pytest.mark.slow
@pytest.mark.parametrize("scope", [WEB, SPARE, EMPTY], ids=str)
@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_killed_at_any_call_nothing_of_ours_is_left_behind(
    connect: Open, faults: FaultProxy, server: LabServer, scope: Scope, mode: str
) -> None:
    """From one call on nothing comes back, as for a run that was killed there; the entries are dropped meanwhile."""
    wanted = [{**HTTPS[0], "owner": "ops"}, {"cidr": "203.0.113.1", "ports": 80}]
    for number in range(1, 40):
        server.reset()
        faults.reset()
        before = Runner(connect(), scope).held()
        Runner(connect(), scope).apply(HTTPS)
        faults.add(mode=mode, first=number, times=0)
        killed = Runner(connect(url=faults.url, retry=Retry(0)), scope)
        try:
            killed.apply(wanted)
        except ProviderError:
            next_run = Runner(connect(), scope)
            next_run.apply([])
            assert next_run.held() == before, f"killed at call {number}"
        else:
            assert number >= 8
            return
    raise AssertionError("the run never came to its end")


@pytest.mark.slow
def test_every_parameter_sent_is_known(web: Runner, server: LabServer) -> None:
    web.apply(HTTPS)
    assert all(call["unknown_params"] == [] for call in server.calls())
    assert PROVIDER.scope_kinds == ("security_group", "firewall", "network_acl")
