# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource Manager's rules: api-version, bearer, roles, etags, operations, Azure's own validation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.servers import LabServer
from tests.unit.lab.azure.conftest import CONFIG, FOREIGN, NSGS, READER, STORE, SUBSCRIPTION, Http


def body(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "properties": {"securityRules": [{"name": r.pop("name"), "properties": r} for r in rules]},
        **more,
    }


def rule(name: str, **changes: Any) -> dict[str, Any]:
    return {**FOREIGN, "name": name, **changes}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_version_and_bearer_are_required(http: Http) -> None:
    assert code(http.arm("GET", NSGS, version=None)) == (400, "MissingApiVersionParameter")
    bare = http.session.get(http.server.url + NSGS, params={"api-version": "2025-07-01"}, timeout=60)
    assert code(bare) == (401, "AuthenticationFailed")
    assert bare.headers["WWW-Authenticate"].startswith("Bearer ")
    forged = http.arm("GET", NSGS, headers={"Authorization": "Bearer a.b.c"})
    assert code(forged) == (401, "InvalidAuthenticationToken")


def test_a_token_past_its_time_is_refused(lab_server: Any) -> None:
    short: LabServer = lab_server("azure", {**CONFIG, "token_lifetime_s": 0})
    assert code(Http(short).arm("GET", NSGS)) == (401, "ExpiredAuthenticationToken")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{NSGS}/none", (404, "ResourceNotFound")),
        (f"{NSGS}/api/securityRules/none", (404, "ResourceNotFound")),
        (NSGS.replace("/store/", "/none/"), (404, "ResourceGroupNotFound")),
        ("/subscriptions/none", (404, "SubscriptionNotFound")),
        (f"{STORE}/providers/Microsoft.Network/nothing", (404, "InvalidResourceType")),
    ],
    ids=["nsg", "rule", "group", "subscription", "type"],
)
def test_what_is_not_there_is_said_in_azures_words(http: Http, path: str, expected: tuple[int, str]) -> None:
    answer = http.arm("GET", path)
    # A subscription that the caller has no role in answers AuthorizationFailed or not found, as the service
    # does.
    assert code(answer) == expected or answer.status_code == 403 and path.startswith("/subscriptions/none")


def test_paths_are_compared_without_regard_to_case(http: Http) -> None:
    assert http.arm("GET", f"{NSGS}/API".replace("resourceGroups/store", "resourcegroups/STORE")).status_code == 200


