# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network security groups on the emulator: one read for all, one bound write for each that changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope

from .conftest import (
    FOREIGN,
    PLAIN,
    STORE,
    SUBSCRIPTION,
    TODAY,
    Account,
    Wanted,
    parse_entries,
    plan,
    scope,
    session,
)

A = {"cidr": "192.0.2.1", "ports": 443, "owner": "ops", "ticket": "T-1", "expires": "2027-01-31", "reason": "store-1"}
B = {"cidr": "2001:DB8::/48", "ports": "8000-8010"}
C = {"cidr": "198.51.100.0/24", "protocol": "all"}
READ, WRITE, POLL = "GET networkSecurityGroups", "PUT networkSecurityGroups", "GET operations"


def untouched(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The customer's rules without what Azure changes by itself."""
    kept = [{k: v for k, v in rule.items() if k != "etag"} for rule in rules]
    return [rule for rule in kept if not rule["name"].startswith("svcstore-")]


def test_fresh_is_one_write_and_a_rerun_one_read(account: Account) -> None:
    assert len(account.bring(A, B, C)) == 3
    assert account.calls() == {READ: 1, WRITE: 1, POLL: 1}
    assert account.bring(A, B, C) == []
    assert account.calls() == {READ: 2, WRITE: 1, POLL: 1}


def test_a_change_costs_one_write_however_much_it_changes(account: Account) -> None:
    account.bring(A, B)
    made = account.bring({**A, "cidr": "192.0.2.2"}, {**B, "owner": "new"})
    assert [c.action for c in made] == ["add", "update", "remove"]
    assert account.calls()[WRITE] == 2
    assert sorted(str(item) for item in account.read().held) == [
        "192.0.2.2/32 tcp/443 owner=ops ticket=T-1 expires=2027-01-31 reason=store-1",
        "2001:db8::/48 tcp/8000-8010 owner=new",
    ]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_groups_are_read_in_one_call_however_they_are_named(account: Account, count: int) -> None:
    by_id = Scope("network_security_group", id=account.read("mixed").ref.replace("store", "STORE"))
    before = account.calls()[READ]
    scopes = [scope("api"), by_id, scope("api", "other")][:count]
    states = account.adapter.read_allowlists(scopes)
    assert [states[s].ref.rpartition("/")[2] for s in scopes] == ["api", "mixed", "api"][:count]
    assert account.calls()[READ] == before + 1


@pytest.mark.parametrize(
    "entry",
    [
        {"cidr": "192.0.2.1", "protocol": "TCP", "ports": "1-65535"},
        {"cidr": "192.0.2.1/32", "protocol": 6, "ports": -1},
        {"cidr": "2001:DB8:0::1", "protocol": "udp", "ports": "53"},
        {"cidr": "192.0.2.1", "protocol": "-1"},
        {"cidr": "192.0.2.1", "protocol": "icmp"},
        {"cidr": "2001:db8::1", "protocol": "icmp"},
        {"cidr": "192.0.2.1", "protocol": "esp"},
    ],
    ids=lambda entry: "-".join(str(value) for value in entry.values()),
)
def test_every_spelling_comes_back_equal(account: Account, entry: dict[str, Any]) -> None:
    assert len(account.bring(entry)) == 1
    assert account.bring(entry) == []
    assert len(account.bring()) == 1
    assert account.rules() == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [({"protocol": "gre"}, "protocol gre"), ({"protocol": "icmp", "ports": "8"}, "single ICMP types")],
    ids=["gre", "icmp-type"],
)
def test_what_security_rules_cannot_say_is_refused_before_a_write(
    account: Account, entry: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProviderError, match=words):
        account.bring(A, {"cidr": "192.0.2.9", **entry})
    assert WRITE not in account.calls()


def test_priorities_avoid_those_taken_and_stay_over_runs(account: Account) -> None:
    def ours() -> dict[str, int]:
        rules = account.rules("mixed")
        return {r["properties"]["sourceAddressPrefix"]: r["properties"]["priority"]
                for r in rules if r["name"].startswith("svcstore-")}  # fmt: skip

    account.bring(A, C, name="mixed")
    assert ours() == {"192.0.2.1/32": 1000, "198.51.100.0/24": 1002}
    account.bring({"cidr": "192.0.2.0", "ports": 443}, C, A, name="mixed")
    assert ours() == {"192.0.2.0/32": 1003, "192.0.2.1/32": 1000, "198.51.100.0/24": 1002}
    account.bring(C, {"cidr": "192.0.2.7", "ports": 443}, name="mixed")
    assert ours()["198.51.100.0/24"] == 1002


