# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scope: the object at a provider that holds an allowlist, such as a security group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .invalid import InvalidValue


@dataclass(frozen=True, order=True)
class Scope:
    """``kind`` and either ``id`` or ``name``; ``parent`` is what the provider needs to find it (a resource group)."""

    kind: str
    id: str = ""
    name: str = ""
    parent: str = ""

    def __str__(self) -> str:
        inside = f"{self.parent}/" if self.parent else ""
        return f"{self.kind} {inside}{self.name or self.id}"

    @classmethod
    def parse(cls, raw: Mapping[str, Any], kinds: Sequence[str], where: str = "scope") -> Scope:
        """Make a scope of an option's dict; ``kinds`` are those the provider at hand has."""
        kind = str(raw.get("kind") or "")
        if kind not in kinds:
            raise InvalidValue(
                f"{where}.kind", kind or "(none)", f"is no kind of this provider; it has {', '.join(kinds)}"
            )
        scope = cls(kind, str(raw.get("id") or ""), str(raw.get("name") or ""), str(raw.get("parent") or ""))
        if bool(scope.id) == bool(scope.name):
            raise InvalidValue(where, dict(raw), "needs exactly one of id and name")
        return scope
