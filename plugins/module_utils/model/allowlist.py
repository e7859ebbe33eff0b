# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner of allowlists: what to add, update and remove so that a scope holds what is wanted."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .entry import WIDEST, Entry
from .invalid import InvalidValue
from .plan import Change, Plan
from .scope import Scope

#: What may be removed: nothing, only entries that carry this store's mark, or everything not wanted.
PURGE = ("none", "own", "all")


@dataclass(frozen=True)
class Limits:
    """What a provider can hold: entries in one scope, characters in a description, and whether those can change.

    ``per_family``: IPv4 and IPv6 are counted apart, each up to ``entries_per_scope``. ``keeps_note``: what is said
    about an entry is read back with it; False where there is no room for that, and an entry is known by itself alone.
    """

    entries_per_scope: int = 10000
    note_chars: int = 255
    can_update_note: bool = True
    per_family: bool = False
    keeps_note: bool = True


class OverQuota(InvalidValue):
    """The list would not fit; whoever knows how to ask the provider for the true limit may do so and plan again."""


@dataclass(frozen=True, order=True)
class Held:
    """An entry as the provider holds it: its reference there, and the store whose mark it carries ("" for none).

    ``blocked``: it is there, but a rule that is looked at before it denies all of the same traffic.
    """

    entry: Entry
    ref: str = ""
    store: str = ""
    blocked: bool = False

    def __str__(self) -> str:
        return self.entry.line()


@dataclass(frozen=True)
class ScopeState:
    """What was read of one scope. ``ref`` is the provider's id; ``extra`` is the adapter's own (an etag, a body).

    ``others`` counts what takes from the provider's quota beside the entries held, by family where those are counted
    apart. ``limits`` are the scope's own, where they are not those of the provider. ``families`` are those it takes.
    ``stale`` are the entries (as text) of which a killed run left the store's mark alone, where marks are apart from
    what they mark: were somebody else to make such an entry, it would be taken for the store's.
    """

    scope: Scope
    ref: str
    held: tuple[Held, ...] = ()
    extra: Any = None
    others: Mapping[int, int] = field(default_factory=dict)
    limits: Limits | None = None
    families: tuple[int, ...] = (4, 6)
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """The desired entries of one scope, and what may be removed to get there.

    ``leaving`` are prefixes from which the store moves away: their entries are neither added nor removed until then.
    """

    scope: Scope
    entries: tuple[Entry, ...]
    purge: str = "own"
    leaving: frozenset[str] = frozenset()

    def tolerates(self, held: Held, store: str, today: datetime.date) -> bool:
        """Return whether an entry stays though it is not declared; one of ours also where it was merged with others."""
        if held.entry.expired(today):
            return False
        if held.store != store:
            return held.entry.cidr in self.leaving
        return any(held.entry.holds(cidr) for cidr in self.leaving)


def parse_entries(raw: Iterable[Mapping[str, Any]], where: str, bare: bool = False) -> tuple[Entry, ...]:
    """Make the entries of an option's list; one named twice, in whatever spelling, is refused.

    ``bare`` says that the scope is a list of addresses alone, to which a rule elsewhere refers.
    """
    seen: dict[Any, str] = {}
    entries = []
    for index, item in enumerate(raw):
        place = f"{where}[{index}]"
        for entry in Entry.parse_all(item, place, "all" if bare else "tcp"):
            if bare and (entry.protocol != "all" or entry.ports is not None):
                mend = (
                    "cannot be kept in a list of bare addresses; leave protocol and ports to the rule that refers to it"
                )
                raise InvalidValue(place, entry, mend)
            if entry.key in seen:
                raise InvalidValue(place, entry, f"is the same as {seen[entry.key]}; remove one of them")
            seen[entry.key] = place
            entries.append(entry)
    return tuple(entries)


