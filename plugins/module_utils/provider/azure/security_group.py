# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network security groups as allowlists: their inbound rules that allow prefixes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...model.allowlist import Held, Limits
from ...model.plan import Change
from .edit import changed_body
from .resource import NETWORK_SECURITY_GROUP
from .rules import held_in
from .whole import Resource, WholeResources

#: "Azure subscription and service limits": 1000 rules per group; descriptions of 140 characters (ARM schema).
LIMITS = Limits(entries_per_scope=1000, note_chars=140)


class NetworkSecurityGroups(WholeResources):
    """Each entry of ours is a rule, marked in its description."""

    type = NETWORK_SECURITY_GROUP
    limits = LIMITS

    def held(self, resource: Resource) -> Iterable[Held]:
        """Return the entries that the group's rules allow."""
        return held_in(resource["properties"].get("securityRules") or [])

    def used(self, resource: Resource) -> int:
        """Return the number of rules."""
        return len(resource["properties"].get("securityRules") or [])

    def changed(self, resource: Resource, changes: Sequence[Change]) -> dict[str, Any]:
        """Return the body to put."""
        return changed_body(resource, changes, self._store, LIMITS.note_chars)
