# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups on the real Neutron: one read for any number of groups, one write for any number of adds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack import listing
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.security_group import KIND

from .conftest import STORE, Cloud, Hand

pytestmark = pytest.mark.openstack

ONE = {"cidr": "192.0.2.1", "ports": "443", "owner": "team"}
TWO = {"cidr": "192.0.2.2", "ports": "443", "owner": "team"}
MANY = [{"cidr": f"198.51.100.{number}", "ports": "443"} for number in range(20)]
GET, POST = "GET /v2.0/security-groups", "POST /v2.0/security-group-rules"


def test_fifty_groups_or_one_are_read_in_one_call(cloud: Cloud, hand: Hand) -> None:
    scopes = [Scope("security_group", name=name) for name in ("api", "db")]
    states = hand.adapter.read_allowlists(scopes)
    assert [states[scope].held for scope in scopes] == [(), ()]
    assert cloud.operations() == ["POST /v3/auth/tokens", GET]
    assert hand.session.calls.by_name() == {GET: 1, "POST /v3/auth/tokens": 1}


def test_many_entries_are_added_in_one_call_and_removed_one_by_one(cloud: Cloud, hand: Hand) -> None:
    assert len(hand.bring(*MANY)) == 20
    assert cloud.faults.operations() == [GET, POST]
    cloud.forget()
    assert len(hand.bring(*MANY[:15], ONE)) == 6
    operations = cloud.faults.operations()
    assert operations[:2] == [GET, POST], "open before close"
    assert len(operations) == 7 and all(name.startswith("DELETE ") for name in operations[2:])
    cloud.forget()
    assert hand.bring(*MANY[:15], ONE) == []
    assert cloud.faults.operations() == [GET]


def test_the_default_rules_and_those_of_groups_are_never_touched(cloud: Cloud, hand: Hand) -> None:
    account = cloud.accounts["main"]
    account.add_rule("api", remote_group_id=account.made["security_groups"]["db"], protocol="tcp")
    before = {rule["id"] for rule in account.rules("api")}
    hand.bring(ONE, purge="all")
    hand.bring(purge="all")
    assert {rule["id"] for rule in account.rules("api")} == before
    assert len([rule for rule in account.rules("api") if rule["direction"] == "egress"]) == 2


def test_a_rule_for_everybody_without_a_prefix_is_seen_and_purged(cloud: Cloud, hand: Hand) -> None:
    cloud.accounts["main"].add_rule("api", protocol="tcp", port_range_min=22, port_range_max=22)
    assert hand.lines() == ["0.0.0.0/0 tcp/22"]
    assert [str(change.key) for change in hand.bring(purge="all")] == ["0.0.0.0/0 tcp/22"]
    assert hand.lines() == []


def test_the_mark_is_kept_in_the_description(cloud: Cloud, hand: Hand) -> None:
    hand.bring({**ONE, "ticket": "CHG-1", "reason": "opens the API"})
    (held,) = hand.read().held
    assert (held.store, held.entry.note.owner, held.entry.note.reason) == (STORE, "team", "opens the API")


def test_a_new_note_is_no_change_because_neutron_cannot_make_it(cloud: Cloud, hand: Hand) -> None:
    hand.bring(ONE)
    assert hand.bring({**ONE, "owner": "another"}) == []


def test_one_that_somebody_added_meanwhile_does_not_stop_the_others(cloud: Cloud, hand: Hand) -> None:
    state = hand.read()
    cloud.accounts["main"].add_rule(
        "api", protocol="tcp", port_range_min=443, port_range_max=443, remote_ip_prefix="192.0.2.1/32"
    )
    hand.session.token()
    changes = _planned(hand, state, ONE, TWO)
    assert [change.key for change in hand.adapter.apply_allowlist(state, changes)] == ["192.0.2.2/32 tcp/443"]
    assert hand.lines() == ["192.0.2.1/32 tcp/443", "192.0.2.2/32 tcp/443"]


