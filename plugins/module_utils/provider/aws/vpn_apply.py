# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes and removes the parts of a VPN gateway in EC2, each kind by its own file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Callable

from ...model.plan import Change
from ...model.vpn_plan import Part
from .vpn_connection import Connections
from .vpn_read import CONNECTION, CUSTOMER, GATEWAY, PROPAGATION, ROUTE, TRANSIT_ROUTE, TUNNEL
from .vpn_routes import Routes
from .vpn_shared import SharedParts

_OF_CONNECTION = frozenset({CONNECTION, TUNNEL, ROUTE})
_MADE_WITH_CONNECTION = frozenset({TUNNEL})
_GONE_WITH_CONNECTION = frozenset({TUNNEL, ROUTE})


class Writer(SharedParts, Connections, Routes):
    """Applies one plan."""

    def apply(self, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes and yield each one that has taken effect."""
        left = _in_order(changes, {end.name for end in self._state.ends if end.status == "down"})
        if any(_kind(one) in _OF_CONNECTION for one in left):
            self._settle()
        while left:
            change = left.pop(0)
            part: Part = change.after or change.before
            along: list[Change] = []
            if part.kind == CONNECTION and change.action != "update":
                kinds = _MADE_WITH_CONNECTION if change.action == "add" else _GONE_WITH_CONNECTION
                along = [one for one in left if one.action == change.action and _kind(one) in kinds]
                left = [one for one in left if one not in along]
            self._handler(part.kind, change.action)(change, along)
            yield change
            yield from along

    def _handler(self, kind: str, action: str) -> Callable[[Change, Sequence[Change]], None]:
        handlers: Mapping[tuple[str, str], Callable[[Change, Sequence[Change]], None]] = {
            (CUSTOMER, "add"): self._add_customer,
            (CUSTOMER, "update"): self._join,
            (CUSTOMER, "remove"): self._remove_customer,
            (GATEWAY, "add"): self._add_gateway,
            (GATEWAY, "update"): self._attach_and_join,
            (GATEWAY, "remove"): self._remove_gateway,
            (CONNECTION, "add"): self._add_connection,
            (CONNECTION, "update"): self._update_connection,
            (CONNECTION, "remove"): self._remove_connection,
            (TUNNEL, "update"): self._update_tunnel,
            (ROUTE, "add"): self._add_route,
            (ROUTE, "remove"): self._remove_route,
            (TRANSIT_ROUTE, "add"): self._add_transit_route,
            (TRANSIT_ROUTE, "update"): self._mark_route,
            (TRANSIT_ROUTE, "remove"): self._remove_transit_route,
            (PROPAGATION, "add"): self._propagate,
            (PROPAGATION, "update"): self._propagate,
            (PROPAGATION, "remove"): self._stop_propagation,
        }
        return handlers[kind, action]


def _in_order(changes: Sequence[Change], down: set[str]) -> list[Change]:
    """Return the changes in their order, but of the tunnels those first that are down: they lose nothing."""
    tunnels = [one for one in changes if _kind(one) == TUNNEL and one.action == "update"]
    ordered = iter(sorted(tunnels, key=lambda one: one.after.name not in down))
    found = [next(ordered) if one in tunnels else one for one in changes]
    if any(_kind(one) == CONNECTION and one.action == "remove" for one in changes):
        # These go with it, without a call of their own.
        along = [one for one in found if _kind(one) in _GONE_WITH_CONNECTION]
        found = [one for one in found if one not in along] + along
    return found


def _kind(change: Change) -> str:
    part: Part = change.after or change.before
    return part.kind
