# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token endpoint says what Entra ID says, and applies Conditional Access by the TCP peer's address."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.unit.lab.azure.conftest import CLIENT, EXPIRED, SECRET, TENANT, Http

NOBODY = "99999999-9999-4999-8999-999999999999"


@pytest.mark.parametrize(
    ("given", "status", "error", "number"),
    [
        ({"secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"secret": ""}, 401, "invalid_client", 7000218),
        ({"client": EXPIRED}, 401, "invalid_client", 7000222),
        ({"client": NOBODY}, 400, "unauthorized_client", 700016),
        ({"tenant": NOBODY}, 400, "invalid_request", 90002),
        ({"scope": "https://elsewhere.example/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "openid"}, 400, "invalid_scope", 1002012),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
    ids=[
        "wrong-secret",
        "no-secret",
        "expired-secret",
        "unknown-application",
        "unknown-tenant",
        "unknown-resource",
        "no-default-scope",
        "other-grant",
    ],
)
def test_a_refusal_carries_its_aadsts_number(
    http: Http, given: dict[str, str], status: int, error: str, number: int
) -> None:
    answer = http.token(**given)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")


def test_a_secret_that_works_gives_a_bearer_token(http: Http) -> None:
    answer = http.token()
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 3600


def location(*ranges: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "displayName": "store",
        "isTrusted": False,
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": r} for r in ranges],
    }


def policy(principal: str, location_id: str, state: str = "enabled") -> dict[str, Any]:
    return {
        "displayName": "only from the store",
        "state": state,
        "conditions": {
            "applications": {"includeApplications": ["All"]},
            "clientApplications": {"includeServicePrincipals": [principal]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [location_id]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }


def principal_of(http: Http) -> str:
    found: str = http.graph("GET", f"servicePrincipals(appId='{CLIENT}')").json()["id"]
    return found


@pytest.mark.parametrize(
    ("ranges", "state", "allowed"),
    [
        (("192.0.2.0/24",), "enabled", False),
        (("192.0.2.0/24", "127.0.0.1/32"), "enabled", True),
        (("192.0.2.0/24",), "disabled", True),
        (("192.0.2.0/24",), "enabledForReportingButNotEnforced", True),
    ],
    ids=["unlisted", "listed", "disabled", "report-only"],
)
def test_a_named_location_decides_at_the_token_endpoint(
    http: Http, ranges: tuple[str, ...], state: str, allowed: bool
) -> None:
    place = http.graph("POST", "identity/conditionalAccess/namedLocations", location(*ranges)).json()["id"]
    made = http.graph("POST", "identity/conditionalAccess/policies", policy(principal_of(http), place, state))
    assert made.status_code == 201
    answer = http.token()
    assert (answer.status_code == 200) is allowed
    if not allowed:
        assert answer.json()["error_codes"] == [53003]


def test_resource_manager_itself_looks_at_no_address(http: Http) -> None:
    before = http.bearer()
    place = http.graph("POST", "identity/conditionalAccess/namedLocations", location("192.0.2.0/24")).json()["id"]
    http.graph("POST", "identity/conditionalAccess/policies", policy(principal_of(http), place))
    assert http.token().status_code == 400
    answer = http.session.get(
        f"{http.server.url}/subscriptions", params={"api-version": "2022-12-01"}, headers=before, timeout=60
    )
    assert answer.status_code == 200


def test_policies_are_checked_and_locations_in_use_stay(http: Http) -> None:
    wrong = http.graph("POST", "identity/conditionalAccess/namedLocations", location("192.0.2.0"))
    assert wrong.status_code == 400
    place = http.graph("POST", "identity/conditionalAccess/namedLocations", location("127.0.0.0/8")).json()["id"]
    nowhere = http.graph("POST", "identity/conditionalAccess/policies", policy(principal_of(http), "no-such"))
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (400, "BadRequest")
    http.graph("POST", "identity/conditionalAccess/policies", policy(principal_of(http), place))
    assert http.graph("DELETE", f"identity/conditionalAccess/namedLocations/{place}").status_code == 400


def test_graph_wants_its_own_audience_and_permissions(http: Http) -> None:
    url = f"{http.server.url}/graph/v1.0/identity/conditionalAccess/policies"
    wrong = http.session.get(url, headers=http.bearer(), timeout=60)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")
    denied = http.graph("GET", "identity/conditionalAccess/policies", client="22222222-2222-4222-8222-222222222223")
    assert (denied.status_code, denied.json()["error"]["code"]) == (403, "AccessDenied")


def test_an_added_password_works_and_a_removed_one_is_dead(http: Http) -> None:
    body = {"passwordCredential": {"displayName": "next"}}
    new = http.graph("POST", f"applications(appId='{CLIENT}')/addPassword", body).json()
    assert http.token(secret=new["secretText"]).status_code == 200
    shown = http.graph("GET", f"applications(appId='{CLIENT}')").json()["passwordCredentials"]
    assert [p["secretText"] for p in shown] == [None, None]
    old = next(p["keyId"] for p in shown if p["keyId"] != new["keyId"])
    bearer = http.bearer(resource="/graph")
    http.session.post(
        f"{http.server.url}/graph/v1.0/applications(appId='{CLIENT}')/removePassword",
        json={"keyId": old},
        headers=bearer,
        timeout=60,
    )
    assert http.token(secret=SECRET).json()["error_codes"] == [7000215]


def assertion(begin: float, end: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"nbf": int(begin), "exp": int(end)}).encode()).decode()
    return f"e30.{claims.rstrip('=')}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("offset_s", "number"), [(0, 700027), (-7200, 700024), (7200, 700024)], ids=["in-time", "behind", "ahead"]
)
def test_an_assertion_of_a_clock_that_is_off_is_told_by_its_number(http: Http, offset_s: int, number: int) -> None:
    now = time.time() + offset_s
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(now, now + 600),
        "scope": f"{http.server.url}/.default",
    }
    answer = http.session.post(f"{http.server.url}/{TENANT}/oauth2/v2.0/token", data=form, timeout=60)
    assert answer.json()["error_codes"] == [number]
