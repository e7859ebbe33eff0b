# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address groups that two runs of one store change at a time: no address of the store is left without its mark."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    ScopeState,
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.address_group import (
    ADDRESSES_PER_CALL,
    AddressGroups,
)

STORE, SCOPE = "store-a", Scope("address_group", name="list")
TODAY = datetime.date(2026, 11, 22)


class Neutron:
    """Holds one address group, without revisions; ``calls`` is what was asked of it."""

    def __init__(self, description: str = "") -> None:
        self.group: dict[str, Any] = {"id": "ag-1", "name": "list", "description": description, "addresses": []}
        self.calls: list[str] = []
        self.before_adding: Callable[[], dict[str, Any]] = dict

    def call(self, _doing: str, method: str, path: str, *_query: Any, body: Any = None, **_more: Any) -> Any:
        """Do what Neutron does."""
        adds = path.endswith("/add_addresses")
        self.calls.append("add" if adds else method)
        if adds:
            self.group = {**self.group, **self.before_adding()}
            self.group["addresses"] = [*self.group["addresses"], *body["addresses"]]
        elif body:
            self.group = {**self.group, **body["address_group"]}
        return {"address_groups": [self.group]} if method == "GET" else {"address_group": self.group}


def begun(neutron: Any, *cidrs: str) -> tuple[ScopeState, Iterator[Change]]:
    """A run of the store that has read and planned."""
    adapter = AddressGroups(neutron, STORE)
    state = adapter.read_allowlists([SCOPE])[SCOPE]
    entries = parse_entries([{"cidr": cidr} for cidr in cidrs], "entries", bare=True)
    changes = plan(state, Wanted(SCOPE, entries, "none"), STORE, adapter.limits, TODAY).changes
    return state, adapter.apply_allowlist(state, changes)


def test_a_mark_that_another_run_dropped_before_its_address_was_added_is_set_again() -> None:
    neutron = Neutron()
    _state, steps = begun(neutron, "192.0.2.1")

    def other_run() -> dict[str, Any]:
        _seen, others = begun(neutron)
        assert [change.action for change in others] == ["unmark"]
        return neutron.group

    neutron.before_adding = other_run
    assert [change.action for change in steps] == ["add"]
    assert neutron.group["description"] == f"svcstore:{STORE}(192.0.2.1)"


def test_the_mark_of_an_address_that_another_run_has_added_since_the_read_stays() -> None:
    marked = f"svcstore:{STORE}(192.0.2.1)"
    neutron = Neutron(marked)
    seen, others = begun(neutron)
    assert seen.stale == ("192.0.2.1/32 all",)
    neutron.group = {**neutron.group, "addresses": ["192.0.2.1/32"]}
    assert list(others) == [] and neutron.group["description"] == marked


def test_the_marks_are_looked_at_without_a_call() -> None:
    neutron = Neutron(f"svcstore:{STORE}(*)")
    many = [f"198.51.{number // 256}.{number % 256}" for number in range(ADDRESSES_PER_CALL + 1)]
    _state, steps = begun(neutron, *many)
    assert len(list(steps)) == len(many) and neutron.calls == ["GET", "add", "add"]
    neutron = Neutron("the partner's")
    _state, steps = begun(neutron, "192.0.2.1", "192.0.2.2")
    assert len(list(steps)) == 2 and neutron.calls == ["GET", "PUT", "add"]
