# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run tells of address groups, which keep no note, after the answers to an addition and to a read were lost."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import Wanted
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry, Note
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.allowlists import Allowlists
from ansible_collections.strategic.service_store.plugins.module_utils.provider.failures import Unfinished
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack import allowlist

SCOPE = Scope("address_group", name="list")
TODAY = datetime.date(2026, 11, 22)
WANTED = tuple(Entry(f"192.0.2.{last}/32", "all", None, Note("ops", reason="store-1")) for last in (1, 2))


class Neutron:
    """Holds one address group; after an addition no call is answered, as many times as ``lost`` says."""

    def __init__(self, lost: int, arrives: bool = True) -> None:
        self.group: dict[str, Any] = {"id": "ag-1", "name": "list", "description": "", "addresses": []}
        self.left = 0
        self._lost = lost
        self._arrives = arrives

    def call(self, doing: str, method: str, path: str, *_query: Any, body: Any = None, **_more: Any) -> Any:
        """Do what Neutron does, and answer or not."""
        adds = path.endswith("/add_addresses")
        if adds:
            self.left = self._lost
        if body and not adds:
            self.group = {**self.group, **body["address_group"]}
        elif adds and self._arrives:
            self.group = {**self.group, "addresses": [*self.group["addresses"], *body["addresses"]]}
        if self.left:
            self.left -= 1
            raise ProviderError("openstack", doing, "no answer", "timeout")
        return {"address_groups": [self.group]} if method == "GET" else {"address_group": self.group}


def failed(neutron: Any) -> tuple[list[Change], ProviderError]:
    """Add the addresses, and return what was told as done, and the failure."""
    lists = Allowlists([Wanted(SCOPE, WANTED)], allowlist.allowlists(neutron, "store-a"), "store-a", 1)
    done: list[Change] = []
    with pytest.raises(ProviderError) as failure:
        lists.apply(lists.plan(TODAY), done.append)
    return done, failure.value


def test_addresses_that_came_although_the_answer_was_lost_are_told() -> None:
    # The addition and the adapter's own look are unanswered, the look after the failure is not.
    done, failure = failed(Neutron(lost=2))
    assert [change.key for change in done] == ["192.0.2.1/32 all", "192.0.2.2/32 all"]
    assert failure.kind == "timeout"


def test_of_addresses_that_did_not_come_the_marks_alone_are_told() -> None:
    done, _failure = failed(Neutron(lost=2, arrives=False))
    assert [(change.action, change.key) for change in done] == [
        ("mark", "192.0.2.1/32 all"),
        ("mark", "192.0.2.2/32 all"),
    ]


def test_addresses_of_which_nobody_knows_are_unsure() -> None:
    done, failure = failed(Neutron(lost=3))
    assert isinstance(failure, Unfinished)
    assert done == [] and len(failure.result["unsure"]) == 2
