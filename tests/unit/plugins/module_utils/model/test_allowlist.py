# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: what it does, and what it never does."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    Held,
    Limits,
    ScopeState,
    Wanted,
    parse_entries,
    plan,
    settled,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry, Note
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope

TODAY = datetime.date(2026, 11, 22)
SCOPE = Scope("security_group", name="api")
OURS, THEIRS = "store-a", ""
ROOMY = Limits()


def entry(last: int, port: int = 443, **note: str) -> Entry:
    return Entry(f"192.0.2.{last}/32", "tcp", (port, port), Note(**note))


def state(*held: Held) -> ScopeState:
    return ScopeState(SCOPE, "sg-1", tuple(held))


def steps(now: ScopeState, entries: tuple[Entry, ...], purge: str = "own", limits: Limits = ROOMY) -> list[str]:
    return [f"{c.action} {c.key}" for c in plan(now, Wanted(SCOPE, entries, purge), OURS, limits, TODAY).changes]


def applied(now: ScopeState, changes: tuple[Change, ...]) -> ScopeState:
    held = list(now.held)
    for change in changes:
        if change.before is not None:
            held.remove(change.before)
        if change.after is not None:
            held.append(change.after)
    return state(*held)


@pytest.mark.parametrize(
    ("purge", "gone"),
    [("none", []), ("own", ["192.0.2.2/32 tcp/443"]), ("all", ["192.0.2.2/32 tcp/443", "192.0.2.3/32 tcp/443"])],
)
def test_purge_says_what_may_be_removed(purge: str, gone: list[str]) -> None:
    now = state(Held(entry(2), "r2", OURS), Held(entry(3), "r3", THEIRS))
    assert steps(now, (entry(1),), purge) == ["add 192.0.2.1/32 tcp/443", *(f"remove {key}" for key in gone)]


def test_entries_are_added_before_others_are_removed() -> None:
    now = state(Held(entry(1), "r1", OURS))
    assert steps(now, (entry(2),)) == ["add 192.0.2.2/32 tcp/443", "remove 192.0.2.1/32 tcp/443"]


@pytest.mark.parametrize("purge", ["none", "own"])
def test_a_mark_alone_goes_last_unless_its_entry_comes_back(purge: str) -> None:
    keys = ("192.0.2.1/32 tcp/443", "192.0.2.2/32 tcp/443")
    now = ScopeState(SCOPE, "sg-1", stale=keys)
    assert steps(now, (entry(1),), purge) == [f"add {keys[0]}", f"unmark {keys[1]}"]
    (change, _other) = plan(now, Wanted(SCOPE, (), purge), OURS, ROOMY, TODAY).changes
    assert (change.before, change.after) == (f"{keys[0]} (its mark alone)", None)


def test_an_entry_past_its_last_day_is_removed() -> None:
    now = state(Held(entry(1), "r1", OURS))
    assert steps(now, (entry(1, expires="2026-11-21"),)) == ["remove 192.0.2.1/32 tcp/443"]
    assert steps(now, (entry(1, expires="2026-11-22"),), limits=Limits(can_update_note=False)) == []


def test_what_is_said_about_our_entry_is_updated_and_about_theirs_is_not() -> None:
    now = state(Held(entry(1, owner="old"), "r1", OURS), Held(entry(2, owner="old"), "r2", THEIRS))
    wanted = (entry(1, owner="new"), entry(2, owner="new"))
    assert steps(now, wanted) == ["update 192.0.2.1/32 tcp/443"]
    assert steps(now, wanted, limits=Limits(can_update_note=False)) == []


def test_an_entry_that_is_shut_by_a_deny_before_it_is_made_anew_and_ours_goes() -> None:
    ours, theirs = Held(entry(1), "r1", OURS, blocked=True), Held(entry(1), "r2", THEIRS, blocked=True)
    assert steps(state(ours), (entry(1),)) == ["add 192.0.2.1/32 tcp/443", "remove 192.0.2.1/32 tcp/443"]
    assert steps(state(theirs), (entry(1),)) == ["add 192.0.2.1/32 tcp/443"]
    assert steps(state(theirs, Held(entry(1), "r3", OURS)), (entry(1),)) == []


