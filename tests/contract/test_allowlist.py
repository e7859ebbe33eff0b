# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_allowlist promises on every provider, against a server that speaks the provider's own API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from tests.support.module import ModuleFailed

from .accounts import KINDS, RunningAccounts
from .accounts.base import CloudAccount
from .conftest import PROVIDERS, Store, entries_told

ACCOUNTS = [
    *PROVIDERS,
    *(pytest.param(name, id=name) for name in sorted(KINDS)),
]


@pytest.fixture(params=ACCOUNTS)
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    """Every provider's account, and one for each further kind of allowlist."""
    return running_accounts.get(request.param)


ONE = {"cidr": "192.0.2.1", "ports": "443", "owner": "team", "ticket": "CHG-1", "reason": "first"}
TWO = {"cidr": "192.0.2.2", "ports": "443", "owner": "team", "ticket": "CHG-1"}
MANY = [
    ONE,
    {"cidr": "198.51.100.0/24", "ports": "8000-8010"},
    {"cidr": "2001:db8::/48", "ports": "443"},
    {"cidr": "192.0.2.9", "protocol": "udp", "ports": "53"},
    {"cidr": "192.0.2.9", "protocol": "tcp"},
    {"cidr": "192.0.2.9", "protocol": "icmp", "ports": "8-0"},
]
SPELLED_OTHERWISE = [
    {**ONE, "cidr": "192.0.2.1/32", "protocol": "TCP", "ports": 443},
    {"cidr": "198.51.100.0/24", "protocol": "6", "ports": "8000-8010"},
    {"cidr": "2001:DB8:0::/48", "ports": "443-443"},
    {"cidr": "192.0.2.9", "protocol": "17", "ports": "53"},
    {"cidr": "192.0.2.9", "protocol": "tcp", "ports": "1-65535"},
    {"cidr": "192.0.2.9", "protocol": "1", "ports": "8-0"},
]


def test_what_is_applied_is_read_back_and_a_second_run_changes_nothing(store: Store, account: CloudAccount) -> None:
    many, otherwise = ([row for row in rows if account.icmp_types or row.get("ports") != "8-0"]
                       for rows in (MANY, SPELLED_OTHERWISE))  # fmt: skip
    assert store.apply(*many)["changed"]
    assert store.held() | {"192.0.2.9/32 icmp/8-0"} == {
        "192.0.2.1/32 tcp/443",
        "198.51.100.0/24 tcp/8000-8010",
        "2001:db8::/48 tcp/443",
        "192.0.2.9/32 udp/53",
        "192.0.2.9/32 tcp/all",
        "192.0.2.9/32 icmp/8-0",
    }
    account.faults.reset()
    again = store.apply(*otherwise)
    assert not again["changed"] and again["diff"] == []
    assert account.writes() == []


def test_a_rerun_over_two_scopes_makes_the_least_reads_and_no_write(store: Store, account: CloudAccount) -> None:
    lists = [{"scope": dict(scope), "entries": [ONE, TWO]} for scope in account.scopes]
    first = store.run("access_allowlist", allowlists=lists)
    assert [row["entries"] for row in first["allowlists"]] == [2, 2]
    account.faults.reset()
    second = store.run("access_allowlist", allowlists=lists)
    assert not second["changed"]
    assert account.writes() == []
    assert len(account.reads()) == account.least_reads, account.reads()


def test_check_mode_makes_no_write_and_predicts_the_diff(store: Store, account: CloudAccount) -> None:
    store.apply(ONE, TWO)
    account.faults.reset()
    wanted = [ONE, {"cidr": "192.0.2.3", "ports": "443"}]
    predicted = store.apply(*wanted, check=True)
    assert account.writes() == []
    done = store.apply(*wanted)
    assert predicted["changed"] and done["changed"]
    assert predicted["diff"] == done["diff"] != []
    assert predicted["allowlists"] == done["allowlists"]


@pytest.mark.parametrize(("purge", "stays"), [("none", {"f", "2"}), ("own", {"f"}), ("all", set())])
def test_only_what_purge_allows_is_removed(store: Store, account: CloudAccount, purge: str, stays: set[str]) -> None:
    account.add_foreign(account.scopes[0], Entry("203.0.113.7/32", "tcp", (22, 22)))
    store.apply(ONE, TWO)
    store.apply(ONE, purge=purge)
    spelled = {"f": "203.0.113.7/32 tcp/22", "2": "192.0.2.2/32 tcp/443"}
    assert store.held() == {"192.0.2.1/32 tcp/443", *(spelled[name] for name in stays)}


def test_an_entry_that_somebody_else_made_counts_as_present(store: Store, account: CloudAccount) -> None:
    account.add_foreign(account.scopes[0], Entry("192.0.2.1/32", "tcp", (443, 443)))
    assert not store.apply(ONE)["changed"]


