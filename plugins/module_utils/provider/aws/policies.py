# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants and denials of IAM policy documents ("IAM JSON policy elements reference")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...model.permission import Grant
from .source_restriction import SID


def statements(document: Mapping[str, Any], source: str) -> tuple[list[Grant], list[Grant]]:
    """Return the grants and the denials of one policy; ``source`` says in words which policy it is.

    A resource other than * and a condition become words: whether they hold for a call shows only in the call. The
    statement by which this collection restricts source addresses takes no right away and is left out.
    """
    grants: list[Grant] = []
    denials: list[Grant] = []
    for statement in _listed(document.get("Statement")):
        denied = statement.get("Effect") == "Deny"
        if denied and statement.get("Sid") == SID:
            continue
        only = _only(statement, denied)
        if "NotAction" in statement:
            made = [Grant("*", source, but=tuple(map(str, _listed(statement["NotAction"]))), only=only)]
        else:
            made = [Grant(str(action), source, only=only) for action in _listed(statement.get("Action"))]
        (denials if denied else grants).extend(made)
    return grants, denials


def _only(statement: Mapping[str, Any], denied: bool) -> str:
    """Return in words what limits a statement, "" where nothing does."""
    said = []
    if "NotResource" in statement:
        said.append(f"for every resource but {', '.join(_listed(statement['NotResource']))}")
    elif "*" not in (resources := list(map(str, _listed(statement.get("Resource", "*"))))):
        said.append(f"for {_few(resources)} alone")
    if statement.get("Condition"):
        keys = sorted({key for tests in statement["Condition"].values() for key in tests})
        said.append(f"{'where' if denied else 'only where'} the condition on {', '.join(keys)} holds")
    return " and ".join(said)


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _listed(value: Any) -> Iterable[Any]:
    """IAM takes one item for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