def test_one_made_anew_is_settled_only_by_one_that_is_not_shut() -> None:
    old, new = Held(entry(1), "r1", OURS, blocked=True), Held(entry(1), "r2", OURS)
    add, remove = plan(state(old), Wanted(SCOPE, (entry(1),)), OURS, ROOMY, TODAY).changes
    assert settled([old], [add, remove], OURS) == ([], [add, remove])
    assert settled([old, new], [add, remove], OURS) == ([add], [remove])
    assert settled([new], [add, remove], OURS) == ([add, remove], [])


def test_families_that_are_counted_apart_fill_up_apart() -> None:
    limits = Limits(entries_per_scope=1, per_family=True)
    now = state(Held(entry(1), "r1", OURS))
    six = Entry.parse({"cidr": "2001:db8::1", "ports": 443})
    assert steps(now, (entry(1), six), limits=limits) == ["add 2001:db8::1/128 tcp/443"]
    with pytest.raises(InvalidValue, match="would hold 2 IPv4 entries"):
        steps(now, (entry(1), entry(2)), limits=limits)


def test_the_quota_is_checked_before_the_first_write() -> None:
    now = state(Held(entry(1), "r1", OURS))
    with pytest.raises(InvalidValue, match="would hold 3 entries while it changes and the provider takes 2"):
        steps(now, (entry(2), entry(3)), limits=Limits(entries_per_scope=2))


def test_a_diff_shows_only_what_changes() -> None:
    now = state(Held(entry(1, owner="a"), "r1", OURS), Held(entry(2), "r2", OURS))
    whole = plan(now, Wanted(SCOPE, (entry(1, owner="a"), entry(3, owner="b")), "own"), OURS, Limits(), TODAY)
    assert whole.diff() == [
        {
            "before_header": "security_group api",
            "after_header": "security_group api",
            "before": "192.0.2.2/32 tcp/443\n",
            "after": "192.0.2.3/32 tcp/443 owner=b\n",
        }
    ]


def test_an_entry_declared_twice_is_refused_in_any_spelling() -> None:
    with pytest.raises(InvalidValue, match=r"l\[1\]: 192.0.2.1/32 tcp is the same as l\[0\]"):
        parse_entries([{"cidr": "192.0.2.1"}, {"cidr": "192.0.2.1/32", "ports": "1-65535"}], "l")


ENTRIES = st.builds(entry, st.integers(1, 6), st.integers(1, 3), owner=st.sampled_from(["", "a", "b"]))
LISTS = st.lists(ENTRIES, max_size=8, unique_by=lambda item: item.key).map(tuple)
STATES = st.lists(
    st.tuples(ENTRIES, st.sampled_from([OURS, THEIRS, "store-b"])), max_size=8, unique_by=lambda item: item[0].key
).map(lambda rows: state(*(Held(e, f"r{i}", store) for i, (e, store) in enumerate(rows))))
PURGES = st.sampled_from(["none", "own", "all"])


@given(STATES, LISTS, PURGES)
def test_a_plan_once_applied_leaves_nothing_to_plan(now: ScopeState, wanted: tuple[Entry, ...], purge: str) -> None:
    done = plan(now, Wanted(SCOPE, wanted, purge), OURS, Limits(), TODAY)
    after = applied(now, done.changes)
    assert not plan(after, Wanted(SCOPE, wanted, purge), OURS, Limits(), TODAY).changed
    assert {e.key for e in wanted} <= {h.entry.key for h in after.held}


@given(STATES, LISTS, PURGES)
def test_purge_none_deletes_nothing_and_own_nothing_of_others(
    now: ScopeState, wanted: tuple[Entry, ...], purge: str
) -> None:
    for change in plan(now, Wanted(SCOPE, wanted, purge), OURS, Limits(), TODAY).changes:
        if change.action == "remove":
            assert purge != "none"
            assert purge == "all" or change.before.store == OURS


@given(STATES, LISTS, PURGES)
def test_a_wanted_entry_is_never_uncovered_between_two_steps(
    now: ScopeState, wanted: tuple[Entry, ...], purge: str
) -> None:
    changes = plan(now, Wanted(SCOPE, wanted, purge), OURS, Limits(), TODAY).changes
    open_before = {h.entry.key for h in now.held} & {e.key for e in wanted}
    for count in range(len(changes) + 1):
        assert open_before <= {h.entry.key for h in applied(now, changes[:count]).held}


