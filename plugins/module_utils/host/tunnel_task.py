# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of vpn_tunnel_info that runs on hosts: what charon, the network and the filter say there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..core.errors import ServiceStoreError
from ..core.runner import Context
from ..model.plan import Change, Plan
from . import attempt, tunnels


class TunnelTask:
    """Looks at the parts that the action plugin asks for; it changes nothing."""

    def __init__(self, context: Context) -> None:
        if not context.params["parts"]:
            raise ServiceStoreError(
                "this module needs its action plugin; call it as strategic.service_store.vpn_tunnel_info"
            )
        self._params = context.params
        self._found: dict[str, Any] = {}

    def plan(self) -> Plan:
        """Look; an info module plans no change."""
        parts = self._params["parts"]
        left_s = float(self._params["wait_s"])
        if "tunnels" in parts:
            left_s -= self._watch()
        # Without the tunnels there is nothing to reach the API through.
        ends = self._found.get("ends", [{"up": True}])
        if "probe" in parts and ends and all(end["up"] for end in ends):
            self._probe(left_s)
        if "filter" in parts:
            self._found["after"] = attempt.counted()
        return Plan()

    def _watch(self) -> float:
        given = self._params
        seen = tunnels.watch(given["socket"], given["tunnels"] or (), given["wait_for"], given["wait_s"])
        self._found["ends"] = tunnels.explain(seen, tunnels.journal)
        return seen.waited_s

    def _probe(self, wait_s: float) -> None:
        to = self._params["probe"]
        tried = attempt.attempts(to["address"], to["port"], to["timeout_s"], wait_s, self._count_before)
        self._found["tried"] = vars(tried).copy()

    def _count_before(self) -> None:
        if "filter" in self._params["parts"]:
            self._found["before"] = attempt.counted()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what was seen, for the action plugin to judge."""
        return self._found
