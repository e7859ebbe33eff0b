# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_allowlist promises of lists of bare addresses, to which rules elsewhere refer."""

from __future__ import annotations

import dataclasses
from fnmatch import fnmatch
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from tests.support.module import ModuleFailed

from .accounts import BARE, SLOW, RunningAccounts
from .accounts.base import Bare, CloudAccount
from .conftest import Store, entries_told

ONE = {"cidr": "192.0.2.1", "owner": "team", "ticket": "CHG-1", "reason": "first"}
TWO = {"cidr": "192.0.2.2", "owner": "team"}
FOREIGN = Entry("203.0.113.7/32", "all")


LISTS = [pytest.param(name, marks=[pytest.mark.openstack] if BARE[name][0] in SLOW else [], id=name) for name in BARE]


@pytest.fixture(params=LISTS)
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    return running_accounts.get(request.param)


def bare(account: CloudAccount) -> Bare:
    assert account.bare
    return account.bare


def matched(calls: list[str], patterns: tuple[str, ...]) -> bool:
    """Whether these calls, in this order, and no others were made."""
    return len(calls) == len(patterns) and all(fnmatch(*pair) for pair in zip(calls, patterns, strict=True))


def test_what_is_applied_is_read_back_and_a_second_run_changes_nothing(store: Store, account: CloudAccount) -> None:
    assert store.apply(ONE, {"cidr": "198.51.100.0/24"})["changed"]
    assert store.held() == {"192.0.2.1/32 all/all", "198.51.100.0/24 all/all"}
    account.faults.reset()
    again = store.apply({**ONE, "cidr": "192.0.2.1/32", "protocol": "all"}, {"cidr": "198.51.100.0/24"})
    assert not again["changed"] and account.writes() == []


def test_the_entries_of_two_lists_are_read_with_the_least_calls(store: Store, account: CloudAccount) -> None:
    lists = [{"scope": dict(scope), "entries": [ONE, TWO]} for scope in account.scopes]
    store.run("access_allowlist", allowlists=lists)
    account.faults.reset()
    assert not store.run("access_allowlist", allowlists=lists)["changed"]
    assert len(account.reads()) == account.least_reads, account.reads()


def test_one_in_anothers_place_takes_the_least_writes_and_check_mode_predicts_it(
    store: Store, account: CloudAccount
) -> None:
    store.apply(ONE)
    account.faults.reset()
    predicted = store.apply(TWO, check=True)
    assert account.writes() == []
    done = store.apply(TWO)
    assert matched(account.writes(), bare(account).swap)
    assert predicted["diff"] == done["diff"] != []
    assert store.held() == {"192.0.2.2/32 all/all"}


@pytest.mark.parametrize(("purge", "stays"), [("none", {"f", "2"}), ("own", {"f"}), ("all", set())])
def test_only_what_purge_allows_is_removed(store: Store, account: CloudAccount, purge: str, stays: set[str]) -> None:
    account.add_foreign(account.scopes[0], FOREIGN)
    store.apply(ONE, TWO)
    store.apply(ONE, purge=purge)
    spelled = {"f": "203.0.113.7/32 all/all", "2": "192.0.2.2/32 all/all"}
    assert store.held() == {"192.0.2.1/32 all/all", *(spelled[name] for name in stays)}


@pytest.mark.parametrize("entry", [{"cidr": "192.0.2.1", "ports": "443"}, {"cidr": "192.0.2.1", "protocol": "tcp"}])
def test_ports_and_protocols_are_refused_before_any_connection(
    store: Store, account: CloudAccount, entry: dict[str, Any]
) -> None:
    # A port with no protocol is refused for that reason already.
    with pytest.raises(ModuleFailed, match="list of bare addresses|which has no ports"):
        store.apply(entry)
    assert account.faults.operations() == []


@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_a_lost_answer_ends_in_the_wanted_state_and_tells_the_truth(
    store: Store, account: CloudAccount, mode: str
) -> None:
    store.apply(TWO)
    account.faults.reset()
    account.faults.add(mode=mode, operation=account.add_call, times=1)
    assert store.apply(ONE)["changed"] is True
    assert store.held() == {"192.0.2.1/32 all/all"}


