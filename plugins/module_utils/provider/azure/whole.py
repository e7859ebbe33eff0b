# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowlists that are one resource each: one read for all of them, one write for each that changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held, Limits, ScopeState, settled
from ...model.plan import Change
from ...model.scope import Scope
from ..again import RACED, RACES
from .resource import Place, Type, key_of
from .session import NETWORK_VERSION, Answer, AzureSession

_QUERY = {"api-version": NETWORK_VERSION}
Resource = Mapping[str, Any]


class WholeResources(ABC):
    """Writes a resource as a whole, bound to the version that was read.

    One PUT opens and shuts at once and costs one call however many entries change. The etag sees to it that no foreign
    change in between is lost: Azure then refuses the write, and it is made anew on what is there now.
    """

    type: Type
    limits: Limits
    families: tuple[int, ...] = (4, 6)

    def __init__(self, session: AzureSession, store: str) -> None:
        self._session = session
        self._store = store

    @abstractmethod
    def held(self, resource: Resource) -> Iterable[Held]:
        """Return the entries of a resource."""

    @abstractmethod
    def used(self, resource: Resource) -> int:
        """Return how much of Azure's limit a resource uses, by its entries and by what is none."""

    @abstractmethod
    def changed(self, resource: Resource, changes: Sequence[Change]) -> dict[str, Any]:
        """Return the body to put; raises ProviderError where Azure could not hold it."""

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the resources: one call for one of them, for one resource group, or for one subscription."""
        places = {scope: Place.of(scope, self.type, self._session.subscription_id) for scope in scopes}
        found: dict[tuple[str, str, str], Resource] = {}
        for subscription in sorted({place.subscription.lower() for place in places.values()}):
            inside = [place for place in places.values() if place.subscription.lower() == subscription]
            found.update({key_of(resource["id"]): resource for resource in self._read(inside)})
        return {scope: self._state(scope, places[scope], found) for scope in scopes}

    def refuse(self, state: ScopeState, changes: Sequence[Change]) -> None:
        """Raise what would keep the changes from being made, before anything is written."""
        self.changed(state.extra, changes)

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make all changes in one write; one refused or left unanswered is settled by reading the resource again."""
        doing = f"write {len(changes)} changes to {state.scope}"
        resource, still, made = state.extra, list(changes), list[Change]()
        for _round in range(RACES):
            accepted = False
            try:
                answer = self._put(doing, state, resource, still)
                accepted = True
                self._session.finish(doing, answer)
                yield from _in_order(changes, [*made, *still])
                return
            except ProviderError as exc:
                failure = exc
            now = self._again(state) if accepted or failure.kind in RACED else None
            if now is None:
                break
            done, still = settled(self.held(now), still, self._store)
            made += done
            if failure.kind != "conflict" or now["etag"] == resource["etag"] or not still:
                break
            resource = now
        yield from _in_order(changes, made)
        # Everything is there although the write seemed to fail: its answer was lost, or somebody else made the rest.
        if still or accepted:
            raise failure

    def _put(self, doing: str, state: ScopeState, resource: Resource, changes: Sequence[Change]) -> Answer:
        body = self.changed(resource, changes)
        headers = {"If-Match": str(resource["etag"])}
        return self._session.send(doing, "PUT", "arm", state.ref, body, _QUERY, headers)

    def _again(self, state: ScopeState) -> Resource | None:
        """Read the resource once more; None where that fails too, since the first failure is the one to report."""
        try:
            found = self._session.send(f"read {state.scope}", "GET", "arm", state.ref, query=_QUERY).body
        except ProviderError:
            return None
        resource: Resource = found
        return resource

    def _read(self, places: Sequence[Place]) -> Iterator[Resource]:
        """Yield at least the resources at these places of one subscription, with one call (and its pages)."""
        first = places[0]
        if len({place.key for place in places}) == 1:
            doing = f"read the {self.type.words} {first.group}/{first.name}"
            yield self._session.send(doing, "GET", "arm", first.path, query=_QUERY).body
            return
        one_group = len({place.group.lower() for place in places}) == 1
        path = first.group_path if one_group else first.subscription_path
        where = f"resource group {first.group}" if one_group else f"subscription {first.subscription}"
        yield from self._session.pages(f"read the {self.type.words}s of {where}", "arm", path, _QUERY)

    def _state(self, scope: Scope, place: Place, found: Mapping[tuple[str, str, str], Resource]) -> ScopeState:
        resource = found.get(place.key)
        if resource is None:
            raise ProviderError("azure", f"read {scope}", f"there is no such {self.type.words}", "not_found")
        held = tuple(self.held(resource))
        # One rule or range of somebody else may hold many entries, so the difference may be below nothing.
        others = {4: self.used(resource) - len(held)}
        return ScopeState(scope, place.path, held, extra=resource, others=others, families=self.families)


def _in_order(changes: Sequence[Change], made: Sequence[Change]) -> list[Change]:
    """Return those changes that were made, in the order in which they were planned."""
    return [change for change in changes if any(change is one for one in made)]
