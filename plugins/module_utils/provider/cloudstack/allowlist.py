# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowlists of a CloudStack account: security groups, the firewall of public addresses, network ACL lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ...core.errors import ProviderError
from ...model.allowlist import Limits, ScopeState
from ...model.plan import Change
from ...model.scope import Scope
from ..base import AllowlistAdapter
from ..by_kind import ByKind
from . import marks
from .firewall import Firewalls
from .security_group import SecurityGroups
from .session import CloudStackSession

KINDS = ("security_group", "firewall", "network_acl")


def allowlists(session: CloudStackSession, store: str) -> ByKind:
    """Return the adapter for all of them."""
    tagged = CloudStackAllowlists(session, store)

    def network_acls() -> AllowlistAdapter:
        from .network_acl import NetworkAclLists

        return NetworkAclLists(session, store)

    return ByKind({"security_group": lambda: tagged, "firewall": lambda: tagged, "network_acl": network_acls})


class _Kind(Protocol):
    """What differs between the kinds of scope. ``ScopeState.extra`` has ``tags``, those of the resource."""

    marks: marks.Marks

    def read(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState | None]:
        """Return the state of every scope of this kind, None for one that does not exist."""

    def check(self, changes: Sequence[Change]) -> None:
        """Refuse, before the first write, what CloudStack cannot express."""

    def add(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make entries."""

    def remove(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Remove entries."""


class CloudStackAllowlists:
    """The adapter of the kinds whose rules have no description; each has a class of its own."""

    #: CloudStack itself sets no limit on the rules of a group or an address.
    limits = Limits(note_chars=marks.MARK_CHARS)

    def __init__(self, session: CloudStackSession, store: str) -> None:
        self._provider = session.provider
        self._store = store
        self._kinds: Mapping[str, _Kind] = {
            "security_group": SecurityGroups(session, store),
            "firewall": Firewalls(session, store),
        }

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Return the state of every scope: one list call for all security groups, two for all public addresses."""
        states: dict[Scope, ScopeState] = {}
        for name, kind in self._kinds.items():
            own = [scope for scope in scopes if scope.kind == name]
            for scope, state in (kind.read(own) if own else {}).items():
                if state is None:
                    why = "this account has none of that name or id"
                    raise ProviderError(self._provider, f"read {scope}", why, "not_found")
                states[scope] = state
        return states

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes: marks, then what they mark; notes; removals, and then marks that mark nothing any more."""
        kind = self._kinds[state.scope.kind]
        adds, updates, removals, unmarks = (
            [c for c in changes if c.action == name] for name in ("add", "update", "remove", "unmark")
        )
        kind.check(adds)
        self._mark(f"mark {len(adds)} entries of {state.scope}", kind, state, adds)
        yield from kind.add(state, adds)
        self._mark(f"change {len(updates)} notes of {state.scope}", kind, state, updates)
        yield from updates
        yield from kind.remove(state, removals)
        lost = self._forget(kind, state, adds, removals)
        yield from (change for change in unmarks if change.key in lost)

    def _mark(self, doing: str, kind: _Kind, state: ScopeState, changes: Sequence[Change]) -> None:
        """Bring marks and notes to what is said about entries; of one about which nothing is said no note is left.

        A killed run may have left one even of an entry that is new.
        """
        wanted: dict[str, str] = {}
        for change in changes:
            wanted.update(marks.tags_for(change.after, self._store))
        silent = [f"{marks.NOTE}{change.after.entry}" for change in changes]
        kind.marks.drop(doing, state.ref, state.extra.tags, [key for key in silent if key not in wanted])
        kind.marks.put(doing, state.ref, state.extra.tags, wanted)

    def _forget(self, kind: _Kind, state: ScopeState, adds: Sequence[Change], removals: Sequence[Change]) -> set[str]:
        """Drop the marks of what went, and those that a killed run left without an entry; returns whose they were.

        Of an entry that is not there another store may just have set its mark: of such only our own tags go.
        """
        gone = {str(change.before.entry) for change in removals}
        added = {str(change.after.entry) for change in adds}
        now = self._again(kind, state)
        alone = (set(state.stale) & set(now.stale)) - added - gone
        keys = [f"{prefix}{entry}" for entry in sorted(gone) for prefix in (marks.OWN, marks.NOTE)]
        keys += [key for key, entry in marks.of_store(now.extra.tags, self._store).items() if entry in alone]
        doing = f"drop the marks of {len(gone | alone)} entries of {state.scope}"
        kind.marks.drop(doing, state.ref, now.extra.tags, keys)
        return gone | alone

    def _again(self, kind: _Kind, state: ScopeState) -> ScopeState:
        """Read once more where there are marks alone.

        The job of a killed run may have made its rule since the read: without its mark nobody would remove that.
        """
        if not state.stale:
            return state
        (now,) = kind.read([Scope(state.scope.kind, id=state.ref)]).values()
        return now or replace(state, stale=())
