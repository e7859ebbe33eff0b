# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address groups on the real Neutron: one read for any number, marks in the description, truth about every change."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope

from .conftest import STORE, Cloud, ListHand

pytestmark = pytest.mark.openstack

ONE, TWO, SIX = "192.0.2.1/32", "192.0.2.2/32", "2001:db8::/48"
GET = "GET /v2.0/address-groups"
TOLD = "the partner's (see T-1)"


@pytest.fixture
def account(cloud: Cloud) -> Any:
    """Somebody else of the project."""
    return cloud.accounts["main"]


def kinds(cloud: Cloud) -> list[str]:
    """The calls since the last reset, each as what it does."""
    return [
        name.rpartition("/")[2] if name.endswith("_addresses") else name.partition(" ")[0]
        for name in cloud.faults.operations()
    ]


def test_any_number_of_groups_is_read_in_one_call(cloud: Cloud, lists: ListHand) -> None:
    scopes = [Scope("address_group", name=name) for name in ("list", "told", "ours")]
    states = lists.adapter.read_allowlists(scopes)
    assert [states[scope].held for scope in scopes] == [(), (), ()]
    assert cloud.faults.operations() == [GET]


def test_marks_go_in_front_of_what_they_mark_and_behind_what_they_marked(cloud: Cloud, lists: ListHand) -> None:
    assert len(lists.bring(ONE, SIX)) == 2
    assert kinds(cloud) == ["GET", "PUT", "add_addresses"]
    assert lists.held() == [(ONE, STORE), (SIX, STORE)]
    assert lists.description() == f"svcstore:{STORE}(192.0.2.1 2001:db8::/48)"
    cloud.forget()
    assert len(lists.bring(ONE, TWO)) == 2
    assert kinds(cloud) == ["GET", "PUT", "add_addresses", "remove_addresses", "PUT"]
    cloud.forget()
    assert lists.bring(ONE, TWO) == [] and kinds(cloud) == ["GET"]
    cloud.forget()
    assert len(lists.bring()) == 2
    assert kinds(cloud) == ["GET", "remove_addresses", "PUT"]
    assert lists.held() == [] and lists.description() == ""


def test_what_others_say_and_put_there_stays(account: Any, lists: ListHand) -> None:
    account.call("PUT", account.list_path("told", "/add_addresses"), {"addresses": [TWO]})
    lists.bring(ONE, name="told")
    assert lists.description("told") == f"{TOLD} svcstore:{STORE}(192.0.2.1)"
    assert lists.bring(ONE, TWO, name="told") == []
    lists.bring(name="told")
    assert (lists.held("told"), lists.description("told")) == ([(TWO, "")], TOLD)


def test_two_stores_leave_each_other_alone(cloud: Cloud, lists: ListHand) -> None:
    other = ListHand(lists.session, "store-b")
    lists.bring(ONE)
    other.bring(TWO)
    assert lists.held() == [(ONE, STORE), (TWO, "store-b")]
    lists.bring()
    assert other.held() == [(TWO, "store-b")] and lists.description() == "svcstore:store-b(192.0.2.2)"


def test_a_group_that_is_the_stores_as_a_whole_needs_no_marks(account: Any, cloud: Cloud, lists: ListHand) -> None:
    many = [f"198.51.100.{number}/32" for number in range(40)]
    assert len(lists.bring(*many, name="ours")) == 40
    assert kinds(cloud) == ["GET", "add_addresses"]
    account.call("PUT", account.list_path("ours", "/add_addresses"), {"addresses": [ONE]})
    assert lists.held("ours")[0] == (ONE, STORE), "whoever put it there"
    assert len(lists.bring(name="ours")) == 41
    assert lists.description("ours") == f"made for the store svcstore:{STORE}(*)"
    assert ListHand(lists.session, "store-b").bring(ONE, name="ours")


def test_more_than_the_description_can_name_is_refused_before_a_write(cloud: Cloud, lists: ListHand) -> None:
    many = [f"198.51.100.{number}/32" for number in range(100, 115)]
    with pytest.raises(ProviderError, match=rf"256 characters.*svcstore:{STORE}\(\*\)") as refused:
        lists.bring(*many, "198.51.100.10/32")
    assert refused.value.kind == "quota" and kinds(cloud) == ["GET"]
    assert len(lists.bring(*many, "198.51.100.1/32")) == 16
    assert len(lists.description()) == 255


def test_a_description_that_somebody_changed_meanwhile_is_kept(account: Any, lists: ListHand) -> None:
    state = lists.read()
    account.call("PUT", account.list_path("list"), {"address_group": {"description": "theirs"}})
    assert len(list(lists.adapter.apply_allowlist(state, lists.planned(state, ONE)))) == 1
    assert lists.description() == f"theirs svcstore:{STORE}(192.0.2.1)"


def test_without_revisions_the_description_is_written_as_it_is_known(cloud: Cloud, lists: ListHand) -> None:
    state = lists.read("told")
    known = {name: value for name, value in state.extra.items() if name != "revision_number"}
    changes = lists.planned(state, ONE)
    assert len(list(lists.adapter.apply_allowlist(dataclasses.replace(state, extra=known), changes))) == 1
    assert lists.description("told") == f"{TOLD} svcstore:{STORE}(192.0.2.1)"