def test_a_refused_write_changes_nothing_and_the_next_run_converges(store: Store, account: CloudAccount) -> None:
    store.apply(TWO)
    account.faults.add(mode="status", status=500, operation=account.add_call, times=0)
    with pytest.raises(ModuleFailed) as failed:
        store.apply(ONE, retries=0)
    assert entries_told(failed.value.result) == []
    account.faults.reset()
    assert store.held() == {"192.0.2.2/32 all/all"}
    assert store.apply(ONE)["changed"]


def test_more_than_a_list_holds_is_refused_before_a_write(store: Store, account: CloudAccount) -> None:
    entries = [{"cidr": f"10.0.{number // 250}.{number % 250}"} for number in range(bare(account).too_many)]
    lists = [{"scope": dict(account.scopes[1]), "entries": entries}]
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=bare(account).refusal):
            store.run("access_allowlist", allowlists=lists, check=check)
    assert account.writes() == []


def test_hundreds_of_entries_go_in_as_few_writes_as_the_provider_takes(store: Store, account: CloudAccount) -> None:
    entries = [{"cidr": f"192.0.2.{number}"} for number in range(150)]
    roomy = dataclasses.replace(account, scopes=(bare(account).roomy or account.scopes[0], account.scopes[1]))
    store.account = roomy
    store.apply(*entries)
    assert len(account.writes()) == bare(account).writes[0]
    account.faults.reset()
    store.apply(*entries[:10])
    assert len(account.writes()) == bare(account).writes[1]
    assert len(store.held()) == 10


def test_an_entry_of_the_other_family_is_refused_before_a_write(store: Store, account: CloudAccount) -> None:
    if 6 in bare(account).families:
        assert store.apply({"cidr": "2001:db8::/48"})["changed"] and store.held() == {"2001:db8::/48 all/all"}
        return
    with pytest.raises(ModuleFailed, match="is IPv6 and .* takes IPv4 alone"):
        store.apply({"cidr": "2001:db8::/48"})
    assert account.writes() == []


def test_drift_is_missing_and_undeclared_addresses(store: Store, account: CloudAccount) -> None:
    store.apply(TWO)
    account.add_foreign(account.scopes[0], FOREIGN)
    lists = [{"scope": dict(account.scopes[0]), "entries": [ONE, TWO]}]
    found = store.run("access_allowlist_info", allowlists=lists)
    assert found["drift"] is True
    assert found["allowlists"][0]["missing"] == ["192.0.2.1/32 all"]
    assert found["allowlists"][0]["undeclared"] == ["203.0.113.7/32 all"]


def test_an_address_that_somebody_else_put_there_counts_as_present_and_stays_theirs(
    store: Store, account: CloudAccount
) -> None:
    account.add_foreign(account.scopes[0], FOREIGN)
    assert not store.apply({"cidr": "203.0.113.7"})["changed"]
    assert not store.apply()["changed"] and store.held() == {"203.0.113.7/32 all/all"}


def test_an_unknown_list_is_named_and_nothing_is_written(store: Store, account: CloudAccount) -> None:
    lists = [{"scope": dict(scope), "entries": [ONE]} for scope in (account.scopes[0], account.unknown_scope)]
    with pytest.raises(ModuleFailed, match=account.unknown_scope["name"]) as failed:
        store.run("access_allowlist", allowlists=lists)
    assert failed.value.result["error"]["kind"] == "not_found"
    assert account.writes() == []


def test_a_throttled_write_is_tried_again(store: Store, account: CloudAccount) -> None:
    account.faults.add(mode="throttle", shape=account.shape, operation=account.add_call, times=1)
    assert store.apply(ONE)["changed"] and store.held() == {"192.0.2.1/32 all/all"}


def test_what_cannot_be_marked_is_refused_before_a_write_and_in_check_mode(store: Store, account: CloudAccount) -> None:
    count = bare(account).unmarkable
    if not count:
        pytest.skip("every entry of these lists has its own mark")
    entries = [{"cidr": f"203.0.113.{number * 2}", "reason": f"host {number}"} for number in range(count)]
    for check in (True, False):
        with pytest.raises(ModuleFailed, match="by which entries are marked") as failed:
            store.apply(*entries, check=check)
        assert failed.value.result["error"]["kind"] == "quota" and not failed.value.result["changed"]
    assert account.writes() == []
