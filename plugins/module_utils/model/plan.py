# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change: a plan is a tuple of changes, in the order in which they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """One step: ``action`` is add, update or remove; ``key`` says on what; before and after are values or None.

    ``group`` names the thing changed (a scope, a host's file) and heads its part of the diff.
    """

    action: str
    key: str
    before: Any = None
    after: Any = None
    group: str = ""

    def describe(self) -> str:
        """Return the change in one line, such as ``add acme/store-api: 192.0.2.10/32 tcp/443``."""
        return f"{self.action} {self.group}: {self.key}" if self.group else f"{self.action} {self.key}"


@dataclass(frozen=True)
class Plan:
    """An ordered set of changes. The order is part of the contract: open before close, create before delete."""

    changes: tuple[Change, ...] = field(default=())

    @property
    def changed(self) -> bool:
        """Return whether anything has to be done."""
        return bool(self.changes)

    def diff(self) -> list[dict[str, str]]:
        """Return Ansible's diff: one part per group, each line a value before or after."""
        parts = []
        for group in dict.fromkeys(change.group for change in self.changes):
            own = [change for change in self.changes if change.group == group]
            parts.append(
                {
                    "before_header": group,
                    "after_header": group,
                    "before": _lines(change.before for change in own),
                    "after": _lines(change.after for change in own),
                }
            )
        return parts

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes)


def _lines(values: Any) -> str:
    """Return the values that are not None, one on a line, sorted."""
    return "".join(f"{line}\n" for line in sorted(str(value) for value in values if value is not None))
