# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access_allowlist promises of lists of bare addresses, to which rules elsewhere refer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from tests.support.module import ModuleFailed

from .accounts import BARE, RunningAccounts
from .accounts.base import CloudAccount
from .conftest import Store

ONE = {"cidr": "192.0.2.1", "owner": "team", "ticket": "CHG-1", "reason": "first"}
TWO = {"cidr": "192.0.2.2", "owner": "team"}
FOREIGN = Entry("203.0.113.7/32", "all")


@pytest.fixture(params=sorted(BARE))
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    return running_accounts.get(request.param)


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


def test_adds_and_removals_are_one_write_and_check_mode_predicts_it(store: Store, account: CloudAccount) -> None:
    store.apply(ONE)
    account.faults.reset()
    predicted = store.apply(TWO, check=True)
    assert account.writes() == []
    done = store.apply(TWO)
    assert account.writes() == [account.add_call]
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
    assert failed.value.result["changed"] is False
    account.faults.reset()
    assert store.held() == {"192.0.2.2/32 all/all"}
    assert store.apply(ONE)["changed"]


def test_more_than_a_list_holds_is_refused_before_a_write(store: Store, account: CloudAccount) -> None:
    entries = [{"cidr": f"192.0.2.{number}"} for number in range(4)]
    with pytest.raises(ModuleFailed, match="would hold 4 entries while it changes and the provider takes 3"):
        store.run("access_allowlist", allowlists=[{"scope": dict(account.scopes[1]), "entries": entries}])
    assert account.writes() == []


def test_hundreds_of_entries_go_in_as_few_writes_as_the_provider_takes(store: Store, account: CloudAccount) -> None:
    entries = [{"cidr": f"192.0.2.{number}"} for number in range(150)]
    store.apply(*entries)
    assert len(account.writes()) == 2
    account.faults.reset()
    store.apply(*entries[:10])
    assert len(account.writes()) == 2
    assert len(store.held()) == 10


def test_an_entry_of_the_other_family_is_refused_before_a_write(store: Store, account: CloudAccount) -> None:
    with pytest.raises(ModuleFailed, match="is IPv6 and .* takes IPv4 alone"):
        store.apply({"cidr": "2001:db8::/48"})
    assert account.writes() == []
