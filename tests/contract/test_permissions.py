# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report on a credential's permissions promises on every provider: missing, excess, exact, and not told."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module
from tests.support.servers import starter

from .accounts import SLOW
from .judged import STARTERS, Judged

PROVIDERS = [
    pytest.param(name, marks=[pytest.mark.openstack] if name in SLOW else [], id=name) for name in sorted(STARTERS)
]


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("judged", [param for param in PROVIDERS if param.id in names], indirect=True)


@pytest.fixture(scope="session", params=PROVIDERS)
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    with starter(tmp_path_factory) as start:
        yield STARTERS[request.param](start, tmp_path_factory.mktemp(f"judged-{request.param}"))


def told(result: Mapping[str, Any]) -> list[str]:
    """The warnings; Ansible gives each of them as a text or as an object, by its version."""
    return [str(warning) for warning in result.get("warnings", ())]


class Registrar:
    """Registers credentials of a judged server in a fresh store."""

    def __init__(self, judged: Judged, folder: Path) -> None:
        key = folder / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        self.judged = judged
        self.option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        self.store = open_store(self.option, lambda *values: None)

    def run(self, name: str, permissions: str = "report", check: bool = False, **more: Any) -> dict[str, Any]:
        arguments = {
            "provider": self.judged.provider,
            "credential": name,
            "secret": dict(self.judged.secrets[name]),
            "secret_store": self.option,
            "ca_file": self.judged.server.ca_file,
            "retries": 1,
            "permissions": permissions,
            "needs": self.judged.needs,
            **self.judged.options,
            **more,
        }
        return run_module("cloud_credential", arguments, check=check, diff=True)

    def found(self, name: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.run(name, **more)["permissions"]
        return found


@pytest.fixture
def registrar(judged: Judged, tmp_path: Path) -> Registrar:
    return Registrar(judged, tmp_path)


def test_exactly_what_is_needed_is_exact_and_nothing_is_warned_of(registrar: Registrar) -> None:
    got = registrar.run("exact", permissions="require")
    assert got["permissions"] | {"source": ""} == {
        "verdict": "exact",
        "missing": [],
        "excess": [],
        "not_told": [],
        "source": "",
    }
    assert got["permissions"]["source"]
    assert not [text for text in told(got) if text.startswith("exact")]


def test_what_is_missing_is_reported_and_registered_all_the_same(registrar: Registrar) -> None:
    got = registrar.run("lacking")
    assert got["changed"] and got["permissions"]["verdict"] == "missing"
    assert sorted(got["permissions"]["missing"]) == sorted(registrar.judged.lacks)
    assert any("lacks" in text for text in told(got))


def test_require_refuses_before_anything_is_stored_and_says_how_to_grant(registrar: Registrar) -> None:
    with pytest.raises(ModuleFailed) as failed:
        registrar.run("lacking", permissions="require")
    result = failed.value.result
    assert result["error"]["kind"] == "no_permission" and result["changed"] is False
    assert all(right in result["msg"] for right in registrar.judged.lacks) and "Next: " in result["msg"]
    assert not registrar.store.names()


def test_excess_names_administrator_rights_first_and_is_no_reason_to_refuse(registrar: Registrar) -> None:
    got = registrar.run("plenty", permissions="require")
    found = got["permissions"]
    assert got["changed"] and not found["missing"] and found["verdict"] == "excess", found
    first = found["excess"][0]
    assert (first["level"], first["right"]) == ("administrator", registrar.judged.first), found["excess"]
    assert any("may do more than the store needs" in text for text in told(got))


@only("aws", "azure", "cloudstack")
def test_what_is_not_told_is_said_with_the_reason_and_never_called_exact(registrar: Registrar) -> None:
    got = registrar.run("silent", permissions="require")
    found = got["permissions"]
    assert found["verdict"] == "not_told" and not found["missing"]
    assert all(": " in text for text in found["not_told"])
    assert any("does not tell" in text for text in told(got))


def test_asking_costs_the_providers_minimum_and_not_asking_nothing(registrar: Registrar) -> None:
    judged = registrar.judged
    counts = []
    for permissions in ("ignore", "report"):
        before = len(judged.server.calls())
        got = registrar.run("exact", permissions=permissions)
        counts.append(len(judged.server.calls()) - before)
    assert counts[1] - counts[0] == judged.calls, counts
    assert "permissions" not in registrar.run("exact", permissions="ignore")
    assert got["permissions"]["verdict"] == "exact"


def test_a_second_run_is_unchanged_and_the_info_module_remembers(registrar: Registrar) -> None:
    predicted = registrar.run("plenty", check=True)
    first, second = registrar.run("plenty"), registrar.run("plenty")
    assert predicted["changed"] and first["changed"] and not second["changed"]
    (row,) = run_module("cloud_credential_info", {"secret_store": registrar.option})["credentials"]
    assert row["permissions"]["verdict"] == "excess" and row["permissions"]["since"]
    assert row["permissions"]["excess_count"] == len(second["permissions"]["excess"])
    text = json.dumps([predicted, first, second, row])
    assert not [
        value for field, value in registrar.judged.secrets["plenty"].items() if "secret" in field and value in text
    ]


def test_a_finding_that_changes_is_a_change(registrar: Registrar) -> None:
    registrar.run("plenty", needs=["probe"])
    got = registrar.run("plenty")
    assert got["changed"] and "permissions=excess" in json.dumps(got["diff"])


def test_needs_have_to_be_named(registrar: Registrar) -> None:
    with pytest.raises(ModuleFailed, match="needs"):
        registrar.run("exact", needs=None)


@only("aws")
def test_aws_without_simulation_is_judged_by_policies_and_says_what_they_leave_open(registrar: Registrar) -> None:
    found = registrar.found("reading")
    assert found["source"] == "its policies" and not found["missing"] and not found["excess"]
    assert any("permissions boundary" in text for text in found["not_told"])
    assert any("iam:CreateAccessKey" in text and "user/reading alone" in text for text in found["not_told"])


@only("aws")
def test_aws_rights_on_some_security_groups_are_not_told_and_not_missing(registrar: Registrar) -> None:
    found = registrar.found("narrow")
    assert not found["missing"] and not found["excess"]
    assert len(found["not_told"]) == 1 and "security-group/sg-1 alone" in found["not_told"][0]
    assert "ec2:DescribeSecurityGroups" not in found["not_told"][0]


@only("aws")
def test_the_stores_own_restriction_of_sources_makes_no_right_of_aws_missing(registrar: Registrar) -> None:
    assert registrar.found("restricted")["verdict"] == "exact"


@only("aws")
def test_aws_without_its_policies_is_simulated_and_asked_for_powerful_rights(registrar: Registrar) -> None:
    found = registrar.found("simulating")
    assert [row["right"] for row in found["excess"]] == ["s3:GetObject"]
    assert not found["missing"] and any("powerful rights" in text for text in found["not_told"])


@only("azure")
def test_azure_tells_a_narrower_scope_from_none_and_a_wider_one_is_too_much(registrar: Registrar) -> None:
    narrow = registrar.found("narrow")
    assert not narrow["missing"] and "resourcegroups/store alone" in narrow["not_told"][0].lower()
    assert [row["right"] for row in narrow["excess"] if row["level"] == "administrator"] == [
        "graph:Application.ReadWrite.All"
    ]
    wide = registrar.found("plenty")["excess"]
    assert any("above the subscription" in row["from"] for row in wide)
    assert {"level": "more", "right": "graph:Mail.Send", "from": "application permission of Microsoft Graph"} in wide


@only("azure")
def test_an_azure_rotator_with_rights_in_graph_alone_is_registered_as_one(registrar: Registrar) -> None:
    with pytest.raises(ModuleFailed) as failed:
        registrar.run("rotator", permissions="ignore")
    assert failed.value.result["error"]["kind"] == "no_permission" and not registrar.store.names()
    got = registrar.run("rotator", permissions="require", purpose="rotator", needs=["rotation"])
    assert got["permissions"]["verdict"] == "exact" and list(registrar.store.names()) == ["rotator"]
    with pytest.raises(ModuleFailed, match="it lacks Microsoft.Network/networkSecurityGroups/read"):
        registrar.run("rotator", permissions="require", purpose="rotator")


@only("openstack")
def test_openstack_access_rules_that_let_more_through_are_too_much(registrar: Registrar) -> None:
    found = registrar.found("wide")
    assert {"level": "wildcard", "right": "call network: GET /v2.0/**", "from": "access rules"} in found["excess"]
    assert "call network: POST /v2.0/security-group-rules" in found["missing"]
    free = registrar.found("plenty")["excess"]
    assert [row["right"] for row in free] == ["role admin", "unrestricted", "call *"]


@only("cloudstack")
def test_cloudstack_shows_an_administrators_role_by_its_rules(registrar: Registrar) -> None:
    excess = registrar.found("plenty")["excess"]
    assert {"role type Admin", "*"} <= {row["right"] for row in excess if row["level"] == "administrator"}
