# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public endpoints behind the firewalls: they hold nothing, and refuse by the TCP peer's address like the services.

BASE/storage/<account>/..., BASE/vault/<vault>/... and BASE/sql/<server> stand for <account>.blob.core.windows.net,
<vault>.vault.azure.net and <server>.database.windows.net. Each looks at a call in its service's order:

- storage: the network rules (403 AuthorizationFailure), the token, the role ("Status and error codes", XML);
- vault: the token (401), the firewall (403 with innererror ForbiddenByFirewall, whose text names the caller too), the
  role (ForbiddenByRbac) ("Azure Key Vault REST API Error Codes");
- SQL speaks TDS really; its refusal (error 40615) is given here as JSON, and a login is not looked at.
"""

from __future__ import annotations

import re
from typing import Any

from lab.clouds.azure import network_acls, rbac, sql
from lab.clouds.azure.state import Application, State
from lab.clouds.azure.tokens import bearer
from lab.clouds.azure.wire import AzureError, Json, Request, Response, now_text

_PATH = re.compile(r"^/(?P<service>storage|vault|sql)/(?P<name>[A-Za-z0-9-]+)(/|$)")
_XML = {"Content-Type": "application/xml"}
_LIST_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers/read"
_LIST_SECRETS = "Microsoft.KeyVault/vaults/secrets/readMetadata/action"
_HELD = {"storage": "storage_accounts", "vault": "vaults", "sql": "sql_servers"}


def serves(request: Request) -> bool:
    return _PATH.match(request.path) is not None


def handle(state: State, request: Request) -> Response:
    """Answers as the service would, an empty list to whoever may have it."""
    match = _PATH.match(request.path)
    service, name = (match["service"], match["name"].lower()) if match else ("", "")
    for subscription in state.subscriptions.values():
        for group in subscription.groups.values():
            found = getattr(group, _HELD[service]).get(name)
            if found is not None:
                return _SERVICES[service](state, request, found)
    raise AzureError(404, "ResourceNotFound", f"There is no {service} of the name {name}.")


def _storage(state: State, request: Request, account: Json) -> Response:
    if not network_acls.lets_in(account["properties"], request.source):
        return _storage_error(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
    if "authorization" not in request.headers:
        text = (
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
        )
        return _storage_error(401, "NoAuthenticationInformation", text)
    try:
        caller = _caller(state, request, "storage")
    except AzureError:
        return _storage_error(401, "InvalidAuthenticationInfo", "Server failed to authenticate the request.")
    if not rbac.allows(caller, _LIST_CONTAINERS, account["id"]):
        text = "This request is not authorized to perform this operation using this permission."
        return _storage_error(403, "AuthorizationPermissionMismatch", text)
    return Response(200, _xml("<EnumerationResults><Containers /><NextMarker /></EnumerationResults>"), _XML)


def _vault(state: State, request: Request, vault: Json) -> Response:
    try:
        caller = _caller(state, request, "vault")
    except AzureError as error:
        challenge = f'Bearer authorization="{request.base_url}/{vault["properties"]["tenantId"]}"'
        headers = {"WWW-Authenticate": f'{challenge}, resource="https://vault.azure.net"'}
        return Response(401, {"error": {"code": "Unauthorized", "message": error.message}}, headers)
    tenant = vault["properties"]["tenantId"]
    who = f"Caller: appid={caller.client_id};oid={caller.principal_id};iss=https://sts.windows.net/{tenant}/"
    where = f"Vault: {vault['name']};location={vault['location']}"
    if not network_acls.lets_in(vault["properties"], request.source):
        text = "Client address is not authorized and caller is not a trusted service."
        return _vault_error([text, f"Client address: {request.source}", who, where], "ForbiddenByFirewall")
    if not rbac.allows_data(caller, _LIST_SECRETS, vault["id"]):
        text = "Caller is not authorized to perform action on resource."
        return _vault_error([text, who, f"Action: '{_LIST_SECRETS}'", where], "ForbiddenByRbac")
    return Response(200, {"value": [], "nextLink": None})


def _sql(state: State, request: Request, server: Any) -> Response:
    if sql.lets_in(server, request.source):
        return Response(200, {"value": []})
    who = f"Client with IP address '{request.source}' is not allowed to access the server."
    raise AzureError(403, "40615", f"Cannot open server '{server.resource['name']}' requested by the login. {who}")


_SERVICES = {"storage": _storage, "vault": _vault, "sql": _sql}


def _caller(state: State, request: Request, service: str) -> Application:
    """The application whose token comes with the call; raises AzureError."""
    claims = bearer(request, state.signer, service)
    caller = state.find_application(claims["tid"], claims["appid"])
    if caller is None:
        raise AzureError(401, "InvalidAuthenticationToken", "The application was removed from the directory.")
    return caller


def _storage_error(status: int, code: str, text: str) -> Response:
    body = _xml(f"<Error><Code>{code}</Code><Message>{text}\nTime:{now_text()}</Message></Error>")
    return Response(status, body, {**_XML, "x-ms-error-code": code})


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def _vault_error(lines: list[str], inner: str) -> Response:
    text = "\r\n".join(lines)
    return Response(403, {"error": {"code": "Forbidden", "message": text, "innererror": {"code": inner}}})