def test_drift_is_missing_and_undeclared_entries(store: Store, account: CloudAccount) -> None:
    store.apply(TWO)
    account.add_foreign(account.scopes[0], Entry("203.0.113.7/32", "tcp", (22, 22)))
    lists = [{"scope": dict(account.scopes[0]), "entries": [ONE, TWO]}]
    found = store.run("access_allowlist_info", allowlists=lists)
    assert found["drift"] is True
    assert {row["state"] for row in found["report"]["rows"]} == {"missing", "undeclared"}
    assert found["allowlists"][0]["missing"] == ["192.0.2.1/32 tcp/443"]
    assert found["allowlists"][0]["undeclared"] == ["203.0.113.7/32 tcp/22"]


def test_one_object_in_two_spellings_is_refused(store: Store, account: CloudAccount) -> None:
    if account.provider != "azure":
        pytest.skip("names are compared with regard to case there")
    scope = account.scopes[0]
    other = {**scope, "name": scope["name"].upper()}
    lists = [{"scope": dict(one), "entries": [ONE]} for one in (scope, other)]
    with pytest.raises(ModuleFailed, match="is the same object as"):
        store.run("access_allowlist", allowlists=lists)
    assert not account.writes()


def test_an_unknown_scope_is_named_and_nothing_is_written(store: Store, account: CloudAccount) -> None:
    lists = [{"scope": dict(scope), "entries": [ONE]} for scope in (account.scopes[0], account.unknown_scope)]
    with pytest.raises(ModuleFailed, match=account.unknown_scope["name"]) as failed:
        store.run("access_allowlist", allowlists=lists)
    assert failed.value.result["error"]["kind"] == "not_found"
    assert account.writes() == []


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param([{"cidr": "192.0.2.1/24"}], "has host bits set; write 192.0.2.0/24", id="host bits"),
        pytest.param([{"cidr": "192.0.2.1", "ports": "70000"}], "is no port", id="port"),
        pytest.param([ONE, {**ONE, "cidr": "192.0.2.1/32"}], r"entries\[1\].*is the same as", id="duplicate"),
        pytest.param([{"cidr": "0.0.0.0/0"}], "waiver with owner and expires", id="everybody"),
    ],
)
def test_bad_input_is_refused_before_any_connection(
    store: Store, account: CloudAccount, entries: list[Any], words: str
) -> None:
    with pytest.raises(ModuleFailed, match=words) as failed:
        store.apply(*entries)
    assert failed.value.result["error"]["type"] == "InvalidInput"
    assert account.faults.operations() == []


def test_what_the_provider_cannot_express_is_refused_before_any_connection(store: Store, account: CloudAccount) -> None:
    if account.provider not in {"azure", "cloudstack"}:
        pytest.skip("this provider expresses every entry")
    with pytest.raises(ModuleFailed) as failed:
        store.apply(ONE, {"cidr": "192.0.2.9", "protocol": "icmp", "ports": "8"}, check=True)
    assert failed.value.result["error"]["kind"] == "invalid"
    assert account.faults.operations() == []


def test_one_scope_named_twice_is_refused(store: Store, account: CloudAccount) -> None:
    lists = [{"scope": dict(account.scopes[0]), "entries": []}] * 2
    with pytest.raises(ModuleFailed, match="is the same as"):
        store.run("access_allowlist", allowlists=lists)


def test_a_throttled_write_is_tried_again(store: Store, account: CloudAccount) -> None:
    account.faults.add(mode="throttle", shape=account.shape, operation=account.add_call, times=1)
    assert store.apply(ONE)["changed"]
    assert store.held() == {"192.0.2.1/32 tcp/443"}


def test_endless_throttling_ends_in_a_clear_error_that_claims_nothing(store: Store, account: CloudAccount) -> None:
    account.faults.add(mode="throttle", shape=account.shape, operation=account.add_call, times=0)
    with pytest.raises(ModuleFailed) as failed:
        store.apply(ONE, retries=1)
    assert failed.value.result["error"]["kind"] == "throttled"
    assert entries_told(failed.value.result) == []
    account.faults.reset()
    assert store.apply(ONE)["changed"]
    assert store.held() == {"192.0.2.1/32 tcp/443"}


@pytest.mark.parametrize("call", ["add_call", "remove_call"])
@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_a_lost_answer_ends_in_the_wanted_state_and_tells_the_truth(
    store: Store, account: CloudAccount, mode: str, call: str
) -> None:
    store.apply(TWO)
    account.faults.reset()
    account.faults.add(mode=mode, operation=getattr(account, call), times=1)
    try:
        result = store.apply(ONE)
    except ModuleFailed as failed:
        result = failed.result
        account.faults.reset()
        store.apply(ONE)
    assert result["changed"] is True
    assert store.held() == {"192.0.2.1/32 tcp/443"}
    assert not store.apply(ONE)["changed"]


