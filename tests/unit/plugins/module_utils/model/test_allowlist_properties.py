# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of every plan: judged by the addresses that are let in, not by the entries that let them in."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    Held,
    Limits,
    ScopeState,
    Wanted,
    aggregated,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry, Note
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope

TODAY = datetime.date(2026, 11, 22)
SCOPE = Scope("security_group", name="api")
OURS = "store-a"
#: Every address and port that the entries below can be about.
ADDRESSES = [ipaddress.ip_address("192.0.2.0") + offset for offset in range(8)]
SERVICES = [(protocol, port) for protocol in ("tcp", "udp") for port in (80, 443, 444)]
Open = set[tuple[Any, str, int]]

PREFIXES = st.tuples(st.integers(0, 7), st.integers(29, 32)).map(
    lambda drawn: str(ipaddress.ip_network(f"192.0.2.{drawn[0]}/{drawn[1]}", strict=False))
)
#: Prefixes, protocols and ports within one another, so that one entry often lets in what another does.
ENTRIES = st.builds(
    lambda cidr, service, owner, expires: Entry(cidr, *service, Note(owner=owner, expires=expires)),
    PREFIXES,
    st.sampled_from([("tcp", (443, 443)), ("tcp", (443, 444)), ("tcp", None), ("udp", (80, 80)), ("all", None)]),
    st.sampled_from(["", "a"]),
    st.sampled_from(["", "", "2026-11-21", "2026-11-22"]),
)
LISTS = st.lists(ENTRIES, max_size=6, unique_by=lambda item: item.key).map(tuple)
STATES = st.lists(
    st.tuples(ENTRIES, st.sampled_from([OURS, "", "store-b"]), st.booleans()), max_size=8, unique_by=str
).map(
    lambda rows: ScopeState(SCOPE, "sg-1", tuple(Held(e, f"r{i}", who, shut) for i, (e, who, shut) in enumerate(rows)))
)
WANTED = st.builds(
    lambda entries, purge, leaving, merge: Wanted(SCOPE, aggregated(entries) if merge else entries, purge, leaving),
    LISTS,
    st.sampled_from(["none", "own", "all"]),
    st.frozensets(PREFIXES, max_size=2),
    st.booleans(),
)
LIMITS = st.sampled_from([Limits(), Limits(can_update_note=False)])


def let_in(entries: Iterable[Entry]) -> Open:
    """Return which address may reach which service."""
    return {
        (address, protocol, port)
        for entry in entries
        for address in ADDRESSES
        if address in ipaddress.ip_network(entry.cidr)
        for protocol, port in SERVICES
        if entry.protocol in ("all", protocol)
        if entry.ports is None or entry.ports[0] <= port <= entry.ports[1]
    }


def working(held: Iterable[Held]) -> Open:
    return let_in(item.entry for item in held if not item.blocked)


def after(state: ScopeState, changes: Iterable[Change]) -> ScopeState:
    """Return the state after some changes, as a provider makes them: an add gets a reference of its own."""
    held = list(state.held)
    for number, change in enumerate(changes):
        if change.before is not None:
            held.remove(change.before)
        if change.after is not None:
            ref = change.after.ref or f"new{number}-{len(held)}"
            held.append(Held(change.after.entry, ref, change.after.store))
    return ScopeState(SCOPE, "sg-1", tuple(held))


def still_wanted(wanted: Wanted) -> Open:
    return let_in(entry for entry in wanted.entries if not entry.expired(TODAY))


@given(STATES, WANTED, LIMITS)
def test_an_address_is_never_uncovered_between_two_steps(now: ScopeState, wanted: Wanted, limits: Limits) -> None:
    changes = plan(now, wanted, OURS, limits, TODAY).changes
    stays = working(now.held) & still_wanted(wanted)
    opened: Open = set()
    for count in range(len(changes) + 1):
        held = working(after(now, changes[:count]).held)
        assert stays <= held and opened <= held
        # What a step has opened of the wanted stays open, too.
        opened |= held & still_wanted(wanted)
    assert still_wanted(wanted) <= opened


