# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACL lists: where a new item goes, items that hold several networks, and lists that cannot be named."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from tests.support.servers import LabServer

from .conftest import Open
from .test_allowlist import HTTPS, Runner

TIER = Scope("network_acl", name="tier")
FOREIGN = ["192.0.2.10/32 tcp/22 []", "192.0.2.9/32 tcp/22 []"]


@pytest.fixture
def tier(connect: Open) -> Runner:
    return Runner(connect(), TIER)


def items(tier: Runner) -> list[Any]:
    return sorted(tier.state().extra, key=lambda item: item["number"])


def test_a_new_item_goes_in_front_of_what_would_deny_it(tier: Runner) -> None:
    assert tier.apply(HTTPS) == 2
    assert [item["number"] for item in items(tier)] == [1, 2, 3, 5]


def test_no_room_in_front_of_a_deny_is_said_and_what_was_made_is_told(tier: Runner) -> None:
    wanted = [{"cidr": f"192.0.2.{last}", "ports": 443} for last in range(1, 5)]
    with pytest.raises(ProviderError, match="no number is free in front of the item that denies it at number 5"):
        tier.apply(wanted)
    assert len(tier.done) == 3


def test_what_is_said_about_an_entry_changes_in_place(tier: Runner) -> None:
    tier.apply([{**HTTPS[0], "owner": "old"}])
    before = [item["id"] for item in items(tier)]
    assert tier.apply([{**HTTPS[0], "owner": "new"}]) == 1
    assert [item["id"] for item in items(tier)] == before
    assert "192.0.2.1/32 tcp/443 owner=new [store-a]" in tier.held()


def test_one_network_of_a_shared_item_goes_and_the_others_stay_in_it(tier: Runner, server: LabServer) -> None:
    assert tier.held() == FOREIGN
    assert tier.apply([{"cidr": "192.0.2.9", "ports": 22}], purge="all") == 1
    assert tier.held() == FOREIGN[1:]
    writes = [call["command"] for call in server.calls() if not call["command"].startswith(("list", "query"))]
    assert writes == ["updateNetworkACLItem"]


def test_an_entry_that_somebody_shut_is_opened_in_front_of_it(tier: Runner) -> None:
    tier.apply(HTTPS[:1])
    deny = {"aclid": tier.state().ref, "protocol": "all", "cidrlist": ["192.0.2.1/32"], "action": "deny"}
    (own,) = [item for item in items(tier) if item["cidrlist"] == "192.0.2.1/32"]
    tier.session.run_job("move", "updateNetworkACLItem", id=own["id"], number=4, partialupgrade="true")
    tier.session.run_job("deny", "createNetworkACL", number=3, **deny)
    assert [change.action for change in tier.done] == ["add"]
    assert tier.apply(HTTPS[:1]) == 2
    assert [change.action for change in tier.done] == ["add", "remove"]
    assert [item["number"] for item in items(tier) if item["cidrlist"] == "192.0.2.1/32"] == [2, 3]
    assert tier.apply(HTTPS[:1]) == 0


def test_an_exception_stays_in_front_of_what_is_there_and_of_what_is_new(tier: Runner) -> None:
    wide, more = {"cidr": "192.0.2.128/25", "ports": 443}, {"cidr": "192.0.2.128/26", "ports": 443}
    deny = {"aclid": tier.state().ref, "protocol": "tcp", "startport": 443, "endport": 443, "action": "deny"}
    tier.apply([wide])
    (own,) = [item for item in items(tier) if item["cidrlist"] == "192.0.2.128/25"]
    tier.session.run_job("move", "updateNetworkACLItem", id=own["id"], number=3, partialupgrade="true")
    tier.session.run_job("deny", "createNetworkACL", number=2, cidrlist=["192.0.2.130/32"], **deny)
    assert tier.apply([wide]) == 0
    assert tier.apply([wide, more]) == 1
    assert [(item["number"], item["cidrlist"]) for item in items(tier)][1:4] == [
        (2, "192.0.2.130/32"),
        (3, "192.0.2.128/25"),
        (4, "192.0.2.128/26"),
    ]
    assert tier.apply([wide, more]) == 0


def test_own_never_removes_what_is_foreign(tier: Runner) -> None:
    tier.apply(HTTPS)
    assert tier.apply([]) == 2
    assert tier.held() == FOREIGN


def test_a_name_that_two_lists_share_is_refused(tier: Runner) -> None:
    tier.scope = Scope("network_acl", name="twice")
    with pytest.raises(ProviderError, match="the name stands for .*give the list's id, or its VPC as parent"):
        tier.state()


def test_several_lists_are_two_calls(tier: Runner) -> None:
    other = Scope("network_acl", id="5d0e7c7e-0000-4000-8000-000000000001")
    before = tier.session.calls.total
    assert len(tier.adapter.read_allowlists([TIER, other])) == 2
    assert tier.session.calls.total == before + 2