def aggregated(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the fewest entries that let in the same addresses; only those of which the same is said are merged."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.version, entry.protocol, entry.ports, entry.note), []).append(entry)
    merged = []
    for group in groups.values():
        networks: Any = [ipaddress.ip_network(entry.cidr) for entry in group]
        for network in ipaddress.collapse_addresses(networks):
            # What needs a waiver is not made of parts that need none.
            narrow = network in networks or network.prefixlen >= WIDEST[network.version]
            parts = [network] if narrow else network.subnets(new_prefix=WIDEST[network.version])
            merged += [replace(group[0], cidr=str(part)) for part in parts]
    return tuple(merged)


def plan(state: ScopeState, wanted: Wanted, store: str, limits: Limits, today: datetime.date) -> Plan:
    """Return the changes for one scope: adds first, then updates, then removals, then marks that mark nothing.

    An entry past its last day is not wanted any more. An entry that somebody else made and that is wanted stays
    as it is: it does its work, and its note is not ours to change. One that is blocked does none, and another takes
    its place.
    """
    keep = {entry.key: entry for entry in wanted.entries if not entry.expired(today)}
    held: dict[Any, list[Held]] = {}
    for item in state.held:
        held.setdefault(item.entry.key, []).append(item)
    group = str(state.scope)
    adds = [
        Change("add", str(e), None, Held(e, store=store), group)
        for k, e in sorted(keep.items(), key=_order)
        if all(item.blocked for item in held.get(k, ()))
    ]
    updates = _updates(keep, held, store, limits, group)
    removals = [
        Change("remove", str(item), item, None, group)
        for key, items in sorted(held.items(), key=_order)
        for item in items
        if (key not in keep or item.blocked) and _may_remove(item, wanted.purge, store)
        if not wanted.tolerates(item, store, today)
    ]
    _check_families(state, keep.values())
    _check_quota(state, [change.after.entry for change in adds], limits)
    return Plan(tuple(adds + updates + removals + _unmarks(state, adds, group)))


def settled(
    held: Iterable[Held], changes: Sequence[Change], store: str, keeps_note: bool = True
) -> tuple[list[Change], list[Change]]:
    """Return which changes took effect by our hand, and which are still to be made, by what is held now.

    Where the provider ``keeps_note`` False, an entry of ours is the one that was wanted whatever was said about it.
    """
    there = list(held)
    # An entry in whose place another is wanted, because a rule before it denies the same, is not that other.
    works = [item for item in there if not item.blocked]
    ours = {_told(item, keeps_note) for item in works if item.store == store}
    # One rule may hold several entries, which share its reference.
    keys, refs = {item.entry.key for item in works}, {(item.ref, item.entry.key) for item in there}
    made: list[Change] = []
    still: list[Change] = []
    for change in changes:
        if change.action == "remove":
            (still if (change.before.ref, change.before.entry.key) in refs else made).append(change)
        elif _told(change.after, keeps_note) in ours:
            made.append(change)
        elif change.action == "update" or change.after.entry.key not in keys:
            still.append(change)
        # What somebody else added meanwhile is there, but is no change of ours.
    return made, still


def _told(item: Held, keeps_note: bool) -> tuple[Any, str]:
    """Return what tells one entry from another: itself and, where that is kept, what is said about it."""
    return item.entry.key, str(item) if keeps_note else ""


def _order(pair: tuple[Any, Any]) -> tuple[str, str, tuple[int, int]]:
    """Sort by prefix, protocol and ports; None (all ports) sorts as a range before every other."""
    cidr, protocol, ports = pair[0]
    return cidr, protocol, ports or (-1, -1)


def _updates(
    keep: Mapping[Any, Entry], held: Mapping[Any, Sequence[Held]], store: str, limits: Limits, group: str
) -> list[Change]:
    """Return the changes of what is said about our own entries."""
    if not limits.can_update_note:
        return []
    changes = []
    for key, entry in sorted(keep.items(), key=_order):
        for item in held.get(key, ()):
            if item.store == store and item.entry.note != entry.note and not item.blocked:
                changes.append(Change("update", str(entry), item, Held(entry, item.ref, store), group))
    return changes


def _unmarks(state: ScopeState, adds: Sequence[Change], group: str) -> list[Change]:
    """Return the marks to drop: an entry that is added anew takes the one that is there."""
    coming = {str(change.after.entry) for change in adds}
    return [Change("unmark", key, marked_only(key), None, group) for key in state.stale if key not in coming]


def marked_only(key: str) -> str:
    """Return how an entry is shown of which there is the mark alone."""
    return f"{key} (its mark alone)"


def _may_remove(item: Held, purge: str, store: str) -> bool:
    return purge == "all" or (purge == "own" and item.store == store)


def _check_families(state: ScopeState, wanted: Iterable[Entry]) -> None:
    """Refuse an entry of a family that the scope cannot hold."""
    for entry in wanted:
        if entry.version not in state.families:
            mend = (
                f"is IPv{entry.version} and {state.scope} takes IPv{state.families[0]} alone; name a list of its family"
            )
            raise InvalidValue("allowlists", entry, mend)


def _check_quota(state: ScopeState, adding: Sequence[Entry], limits: Limits) -> None:
    """Refuse before the first write what the provider would refuse half way.

    Removals free their place only after the adds are in: nothing is shut before its successor is open.
    """
    held = [item.entry for item in state.held]
    for families, name in (((4,), "IPv4 "), ((6,), "IPv6 ")) if limits.per_family else (((4, 6), ""),):
        present = sum(entry.version in families for entry in held) + sum(state.others.get(f, 0) for f in families)
        more = sum(entry.version in families for entry in adding)
        if more and present + more > limits.entries_per_scope:
            mend = (
                f"would hold {present + more} {name}entries while it changes and the provider takes "
                f"{limits.entries_per_scope}; split the list over more scopes, aggregate it, or have the limit raised"
            )
            raise OverQuota("allowlists", state.scope, mend)