@pytest.mark.parametrize(
    ("deny", "expected"),
    [
        ({"sourceAddressPrefix": "*"}, 100),
        ({"sourceAddressPrefix": "Internet", "protocol": "*"}, 100),
        ({"sourceAddressPrefixes": ["198.51.100.0/24", "192.0.2.0/24"], "destinationPortRange": "400-500"}, 100),
        ({"sourceAddressPrefix": "*", "destinationPortRange": "22"}, 1000),
        ({"sourceAddressPrefix": "*", "protocol": "Udp"}, 1000),
        ({"sourceAddressPrefix": "198.51.100.0/24"}, 1000),
        ({"sourceAddressPrefix": "*", "direction": "Outbound"}, 1000),
        ({"sourceAddressPrefix": "*", "access": "Allow"}, 1000),
    ],
    ids=["all", "tag", "prefix-and-ports", "other-port", "other-protocol", "other-source", "outbound", "allow"],
)
def test_a_new_rule_comes_before_what_would_deny_it(account: Account, deny: dict[str, Any], expected: int) -> None:
    properties = {**PLAIN, "access": "Deny", "priority": 200, "destinationPortRange": "*", **deny}
    put_rule(account, properties)
    account.bring(A)
    assert [r["properties"]["priority"] for r in account.rules()] == [200, expected]


def test_no_room_before_a_deny_is_said_and_nothing_written(account: Account) -> None:
    put_rule(
        account, {**PLAIN, "access": "Deny", "priority": 100, "sourceAddressPrefix": "*", "destinationPortRange": "*"}
    )
    with pytest.raises(ProviderError, match="denies it at priority 100") as refused:
        account.bring(A)
    assert refused.value.kind == "quota"
    assert account.calls()[WRITE] == 1, "the preparation's own"


DENY = {**PLAIN, "access": "Deny", "priority": 200, "sourceAddressPrefix": "*", "destinationPortRange": "*"}


def ours(account: Account, name: str = "api") -> list[int]:
    """The priorities of our rules."""
    return sorted(r["properties"]["priority"] for r in account.rules(name) if r["name"].startswith("svcstore-"))


def test_an_entry_that_a_deny_has_come_in_front_of_is_made_anew_in_front_of_it(account: Account) -> None:
    account.bring(A, C)
    put_rule(account, {**DENY, "sourceAddressPrefix": "192.0.2.0/24", "destinationPortRange": "400-500"})
    held = {item.entry.cidr: item.blocked for item in account.read().held}
    assert held == {"192.0.2.1/32": True, "198.51.100.0/24": False}
    writes = account.calls()[WRITE]
    made = account.bring(A, C)
    assert [(change.action, change.key.split()[0]) for change in made] == [
        ("add", "192.0.2.1/32"),
        ("remove", "192.0.2.1/32"),
    ]
    assert account.calls()[WRITE] == writes + 1
    assert ours(account) == [100, 1001]
    assert account.bring(A, C) == []


def test_a_rule_of_ours_that_somebody_moved_behind_a_deny_is_made_anew(account: Account) -> None:
    account.bring(A)
    put_rule(account, DENY)
    names = set()
    for _unused in range(3):
        assert [change.action for change in account.bring(A)] == ["add", "remove"]
        (rule,) = (rule for rule in account.rules() if rule["name"].startswith("svcstore-"))
        names.add(rule["name"])
        assert rule["properties"]["priority"] == 100
        moved = {name: value for name, value in rule["properties"].items() if name != "provisioningState"}
        put_rule(account, {**moved, "priority": 201}, rule["name"])
    # Two names take turns, since the old rule and the new one meet in one write.
    assert len(names) == 2


def test_no_room_before_a_deny_is_said_before_anything_is_written(account: Account) -> None:
    account.bring(A)
    put_rule(account, {**DENY, "priority": 100})
    state = account.read()
    wanted = Wanted(state.scope, parse_entries([A], "entries"))
    changes = plan(state, wanted, STORE, account.adapter.limits, TODAY).changes
    with pytest.raises(ProviderError, match="denies it at priority 100"):
        account.adapter.refuse(state, changes)


