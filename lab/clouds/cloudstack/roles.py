# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles: a type, which decides the default, and explicit permissions, as CloudStack's dynamic roles have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .commands import ADMIN, DOMAIN_ADMIN, USER, Command

TYPES = (ADMIN, DOMAIN_ADMIN, USER)
# accounttype of the API: 0 user, 1 root admin, 2 domain admin.
ACCOUNT_TYPES = {USER: 0, ADMIN: 1, DOMAIN_ADMIN: 2}


@dataclass(frozen=True)
class Role:
    name: str
    type: str
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def permits(self, command: Command) -> bool:
        if any(fnmatchcase(command.name, pattern) for pattern in self.deny):
            return False
        if any(fnmatchcase(command.name, pattern) for pattern in self.allow):
            return True
        return self.type in command.roles

    def rules(self, known: Mapping[str, Command]) -> list[tuple[str, str]]:
        """The role's rules in the order in which they decide; a root administrator's default is everything."""
        default = ["*"] if self.type == ADMIN else [name for name, it in known.items() if self.type in it.roles]
        own = [*((rule, "deny") for rule in self.deny), *((rule, "allow") for rule in self.allow)]
        return [*own, *((rule, "allow") for rule in default)]

    def commands(self, known: Mapping[str, Command]) -> list[Command]:
        return [command for command in known.values() if self.permits(command)]


BUILT_IN = {
    "Root Admin": Role("Root Admin", ADMIN),
    "Domain Admin": Role("Domain Admin", DOMAIN_ADMIN),
    "User": Role("User", USER),
}


def parse_roles(raw: Mapping[str, Mapping[str, object]]) -> dict[str, Role]:
    roles = dict(BUILT_IN)
    for name, spec in raw.items():
        kind = str(spec.get("type", USER))
        if kind not in TYPES:
            raise ValueError(f"roles.{name}.type: {kind} is none of {', '.join(TYPES)}")
        roles[name] = Role(name, kind, _patterns(spec.get("allow")), _patterns(spec.get("deny")))
    return roles


def _patterns(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
