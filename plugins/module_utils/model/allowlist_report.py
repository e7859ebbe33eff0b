# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rollout report is told of allowlists: records of the kinds ``allowlist`` and ``drift``; pure.

The rows are those that the modules return for each scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .scope import Scope

#: An entry that is several of these is told once, as the first.
_STATES = ("missing", "expired", "wider", "undeclared")


def applied(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many entries each scope holds, and how many came and went."""
    scopes = [
        {
            "scope": _name(row),
            "entries": row["entries"],
            "added": len(row["added"]),
            "removed": len(row["removed"]),
        }
        for row in rows
    ]
    return {"kind": "allowlist", "scopes": scopes, "entries": sum(row["entries"] for row in scopes)}


def drift(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return each entry that differs from what is declared, with what is the matter with it."""
    return {"kind": "drift", "rows": [found for row in rows for found in _drifted(row)]}


def _drifted(row: Mapping[str, Any]) -> list[dict[str, str]]:
    states: dict[str, str] = {}
    for state in _STATES:
        for entry in row[state]:
            states.setdefault(entry, state)
    return [{"scope": _name(row), "entry": entry, "state": state} for entry, state in states.items()]


def _name(row: Mapping[str, Any]) -> str:
    return str(Scope(**row["scope"]))
