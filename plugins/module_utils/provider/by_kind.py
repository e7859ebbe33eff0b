# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One adapter for all of a provider's kinds of allowlist, each kept by an adapter of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Callable

from ..model.allowlist import Limits, ScopeState
from ..model.plan import Change
from ..model.scope import Scope
from .base import AllowlistAdapter


class ByKind:
    """Hands each scope to the adapter of its kind, and gives its state that adapter's limits.

    An adapter is made when a scope of its kind comes, so that what others need is not loaded.
    """

    #: Every state brings its own.
    limits = Limits()

    def __init__(self, kinds: Mapping[str, Callable[[], AllowlistAdapter]]) -> None:
        self._kinds = kinds
        self._made: dict[str, AllowlistAdapter] = {}

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the scopes kind by kind."""
        states: dict[Scope, ScopeState] = {}
        for name in self._kinds:
            own = [scope for scope in scopes if scope.kind == name]
            if not own:
                continue
            adapter = self._adapter(name)
            for scope, state in adapter.read_allowlists(own).items():
                states[scope] = dataclasses.replace(state, limits=state.limits or adapter.limits)
        return states

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes through the kind's adapter."""
        return self._adapter(state.scope.kind).apply_allowlist(state, changes)

    def refuse(self, state: ScopeState, changes: Sequence[Change]) -> None:
        """Raise what the kind's adapter has against the changes, before anything is written."""
        ask = getattr(self._adapter(state.scope.kind), "refuse", None)
        if ask:
            ask(state, changes)

    def true_limits(self, state: ScopeState) -> Limits | None:
        """Return the scope's limits as the provider has them now; None where it cannot be asked."""
        ask = getattr(self._adapter(state.scope.kind), "true_limits", None)
        found: Limits | None = ask(state) if ask else None
        return found

    def _adapter(self, kind: str) -> AllowlistAdapter:
        # Before the first thread: every scope has been read when changes are made.
        if kind not in self._made:
            self._made[kind] = self._kinds[kind]()
        return self._made[kind]