def test_one_that_somebody_removed_meanwhile_counts_as_removed(cloud: Cloud, hand: Hand) -> None:
    hand.bring(ONE)
    state = hand.read()
    changes = _planned(hand, state)
    cloud.accounts["main"].call("DELETE", f"/v2.0/security-group-rules/{state.held[0].ref}")
    assert list(hand.adapter.apply_allowlist(state, changes)) == list(changes)


@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_a_lost_answer_of_an_add_is_no_failure(cloud: Cloud, hand: Hand, mode: str) -> None:
    cloud.faults.add(mode=mode, operation=POST)
    assert len(hand.bring(ONE, TWO)) == 2
    assert hand.lines() == ["192.0.2.1/32 tcp/443", "192.0.2.2/32 tcp/443"]


@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_a_lost_answer_of_a_removal_is_no_failure(cloud: Cloud, hand: Hand, mode: str) -> None:
    hand.bring(ONE, TWO)
    cloud.faults.add(mode=mode, operation="DELETE *")
    assert len(hand.bring()) == 2
    assert hand.lines() == []


def test_an_add_whose_answers_are_all_lost_is_settled_by_reading(cloud: Cloud, hand: Hand) -> None:
    cloud.faults.add(mode="lost", operation=POST)
    cloud.faults.add(mode="status", status=503, operation=POST, first=2, times=0)
    assert len(hand.bring(ONE)) == 1


def test_removals_go_on_after_one_has_failed(cloud: Cloud, hand: Hand) -> None:
    hand.bring(*MANY[:5])
    state = hand.read()
    cloud.faults.add(mode="status", status=500, operation=f"DELETE */{state.held[2].ref}", times=0)
    done = []
    with pytest.raises(ProviderError) as failed:
        done.extend(hand.adapter.apply_allowlist(state, _planned(hand, state)))
    assert failed.value.kind == "server"
    assert len(hand.lines()) == 1


def test_over_the_quota_nothing_is_added(cloud: Cloud) -> None:
    hand = Hand(cloud.session("small"))
    with pytest.raises(ProviderError) as failed:
        hand.bring(*MANY)
    assert failed.value.kind == "quota"
    assert hand.lines() == []


def test_pages_are_followed_without_their_links(cloud: Cloud, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    call = hand.session.call

    def paged(doing: str, method: str, path: str, query: Any = (), body: Any = None) -> dict[str, Any]:
        query = [*query, ("limit", "1")] if method == "GET" and ("limit", "1") not in query else query
        return call(doing, method, path, query, body)

    monkeypatch.setattr(hand.session, "call", paged)
    scopes = [Scope("security_group", name=name) for name in ("api", "db")]
    assert len(hand.adapter.read_allowlists(scopes)) == 2
    assert cloud.faults.operations() == [GET] * 3


def test_groups_of_other_projects_are_not_found(cloud: Cloud, hand: Hand) -> None:
    other = Scope("security_group", id=str(cloud.accounts["small"].made["security_groups"]["api"]))
    with pytest.raises(ProviderError) as failed:
        hand.adapter.read_allowlists([other])
    assert failed.value.kind == "not_found"


def test_a_name_that_stands_for_two_groups_is_refused(cloud: Cloud) -> None:
    account = cloud.accounts["reader"]
    groups = [{"id": f"g{n}", "name": "api", "project_id": f"p{n}", "security_group_rules": []} for n in range(2)]
    with pytest.raises(ProviderError, match="stands for g0, g1") as failed:
        listing.pick(KIND, Scope("security_group", name="api"), groups)
    assert failed.value.kind == "invalid"
    picked = listing.pick(KIND, Scope("security_group", name="api", parent="p1"), groups)
    assert picked["id"] == "g1" and account


def _planned(hand: Hand, state: Any, *entries: Any) -> Any:
    from .conftest import TODAY, Wanted, parse_entries, plan

    wanted = Wanted(state.scope, parse_entries(entries, "entries"), "own")
    return plan(state, wanted, STORE, hand.adapter.limits, TODAY).changes
