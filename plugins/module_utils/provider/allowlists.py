# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many allowlists of one account at once: parse all, read all, plan each, apply them side by side."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from ..core.errors import ProviderError
from ..model import mark
from ..model.allowlist import Held, OverQuota, ScopeState, Wanted, aggregated, marked_only, parse_entries, plan, settled
from ..model.entry import parse_prefixes
from ..model.invalid import InvalidValue
from ..model.plan import Change, Plan
from ..model.ports import show_ports
from ..model.scope import Scope
from .base import AllowlistAdapter, Provider, Session
from .connect import Surroundings, connect
from .failures import raise_first
from .registry import capability, provider


def parse(params: Mapping[str, Any], known: Provider) -> tuple[Wanted, ...]:
    """Make the wanted lists of a module's options, before any connection; raises InvalidValue."""
    mark.check_store("store", params["store"])
    seen: dict[Scope, str] = {}
    leaving = frozenset(parse_prefixes("keep_addresses", params.get("keep_addresses")))
    wanted = []
    for index, raw in enumerate(params["allowlists"]):
        where = f"allowlists[{index}]"
        scope = Scope.parse(raw["scope"], known.scope_kinds, f"{where}.scope")
        if scope in seen:
            raise InvalidValue(
                f"{where}.scope", scope, f"is the same as {seen[scope]}; put all its entries into one list"
            )
        seen[scope] = f"{where}.scope"
        bare = scope.kind in known.bare_kinds
        entries = parse_entries(raw.get("entries") or (), f"{where}.entries", bare)
        if raw.get("aggregate"):
            entries = aggregated(entries)
        for number, entry in enumerate(entries):
            known.fits(scope.kind, entry)
            mark.write(params["store"], entry.note, known.mark_chars, f"{where}.entries[{number}]")
        wanted.append(Wanted(scope, entries, raw.get("purge") or "own", leaving))
    return tuple(wanted)


def opened(context: Surroundings) -> tuple[Allowlists, Session]:
    """Return the wanted lists of a module's options beside their account, and the session that counts its calls."""
    params = context.params
    known = provider(params["provider"])
    adapter_of = capability(known, "allowlist")
    # Before any connection: bad input costs no call.
    wanted = parse(params, known)
    _known, session = connect(context)
    return Allowlists(wanted, adapter_of(session, params["store"]), params["store"], params["workers"]), session