def test_what_a_failure_hid_is_told_by_what_is_held_now() -> None:
    now = state(Held(entry(1), "r1", OURS), Held(entry(2), "r1", OURS), Held(entry(3, owner="a"), "r3", OURS))
    wanted = (entry(2), entry(3, owner="b"), entry(4), entry(5))
    changes = plan(now, Wanted(SCOPE, wanted, "own"), OURS, ROOMY, TODAY).changes
    assert [change.action for change in changes] == ["add", "add", "update", "remove"]
    # One rule held two entries and has lost one of them; somebody else has added one of ours meanwhile.
    held = [Held(entry(2), "r1", OURS), Held(entry(3, owner="a"), "r3", OURS), Held(entry(4), "r4", OURS)]
    made, still = settled([*held, Held(entry(5), "r5", THEIRS)], changes, OURS)
    assert [f"{change.action} {change.key}" for change in made] == [
        "add 192.0.2.4/32 tcp/443",
        "remove 192.0.2.1/32 tcp/443",
    ]
    assert [f"{change.action} {change.key}" for change in still] == ["update 192.0.2.3/32 tcp/443"]


def test_an_entry_that_a_deny_shuts_has_not_been_made() -> None:
    (add,) = plan(state(), Wanted(SCOPE, (entry(1),)), OURS, ROOMY, TODAY).changes
    assert settled([Held(entry(1), "r1", OURS, blocked=True)], [add], OURS) == ([], [add])
    assert settled([Held(entry(1), "r1", OURS)], [add], OURS) == ([add], [])


def test_where_no_note_is_kept_an_entry_is_known_by_itself() -> None:
    wanted = (entry(1, reason="store-1"), entry(2, reason="store-2"), entry(3, reason="store-3"))
    changes = plan(state(), Wanted(SCOPE, wanted), OURS, ROOMY, TODAY).changes
    # The second has not come, and the third is of somebody else.
    held = [Held(entry(1), "r1", OURS), Held(entry(3), "r3", THEIRS)]
    made, still = settled(held, changes, OURS, keeps_note=False)
    assert [change.key for change in made] == ["192.0.2.1/32 tcp/443"]
    assert [change.key for change in still] == ["192.0.2.2/32 tcp/443"]
    # Where notes are kept, one that says something else is not the one that was wanted.
    assert settled(held, changes, OURS)[0] == []


@pytest.mark.parametrize("purge", ["own", "all"])
def test_what_the_store_is_moving_away_from_stays_and_is_not_made(purge: str) -> None:
    old, late = Held(entry(2), "r2", OURS), Held(entry(3, expires="2026-11-21"), "r3", OURS)
    wanted = Wanted(SCOPE, (entry(1),), purge, frozenset({"192.0.2.2/32", "192.0.2.3/32"}))
    made = plan(state(old, late), wanted, OURS, ROOMY, TODAY).changes
    assert [f"{c.action} {c.key}" for c in made] == [
        "add 192.0.2.1/32 tcp/443",
        "remove 192.0.2.3/32 tcp/443 expires=2026-11-21",
    ]
    assert [c.key for c in plan(state(), wanted, OURS, ROOMY, TODAY).changes] == ["192.0.2.1/32 tcp/443"]


def test_an_entry_of_ours_that_was_merged_from_what_the_store_leaves_stays_and_a_wide_one_of_others_goes() -> None:
    merged = Held(Entry("192.0.2.2/31", "tcp", (443, 443)), "r1", OURS)
    wide = Held(Entry("192.0.2.0/24", "tcp", (443, 443)), "r2", THEIRS)
    wanted = Wanted(SCOPE, (entry(3),), "all", frozenset({"192.0.2.2/32"}))
    made = plan(state(merged, wide), wanted, OURS, ROOMY, TODAY).changes
    assert [f"{c.action} {c.key}" for c in made] == ["add 192.0.2.3/32 tcp/443", "remove 192.0.2.0/24 tcp/443"]
