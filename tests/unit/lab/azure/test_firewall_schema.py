# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources with firewalls, as the emulator stores them, satisfy Microsoft's published ARM schemas."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.support.servers import LabServer
from tests.unit.lab.azure.conftest import Http
from tests.unit.lab.azure.test_firewalls import ACCOUNT, SERVER, VAULT, VERSIONS, acls, arm, rule, server

__all__ = ["server"]

COMMON = "azure-arm-definitions.json.xz"
#: Path, and the name of its definition.
RESOURCES = {ACCOUNT: "storageAccounts", VAULT: "vaults", f"{SERVER}/firewallRules/store": "servers_firewallRules"}


def load(name: str) -> Any:
    folder = os.environ.get("SERVICE_STORE_VENDOR_DATA")
    if not folder or not (Path(folder) / name).exists():
        pytest.skip(
            f"SERVICE_STORE_VENDOR_DATA names no folder with {name}: xz-compressed copies of "
            "schemas/<version>/Microsoft.<provider>.json of Azure/azure-resource-manager-schemas are named "
            f"azure-Microsoft.<provider>-<version>.json.xz, and schemas/common/definitions.json {COMMON}"
        )
    return json.loads(lzma.open(Path(folder) / name).read())


def validator(path: str) -> jsonschema.Draft4Validator:
    provider = path.partition("/providers/Microsoft.")[2].partition("/")[0]
    own, common = load(f"azure-Microsoft.{provider}-{VERSIONS[provider]}.json.xz"), load(COMMON)
    registry: Registry[Any] = Registry().with_resources(
        (document["id"].rstrip("#"), Resource(document, DRAFT4)) for document in (own, common)
    )
    schema = {"$ref": f"{own['id'].rstrip('#')}#/resourceDefinitions/{RESOURCES[path]}"}
    return jsonschema.Draft4Validator(schema, registry=registry)


@pytest.fixture
def http(server: LabServer) -> Iterator[Http]:
    server.reset()
    made = Http(server)
    for path in (ACCOUNT, VAULT):
        assert arm(made, "PATCH", path, acls("192.0.2.1", "198.51.100.0/24")).status_code == 200
    assert arm(made, "PUT", f"{SERVER}/firewallRules/store", rule("192.0.2.1", "192.0.2.9")).status_code == 201
    yield made


def as_template(http: Http, path: str) -> dict[str, Any]:
    """A stored body as a template resource, where the version is a property and a child's name has its parent's."""
    found = arm(http, "GET", path).json()
    provider = path.partition("/providers/Microsoft.")[2].partition("/")[0]
    return {**found, "apiVersion": VERSIONS[provider]}


@pytest.mark.parametrize("path", RESOURCES, ids=RESOURCES.values())
def test_what_is_stored_satisfies_the_published_schema(http: Http, path: str) -> None:
    validator(path).validate(as_template(http, path))


@pytest.mark.parametrize("path", [ACCOUNT, VAULT], ids=["storageAccounts", "vaults"])
def test_the_schema_is_able_to_refuse(http: Http, path: str) -> None:
    stored = as_template(http, path)
    stored["properties"]["networkAcls"]["defaultAction"] = "Perhaps"
    with pytest.raises(jsonschema.ValidationError):
        validator(path).validate(stored)