class Allowlists:
    """The wanted lists of one account beside what the provider holds."""

    def __init__(self, wanted: Sequence[Wanted], adapter: AllowlistAdapter, store: str, workers: int) -> None:
        self.wanted = tuple(wanted)
        self._adapter = adapter
        self._store = store
        self._workers = workers
        self.states: Mapping[Scope, ScopeState] = {}

    def read(self) -> None:
        """Read every scope at once."""
        self.states = self._adapter.read_allowlists([item.scope for item in self.wanted])
        self._refuse_aliases()

    def plan(self, today: datetime.date) -> Plan:
        """Read every scope and return the changes of all of them."""
        self.read()
        whole = Plan()
        for item in self.wanted:
            whole += self._plan_one(self.states[item.scope], item, today)
        return whole

    def _plan_one(self, state: ScopeState, item: Wanted, today: datetime.date) -> Plan:
        """Plan one scope; what its provider could not hold is refused here, so that check mode says it too."""
        made = self._within_limits(state, item, today)
        refuse = getattr(self._adapter, "refuse", None)
        if refuse and made.changed:
            refuse(state, made.changes)
        return made

    def _within_limits(self, state: ScopeState, item: Wanted, today: datetime.date) -> Plan:
        """Plan one scope; the provider is asked for its true limit only where the usual one would be passed."""
        limits = state.limits or self._adapter.limits
        try:
            return plan(state, item, self._store, limits, today)
        except OverQuota:
            ask = getattr(self._adapter, "true_limits", None)
            true = ask(state) if ask else None
            if true is None or true == limits:
                raise
        return plan(state, item, self._store, true, today)

    def apply(self, whole: Plan, done: Callable[[Change], None]) -> None:
        """Apply the changes scope by scope, ``workers`` scopes at once.

        Every scope is brought to its end even where another fails; then the first failure is raised, and names how
        many failed. What a failed scope's changes came to is read there, since an answer may be all that was lost.
        """
        by_scope = {str(item.scope): item.scope for item in self.wanted}
        groups = _by_group(whole.changes)

        unsure: list[Change] = []

        def one(group: str) -> None:
            state, left = self.states[by_scope[group]], list(groups[group])
            try:
                for change in self._adapter.apply_allowlist(state, groups[group]):
                    left.remove(change)
                    done(change)
            except ProviderError:
                made = self._made(state.scope, left)
                for change in made or ():
                    done(change)
                unsure.extend(left if made is None else ())
                raise

        with ThreadPoolExecutor(max_workers=min(self._workers, max(1, len(groups)))) as pool:
            failures = [job.exception() for job in [pool.submit(one, group) for group in groups]]
        raise_first([failure for failure in failures if failure is not None], len(groups), "scopes", unsure)

    def _made(self, scope: Scope, changes: Sequence[Change]) -> Sequence[Change] | None:
        """Return which changes were made though a failure hid it; None where that cannot be read either."""
        try:
            now = self._adapter.read_allowlists([scope])[scope]
        except ProviderError:
            return None
        limits = now.limits or self._adapter.limits
        entries = [change for change in changes if change.action != "unmark"]
        made, still = settled(now.held, entries, self._store, limits.keeps_note)
        as_before = {(item.ref, str(item)) for item in now.held}
        # Where a note is taken off before the next is put on, one that is gone has been changed, if not to its end.
        begun = [c for c in still if c.action == "update" and (c.before.ref, str(c.before)) not in as_before]
        return [*made, *begun, *_marks(self.states[scope], now, changes)]

    def describe(self, changes: Sequence[Change]) -> list[dict[str, Any]]:
        """Return each scope: how many entries it holds after ``changes``, and which of them came and went."""
        groups = _by_group(changes)
        return [self._describe_one(item, groups.get(str(item.scope), [])) for item in self.wanted]

    def _describe_one(self, item: Wanted, own: Sequence[Change]) -> dict[str, Any]:
        state = self.states[item.scope]
        by_action = {
            name: [change.key for change in own if change.action == action]
            for name, action in (
                ("added", "add"),
                ("updated", "update"),
                ("removed", "remove"),
                ("stale_marks", "unmark"),
            )
        }
        return {
            "scope": _scope_facts(item.scope),
            "ref": state.ref,
            "entries": len(state.held) + len(by_action["added"]) - len(by_action["removed"]),
            **by_action,
        }

    def inspect(self, item: Wanted, today: datetime.date, declared: bool) -> dict[str, Any]:
        """Return one scope's entries and, where entries were declared, what differs from them."""
        state = self.states[item.scope]
        keep = {entry.key for entry in item.entries if not entry.expired(today)}
        there = {held.entry.key for held in state.held if not held.blocked}
        extra = [
            held.entry
            for held in state.held
            if declared and held.entry.key not in keep and not item.tolerates(held, self._store, today)
        ]
        return {
            "scope": _scope_facts(item.scope),
            "ref": state.ref,
            "entries": [_entry_facts(held) for held in state.held],
            "missing": [str(e) for e in item.entries if e.key in keep - there],
            "undeclared": [str(entry) for entry in extra],
            "stale_marks": list(state.stale),
            "wider": [str(entry) for entry in extra if any(entry.covers(wanted) for wanted in item.entries)],
            # Where a note cannot be changed in place it is older than the declaration, which goes before it.
            "expired": [
                str(h.entry)
                for h in state.held
                if h.store == self._store and h.entry.expired(today) and h.entry.key not in keep
            ],
        }

    def _refuse_aliases(self) -> None:
        """Refuse one object named twice (once by name, once by id): two lists would fight over it."""
        seen: dict[str, Scope] = {}
        for item in self.wanted:
            # Azure compares names without regard to case; elsewhere a reference is an id.
            ref = self.states[item.scope].ref.lower()
            if ref in seen:
                raise InvalidValue(
                    "allowlists",
                    item.scope,
                    f"is the same object as {seen[ref]}; put all its entries into one list",
                )
            seen[ref] = item.scope


def _marks(before: ScopeState, now: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the marks that a failed run dropped, and those it set for what it could not make.

    A mark that stands alone no more has not been dropped where its entry is there: a late job has made that.
    """
    kept = {*now.stale, *(str(held.entry) for held in now.held)}
    yield from (change for change in changes if change.action == "unmark" and change.key not in kept)
    # The mark of what was removed is no new one.
    known = {*before.stale, *(str(held.entry) for held in before.held)}
    for key in now.stale:
        if key not in known:
            yield Change("mark", key, None, marked_only(key), str(before.scope))


def _by_group(changes: Sequence[Change]) -> dict[str, list[Change]]:
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.group, []).append(change)
    return groups


def _scope_facts(scope: Scope) -> dict[str, str]:
    return {"kind": scope.kind, "id": scope.id, "name": scope.name, "parent": scope.parent}


def _entry_facts(held: Held) -> dict[str, str]:
    entry, note = held.entry, held.entry.note
    ports = show_ports(entry.protocol, entry.ports).partition("/")[2] or "all"
    said = {"owner": note.owner, "ticket": note.ticket, "expires": note.expires, "reason": note.reason}
    return {"cidr": entry.cidr, "protocol": entry.protocol, "ports": ports, "store": held.store, **said}
