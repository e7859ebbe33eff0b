# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Resource Manager: routes, api-version, authorisation, subscriptions and resource groups."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lab.clouds.azure import authorization, guarded, network, operations, rbac, sql, vpn
from lab.clouds.azure.state import Application, ResourceGroup, State, Subscription
from lab.clouds.azure.tokens import bearer
from lab.clouds.azure.wire import AzureError, Json, Request, Response

_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-preview)?$")


@dataclass(frozen=True)
class Call:
    """One authorised call: who asks for what, and the parts of the path by name."""

    state: State
    request: Request
    caller: Application
    parts: dict[str, str]

    def subscription(self) -> Subscription:
        found = self.state.subscriptions.get(self.parts["s"].lower())
        if found is None or found.tenant_id not in self.state.tenants:
            raise AzureError(404, "SubscriptionNotFound", f"The subscription '{self.parts['s']}' could not be found.")
        return found

    def group(self) -> ResourceGroup:
        found = self.subscription().groups.get(self.parts["g"].lower())
        if found is None:
            raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{self.parts['g']}' could not be found.")
        return found

    def allow(self, action: str) -> None:
        rbac.require(self.caller, action, self.request.path.rstrip("/"))


def handle(state: State, request: Request) -> Response:
    """Serves one call; the checks come in Resource Manager's order: version, token, throttling, route."""
    if request.path.rstrip("/").lower() == "/metadata/endpoints":
        return _metadata(request)
    _check_version(request)
    claims = bearer(request, state.signer, "arm")
    caller = state.find_application(claims["tid"], claims["appid"])
    if caller is None:
        raise AzureError(401, "InvalidAuthenticationToken", "The application was removed from the directory.")
    if state.throttle > 0:
        state.throttle -= 1
        raise AzureError(
            429,
            "TooManyRequests",
            "The request is being throttled as the limit has been reached for "
            "operation type - Read_ObservationWindow_00:05:00.",
            headers={"Retry-After": "0"},
        )
    for pattern, handler in _ROUTES:
        if match := pattern.match(request.path.rstrip("/")):
            parts = {name: value for name, value in match.groupdict().items() if value is not None}
            return handler(Call(state, request, caller, parts))
    raise AzureError(
        404,
        "InvalidResourceType",
        f"The resource type of {request.path} could not be found in the "
        f"namespace for api version '{request.query['api-version']}'.",
    )


def _check_version(request: Request) -> None:
    version = request.query.get("api-version")
    if not version:
        raise AzureError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _VERSION.match(version):
        raise AzureError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. The supported form is YYYY-MM-DD with an optional -preview.",
        )