def test_roles_decide(http: Http) -> None:
    assert http.arm("GET", f"{NSGS}/api", client=READER).status_code == 200
    refused = http.arm("PUT", f"{NSGS}/api", body(), client=READER)
    assert code(refused) == (403, "AuthorizationFailed")
    assert "Microsoft.Network/networkSecurityGroups/write" in refused.json()["error"]["message"]
    assert code(http.arm("PUT", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x", {"location": "a"}))[0] == 403


def test_subscriptions_and_tenants_are_listed(http: Http) -> None:
    assert [s["subscriptionId"] for s in http.arm("GET", "/subscriptions").json()["value"]] == [SUBSCRIPTION]
    assert len(http.arm("GET", "/tenants").json()["value"]) == 1
    endpoints = http.session.get(
        http.server.url + "/metadata/endpoints", params={"api-version": "2022-09-01"}, timeout=60
    )
    assert endpoints.json()["resourceManager"] == http.server.url


def test_a_write_with_an_old_etag_is_refused(http: Http) -> None:
    old = http.arm("GET", f"{NSGS}/api").json()["etag"]
    assert http.arm("PUT", f"{NSGS}/api", body(rule("a")), headers={"If-Match": old}).status_code == 200
    answer = http.arm("PUT", f"{NSGS}/api", body(rule("b")), headers={"If-Match": old})
    assert code(answer) == (412, "PreconditionFailed")
    assert code(http.arm("PUT", f"{NSGS}/new", body(), headers={"If-Match": old})) == (
        412,
        "PreconditionFailed",
    )
    assert http.arm("PUT", f"{NSGS}/new", body(), headers={"If-None-Match": "*"}).status_code == 201


def test_long_running_operations_are_polled(lab_server: Any) -> None:
    http = Http(lab_server("azure", {**CONFIG, "operation_polls": 1}))
    put = http.arm("PUT", f"{NSGS}/new", body(rule("a")))
    assert (put.status_code, put.json()["properties"]["provisioningState"]) == (201, "Updating")
    assert put.headers["Retry-After"] == "0"
    path = put.headers["Azure-AsyncOperation"].removeprefix(http.server.url).partition("?")[0]
    assert [http.arm("GET", path).json()["status"] for _unused in range(2)] == ["InProgress", "Succeeded"]
    gone = http.arm("DELETE", f"{NSGS}/new")
    assert gone.status_code == 202
    place = gone.headers["Location"].removeprefix(http.server.url).partition("?")[0]
    assert [http.arm("GET", place).status_code for _unused in range(2)] == [202, 204]
    assert http.arm("DELETE", f"{NSGS}/new").status_code == 204


def test_rules_are_nested_resources_of_their_group(http: Http) -> None:
    url = f"{NSGS}/api/securityRules"
    made = http.arm("PUT", f"{url}/one", {"properties": {**FOREIGN, "priority": 200}})
    assert made.status_code == 201
    group = http.arm("GET", f"{NSGS}/api").json()
    assert [r["name"] for r in group["properties"]["securityRules"]] == ["foreign", "one"]
    assert group["properties"]["securityRules"][1]["etag"] == group["etag"]
    assert [r["name"] for r in http.arm("GET", url).json()["value"]] == ["foreign", "one"]
    assert http.arm("DELETE", f"{url}/foreign").status_code == 202
    assert code(http.arm("GET", f"{url}/foreign")) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"priority": 99}, "SecurityRuleInvalidPriority"),
        ({"priority": 4097}, "SecurityRuleInvalidPriority"),
        ({"priority": 100}, "SecurityRuleConflict"),
        ({"access": "Maybe"}, "InvalidRequestFormat"),
        ({"protocol": "Gre"}, "InvalidRequestFormat"),
        ({"direction": "Both"}, "InvalidRequestFormat"),
        ({"description": "x" * 141}, "InvalidRequestFormat"),
        ({"colour": "red"}, "InvalidRequestFormat"),
        ({"sourceAddressPrefix": "192.0.2.300"}, "SecurityRuleInvalidAddressPrefix"),
        ({"destinationPortRange": "65536"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "20-10"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRanges": ["1"]}, "SecurityRuleParameterContainsUnsupportedValue"),
        ({"sourceAddressPrefix": None}, "SecurityRuleMissingParameter"),
        ({"name": "-x"}, "InvalidResourceName"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_azures_own_validation_refuses(http: Http, changes: dict[str, Any], expected: str) -> None:
    new = {**rule("new", priority=200), **changes}
    answer = http.arm("PUT", f"{NSGS}/api", body(rule("foreign"), new))
    assert code(answer) == (400, expected)
    assert len(http.arm("GET", f"{NSGS}/api").json()["properties"]["securityRules"]) == 1


def test_lists_come_in_pages(lab_server: Any) -> None:
    http = Http(lab_server("azure", {**CONFIG, "page_size": 1}))
    http.arm("PUT", f"{NSGS}/second", body())
    first = http.arm("GET", NSGS).json()
    assert [n["name"] for n in first["value"]] == ["api"]
    token = first["nextLink"].rpartition("skipToken=")[2]
    second = http.session.get(
        http.server.url + NSGS,
        headers=http.bearer(),
        timeout=60,
        params={"api-version": "2025-07-01", "$skipToken": token},
    ).json()
    assert [n["name"] for n in second["value"]] == ["second"] and "nextLink" not in second


def test_throttling_has_azures_shape(http: Http) -> None:
    http.server.lab("POST", "throttle", {"count": 1})
    assert code(http.arm("GET", NSGS)) == (429, "TooManyRequests")
    assert http.arm("GET", NSGS).status_code == 200


def test_calls_are_recorded_with_their_source(http: Http) -> None:
    http.arm("GET", f"{NSGS}/api")
    assert http.server.calls()[-1] == {
        "method": "GET",
        "path": f"{NSGS}/api",
        "source": "127.0.0.1",
        "status": 200,
    }
    http.server.reset()
    assert http.server.calls() == []
