# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator stores satisfies Microsoft's published ARM schema."""

from __future__ import annotations

import json
import lzma
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.unit.lab.azure.conftest import FOREIGN, NSGS, Http

VERSION = "2025-07-01"
FILES = (f"azure-Microsoft.Network.NRP-{VERSION}.json.xz", "azure-arm-definitions.json.xz")


def load() -> list[dict[str, Any]]:
    folder = os.environ.get("SERVICE_STORE_VENDOR_DATA")
    if not folder:
        pytest.skip(
            "SERVICE_STORE_VENDOR_DATA is not set: it names a folder with xz-compressed copies of "
            f"schemas/{VERSION}/Microsoft.Network.NRP.json and schemas/common/definitions.json of "
            f"Azure/azure-resource-manager-schemas as {FILES[0]} and {FILES[1]}"
        )
    return [json.loads(lzma.open(Path(folder) / name).read()) for name in FILES]


@pytest.fixture(scope="module")
def validators() -> dict[str, jsonschema.Draft4Validator]:
    network, common = load()
    registry: Registry[Any] = Registry().with_resources(
        (document["id"].rstrip("#"), Resource(document, DRAFT4)) for document in (network, common)
    )
    base = network["id"].rstrip("#")
    return {
        kind: jsonschema.Draft4Validator({"$ref": f"{base}#/resourceDefinitions/{kind}"}, registry=registry)
        for kind in ("networkSecurityGroups", "networkSecurityGroups_securityRules", "ipGroups")
    }


def as_template(resource: dict[str, Any]) -> dict[str, Any]:
    """A stored body as a template resource, where the version is a property."""
    return {**resource, "apiVersion": VERSION}


def test_stored_groups_and_rules_satisfy_the_published_schema(
    http: Http, validators: dict[str, jsonschema.Draft4Validator]
) -> None:
    several = {
        **FOREIGN,
        "priority": 101,
        "protocol": "*",
        "access": "Deny",
        "direction": "Outbound",
        "destinationPortRange": None,
        "destinationPortRanges": ["443", "8000-8010"],
    }
    assert http.arm("PUT", f"{NSGS}/api/securityRules/several", {"properties": several}).status_code == 201
    group = http.arm("GET", f"{NSGS}/api").json()
    validators["networkSecurityGroups"].validate(as_template(group))
    for rule in group["properties"]["securityRules"]:
        validators["networkSecurityGroups_securityRules"].validate(as_template(rule))


def test_stored_ip_groups_satisfy_the_published_schema(
    http: Http, validators: dict[str, jsonschema.Draft4Validator]
) -> None:
    path = NSGS.replace("networkSecurityGroups", "ipGroups") + "/one"
    given = {"location": "westeurope", "tags": {"a": "b"}, "properties": {"ipAddresses": ["192.0.2.0/24"]}}
    assert http.arm("PUT", path, given).status_code == 201
    group = http.arm("GET", path).json()
    validators["ipGroups"].validate(as_template(group))
    group["properties"]["ipAddresses"] = "192.0.2.0/24 and others"
    group["tags"] = "none"
    with pytest.raises(jsonschema.ValidationError):
        validators["ipGroups"].validate(as_template(group))


def test_the_schema_is_able_to_refuse(http: Http, validators: dict[str, jsonschema.Draft4Validator]) -> None:
    group = http.arm("GET", f"{NSGS}/api").json()
    group["properties"]["securityRules"][0]["properties"]["access"] = "Perhaps"
    with pytest.raises(jsonschema.ValidationError):
        validators["networkSecurityGroups"].validate(as_template(group))