def test_nothing_is_removed_when_an_add_is_refused(store: Store, account: CloudAccount) -> None:
    store.apply(TWO)
    account.faults.add(mode="status", status=500, operation=account.add_call, times=0)
    with pytest.raises(ModuleFailed):
        store.apply(ONE, retries=0)
    account.faults.reset()
    assert "192.0.2.2/32 tcp/443" in store.held()
    assert store.apply(ONE)["changed"]
    assert store.held() == {"192.0.2.1/32 tcp/443"}


def test_no_connection_goes_round_the_proxy(store: Store, account: CloudAccount) -> None:
    with pytest.raises(ModuleFailed) as failed:
        store.apply(ONE, proxy="http://127.0.0.1:9", retries=0)
    assert failed.value.result["error"]["kind"] == "unreachable"
    assert account.faults.operations() == []


def test_a_proxy_of_the_environment_is_never_used(
    store: Store, account: CloudAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert store.apply(ONE, retries=0)["changed"]


def test_no_secret_is_in_a_result(store: Store, account: CloudAccount) -> None:
    results = [store.apply(ONE), store.apply(ONE, check=True)]
    text = json.dumps(results)
    assert not [name for name, value in account.secret.items() if "secret" in name and value in text]


def test_an_address_that_the_store_moves_away_from_stays_until_it_is_not_kept(store: Store) -> None:
    store.apply(ONE)
    assert store.apply(TWO, keep_addresses=["192.0.2.1"])["changed"]
    assert store.held() == {"192.0.2.1/32 tcp/443", "192.0.2.2/32 tcp/443"}
    lists = [{"scope": dict(store.account.scopes[0]), "entries": [TWO]}]
    found = store.run("access_allowlist_info", allowlists=lists, keep_addresses=["192.0.2.1"])
    assert not found["drift"] and store.run("access_allowlist_info", allowlists=lists)["drift"]
    assert not store.apply(TWO, keep_addresses=["192.0.2.1"])["changed"]
    assert store.apply(TWO)["changed"] and store.held() == {"192.0.2.2/32 tcp/443"}


def test_ranges_and_aggregation_are_read_back_as_what_they_are(store: Store) -> None:
    halves = [{"cidr": "198.51.100.0/25", "ports": "443"}, {"cidr": "198.51.100.128/25", "ports": "443"}]
    ranged = {"cidr": "192.0.2.10-192.0.2.12", "ports": "443"}
    lists = [{"scope": dict(store.account.scopes[0]), "entries": [*halves, ranged], "aggregate": True}]
    assert store.run("access_allowlist", allowlists=lists)["changed"]
    assert store.held() == {"198.51.100.0/24 tcp/443", "192.0.2.10/31 tcp/443", "192.0.2.12/32 tcp/443"}
    assert not store.run("access_allowlist", allowlists=lists)["changed"]
    assert not store.run("access_allowlist_info", allowlists=lists)["drift"]


def test_what_is_wider_than_declared_is_told_apart(store: Store, account: CloudAccount) -> None:
    store.apply(ONE)
    account.add_foreign(account.scopes[0], Entry("192.0.2.0/24", "tcp", (443, 443)))
    lists = [{"scope": dict(account.scopes[0]), "entries": [ONE]}]
    (row,) = store.run("access_allowlist_info", allowlists=lists)["allowlists"]
    assert row["wider"] == row["undeclared"] == ["192.0.2.0/24 tcp/443"]


def test_a_deny_of_some_addresses_of_an_entry_is_an_exception_that_stays(store: Store, account: CloudAccount) -> None:
    if account.add_denial is None:
        pytest.skip("nothing can be denied in these lists")
    wide = {"cidr": "198.51.100.0/24", "ports": "443"}
    store.apply(wide)
    account.add_denial(account.scopes[0], Entry("198.51.100.66/32", "tcp", (443, 443)))
    lists = [{"scope": dict(account.scopes[0]), "entries": [wide]}]
    assert not store.apply(wide, check=True)["changed"] and not store.apply(wide)["changed"]
    assert not store.run("access_allowlist_info", allowlists=lists)["drift"]


def test_an_entry_that_a_deny_has_come_in_front_of_is_missing_and_made_anew(
    store: Store, account: CloudAccount
) -> None:
    if account.add_denial is None:
        pytest.skip("nothing can be denied in these lists")
    store.apply(ONE, TWO)
    account.add_denial(account.scopes[0], Entry("192.0.2.1/32", "tcp", (443, 443)))
    lists = [{"scope": dict(account.scopes[0]), "entries": [ONE, TWO]}]
    (row,) = store.run("access_allowlist_info", allowlists=lists)["allowlists"]
    assert row["missing"] == ["192.0.2.1/32 tcp/443"]
    predicted, done = store.apply(ONE, TWO, check=True), store.apply(ONE, TWO)
    assert predicted["changed"] and predicted["diff"] == done["diff"] != []
    (made,) = done["allowlists"]
    assert made["added"] == ["192.0.2.1/32 tcp/443"] and len(made["removed"]) == 1
    assert not store.apply(ONE, TWO)["changed"]
    assert not store.run("access_allowlist_info", allowlists=lists)["drift"]
