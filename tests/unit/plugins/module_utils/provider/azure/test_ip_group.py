# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP groups on the emulator: one read for all, one bound write for each that changes, marks in tags."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import FOREIGN_ADDRESSES, FOREIGN_TAGS, STORE, ListAccount, scope, session

A = {"cidr": "192.0.2.1", "owner": "ops", "ticket": "T-1", "expires": "2027-01-31", "reason": "store-1"}
B = {"cidr": "192.0.2.16/28", "owner": "ops"}
READ, WRITE, POLL = "GET ipGroups", "PUT ipGroups", "GET nfvOperations"
VERSION = {"api-version": "2025-07-01"}


def held(lists: ListAccount, name: str = "api") -> list[tuple[str, str]]:
    return sorted((str(item), item.store) for item in lists.read(name).held)


def test_fresh_is_one_write_and_a_rerun_one_read(lists: ListAccount) -> None:
    assert len(lists.bring(A, B)) == 2
    assert lists.calls() == {READ: 1, WRITE: 1, POLL: 1}
    assert lists.bring(A, B) == []
    assert lists.calls() == {READ: 2, WRITE: 1, POLL: 1}
    assert held(lists) == [
        ("192.0.2.1/32 all owner=ops ticket=T-1 expires=2027-01-31 reason=store-1", STORE),
        ("192.0.2.16/28 all owner=ops", STORE),
    ]


def test_a_change_costs_one_write_however_much_it_changes(lists: ListAccount) -> None:
    lists.bring(A, B)
    made = lists.bring({**A, "cidr": "192.0.2.2"}, {**B, "owner": "new"})
    assert [change.action for change in made] == ["add", "update", "remove"]
    assert lists.calls()[WRITE] == 2
    assert [line.partition(" ")[0] for line, _store in held(lists)] == ["192.0.2.16/28", "192.0.2.2/32"]
    assert lists.group()["tags"]["svcstore:store-a 192.0.2.16_28"] == "svcstore:store-a owner=new"


def test_groups_are_read_in_one_call_however_they_are_named(lists: ListAccount) -> None:
    by_id = Scope("ip_group", id=lists.read("mixed").ref.replace("store", "STORE"))
    scopes = [scope("api", kind="ip_group"), by_id, scope("api", "other", kind="ip_group")]
    states = lists.adapter.read_allowlists(scopes)
    assert [states[one].ref.rpartition("/")[2] for one in scopes] == ["api", "mixed", "api"]
    assert lists.calls() == {READ: 2}


def test_an_id_of_another_type_is_refused(lists: ListAccount) -> None:
    wrong = Scope("ip_group", id=lists.read().ref.replace("ipGroups", "networkSecurityGroups"))
    with pytest.raises(ProviderError, match="no resource id of an IP group.*write /subscriptions/.*/ipGroups/"):
        lists.adapter.read_allowlists([wrong])


def test_what_others_put_there_stays_as_it_is(lists: ListAccount) -> None:
    lists.bring(A, B, name="mixed")
    assert lists.addresses("mixed") == [*FOREIGN_ADDRESSES, "192.0.2.1/32", "192.0.2.16/28"]
    lists.bring(name="mixed")
    group = lists.group("mixed")
    assert (group["properties"]["ipAddresses"], group["tags"]) == (FOREIGN_ADDRESSES, FOREIGN_TAGS)


def test_entries_of_others_count_as_present_and_stay_theirs(lists: ListAccount) -> None:
    assert lists.bring("203.0.113.7", "10.2.0.8/30", "198.51.100.0/24", name="mixed") == []
    assert ("198.51.100.0/24 all owner=others", "store-b") in held(lists, "mixed")


def test_of_a_range_the_rest_stays_where_a_purge_takes_a_part(lists: ListAccount) -> None:
    made = lists.bring("10.2.0.0/29", purge="all", name="mixed")
    assert sorted(change.key.partition(" ")[0] for change in made) == [
        "10.2.0.8/30",
        "198.51.100.0/24",
        "203.0.113.7/32",
    ]
    assert lists.addresses("mixed") == ["10.2.0.0/29"]
    assert lists.bring("10.2.0.0/29", purge="all", name="mixed") == []


def test_an_address_in_two_spellings_is_ours_in_that_which_we_wrote(lists: ListAccount) -> None:
    lists.bring(A)
    put(lists, addresses=["192.0.2.1/32", "192.0.2.1", "192.0.2.1-192.0.2.1"])
    lists.bring()
    assert lists.addresses() == ["192.0.2.1", "192.0.2.1-192.0.2.1"]


def test_one_that_the_service_spells_otherwise_is_ours_all_the_same(lists: ListAccount) -> None:
    lists.bring(A)
    put(lists, addresses=["192.0.2.1"])
    assert lists.bring(A) == []
    assert [change.action for change in lists.bring()] == ["remove"]
    assert lists.addresses() == [] and lists.group()["tags"] == {}


