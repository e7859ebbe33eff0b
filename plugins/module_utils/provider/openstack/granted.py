# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an OpenStack credential may do: the token lists its roles, and its access rules where it has some.

No call is made besides that for the token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...model.permission import Grant, Granted, Need
from ..base import Identity
from .access_rules import AccessRule, permits
from .need import CALL, IMPLIED, UNRESTRICTED
from .session import OpenStackSession

_NO_RULES = "the application credential has no access rules: every call that its roles allow"
_PASSWORD = "a user's password: every call that its roles allow"
_SILENT = "Keystone's token does not say whether the application credential is restricted"


class TokenPermissions:
    """Reads the session's token."""

    def __init__(self, session: OpenStackSession, who: Identity) -> None:
        self._session = session

    def read_permissions(self, need: Need) -> Granted:
        """Return roles, calls, and whether the credential may make others."""
        token = self._session.token()
        project = f"in the project {token.project_domain_name}/{token.project_name}"
        grants = [*_roles(set(token.role_names), project), *self._calls(need)]
        untold: dict[str, str] = {}
        notes: tuple[str, ...] = ()
        restricted = self._restricted()
        if restricted is False:
            by_password = not token.application_credential_id
            source = _PASSWORD if by_password else "the application credential may make and delete others"
            grants.append(Grant(UNRESTRICTED, source, implied=by_password))
        elif restricted is None:
            untold, notes = {UNRESTRICTED: _SILENT}, (_SILENT,)
        source = "the roles and access rules in Keystone's token, judged by the default policies"
        return Granted(source, tuple(grants), untold=untold, notes=() if UNRESTRICTED in need.rights else notes)

    def _calls(self, need: Need) -> Iterator[Grant]:
        """Yield the needed calls that the access rules let through, then the rules that let through others."""
        token = self._session.token()
        rules = self._session.access_rules()
        if rules is None:
            yield Grant(f"{CALL}*", _NO_RULES if token.application_credential_id else _PASSWORD)
            return
        wanted = [_parsed(right) for right in need.rights + need.optional if right.startswith(CALL)]
        for call in wanted:
            if permits(rules, call.service, call.method, call.path.replace("*", "any")):
                yield Grant(f"{CALL}{call}", "access rules")
        for rule in rules:
            if not _within(rule, wanted):
                yield Grant(f"{CALL}{rule}", "access rules")

    def _restricted(self) -> bool | None:
        """Return whether the credential can make no others; None where the token does not say."""
        token = self._session.token()
        if not token.application_credential_id:
            return False
        found = getattr(token, "application_credential", None) or {}
        told = found.get("restricted")
        return None if told is None else bool(told)


def _roles(names: set[str], project: str) -> Iterator[Grant]:
    """Yield the roles; one that comes with another is there, but is no excess of its own."""
    implied = {name for held in names for name in IMPLIED.get(held, ())}
    for name in sorted(names | implied):
        yield Grant(f"role {name}", project, implied=name in implied)


def _parsed(right: str) -> AccessRule:
    service, _colon, call = right.removeprefix(CALL).partition(": ")
    method, _space, path = call.partition(" ")
    return AccessRule(service, method, path)


def _within(rule: AccessRule, wanted: Sequence[AccessRule]) -> bool:
    """Return whether a rule lets nothing through that is not wanted."""
    return "**" not in rule.path and any(call.allows(rule.service, rule.method, rule.path) for call in wanted)
