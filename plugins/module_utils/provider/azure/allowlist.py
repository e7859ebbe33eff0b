# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network security groups as allowlists: one read for all of them, one write for each that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Limits, ScopeState, settled
from ...model.plan import Change
from ...model.scope import Scope
from .edit import changed_body
from .resource import Place, key_of
from .rules import held_in
from .session import NETWORK_VERSION, Answer, AzureSession

#: "Azure subscription and service limits": 1000 rules per group; descriptions of 140 characters (ARM schema).
LIMITS = Limits(entries_per_scope=1000, note_chars=140)
#: How often a write is planned anew after somebody else's write.
ROUNDS = 5
_QUERY = {"api-version": NETWORK_VERSION}
#: Failures after which the write may have been made all the same.
_UNSURE = frozenset({"timeout", "server", "unreachable", "conflict"})


class NetworkSecurityGroups:
    """Writes a group as a whole, bound to the version that was read.

    One PUT opens and shuts at once and costs one call however many entries change. The etag sees to it that no foreign
    change in between is lost: Azure then refuses the write, and it is made anew on what is there now.
    """

    limits = LIMITS

    def __init__(self, session: AzureSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the groups: one call for one group, for one resource group, or for one subscription."""
        places = {scope: Place.of(scope, self._session.subscription_id) for scope in scopes}
        groups: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        for subscription in sorted({place.subscription.lower() for place in places.values()}):
            inside = [place for place in places.values() if place.subscription.lower() == subscription]
            groups.update({key_of(group["id"]): group for group in self._read(inside)})
        return {scope: _state(scope, places[scope], groups) for scope in scopes}

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make all changes in one write; a write refused or left unanswered is settled by reading the group again."""
        doing = f"write {len(changes)} changes to {state.scope}"
        group, still, made = state.extra, list(changes), list[Change]()
        for _round in range(ROUNDS):
            accepted = False
            try:
                answer = self._put(doing, state, group, still)
                accepted = True
                self._session.finish(doing, answer)
                yield from _in_order(changes, [*made, *still])
                return
            except ProviderError as exc:
                failure = exc
            now = self._again(state) if accepted or failure.kind in _UNSURE else None
            if now is None:
                break
            done, still = settled(held_in(now["properties"]["securityRules"]), still, self._store)
            made += done
            if failure.kind != "conflict" or now["etag"] == group["etag"] or not still:
                break
            group = now
        yield from _in_order(changes, made)
        # Everything is there although the write seemed to fail: its answer was lost, or somebody else made the rest.
        if still or accepted:
            raise failure

    def _put(self, doing: str, state: ScopeState, group: Mapping[str, Any], changes: Sequence[Change]) -> Answer:
        body = changed_body(group, changes, self._store, LIMITS.note_chars)
        headers = {"If-Match": str(group["etag"])}
        return self._session.send(doing, "PUT", "arm", state.ref, body, _QUERY, headers)

    def _again(self, state: ScopeState) -> Mapping[str, Any] | None:
        """Read the group once more; None where that fails too, since the first failure is the one to report."""
        try:
            found = self._session.send(f"read {state.scope}", "GET", "arm", state.ref, query=_QUERY).body
        except ProviderError:
            return None
        group: Mapping[str, Any] = found
        return group

    def _read(self, places: Sequence[Place]) -> Iterator[Mapping[str, Any]]:
        """Yield at least the groups at these places, which are in one subscription, with one call (and its pages)."""
        first = places[0]
        if len({place.key for place in places}) == 1:
            doing = f"read the network security group {first.group}/{first.name}"
            yield self._session.send(doing, "GET", "arm", first.path, query=_QUERY).body
            return
        one_group = len({place.group.lower() for place in places}) == 1
        path = first.group_path if one_group else first.subscription_path
        where = f"resource group {first.group}" if one_group else f"subscription {first.subscription}"
        yield from self._session.pages(f"read the network security groups of {where}", "arm", path, _QUERY)


def _state(scope: Scope, place: Place, groups: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> ScopeState:
    group = groups.get(place.key)
    if group is None:
        raise ProviderError("azure", f"read {scope}", "there is no such network security group", "not_found")
    rules = group["properties"].get("securityRules") or []
    held = tuple(held_in(rules))
    # One rule of somebody else may hold many entries, so the difference may be below nothing.
    return ScopeState(scope, place.path, held, extra=group, others={4: len(rules) - len(held)})


def _in_order(changes: Sequence[Change], made: Sequence[Change]) -> list[Change]:
    """Return those changes that were made, in the order in which they were planned."""
    return [change for change in changes if any(change is one for one in made)]
