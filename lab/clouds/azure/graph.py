# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Graph v1.0: named locations, Conditional Access policies, applications and service principals."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from lab.clouds.azure import conditional_access, passwords
from lab.clouds.azure.state import Application, State, Tenant
from lab.clouds.azure.tokens import bearer
from lab.clouds.azure.wire import AzureError, Json, Request, Response, now_text

_PATH = re.compile(r"^(/graph)?/v1\.0/(?P<rest>.+)$")
_CA = re.compile(r"^identity/conditionalAccess/(?P<kind>namedLocations|policies)(/(?P<id>[^/]+))?$")
_APPLICATION = re.compile(
    r"^(?P<kind>applications|servicePrincipals)(\(appId='(?P<app>[^']+)'\)|/(?P<id>[^/]+))?"
    r"(/(?P<action>addPassword|removePassword))?$"
)
_FILTER = re.compile(r"^(?P<field>appId|displayName) eq '(?P<value>(?:[^']|'')*)'$")
_CA_READ = {"Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"}
_APP_READ = {"Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"}
_APP_WRITE = {"Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"}


def serves(request: Request) -> bool:
    """Whether the path is one of Graph's."""
    return _PATH.match(request.path) is not None


def handle(state: State, request: Request) -> Response:
    match = _PATH.match(request.path)
    rest = match["rest"].rstrip("/") if match else ""
    claims = bearer(request, state.signer, "graph")
    tenant, caller = state.tenants[claims["tid"]], state.find_application(claims["tid"], claims["appid"])
    if caller is None:
        raise AzureError(401, "InvalidAuthenticationToken", "The application was removed from the directory.")
    if found := _CA.match(rest):
        return _conditional_access(tenant, caller, request, found["kind"], found["id"])
    if found := _APPLICATION.match(rest):
        target = found["app"] or found["id"]
        return _applications(tenant, caller, request, found["kind"], target, found["action"])
    raise AzureError(400, "BadRequest", f"Resource not found for the segment '{rest.split('/')[0]}'.")


def _conditional_access(tenant: Tenant, caller: Application, request: Request, kind: str, key: str | None) -> Response:
    write = request.method != "GET"
    # Microsoft lists a read permission next to the write permission for creating a policy.
    allowed = (
        "Policy.ReadWrite.ConditionalAccess" in caller.graph_permissions
        if write
        else bool(_CA_READ & caller.graph_permissions)
    )
    if not allowed:
        raise AzureError(
            403,
            "AccessDenied",
            "You cannot perform the requested operation, required scopes are missing in the token.",
        )
    store = tenant.named_locations if kind == "namedLocations" else tenant.policies
    if key is None:
        return _collection(tenant, store, request, kind)
    if key not in store:
        raise AzureError(404, "NotFound", f"1055: {kind} object with id {key} does not exist in the directory.")
    if request.method == "GET":
        return Response(200, store[key])
    if request.method == "DELETE":
        _refuse_in_use(tenant, kind, key)
        del store[key]
        return Response(204)
    if request.method != "PATCH":
        raise AzureError(405, "MethodNotAllowed", "The HTTP method is not allowed here.")
    changed = {**store[key], **request.json(), "id": key, "modifiedDateTime": now_text()}
    _checker(tenant, kind)(changed)
    store[key] = changed
    return Response(204)


def _collection(tenant: Tenant, store: dict[str, Json], request: Request, kind: str) -> Response:
    if request.method == "GET":
        return Response(200, {"value": _filtered(list(store.values()), request)})
    if request.method != "POST":
        raise AzureError(405, "MethodNotAllowed", "The HTTP method is not allowed here.")
    stamps = {"id": str(uuid.uuid4()), "createdDateTime": now_text(), "modifiedDateTime": now_text()}
    body = {**request.json(), **stamps}
    _checker(tenant, kind)(body)
    store[body["id"]] = body
    return Response(201, body)


def _checker(tenant: Tenant, kind: str) -> Callable[[Json], None]:
    if kind == "namedLocations":
        return conditional_access.check_location
    return lambda body: conditional_access.check_policy(tenant, body)


def _refuse_in_use(tenant: Tenant, kind: str, key: str) -> None:
    if kind != "namedLocations":
        return
    for policy in tenant.policies.values():
        locations = (policy.get("conditions") or {}).get("locations") or {}
        if key in (locations.get("includeLocations") or []) + (locations.get("excludeLocations") or []):
            raise AzureError(400, "BadRequest", f"1064: Named location {key} is used by policy {policy['id']}.")


def _applications(
    tenant: Tenant, caller: Application, request: Request, kind: str, target: str | None, action: str | None
) -> Response:
    needed = _APP_READ if request.method == "GET" else _APP_WRITE
    if not needed & caller.graph_permissions:
        raise AzureError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    view = _application_body if kind == "applications" else _principal_body
    if target is None:
        return Response(200, {"value": _filtered([view(a) for a in tenant.applications.values()], request)})
    for application in tenant.applications.values():
        if target in (application.client_id, view(application)["id"]):
            if not action:
                return Response(200, _selected(view(application), request))
            _check_owner(application, caller)
            return _act(application, request, action)
    raise AzureError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{target}' does not exist or one of its queried reference-property objects are not present.",
    )


def _check_owner(application: Application, caller: Application) -> None:
    """With Application.ReadWrite.OwnedBy alone an application changes those that it owns."""
    if "Application.ReadWrite.All" not in caller.graph_permissions and caller.client_id not in application.owners:
        raise AzureError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _act(application: Application, request: Request, action: str) -> Response:
    body = request.json()
    if action == "removePassword":
        passwords.remove(application, str(body.get("keyId")))
        return Response(204)
    return Response(200, passwords.add(application, body.get("passwordCredential") or {}))


def _selected(body: Json, request: Request) -> Json:
    """The fields that $select names; all without it."""
    names = [name for name in request.query.get("$select", "").split(",") if name]
    return {name: body[name] for name in names if name in body} if names else body


def _application_body(application: Application) -> Json:
    hidden = [{**p, "secretText": None} for p in application.passwords]
    return {
        "id": application.object_id,
        "appId": application.client_id,
        "displayName": application.display_name,
        "passwordCredentials": hidden,
    }


def _principal_body(application: Application) -> Json:
    return {
        "id": application.principal_id,
        "appId": application.client_id,
        "displayName": application.display_name,
        "servicePrincipalType": "Application",
    }


def _filtered(items: list[Json], request: Request) -> list[Json]:
    text = request.query.get("$filter")
    if not text:
        return items
    match = _FILTER.match(text)
    if match is None:
        raise AzureError(400, "BadRequest", f"Invalid filter clause: {text}")
    wanted = match["value"].replace("''", "'")
    return [item for item in items if item.get(match["field"]) == wanted]
