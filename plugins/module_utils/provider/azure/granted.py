# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application may do: its role assignments in the subscription, and the permissions in its token for Graph.

"List Azure role assignments using the REST API", "Role definitions - Get By Id" (Microsoft.Authorization, 2022-04-01);
"Access token claims reference" for oid and roles. Roles of the directory and deny assignments are not asked for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.permission import Grant, Granted, Need
from ..base import Identity
from .credential import SUBSCRIPTION_VERSION
from .need import GRAPH, IMPLIED, STRONG_ROLES
from .session import AzureSession

AUTHORIZATION_VERSION = "2022-04-01"
_NO_CLAIMS = "the access token cannot be read here, and it alone names {}"
_NO_READ = "the application may not read its role assignments (Microsoft.Authorization/roleAssignments/read)"
_Told = tuple[list[Grant], str]


class ApplicationPermissions:
    """Asks Resource Manager and Entra ID about the session's own application."""

    def __init__(self, session: AzureSession, who: Identity) -> None:
        self._session = session
        self._roles: dict[str, Mapping[str, Any]] = {}

    def read_permissions(self, need: Need) -> Granted:
        """Ask in one call for the assignments, one for each role, and one for a token of Graph."""
        in_graph = [right for right in need.rights if right.startswith(GRAPH)]
        in_arm = [right for right in need.rights if right not in in_graph]
        actions, no_actions = self._actions()
        permissions, no_permissions = self._permissions()
        untold: dict[str, str] = {}
        notes = []
        for rights, why, what in ((in_arm, no_actions, "its roles"), (in_graph, no_permissions, "its rights in Graph")):
            if why:
                untold.update(dict.fromkeys(rights, why))
                notes.append(f"what is too much of {what}: {why}")
        source = "its role assignments in the subscription, and its permissions in Microsoft Graph's token"
        return Granted(source, (*actions, *permissions), untold=untold, notes=tuple(notes))

    def _actions(self) -> _Told:
        """Return what the roles in the subscription give, or why that is not told."""
        oid = self._claims("arm").get("oid")
        if not oid:
            return [], _NO_CLAIMS.format("the service principal")
        path = f"/subscriptions/{self._session.subscription_id}/providers/Microsoft.Authorization/roleAssignments"
        query = {"api-version": AUTHORIZATION_VERSION, "$filter": f"assignedTo('{oid}')"}
        try:
            found = [it["properties"] for it in self._session.pages("list the role assignments", "arm", path, query)]
            return [grant for item in found for grant in self._of_role(item)], ""
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
        # Whoever has no role at all may not ask either, and does not see the subscription.
        return [], _NO_READ if self._sees_subscription() else ""

    def _of_role(self, assignment: Mapping[str, Any]) -> Iterator[Grant]:
        role_id = str(assignment["roleDefinitionId"])
        role = self._role(role_id)
        strong = role_id.rpartition("/")[2].lower() in STRONG_ROLES
        only, beyond = self._where(assignment)
        source = f"role {role['roleName']} at {assignment['scope'] or '/'}"
        for part in role["permissions"]:
            # * does not reach what Graph and the services themselves decide.
            but = (*part.get("notActions", ()), f"{GRAPH}*", "data:*")
            for action in part.get("actions") or ():
                yield Grant(str(action), source, but, only, beyond=beyond, administrator=strong)
            for action in part.get("dataActions") or ():
                yield Grant(f"data:{action}", source, only=only, beyond=beyond)

    def _role(self, role_id: str) -> Mapping[str, Any]:
        """Return a role's definition, which several assignments may name."""
        if role_id not in self._roles:
            query = {"api-version": AUTHORIZATION_VERSION}
            answer = self._session.send("read a role's definition", "GET", "arm", role_id, query=query)
            self._roles[role_id] = answer.body["properties"]
        return self._roles[role_id]

    def _where(self, assignment: Mapping[str, Any]) -> tuple[str, str]:
        """Return in words what limits an assignment to less than the subscription, and what reaches above it."""
        scope, own = str(assignment["scope"]).lower().rstrip("/"), f"/subscriptions/{self._session.subscription_id}"
        if scope.startswith(f"{own.lower()}/"):
            return f"in {assignment['scope']} alone", ""
        if scope != own.lower():
            return "", "which is above the subscription"
        return ("only where its condition holds" if assignment.get("condition") else ""), ""

    def _sees_subscription(self) -> bool:
        query = {"api-version": SUBSCRIPTION_VERSION}
        seen = self._session.pages("list the subscriptions", "arm", "/subscriptions", query)
        return any(it["subscriptionId"].lower() == self._session.subscription_id.lower() for it in seen)

    def _permissions(self) -> _Told:
        """Return the application permissions of Graph, or why they are not told."""
        claims = self._claims("graph")
        if not claims:
            return [], _NO_CLAIMS.format("the application's permissions")
        held = {str(role) for role in claims.get("roles") or ()}
        implied = {name for role in held for name in IMPLIED.get(role, ())}
        source = "application permission of Microsoft Graph"
        return [Grant(f"{GRAPH}{name}", source, implied=name not in held) for name in sorted(held | implied)], ""

    def _claims(self, service: str) -> Mapping[str, Any]:
        """Return what a token says of its holder, nothing where it is no JSON Web Token; its signature is the API's."""
        doing = f"get a token for {service}"
        parts = self._session.call(doing, lambda _number: self._session.token(service)).split(".")
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (IndexError, ValueError):
            return {}
        return claims if isinstance(claims, dict) else {}