@given(STATES, WANTED, LIMITS)
def test_nothing_that_is_not_wanted_is_opened_at_any_step(now: ScopeState, wanted: Wanted, limits: Limits) -> None:
    changes = plan(now, wanted, OURS, limits, TODAY).changes
    allowed = working(now.held) | still_wanted(wanted)
    for count in range(len(changes) + 1):
        assert working(after(now, changes[:count]).held) <= allowed


@given(STATES, WANTED, LIMITS)
def test_what_the_store_is_moving_away_from_is_open_at_every_step(
    now: ScopeState, wanted: Wanted, limits: Limits
) -> None:
    changes = plan(now, wanted, OURS, limits, TODAY).changes
    kept = working(item for item in now.held if item.entry.cidr in wanted.leaving and not item.entry.expired(TODAY))
    for count in range(len(changes) + 1):
        assert kept <= working(after(now, changes[:count]).held)


@given(STATES, WANTED, LIMITS, st.data())
def test_a_run_that_ends_after_any_step_is_finished_by_the_next(
    now: ScopeState, wanted: Wanted, limits: Limits, data: st.DataObject
) -> None:
    changes = plan(now, wanted, OURS, limits, TODAY).changes
    assume(changes)
    ended = after(now, changes[: data.draw(st.integers(0, len(changes)))])
    again = plan(ended, wanted, OURS, limits, TODAY).changes
    whole = after(now, changes)
    finished = after(ended, again)
    assert sorted(str(item) for item in finished.held) == sorted(str(item) for item in whole.held)
    assert not plan(finished, wanted, OURS, limits, TODAY).changed


def _cidr(network: Any) -> st.SearchStrategy[str]:
    ways = [str(network), str(network).upper(), f" {network} "]
    if network.version == 6:
        ways += [network.exploded, network.exploded.upper()]
    if network.prefixlen == network.max_prefixlen:
        ways += [str(network.network_address), network.network_address.exploded]
    return st.sampled_from(ways)


NETWORKS = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)).map(lambda d: ipaddress.ip_network(d, strict=False)),
    st.tuples(st.integers(0, 2**128 - 1), st.integers(20, 128)).map(lambda d: ipaddress.ip_network(d, strict=False)),
)
PROTOCOLS = {"tcp": ["tcp", "TCP", "6", 6, " tcp"], "udp": ["udp", "UDP", "17", 17], "all": ["all", "-1", -1, "any"]}


@st.composite
def spelled_twice(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one entry in two spellings."""
    network = draw(NETWORKS)
    protocol = draw(st.sampled_from(sorted(PROTOCOLS)))
    every = [None, "", "-1", -1, "all", "*"]
    if protocol == "all" or draw(st.booleans()):
        ports: list[Any] = every if protocol == "all" else [*every, "1-65535", "0-65535", " 1 - 65535"]
    else:
        low, high = sorted((draw(st.integers(2, 65535)), draw(st.integers(2, 65535))))
        ports = [f"{low}-{high}", f" {low} - {high} ", *([low, str(low)] if low == high else [])]
    one, other = (
        {
            "cidr": draw(_cidr(network)),
            "protocol": draw(st.sampled_from(PROTOCOLS[protocol])),
            "ports": draw(st.sampled_from(ports)),
        }
        for _unused in range(2)
    )
    return one, other


@given(spelled_twice())
def test_an_entry_in_another_spelling_is_the_same_and_leaves_nothing_to_plan(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    one, other = (parse_entries([raw], "entries") for raw in pair)
    assert one == other
    now = ScopeState(SCOPE, "sg-1", tuple(Held(entry, "r", OURS) for entry in one))
    assert not plan(now, Wanted(SCOPE, other, "all"), OURS, Limits(), TODAY).changed
