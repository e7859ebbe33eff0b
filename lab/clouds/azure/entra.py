# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra ID: discovery and the token endpoint for client credentials.

Error numbers are those of "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
import uuid
from datetime import UTC, datetime

from lab.clouds.azure import conditional_access, passwords
from lab.clouds.azure.state import Application, State, Tenant
from lab.clouds.azure.tokens import service_of
from lab.clouds.azure.wire import EntraError, Json, Request, Response

_PATH = re.compile(
    r"^/(?P<tenant>[^/]+)/(?P<what>oauth2/v2\.0/token|(v2\.0/)?\.well-known/openid-configuration|"
    r"discovery/instance)$",
    re.IGNORECASE,
)

CLOCKS_DIFFER_S = 300


def serves(request: Request) -> bool:
    """Whether the path is one of Entra ID's."""
    return _PATH.match(request.path) is not None


def handle(state: State, request: Request) -> Response:
    match = _PATH.match(request.path)
    tenant_name, what = (match["tenant"], match["what"].lower()) if match else ("", "")
    if what == "discovery/instance":
        return _instance(request)
    if what.endswith("openid-configuration"):
        return _configuration(state, request, tenant_name)
    return _token(state, request, tenant_name)


def _instance(request: Request) -> Response:
    host = request.base_url.removeprefix("https://")
    metadata = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
    endpoint = f"{request.base_url}/common/v2.0/.well-known/openid-configuration"
    return Response(200, {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata})


def _tenant(state: State, name: str) -> Tenant:
    found = state.tenants.get(name.lower())
    if found is None:
        raise EntraError(
            400,
            "invalid_request",
            90002,
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are "
            "signing into the correct cloud.",
        )
    return found


def _configuration(state: State, request: Request, name: str) -> Response:
    tenant = name if name in ("common", "organizations") else _tenant(state, name).id
    base = f"{request.base_url}/{tenant}"
    return Response(
        200,
        {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": request.base_url.removeprefix("https://"),
        },
    )


def _token(state: State, request: Request, tenant_name: str) -> Response:
    """The checks in the service's order: tenant, grant, application, secret, resource, Conditional Access."""
    tenant, form = _tenant(state, tenant_name), request.form()
    if form.get("grant_type") != "client_credentials":
        raise EntraError(
            400,
            "unsupported_grant_type",
            70003,
            f"The app requested an unsupported grant type '{form.get('grant_type', '')}'.",
        )
    application = tenant.applications.get(form.get("client_id", "").lower())
    if application is None:
        raise EntraError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{form.get('client_id', '')}' was not found in the directory "
            f"'{tenant.display_name}'. This can happen if the application has not been installed by the "
            "administrator of the tenant or consented to by any user in the tenant.",
        )
    if form.get("client_assertion"):
        _check_assertion(application, form["client_assertion"])
    _check_secret(passwords.known(state, application), application, form.get("client_secret", ""))
    audience = _audience(form.get("scope", ""))
    service = service_of(audience, request.base_url)
    if service is None:
        raise EntraError(
            400,
            "invalid_resource",
            500011,
            f"The resource principal named {audience} was not found in the tenant named {tenant.display_name}.",
        )
    if conditional_access.blocks(tenant, application, request.source):
        raise EntraError(
            400,
            "invalid_grant",
            53003,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        )
    return Response(200, _grant(state, tenant, application, audience, service, request.base_url))


def _check_assertion(application: Application, assertion: str) -> None:
    """Refuses every assertion, since no application here has a certificate: by its times, then by its signature."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))
        begin, end = int(claims.get("nbf", 0)), int(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise EntraError(401, "invalid_client", 50027, "JWT token is invalid or malformed.") from None
    now = time.time()
    # Five minutes of difference between clocks are allowed for.
    if not begin - CLOCKS_DIFFER_S <= now <= end + CLOCKS_DIFFER_S:
        begins, ends, current = (datetime.fromtimestamp(at, UTC).isoformat() for at in (begin, end, now))
        raise EntraError(
            401,
            "invalid_client",
            700024,
            f"Client assertion is not within its valid time range. Current time: {current}, assertion valid from "
            f"{begins}, expiry time of assertion {ends}.",
        )
    raise EntraError(
        401,
        "invalid_client",
        700027,
        "Client assertion contains an invalid signature. [Reason - The key was not found.] "
        f"Application '{application.client_id}' has no certificate.",
    )


def _check_secret(held: list[Json], application: Application, secret: str) -> None:
    if not secret:
        raise EntraError(
            401,
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    known = [p for p in held if hmac.compare_digest(p["secretText"].encode(), secret.encode())]
    if not known:
        raise EntraError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client "
            "secret value, not the client secret ID, for a secret added to app "
            f"'{application.client_id}'.",
        )
    if all(passwords.instant(p["endDateTime"]) <= datetime.now(UTC) for p in known):
        raise EntraError(
            401,
            "invalid_client",
            7000222,
            f"The provided client secret keys for app '{application.client_id}' are expired.",
        )


def _audience(scope: str) -> str:
    """The resource of the one `.default` scope that client credentials may ask for."""
    resources = {s.removesuffix("/.default") for s in scope.split() if s.endswith("/.default")}
    if len(resources) != 1:
        raise EntraError(
            400,
            "invalid_scope",
            1002012,
            f"The provided value for scope {scope} is not valid. Client credential flows must have a "
            "scope value with /.default suffixed to the resource identifier (application ID URI).",
        )
    return resources.pop()


def _grant(state: State, tenant: Tenant, application: Application, audience: str, service: str, base_url: str) -> Json:
    now, lifetime = int(time.time()), state.setting("token_lifetime_s", 3600)
    token = state.signer.issue(
        {
            "aud": audience,
            "iss": f"{base_url}/{tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "appid": application.client_id,
            "oid": application.principal_id,
            "tid": tenant.id,
            "svc": service,
            "roles": sorted(application.graph_permissions) if service == "graph" else [],
            "uti": uuid.uuid4().hex,
        }
    )
    return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