def test_with_purge_none_the_blocked_one_stays_behind(account: Account) -> None:
    account.bring(A)
    put_rule(account, DENY)
    assert [change.action for change in account.bring(A, purge="none")] == ["add"]
    assert ours(account) == [100, 1000]
    assert account.bring(A, purge="none") == []


def test_a_blocked_entry_of_somebody_else_stays_and_ours_goes_in_front(account: Account) -> None:
    put_rule(account, {**DENY, "priority": 150}, name="mixed")
    wanted = {"cidr": "198.51.100.0/24", "ports": 80}
    assert [change.action for change in account.bring(wanted, name="mixed")] == ["add"]
    assert ours(account, "mixed") == [102] and "grid" in [rule["name"] for rule in account.rules("mixed")]
    assert account.bring(wanted, name="mixed") == []


@pytest.mark.parametrize(
    "exception",
    [
        {"destinationAddressPrefix": "10.0.9.0/24"},
        {"sourcePortRange": "1024"},
        {"destinationPortRange": "22"},
        {"protocol": "Udp"},
        {"sourceAddressPrefix": "203.0.113.0/24"},
        {"sourceAddressPrefix": "VirtualNetwork"},
        {"direction": "Outbound"},
        {"priority": 1001},
    ],
    ids=["one-target", "source-port", "other-port", "other-protocol", "other-source", "tag", "outbound", "behind"],
)
def test_what_denies_something_else_moves_nothing(account: Account, exception: dict[str, Any]) -> None:
    account.bring(A)
    put_rule(account, {**DENY, **exception})
    assert account.bring(A) == [] and ours(account) == [1000]


HOST = {**DENY, "sourceAddressPrefix": "198.51.100.66/32", "protocol": "*"}
PORT = {**DENY, "destinationPortRange": "22"}
TARGET = {**DENY, "protocol": "*", "destinationAddressPrefix": "10.0.9.0/24"}


@pytest.mark.parametrize("exception", [HOST, PORT, TARGET], ids=["address", "port", "target"])
@pytest.mark.parametrize(("number", "expected"), [(100, 1000), (1500, 1501)])
def test_nothing_goes_in_front_of_an_exception(
    account: Account, exception: dict[str, Any], number: int, expected: int
) -> None:
    put_rule(account, {**exception, "priority": number})
    assert len(account.bring(C)) == 1
    assert ours(account) == [expected] and account.bring(C) == []


@pytest.mark.parametrize("exception", [HOST, PORT, TARGET], ids=["address", "port", "target"])
def test_an_exception_that_comes_later_stays_in_front(account: Account, exception: dict[str, Any]) -> None:
    account.bring(C)
    put_rule(account, {**exception, "priority": 100})
    assert account.bring(C) == [] and ours(account) == [1000]


def test_a_rule_that_is_made_anew_stays_behind_the_exceptions(account: Account) -> None:
    account.bring(C)
    put_rule(account, {**HOST, "priority": 300}, "host")
    put_rule(account, {**DENY, "protocol": "*", "priority": 400}, "closing")
    assert [change.action for change in account.bring(C)] == ["add", "remove"]
    assert ours(account) == [301] and account.bring(C) == []


def test_a_closing_deny_of_the_whole_network_is_no_exception(account: Account) -> None:
    put_rule(account, {**DENY, "protocol": "*", "destinationAddressPrefix": "VirtualNetwork", "priority": 4096})
    account.bring(C)
    assert ours(account) == [1000]


def test_no_room_behind_an_exception_is_said(account: Account) -> None:
    put_rule(account, {**HOST, "priority": 4096})
    with pytest.raises(ProviderError, match="behind the rule that denies a part of it at priority 4096") as refused:
        account.bring(C)
    assert refused.value.kind == "quota" and ours(account) == []


@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_a_lost_answer_while_a_rule_is_made_anew_is_no_failure(server: Any, faults: Any, mode: str) -> None:
    account = Account(session(faults.url, server.ca_file))
    account.bring(A)
    put_rule(account, DENY)
    faults.add(mode=mode, operation="PUT *")
    assert [change.action for change in account.bring(A)] == ["add", "remove"]
    assert ours(account) == [100] and account.bring(A) == []


def put_rule(account: Account, properties: dict[str, Any], rule: str = "theirs", name: str = "api") -> None:
    path = f"{account.read(name).ref}/securityRules/{rule}"
    account.session.send("prepare", "PUT", "arm", path, {"properties": properties}, {"api-version": "2025-07-01"})