def test_one_that_somebody_added_meanwhile_is_theirs_and_does_not_stop_the_others(
    account: Any, lists: ListHand
) -> None:
    state = lists.read()
    account.call("PUT", account.list_path("list", "/add_addresses"), {"addresses": [ONE]})
    made = list(lists.adapter.apply_allowlist(state, lists.planned(state, ONE, TWO)))
    assert [change.key for change in made] == ["192.0.2.2/32 all"]
    assert lists.held() == [(ONE, ""), (TWO, STORE)]


def test_one_that_somebody_removed_meanwhile_counts_as_removed(account: Any, lists: ListHand) -> None:
    lists.bring(ONE, TWO)
    state = lists.read()
    account.call("PUT", account.list_path("list", "/remove_addresses"), {"addresses": [ONE]})
    assert len(list(lists.adapter.apply_allowlist(state, lists.planned(state)))) == 2
    assert lists.held() == [] and lists.description() == ""


@pytest.mark.parametrize("mode", ["lost", "reset"])
@pytest.mark.parametrize("call", ["PUT */address-groups/????????-*", "PUT */add_addresses", "PUT */remove_addresses"])
def test_a_lost_answer_is_no_failure(cloud: Cloud, lists: ListHand, mode: str, call: str) -> None:
    lists.bring(TWO)
    cloud.faults.add(mode=mode, operation=call)
    assert len(lists.bring(ONE)) == 2
    assert lists.held() == [(ONE, STORE)] and lists.description() == f"svcstore:{STORE}(192.0.2.1)"


def test_an_add_whose_answers_are_all_lost_is_settled_by_reading(cloud: Cloud) -> None:
    lists = ListHand(cloud.session(retry=Retry(0)))
    cloud.faults.add(mode="lost", operation="PUT */add_addresses", times=0)
    assert len(lists.bring(ONE, TWO)) == 2
    assert lists.held() == [(ONE, STORE), (TWO, STORE)]


def test_a_run_that_ends_between_mark_and_address_is_finished_by_the_next(cloud: Cloud, lists: ListHand) -> None:
    cloud.faults.add(mode="status", status=500, operation="PUT */add_addresses", times=0)
    with pytest.raises(ProviderError) as failed:
        lists.bring(ONE, TWO)
    assert failed.value.kind == "server" and lists.held() == []
    cloud.forget()
    assert [change.action for change in lists.bring(TWO)] == ["add", "unmark"]
    assert lists.description() == f"svcstore:{STORE}(192.0.2.2)"


def test_marks_of_what_is_not_there_are_dropped_though_nothing_else_changes(
    account: Any, cloud: Cloud, lists: ListHand
) -> None:
    lists.bring(ONE, SIX)
    account.call("PUT", account.list_path("list", "/remove_addresses"), {"addresses": [ONE, SIX]})
    state = lists.read()
    assert state.stale == ("192.0.2.1/32 all", "2001:db8::/48 all")
    cloud.forget()
    assert [change.action for change in lists.bring()] == ["unmark", "unmark"]
    # Read once more before they are dropped: another run may have added what it had marked.
    assert kinds(cloud) == ["GET", "GET", "PUT"]
    assert lists.description() == "" and lists.bring() == []
    # Where the whole group is the store's, no mark names an address.
    text = f"svcstore:{STORE}(*) svcstore:{STORE}(192.0.2.1)"
    account.call("PUT", account.list_path("ours"), {"address_group": {"description": text}})
    assert lists.bring(name="ours") == []


def test_a_removal_that_fails_leaves_the_mark(cloud: Cloud, lists: ListHand) -> None:
    lists.bring(ONE)
    cloud.faults.add(mode="status", status=500, operation="PUT */remove_addresses", times=0)
    with pytest.raises(ProviderError):
        lists.bring()
    cloud.forget()
    assert lists.held() == [(ONE, STORE)]
    assert len(lists.bring()) == 1


def test_a_neutron_without_address_groups_says_so(cloud: Cloud, lists: ListHand) -> None:
    body = '{"NeutronError": {"type": "HTTPNotFound", "message": "The resource could not be found.", "detail": ""}}'
    cloud.faults.add(mode="status", status=404, body=body, operation=GET, times=0)
    with pytest.raises(ProviderError, match="has no address groups; they came with Wallaby") as failed:
        lists.read()
    assert failed.value.kind == "not_found"


def test_a_key_that_may_not_write_changes_nothing(cloud: Cloud, lists: ListHand) -> None:
    body = '{"NeutronError": {"type": "PolicyNotAuthorized", "message": "no"}}'
    cloud.faults.add(mode="status", status=403, body=body, operation="PUT *", times=0)
    with pytest.raises(ProviderError) as failed:
        lists.bring(ONE)
    assert failed.value.kind == "no_permission"
    cloud.forget()
    assert lists.held() == [] and lists.description() == ""
