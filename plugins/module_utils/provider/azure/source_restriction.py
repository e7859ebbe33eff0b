# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API source restriction by Entra ID: a named location, and a Conditional Access policy for the store's application.

"Conditional Access for workload identities" (Microsoft Entra) blocks the token endpoint for a service principal outside
named locations. Resource Manager itself looks at no address, and this file says so in what it reports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.entry import sort_key
from ...model.restriction import Restriction
from .session import AzureSession

_ROOT = "/v1.0/identity/conditionalAccess"
LOCATIONS, POLICIES = f"{_ROOT}/namedLocations", f"{_ROOT}/policies"
_RANGE_TYPES = {4: "#microsoft.graph.iPv4CidrRange", 6: "#microsoft.graph.iPv6CidrRange"}
_OPEN_STILL = (
    "Azure Resource Manager and every other API that takes a token: a token that was issued works from any address "
    "until it expires (60 to 90 minutes)"
)
_UNKNOWN = "unknown: this application may not read Conditional Access"
_PERMISSION = (
    "grant the application Policy.ReadWrite.ConditionalAccess and Application.Read.All in Microsoft Graph "
    "(the tenant needs Workload Identities Premium), and the store applies it itself"
)


class TokenPolicy:
    """The policy that the store keeps for its own application, found by its name."""

    def __init__(self, session: AzureSession, store: str) -> None:
        self._session = session
        self.name = f"svcstore:{store} {session.public['client_id']}"

    def read_restriction(self) -> Restriction:
        """Read the policy and its named location: two calls. Where that is not allowed, it is the customer's."""
        words: dict[str, Any] = {
            "enforced_by": f"Entra ID: Conditional Access policy {self.name} blocks tokens outside its named location",
            "enforced_at": ("Entra ID's token endpoint",),
        }
        try:
            location, policy = self._find(LOCATIONS), self._find(POLICIES)
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
            return Restriction((), **words, applied_by="customer", not_enforced=f"{_UNKNOWN}; besides {_OPEN_STILL}")
        enforced = bool(location and policy and _blocks(policy, str(location["id"])))
        addresses = _addresses(location) if enforced else ()
        return Restriction(addresses, **words, not_enforced=_OPEN_STILL, own=addresses, extra=(location, policy))

    def apply_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> None:
        """Bring the named location, then the policy, to what is wanted; an empty list removes both."""
        location, policy = now.extra if isinstance(now.extra, tuple) else (None, None)
        if not addresses:
            self._remove(POLICIES, policy)
            self._remove(LOCATIONS, location)
            return
        wanted = location_body(self.name, addresses)
        if location is None:
            location = self._create(LOCATIONS, wanted)
        elif _addresses(location) != tuple(sorted(addresses, key=sort_key)):
            self._send("change the named location", "PATCH", f"{LOCATIONS}/{location['id']}", wanted)
        if policy is not None and _blocks(policy, str(location["id"])):
            return
        body = policy_body(self.name, self._principal(), str(location["id"]))
        if policy is None:
            self._create(POLICIES, body)
        else:
            self._send("change the Conditional Access policy", "PATCH", f"{POLICIES}/{policy['id']}", body)

    def render_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> str:
        """Return the two requests to Microsoft Graph, for whoever administers the tenant."""
        client = self._session.public["client_id"]
        location = json.dumps(location_body(self.name, addresses), indent=2)
        policy = json.dumps(
            policy_body(self.name, "OBJECT-ID-OF-THE-SERVICE-PRINCIPAL", "ID-OF-THE-LOCATION"), indent=2
        )
        instead = "" if now.applied_by == "store" else f"Or {_PERMISSION}.\n"
        return (
            f"1. Find the service principal: az ad sp show --id {client} --query id\n"
            f"2. POST https://graph.microsoft.com{LOCATIONS}\n{location}\n"
            f"3. POST https://graph.microsoft.com{POLICIES}, with the two ids put in\n{policy}\n"
            f"This restricts Entra ID's token endpoint. It does not restrict: {_OPEN_STILL}.\n{instead}"
        )

    def _find(self, path: str) -> Mapping[str, Any] | None:
        """Return the object of our name; names are not unique in Graph, so the oldest is ours."""
        what = path.rpartition("/")[2]
        query = {"$filter": f"displayName eq '{self.name}'"}
        try:
            found = list(self._session.pages(f"read the {what} of Conditional Access", "graph", path, query))
        except ProviderError as exc:
            raise _explained(exc) from exc
        return min(found, key=lambda item: str(item.get("createdDateTime")), default=None)

    def _create(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create an object once: after a lost answer it is looked for before it is made again."""
        doing = f"create {path.rpartition('/')[2]} {self.name}"

        def attempt(number: int) -> Mapping[str, Any]:
            if number:
                found = self._find(path)
                if found is not None:
                    return found
            made: Mapping[str, Any] = self._session.send_once(doing, "POST", "graph", path, body).body
            return made

        try:
            return self._session.call(doing, attempt)
        except ProviderError as exc:
            raise _explained(exc) from exc

    def _remove(self, path: str, item: Mapping[str, Any] | None) -> None:
        if item is None:
            return
        try:
            self._send(f"remove {path.rpartition('/')[2]} {self.name}", "DELETE", f"{path}/{item['id']}")
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def _send(self, doing: str, method: str, path: str, body: Any = None) -> None:
        try:
            self._session.send(doing, method, "graph", path, body)
        except ProviderError as exc:
            raise _explained(exc) from exc

    def _principal(self) -> str:
        """Return the object id of the application's service principal, by which policies name it."""
        return str(self._session.probe("graph").detail["service_principal_id"])


def location_body(name: str, addresses: tuple[str, ...]) -> dict[str, Any]:
    """Return a named location of these prefixes; it is not marked as trusted, which would exempt it elsewhere."""
    ranges = [
        {"@odata.type": _RANGE_TYPES[6 if ":" in cidr else 4], "cidrAddress": cidr}
        for cidr in sorted(addresses, key=sort_key)
    ]
    return {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "displayName": name,
        "isTrusted": False,
        "ipRanges": ranges,
    }


def policy_body(name: str, principal: str, location: str) -> dict[str, Any]:
    """Return the policy that blocks one service principal everywhere but in one named location."""
    return {
        "displayName": name,
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "clientApplications": {"includeServicePrincipals": [principal]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [location]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }


def _blocks(policy: Mapping[str, Any], location: str) -> bool:
    """Return whether a policy of our name is in force and says what ours says."""
    conditions = policy.get("conditions") or {}
    places = conditions.get("locations") or {}
    return (
        policy.get("state") == "enabled"
        and "block" in ((policy.get("grantControls") or {}).get("builtInControls") or [])
        and bool((conditions.get("clientApplications") or {}).get("includeServicePrincipals"))
        and places.get("includeLocations") == ["All"]
        and places.get("excludeLocations") == [location]
    )


def _addresses(location: Mapping[str, Any] | None) -> tuple[str, ...]:
    ranges = (location or {}).get("ipRanges") or []
    return tuple(sorted((str(item["cidrAddress"]) for item in ranges), key=sort_key))


def _explained(exc: ProviderError) -> ProviderError:
    """Return the error with the permissions that are needed, where a permission is what is missing."""
    if exc.kind != "no_permission":
        return exc
    return ProviderError(exc.provider, exc.doing, exc.why, exc.kind, exc.transient, _PERMISSION)
