# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP groups of the emulator: whole resources with an etag, limits, tags, and operations in a place of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lab.azure.conftest import CONFIG, READER, STORE, SUBSCRIPTION, Http

GROUPS = f"{STORE}/providers/Microsoft.Network/ipGroups"


def body(*addresses: str, location: str = "westeurope", **more: Any) -> dict[str, Any]:
    return {"location": location, "properties": {"ipAddresses": list(addresses)}, **more}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_group_is_written_and_read_as_a_whole(http: Http) -> None:
    made = http.arm("PUT", f"{GROUPS}/one", body("192.0.2.1", "192.0.2.8-192.0.2.9", tags={"team": "x"}))
    assert (made.status_code, made.json()["properties"]["provisioningState"]) == (201, "Updating")
    found = http.arm("GET", f"{GROUPS}/ONE").json()
    assert found["properties"]["ipAddresses"] == ["192.0.2.1", "192.0.2.8-192.0.2.9"]
    assert http.arm("PUT", f"{GROUPS}/one", body("198.51.100.0/24")).status_code == 200
    again = http.arm("GET", f"{GROUPS}/one").json()
    assert (again["properties"]["ipAddresses"], again["tags"]) == (["198.51.100.0/24"], {})
    assert again["etag"] != found["etag"]
    assert [g["name"] for g in http.arm("GET", GROUPS).json()["value"]] == ["one"]
    everywhere = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/ipGroups"
    assert [g["name"] for g in http.arm("GET", everywhere).json()["value"]] == ["one"]
    assert http.arm("DELETE", f"{GROUPS}/one").status_code == 202
    assert code(http.arm("GET", f"{GROUPS}/one")) == (404, "ResourceNotFound")
    assert http.arm("DELETE", f"{GROUPS}/one").status_code == 204


def test_a_write_with_an_old_etag_is_refused(http: Http) -> None:
    http.arm("PUT", f"{GROUPS}/one", body("192.0.2.1"))
    old = http.arm("GET", f"{GROUPS}/one").json()["etag"]
    assert http.arm("PUT", f"{GROUPS}/one", body("192.0.2.2"), headers={"If-Match": old}).status_code == 200
    assert code(http.arm("PUT", f"{GROUPS}/one", body("192.0.2.3"), headers={"If-Match": old})) == (
        412,
        "PreconditionFailed",
    )


def test_operations_are_polled_where_those_of_firewalls_are(lab_server: Any) -> None:
    http = Http(lab_server("azure", {**CONFIG, "operation_polls": 1}))
    put = http.arm("PUT", f"{GROUPS}/one", body("192.0.2.1"))
    place = put.headers["Azure-AsyncOperation"].removeprefix(http.server.url).partition("?")[0]
    assert "/locations/westeurope/nfvOperations/" in place
    assert [http.arm("GET", place).json()["status"] for _unused in range(2)] == ["InProgress", "Succeeded"]
    result = http.arm("DELETE", f"{GROUPS}/one").headers["Location"].removeprefix(http.server.url).partition("?")[0]
    assert [http.arm("GET", result).status_code for _unused in range(2)] == [202, 204]


def test_roles_decide(http: Http) -> None:
    assert http.arm("GET", GROUPS, client=READER).status_code == 200
    assert code(http.arm("PUT", f"{GROUPS}/one", body("192.0.2.1"), client=READER)) == (403, "AuthorizationFailed")
    assert code(http.arm("PATCH", f"{GROUPS}/one", {"tags": {}})) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(body("192.0.2.300"), "InvalidAddressPrefixFormat", id="no address"),
        pytest.param(body("192.0.2.1/24"), "InvalidAddressPrefixFormat", id="host bits"),
        pytest.param(body("192.0.2.9-192.0.2.1"), "InvalidAddressPrefixFormat", id="backwards"),
        pytest.param(body("2001:db8::1"), "InvalidAddressPrefixFormat", id="IPv6"),
        pytest.param(body(*(f"10.0.{n // 250}.{n % 250}" for n in range(5001))), "IpGroupsMaxIp", id="5001"),
        pytest.param(body(location="northeurope"), "IPGroupsIPAddressCountZero", id="empty"),
        pytest.param(body("192.0.2.1", tags={"a/b": "x"}), "InvalidTagNameCharacters", id="tag name"),
        pytest.param(body("192.0.2.1", tags={f"t{n}": "" for n in range(51)}), "InvalidTags", id="51 tags"),
        pytest.param(body("192.0.2.1", tags={"a": "x" * 257}), "InvalidTags", id="tag value"),
        pytest.param(body("192.0.2.1", tags={"a": "", "A": ""}), "InvalidTags", id="tag twice"),
        pytest.param({**body("192.0.2.1"), "colour": "red"}, "InvalidRequestFormat", id="unknown"),
        pytest.param({"properties": {}}, "LocationRequired", id="no location"),
    ],
)
def test_azures_own_validation_refuses(http: Http, given: dict[str, Any], expected: str) -> None:
    status, found = code(http.arm("PUT", f"{GROUPS}/new", given))
    assert status == 400 and found.startswith(expected)
    assert http.arm("GET", GROUPS).json()["value"] == []


def test_an_empty_group_is_taken_where_the_region_takes_one(http: Http) -> None:
    assert http.arm("PUT", f"{GROUPS}/new", body()).status_code == 201