def test_many_groups_at_once_share_one_session(account: Account) -> None:
    scopes = [scope("api"), scope("mixed"), scope("api", "other")] * 4
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda one: account.adapter.read_allowlists([one])[one].ref, scopes))
    assert len(set(found)) == 3
    assert account.session.calls.by_name()["entra.token"] == 1


def test_foreign_rules_stay_byte_for_byte(account: Account) -> None:
    before = untouched(account.rules("mixed"))
    account.bring(A, B, name="mixed")
    account.bring(name="mixed")
    assert untouched(account.rules("mixed")) == before
    assert len(before) == len(FOREIGN)


def test_a_foreign_rule_counts_as_each_pair_it_allows(account: Account) -> None:
    lines = sorted(str(item.entry) for item in account.read("mixed").held)
    assert lines == [
        "198.51.100.0/24 tcp/80",
        "198.51.100.0/24 tcp/8000-8010",
        "2001:db8::/48 tcp/80",
        "2001:db8::/48 tcp/8000-8010",
        "203.0.113.7/32 tcp/22",
    ]
    assert account.bring({"cidr": "2001:db8::/48", "ports": 80}, name="mixed") == []


@pytest.mark.parametrize(
    ("keep", "rules"),
    [
        ([], {}),
        ([("198.51.100.0/24", 80), ("198.51.100.0/24", "8000-8010")], {"grid": (["198.51.100.0/24"], 2)}),
        ([("198.51.100.0/24", 80), ("2001:db8::/48", 80)], {"grid": (["198.51.100.0/24", "2001:DB8::/48"], 1)}),
        (
            [("198.51.100.0/24", 80), ("2001:db8::/48", "8000-8010")],
            {"grid": (["198.51.100.0/24"], 1), "grid-part2": (["2001:DB8::/48"], 1)},
        ),
    ],
    ids=["none", "one-prefix", "one-port", "a-diagonal"],
)
def test_a_purge_takes_single_pairs_out_of_a_foreign_rule(
    account: Account, keep: list[tuple[str, Any]], rules: dict[str, Any]
) -> None:
    wanted = [{"cidr": cidr, "ports": ports} for cidr, ports in keep]
    account.bring(*wanted, purge="all", name="mixed")
    seen = {}
    for rule in account.rules("mixed"):
        properties = rule["properties"]
        prefixes = properties["sourceAddressPrefixes"] or [properties["sourceAddressPrefix"]]
        ports = properties["destinationPortRanges"] or [properties["destinationPortRange"]]
        seen[rule["name"]] = (prefixes, len(ports))
    assert seen == {"tag": (["VirtualNetwork"], 1), **rules}
    assert account.bring(*wanted, purge="all", name="mixed") == []


def test_names_and_descriptions_are_ours_to_find(account: Account) -> None:
    account.bring(A)
    [rule] = account.rules()
    assert rule["name"].startswith(f"svcstore-{STORE}-")
    assert rule["properties"]["description"] == (
        f"svcstore:{STORE} owner=ops ticket=T-1 expires=2027-01-31 reason=store-1"
    )


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (scope("none"), "not_found"),
        (scope("api", "none"), "not_found"),
        (Scope("network_security_group", name="api"), "invalid"),
        (Scope("network_security_group", id="nsg-1"), "invalid"),
        (Scope("network_security_group", name="../x", parent="store"), "invalid"),
    ],
    ids=["group", "resource-group", "no-parent", "no-resource-id", "path"],
)
def test_a_scope_that_is_not_there_is_named(account: Account, wrong: Scope, kind: str) -> None:
    with pytest.raises(ProviderError) as refused:
        account.adapter.read_allowlists([wrong])
    assert refused.value.kind == kind
    assert str(wrong).split()[-1] in str(refused.value)


@pytest.mark.slow
def test_more_than_a_thousand_rules_are_refused_before_a_write(account: Account) -> None:
    entries = [{"cidr": f"10.{n // 250}.{n % 250}.1", "ports": 443} for n in range(1001)]
    with pytest.raises(ValueError, match="would hold 1001 entries"):
        account.bring(*entries)
    assert len(account.bring(*entries[:1000])) == 1000
    assert account.calls()[WRITE] == 1
    assert SUBSCRIPTION in account.read().ref
