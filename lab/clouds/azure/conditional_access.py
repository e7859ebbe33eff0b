# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditional Access for workload identities: what a policy blocks, and which ones are well-formed.

After "Conditional Access for workload identities" of Microsoft's documentation: only block is available as a
grant control, locations are the condition, and policies name service principals by their object id.
"""

from __future__ import annotations

import ipaddress

from lab.clouds.azure.state import Application, Tenant
from lab.clouds.azure.wire import AzureError, Json

IP_LOCATION = "#microsoft.graph.ipNamedLocation"
EVERY_PRINCIPAL = "ServicePrincipalsInMyTenant"
_RANGE_TYPES = {4: "#microsoft.graph.iPv4CidrRange", 6: "#microsoft.graph.iPv6CidrRange"}
_STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")
MAX_RANGES = 2000


def blocks(tenant: Tenant, application: Application, source: str) -> bool:
    """Whether an enabled policy refuses a token to this application from this address."""
    return any(_applies(tenant, policy, application, source) for policy in tenant.policies.values())


def _applies(tenant: Tenant, policy: Json, application: Application, source: str) -> bool:
    conditions = policy.get("conditions") or {}
    clients = conditions.get("clientApplications") or {}
    included = set(clients.get("includeServicePrincipals") or [])
    named = bool(included & {EVERY_PRINCIPAL, application.principal_id})
    excluded = application.principal_id in (clients.get("excludeServicePrincipals") or [])
    if policy.get("state") != "enabled" or not named or excluded:
        return False
    if "block" not in ((policy.get("grantControls") or {}).get("builtInControls") or []):
        return False
    locations = conditions.get("locations") or {"includeLocations": ["All"]}
    inside = _matches(tenant, locations.get("includeLocations") or [], source)
    return inside and not _matches(tenant, locations.get("excludeLocations") or [], source)


def _matches(tenant: Tenant, names: list[str], source: str) -> bool:
    for name in names:
        if name == "All":
            return True
        candidates = (
            list(tenant.named_locations.values()) if name == "AllTrusted" else [tenant.named_locations.get(name, {})]
        )
        for location in candidates:
            if name == "AllTrusted" and not location.get("isTrusted"):
                continue
            if _inside(location, source):
                return True
    return False


def _inside(location: Json, source: str) -> bool:
    address = ipaddress.ip_address(source)
    ranges = [ipaddress.ip_network(r["cidrAddress"], strict=False) for r in location.get("ipRanges", [])]
    return any(address.version == network.version and address in network for network in ranges)


def check_location(body: Json) -> None:
    """Refuses a named location that Graph would refuse."""
    if body.get("@odata.type") != IP_LOCATION:
        raise AzureError(400, "BadRequest", f"The lab serves named locations of @odata.type {IP_LOCATION} only.")
    if not body.get("displayName"):
        raise AzureError(400, "BadRequest", "1047: DisplayName must not be empty.")
    ranges = body.get("ipRanges") or []
    if not ranges or len(ranges) > MAX_RANGES:
        raise AzureError(400, "BadRequest", f"1049: IpRanges must hold 1 to {MAX_RANGES} ranges.")
    for item in ranges:
        _check_range(item)


def _check_range(item: Json) -> None:
    text = str(item.get("cidrAddress", ""))
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise AzureError(400, "BadRequest", f"1048: '{text}' is not a valid CIDR range: {error}") from error
    if "/" not in text or network.prefixlen < 8:
        raise AzureError(400, "BadRequest", f"1048: '{text}': a range is written with a mask of /8 or longer.")
    if item.get("@odata.type") != _RANGE_TYPES[network.version]:
        raise AzureError(400, "BadRequest", f"1048: '{text}' needs @odata.type {_RANGE_TYPES[network.version]}.")


def check_policy(tenant: Tenant, body: Json) -> None:
    """Refuses a policy that Graph would refuse, as far as workload identities go."""
    conditions = body.get("conditions") or {}
    clients = (conditions.get("clientApplications") or {}).get("includeServicePrincipals") or []
    controls = (body.get("grantControls") or {}).get("builtInControls") or []
    locations = conditions.get("locations") or {}
    if not body.get("displayName") or body.get("state") not in _STATES:
        raise AzureError(400, "BadRequest", f"1011: A policy needs a displayName and a state of {', '.join(_STATES)}.")
    if not (conditions.get("applications") or {}).get("includeApplications"):
        raise AzureError(400, "BadRequest", "1009: includeApplications must not be empty.")
    if not clients:
        raise AzureError(400, "BadRequest", "1007: includeServicePrincipals must not be empty.")
    if controls != ["block"]:
        raise AzureError(400, "BadRequest", "1085: Workload identities support the block control only.")
    principals = {a.principal_id for a in tenant.applications.values()} | {EVERY_PRINCIPAL}
    for name in clients:
        if name not in principals:
            raise AzureError(400, "BadRequest", f"1005: Service principal {name} was not found.")
    for name in (locations.get("includeLocations") or []) + (locations.get("excludeLocations") or []):
        if name not in ("All", "AllTrusted") and name not in tenant.named_locations:
            raise AzureError(400, "BadRequest", f"1040: NamedLocation with id {name} does not exist in the directory.")
