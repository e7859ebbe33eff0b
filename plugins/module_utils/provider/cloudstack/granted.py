# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CloudStack key may do: listApis shows the commands that its holder may call.

From 4.23 on a pair may have rules of its own, by which it may do less (listUserKeys). The rules of the role are told to
administrators alone (listRolePermissions); they add wildcards to the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.permission import Grant, Granted, Need, covers
from ..base import Identity
from .need import SEVERAL_PAIRS, SINCE_4_23
from .session import CloudStackSession

_NO_PAIR = "whether the pair has rules of its own, by which it may do less: it may not call listUserKeys"
_ADMINISTRATORS = ("Admin", "ResourceAdmin", "DomainAdmin")


class RoleCommands:
    """Asks the server which commands the session's key may call."""

    def __init__(self, session: CloudStackSession, who: Identity) -> None:
        self._session = session
        self._who = who

    def read_permissions(self, need: Need) -> Granted:
        """Ask in one call, in one more from 4.23 on, and in one more where the role's own rules may be read."""
        detail = self._who.detail
        role = f"role {detail.get('rolename') or 'of the account'}"
        try:
            answer = self._session.call("list the commands that the key may call", "listApis")
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
            why = "the role lacks listApis"
            return Granted("nothing", untold=dict.fromkeys(need.rights, why), notes=(f"what is too much: {why}",))
        described = {str(item["name"]): item for item in answer.get("api") or ()}
        several = _several_pairs(described)
        rules = self._pair_rules() if several else ()
        names = {name for name in described if _permitted(rules or (), name)}
        grants = [Grant(name, role) for name in sorted(names)]
        kind = str(detail.get("roletype") or "")
        if kind in _ADMINISTRATORS:
            grants.append(Grant(f"role type {kind}", role, administrator=True))
        # A pair with rules of its own does not have what its role gives by a wildcard.
        grants += self._rules(role) if "listRolePermissions" in names and not rules else []
        notes = (_NO_PAIR,) if rules is None else ()
        source = "listApis, which shows what the key may call"
        features = frozenset({SEVERAL_PAIRS} if several else ())
        return Granted(source, tuple(grants), notes=notes, features=features)

    def _pair_rules(self) -> tuple[tuple[str, str], ...] | None:
        """Return the rules of the session's own pair, (pattern, "allow" or "deny"), None where they are not told."""
        try:
            found = self._session.list_all("read the rules of the key pair", "listUserKeys", showpermissions=True)
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
            return None
        own = [pair for pair in found if pair["apikey"] == self._session.credential.public["api_key"]]
        rules = [rule for pair in own for rule in pair.get("permissions") or ()]
        return tuple((str(rule["rule"]), str(rule["permission"]).lower()) for rule in rules)

    def _rules(self, role: str) -> list[Grant]:
        """Return the role's own rules that have a wildcard; the commands behind them are known from listApis."""
        if not self._who.detail.get("roleid"):
            return []
        answer = self._session.call(
            f"read the rules of the {role}", "listRolePermissions", roleid=self._who.detail["roleid"]
        )
        rules = [rule for rule in answer.get("rolepermission") or () if str(rule.get("permission")).lower() == "allow"]
        return [Grant(str(rule["rule"]), f"rule of the {role}") for rule in rules if "*" in str(rule["rule"])]


def _several_pairs(described: Mapping[str, Any]) -> bool:
    """Return whether a user may have several pairs: by how registerUserKeys is described, or by a newer command."""
    params = {param["name"] for param in (described.get("registerUserKeys") or {}).get("params") or ()}
    return "enddate" in params or any(name in described for name in SINCE_4_23)


def _permitted(rules: tuple[tuple[str, str], ...], name: str) -> bool:
    """Return whether a pair's rules let a command through: the first that fits decides, without rules all pass."""
    return not rules or next((permission for rule, permission in rules if covers(rule, name)), "deny") == "allow"