def test_entries_of_which_the_same_is_said_share_a_tag(lists: ListAccount) -> None:
    entries = [{**B, "cidr": f"192.0.2.{number}"} for number in range(100)]
    lists.bring(*entries)
    tags = lists.group()["tags"]
    assert set(tags.values()) == {"svcstore:store-a owner=ops"}
    assert len(tags) <= 4 and all(len(name) <= 512 for name in tags)
    assert {store for _line, store in held(lists)} == {STORE}
    lists.bring(*entries[:3])
    assert lists.group()["tags"] == {"svcstore:store-a 192.0.2.0 192.0.2.1 192.0.2.2": "svcstore:store-a owner=ops"}


def test_more_than_the_tags_can_mark_is_refused_before_a_write(lists: ListAccount) -> None:
    entries = [{"cidr": f"192.0.2.{number}", "reason": f"host {number}"} for number in range(51)]
    with pytest.raises(ProviderError, match="would have 51 tags.*say the same of more entries") as refused:
        lists.bring(*entries)
    assert refused.value.kind == "quota" and WRITE not in lists.calls()
    assert len(lists.bring(*entries[:50])) == 50


def test_the_stores_of_one_group_leave_each_other_alone(lists: ListAccount) -> None:
    other = ListAccount(lists.session, "store-b")
    lists.bring(A)
    other.bring(B)
    assert [store for _line, store in held(lists)] == [STORE, "store-b"]
    lists.bring()
    assert held(other) == [("192.0.2.16/28 all owner=ops", "store-b")]


def test_marks_whose_address_is_gone_are_dropped_with_the_next_write(lists: ListAccount) -> None:
    lists.bring(A, B)
    tags = dict(lists.group()["tags"])
    put(lists, addresses=["192.0.2.16/28"], tags=tags)
    lists.bring(B, "192.0.2.9")
    assert sorted(lists.group()["tags"]) == ["svcstore:store-a 192.0.2.16_28", "svcstore:store-a 192.0.2.9"]


def test_a_tag_that_only_begins_like_a_mark_marks_nothing(lists: ListAccount) -> None:
    put(lists, addresses=["192.0.2.1"], tags={"svcstore:store-a rest of the name": "x", "svcstore:": "y"})
    assert held(lists) == [("192.0.2.1/32 all", "")]


def test_ipv6_is_refused_before_a_write(lists: ListAccount) -> None:
    with pytest.raises(ValueError, match="is IPv6 and .* takes IPv4 alone"):
        lists.bring("2001:db8::/48")
    assert WRITE not in lists.calls()


def test_a_region_that_takes_no_empty_group_says_what_to_do(lists: ListAccount) -> None:
    with pytest.raises(ProviderError, match="IPGroupsIPAddressCountZero.*leave one entry, or delete the group"):
        lists.bring(purge="all", name="api", parent="other")


@pytest.mark.parametrize("mode", ["lost", "reset"])
@pytest.mark.parametrize("operation", ["PUT *", "GET *ipGroups*", "GET *nfvOperations*"])
def test_a_lost_answer_is_no_failure(server: LabServer, faults: FaultProxy, mode: str, operation: str) -> None:
    lists = ListAccount(session(faults.url, server.ca_file))
    faults.add(mode=mode, operation=operation)
    assert len(lists.bring(A, B)) == 2
    assert lists.bring(A, B) == []
    faults.add(mode=mode, operation=operation)
    assert len(lists.bring(A)) == 1


def test_answers_lost_for_good_are_settled_by_a_read(server: LabServer, faults: FaultProxy) -> None:
    lists = ListAccount(session(faults.url, server.ca_file, retry=Retry(0)))
    faults.add(mode="lost", operation="PUT *", times=0)
    assert len(lists.bring(A, B)) == 2


@pytest.mark.parametrize("same", [True, False], ids=["the-same-entry", "another-entry"])
def test_somebody_elses_write_in_between_is_kept(lists: ListAccount, same: bool) -> None:
    plain, theirs = lists.adapter.apply_allowlist, "192.0.2.1" if same else "203.0.113.9"

    def late(read_before: Any, changes: Any) -> Any:
        put(lists, addresses=[theirs], tags={"team": "x"})
        return plain(read_before, changes)

    lists.adapter.apply_allowlist = late  # type: ignore[method-assign]
    made = [change.key for change in lists.bring(A, B)]
    assert made == (["192.0.2.16/28 all"] if same else ["192.0.2.1/32 all", "192.0.2.16/28 all"])
    assert lists.addresses()[0] == theirs and lists.group()["tags"]["team"] == "x"


def put(lists: ListAccount, addresses: list[str], tags: dict[str, str] | None = None) -> None:
    """Write the group as somebody else would, with its tags where none are given."""
    state = lists.read()
    kept = state.extra["tags"] if tags is None else tags
    body = {"location": "westeurope", "tags": kept, "properties": {"ipAddresses": addresses}}
    lists.session.send("prepare", "PUT", "arm", state.ref, body, VERSION)
