# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Authorization, version 2022-04-01: role assignments of a subscription, and role definitions.

"Role Assignments - List For Subscription", "List Azure role assignments using the REST API", "Role Definitions - Get By
Id". A list shows what is at, above and below the subscription.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.clouds.azure import rbac
from lab.clouds.azure.roles import Role
from lab.clouds.azure.state import Application, derived_id
from lab.clouds.azure.wire import AzureError, Json, Response

if TYPE_CHECKING:
    from lab.clouds.azure.arm import Call

_FILTER = re.compile(r"^(?P<at>atScope\(\))?( and )?(principalId eq '(?P<eq>[^']+)'|assignedTo\('(?P<to>[^']+)'\))?$")
_PROVIDER = "providers/Microsoft.Authorization"


def list_assignments(call: Call) -> Response:
    call.allow("Microsoft.Authorization/roleAssignments/read")
    subscription = call.subscription()
    own = f"/subscriptions/{subscription.id}".lower()
    text = call.request.query.get("$filter", "")
    match = _FILTER.match(text)
    if match is None:
        raise AzureError(400, "UnsupportedQuery", f"The filter '{text}' is not supported.")
    who = match["eq"] or match["to"]
    found = [
        _assignment(application, role, scope, subscription.id)
        for application in call.state.tenants[subscription.tenant_id].applications.values()
        if who in (None, application.principal_id)
        for role, scope in application.roles
        if scope == own or rbac.above(scope, own) or (rbac.above(own, scope) and not match["at"])
    ]
    return Response(200, {"value": found})


def one_definition(call: Call) -> Response:
    call.allow("Microsoft.Authorization/roleDefinitions/read")
    call.subscription()
    wanted = call.parts["d"].lower()
    for role in call.state.roles.values():
        if role.id == wanted:
            return Response(200, _definition(role, call.parts["s"]))
    raise AzureError(
        404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{wanted}' does not exist."
    )


def _definition_id(role: Role, subscription_id: str) -> str:
    return f"/subscriptions/{subscription_id}/{_PROVIDER}/roleDefinitions/{role.id}"


def _assignment(application: Application, role: Role, scope: str, subscription_id: str) -> Json:
    name = derived_id(application.principal_id, role.id, scope)
    return {
        "id": f"{scope}/{_PROVIDER}/roleAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": _definition_id(role, subscription_id),
            "principalId": application.principal_id,
            "principalType": "ServicePrincipal",
            "scope": scope or "/",
            "condition": None,
            "conditionVersion": None,
            "delegatedManagedIdentityResourceId": None,
        },
    }


def _definition(role: Role, subscription_id: str) -> Json:
    scopes = ["/"] if role.type == "BuiltInRole" else [f"/subscriptions/{subscription_id}"]
    return {
        "id": _definition_id(role, subscription_id),
        "name": role.id,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": role.type,
            "description": role.name,
            "assignableScopes": scopes,
            "permissions": [
                {
                    "actions": list(role.actions),
                    "notActions": list(role.not_actions),
                    "dataActions": list(role.data_actions),
                    "notDataActions": [],
                }
            ],
        },
    }