def _metadata(request: Request) -> Response:
    base = request.base_url
    return Response(
        200,
        {
            "name": "AzureLab",
            "resourceManager": base,
            "microsoftGraphResourceId": base + "/graph",
            "authentication": {
                "loginEndpoint": base,
                "audiences": [base],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "suffixes": {},
            "portal": base,
        },
    )


def _subscriptions(call: Call) -> Response:
    visible = [
        _subscription(s)
        for s in call.state.subscriptions.values()
        if rbac.holds_any(call.caller, f"/subscriptions/{s.id}")
    ]
    return Response(200, {"value": visible, "count": {"type": "Total", "value": len(visible)}})


def _one_subscription(call: Call) -> Response:
    found = call.subscription()
    if not rbac.holds_any(call.caller, f"/subscriptions/{found.id}"):
        call.allow("Microsoft.Resources/subscriptions/read")
    return Response(200, _subscription(found))


def _subscription(item: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{item.id}",
        "subscriptionId": item.id,
        "tenantId": item.tenant_id,
        "displayName": item.display_name,
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    }


def _tenants(call: Call) -> Response:
    tenant = next(t for t in call.state.tenants.values() if call.caller.client_id in t.applications)
    return Response(200, {"value": [{"id": f"/tenants/{tenant.id}", "tenantId": tenant.id}]})


def _groups(call: Call) -> Response:
    call.allow("Microsoft.Resources/subscriptions/resourceGroups/read")
    subscription = call.subscription()
    return Response(200, {"value": [_group(subscription, g) for g in subscription.groups.values()]})


def _one_group(call: Call) -> Response:
    verbs = {"GET": "read", "PUT": "write", "DELETE": "delete"}
    call.allow(f"Microsoft.Resources/subscriptions/resourceGroups/{verbs.get(call.request.method, 'action')}")
    subscription, name = call.subscription(), call.parts["g"]
    if call.request.method == "PUT":
        body = call.request.json()
        if not body.get("location"):
            raise AzureError(400, "LocationRequired", "The location property is required for this definition.")
        old = subscription.groups.get(name.lower())
        group = old or ResourceGroup(name, body["location"])
        group.tags = body.get("tags") or {}
        subscription.groups[name.lower()] = group
        return Response(200 if old else 201, _group(subscription, group))
    group = call.group()
    if call.request.method == "DELETE":
        del subscription.groups[name.lower()]
        return Response(202, None, operations.start(call.state, call.request, subscription.id, group.location))
    return Response(200, _group(subscription, group))


def _group(subscription: Subscription, group: ResourceGroup) -> Json:
    return {
        "id": f"/subscriptions/{subscription.id}/resourceGroups/{group.name}",
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": group.tags,
        "properties": {"provisioningState": "Succeeded"},
    }


def _poll(call: Call) -> Response:
    call.subscription()
    return operations.poll(call.state, call.parts["kind"], call.parts["op"])


def _network(name: str) -> str:
    return r"/providers/Microsoft\.Network/" + name


_S = r"^/subscriptions/(?P<s>[^/]+)"
_NSG = r"/providers/Microsoft\.Network/networkSecurityGroups"
_IPG = r"/providers/Microsoft\.Network/ipGroups"
_AUTHORIZATION = r"/providers/Microsoft\.Authorization"
_G = _S + r"/resourceGroups/(?P<g>[^/]+)"
_STORAGE = r"/providers/Microsoft\.Storage/storageAccounts"
_VAULT = r"/providers/Microsoft\.KeyVault/vaults"
_SQL = r"/providers/Microsoft\.Sql/servers"
_OPERATION = (
    r"/providers/Microsoft\.Network/locations/[^/]+"
    r"/(?P<kind>operations|operationResults|nfvOperations|nfvOperationResults)/(?P<op>[^/]+)$"
)
_TABLE: tuple[tuple[str, Callable[[Call], Response]], ...] = (
    (r"^/subscriptions$", _subscriptions),
    (_S + "$", _one_subscription),
    (r"^/tenants$", _tenants),
    (_S + r"/resourceGroups$", _groups),
    (_G + "$", _one_group),
    (_S + _NSG + "$", network.list_all),
    (_G + _NSG + "$", network.list_group),
    (_G + _NSG + r"/(?P<n>[^/]+)$", network.one_nsg),
    (_G + _NSG + r"/(?P<n>[^/]+)/(?P<which>securityRules|defaultSecurityRules)$", network.list_rules),
    (_G + _NSG + r"/(?P<n>[^/]+)/securityRules/(?P<r>[^/]+)$", network.one_rule),
    (_S + _STORAGE + "$", guarded.list_all(guarded.STORAGE)),
    (_G + _STORAGE + "$", guarded.list_group(guarded.STORAGE)),
    (_G + _STORAGE + r"/(?P<n>[^/]+)$", guarded.one(guarded.STORAGE)),
    (_S + _VAULT + "$", guarded.list_all(guarded.VAULT)),
    (_G + _VAULT + "$", guarded.list_group(guarded.VAULT)),
    (_G + _VAULT + r"/(?P<n>[^/]+)$", guarded.one(guarded.VAULT)),
    (_S + _SQL + "$", sql.list_all),
    (_G + _SQL + "$", sql.list_group),
    (_G + _SQL + r"/(?P<n>[^/]+)$", sql.one_server),
    (_G + _SQL + r"/(?P<n>[^/]+)/firewallRules$", sql.list_rules),
    (_G + _SQL + r"/(?P<n>[^/]+)/firewallRules/(?P<r>[^/]+)$", sql.one_rule),
    (_S + _IPG + "$", network.list_all_ip_groups),
    (_G + _IPG + "$", network.list_ip_groups),
    (_G + _IPG + r"/(?P<n>[^/]+)$", network.one_ip_group),
    *((_G + _network(kind.name) + "$", vpn.list_group(kind)) for kind in vpn.TYPES),
    *((_G + _network(kind.name) + r"/(?P<n>[^/]+)$", vpn.one(kind)) for kind in vpn.TYPES),
    (_G + _network("virtualNetworks") + r"/(?P<n>[^/]+)/subnets(/(?P<r>[^/]+))?$", vpn.one_subnet),
    (_G + _network("virtualNetworkGateways") + r"/(?P<n>[^/]+)/connections$", vpn.gateway_connections),
    (_G + _network("connections") + r"/(?P<n>[^/]+)/sharedkey$", vpn.shared_key),
    (_S + _AUTHORIZATION + r"/roleAssignments$", authorization.list_assignments),
    (_S + _AUTHORIZATION + r"/roleDefinitions/(?P<d>[^/]+)$", authorization.one_definition),
    (_S + _OPERATION, _poll),
)
_ROUTES = tuple((re.compile(text, re.IGNORECASE), handler) for text, handler in _TABLE)
