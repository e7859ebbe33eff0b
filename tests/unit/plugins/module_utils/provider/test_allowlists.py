# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a mark that stood alone, after the run that was to drop it failed."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    Held,
    Limits,
    ScopeState,
    Wanted,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.allowlists import Allowlists

STORE, SCOPE = "store-a", Scope("security_group", name="web")
ENTRY = Entry("192.0.2.1/32", "tcp", (443, 443))
MARKED = ScopeState(SCOPE, "sg-1", stale=(str(ENTRY),))


class Failing:
    """An adapter whose changes fail; what is held afterwards is ``then``."""

    limits = Limits()

    def __init__(self, then: ScopeState) -> None:
        self._states = [MARKED, then]

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Return the next state."""
        return dict.fromkeys(scopes, self._states.pop(0))

    def apply_allowlist(self, _state: ScopeState, _changes: Sequence[Change]) -> Iterator[Change]:
        """Fail before anything is known to be done."""
        raise ProviderError("cloudstack", "drop the marks", "no answer", "timeout")


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (ScopeState(SCOPE, "sg-1"), ["unmark"]),
        (MARKED, []),
        (ScopeState(SCOPE, "sg-1", (Held(ENTRY, "r-1", STORE),)), []),
    ],
    ids=["dropped", "left", "a late job made the entry"],
)
def test_a_mark_is_told_as_dropped_where_neither_it_nor_its_entry_is_there(then: ScopeState, told: list[str]) -> None:
    lists = Allowlists([Wanted(SCOPE, ())], Failing(then), STORE, 1)
    done: list[Change] = []
    whole = lists.plan(datetime.date(2026, 11, 22))
    assert [change.action for change in whole.changes] == ["unmark"]
    with pytest.raises(ProviderError):
        lists.apply(whole, done.append)
    assert [change.action for change in done] == told
