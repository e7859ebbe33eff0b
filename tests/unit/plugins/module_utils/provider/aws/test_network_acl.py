# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs of moto: the marks, where a rule number is somebody else's by the time it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    ScopeState,
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws import acl_rule
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.network_acl import NetworkAcls

from .conftest import STORE, TODAY, Account

SUBNETS = Scope("network_acl", name="subnets")


WANTED = Wanted(
    SUBNETS, parse_entries([{"cidr": f"192.0.2.{last}", "ports": 443} for last in (1, 2)], "entries"), "none"
)
ADDS_NOTHING = Wanted(SUBNETS, (), "none")


def begun(account: Account, wanted: Wanted) -> tuple[ScopeState, Iterator[Change]]:
    """A run of the store that has read and planned; it makes its changes one by one."""
    adapter = NetworkAcls(account.session, STORE)
    state = adapter.read_allowlists([SUBNETS])[SUBNETS]
    return state, adapter.apply_allowlist(state, plan(state, wanted, STORE, adapter.limits, TODAY).changes)


def test_a_mark_that_another_run_dropped_before_its_rule_was_made_is_set_again(account: Account) -> None:
    _state, steps = begun(account, WANTED)
    next(steps)
    seen, others = begun(account, ADDS_NOTHING)
    assert seen.stale == ("192.0.2.2/32 tcp/443",)
    assert [change.action for change in others] == ["unmark"]
    assert len(list(steps)) == 1
    now, _none = begun(account, WANTED)
    assert {item.entry.cidr: item.store for item in now.held} == {"192.0.2.1/32": STORE, "192.0.2.2/32": STORE}


def test_the_mark_of_a_rule_that_another_run_has_made_since_the_read_stays(account: Account) -> None:
    _state, steps = begun(account, WANTED)
    next(steps)
    seen, others = begun(account, ADDS_NOTHING)
    assert seen.stale and len(list(steps)) == 1
    assert list(others) == []
    now, _none = begun(account, WANTED)
    assert [item.store for item in now.held] == [STORE, STORE] and now.stale == ()


def test_the_mark_under_a_number_that_somebody_else_took_meanwhile_does_not_stay(account: Account) -> None:
    adapter = NetworkAcls(account.session, STORE)
    state = adapter.read_allowlists([SUBNETS])[SUBNETS]
    wanted = Wanted(SUBNETS, parse_entries([{"cidr": "192.0.2.1", "ports": 443}], "entries"))
    changes = plan(state, wanted, STORE, adapter.limits, TODAY).changes
    (planned,) = acl_rule.placed(state.extra, [change.after for change in changes])
    theirs = {**planned, "CidrBlock": "203.0.113.7/32"}
    account.session.client("ec2").create_network_acl_entry(NetworkAclId=state.ref, **theirs)
    assert list(adapter.apply_allowlist(state, changes)) == list(changes)
    now = adapter.read_allowlists([SUBNETS])[SUBNETS]
    assert {item.entry.cidr: item.store for item in now.held} == {"192.0.2.1/32": STORE, "203.0.113.7/32": ""}
    assert len(acl_rule.marks(now.extra, STORE)) == 1 and now.stale == ()
    assert plan(now, wanted, STORE, adapter.limits, TODAY).changes == ()
