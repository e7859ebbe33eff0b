# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source restriction merges, never replaces, and never locks out the caller."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.restriction import (
    Restriction,
    plan,
    refuse_lock_out,
    target_of,
)

WANTED = ("192.0.2.1/32", "192.0.2.2/32")


def target(now: tuple[str, ...], purge: str, own: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    made = plan("acme", Restriction(now, "list", ("api",), own=own), WANTED, purge)
    return target_of(made.changes[0]) if made.changed else None


@pytest.mark.parametrize(
    ("now", "purge", "own", "expected"),
    [
        pytest.param((), "own", (), WANTED, id="nothing restricts yet"),
        pytest.param(("0.0.0.0/0", "::/0"), "own", (), WANTED, id="open to the world gives way"),
        pytest.param(("198.51.100.7/32",), "own", (), (*WANTED, "198.51.100.7/32"), id="others stay"),
        pytest.param(("198.51.100.7/32",), "own", ("198.51.100.7/32",), WANTED, id="own ones go"),
        pytest.param(("198.51.100.7/32",), "none", ("198.51.100.7/32",), (*WANTED, "198.51.100.7/32"), id="none"),
        pytest.param(("198.51.100.7/32",), "all", (), WANTED, id="all"),
        pytest.param(("192.0.2.2/32", "192.0.2.1/32"), "all", (), None, id="order does not matter"),
    ],
)
def test_the_list_becomes(now: tuple[str, ...], purge: str, own: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert target(now, purge, own) == expected


def test_a_list_without_the_caller_is_refused() -> None:
    with pytest.raises(InvalidValue, match="does not hold 203.0.113.9, from which this call is made"):
        refuse_lock_out(["192.0.2.1", "203.0.113.9"], WANTED)
    refuse_lock_out(["192.0.2.1"], WANTED)


def test_what_the_store_is_moving_away_from_stays_until_it_is_named_as_former() -> None:
    now = Restriction(("192.0.2.9/32", "198.51.100.7/32"), "list", ("api",), own=("192.0.2.9/32",))
    leaving = plan("acme", now, WANTED, "own", leaving=("192.0.2.9/32", "192.0.2.10/32"))
    assert target_of(leaving.changes[0]) == (*WANTED, "192.0.2.9/32", "198.51.100.7/32")
    shared = Restriction((*WANTED, "192.0.2.9/32", "198.51.100.7/32"), "list", ("api",))
    assert not plan("acme", shared, WANTED, "own").changed
    former = plan("acme", shared, WANTED, "own", former=("192.0.2.9/32",))
    assert target_of(former.changes[0]) == (*WANTED, "198.51.100.7/32")
    assert not plan("acme", shared, WANTED, "none", former=("192.0.2.9/32",)).changed


def test_what_is_asked_of_others_names_what_is_being_left_where_their_list_cannot_be_read() -> None:
    unread = Restriction((), "list", ("api",), applied_by="customer")
    asked = plan("acme", unread, WANTED, "own", leaving=("192.0.2.9/32",))
    assert target_of(asked.changes[0]) == (*WANTED, "192.0.2.9/32")
    ours = Restriction((), "policy", ("api",))
    assert target_of(plan("acme", ours, WANTED, "own", leaving=("192.0.2.9/32",)).changes[0]) == WANTED
