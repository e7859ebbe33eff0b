# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access rules of an application credential: which calls it may make at all ("Access Rules", Keystone's user guide)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class AccessRule:
    """One permitted call. In a path, * and {name} stand for one segment and ** for any number of them."""

    service: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.service}: {self.method} {self.path}"

    def allows(self, service: str, method: str, path: str) -> bool:
        """Return whether this rule lets the call through, as keystonemiddleware decides it."""
        return (service, method) == (self.service, self.method) and bool(_pattern(self.path).fullmatch(path))


def parse_rules(raw: Iterable[Mapping[str, str]] | None) -> tuple[AccessRule, ...] | None:
    """Return the rules of a token; None, which is no restriction, stays None."""
    if raw is None:
        return None
    return tuple(sorted(AccessRule(rule["service"], rule["method"], rule["path"]) for rule in raw))


def permits(rules: Iterable[AccessRule], service: str, method: str, path: str) -> bool:
    """Return whether any of the rules lets the call through."""
    return any(rule.allows(service, method, path) for rule in rules)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*|\{[^}]*\})", path)
    return re.compile("".join(_piece(part) for part in parts))


def _piece(part: str) -> str:
    if part == "**":
        return ".*"
    return "[^/]+" if part == "*" or part.startswith("{") else re.escape(part)
