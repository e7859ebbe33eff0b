# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs of moto: the marks, where a rule number is somebody else's by the time it is asked for."""

from __future__ import annotations

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws import acl_rule
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.network_acl import NetworkAcls

from .conftest import STORE, TODAY, Account

SUBNETS = Scope("network_acl", name="subnets")


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
