# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""api_source_restriction and its info module on Azure: the token endpoint and the firewalls get one list."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.data_plane import Resource
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.faults import FaultProxy
from tests.support.module import ModuleFailed, run_module
from tests.support.servers import LabServer

from .conftest import CLIENT, SECRET, SUBSCRIPTION, TENANT
from .firewalls import NO_GRAPH, RESOURCES, Guarded, broken, guarded, guarded_emulator, guarded_server

__all__ = ["broken", "guarded", "guarded_emulator", "guarded_server"]

HERE, OTHER, HQ = "127.0.0.1", "192.0.2.2", "203.0.113.0/28"
ALL = [resource.facts() for resource in RESOURCES.values()]
WRITES = ("PATCH", "PUT", "DELETE")


class Operator:
    """Runs the two modules for one application."""

    def __init__(self, server: LabServer, folder: Path, client: str = CLIENT) -> None:
        key = folder / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        store = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        public = {"tenant_id": TENANT, "client_id": client, "subscription_id": SUBSCRIPTION}
        record = {"version": 1, "provider": "azure", "public": public, "secrets": {"client_secret": SECRET}, "meta": {}}
        open_store(store, lambda *values: None).put("acme", record)
        self.server = server
        self.shared = {
            "provider": "azure",
            "credential": "acme",
            "secret_store": store,
            "endpoints": {"arm": server.url, "entra": server.url, "graph": f"{server.url}/graph"},
            "ca_file": server.ca_file,
        }
        self._options = {**self.shared, "retries": 1, "store": "store-a", "data_plane": ALL}

    def run(self, *addresses: str, check: bool = False, **more: Any) -> dict[str, Any]:
        options = {**self._options, "addresses": list(addresses), **more}
        result = run_module("api_source_restriction", options, check=check, diff=True)
        assert SECRET not in json.dumps(result)
        return result

    def info(self, *addresses: str, **more: Any) -> dict[str, Any]:
        return run_module("api_source_restriction_info", {**self._options, "addresses": list(addresses), **more})

    def writes(self) -> list[str]:
        calls = self.server.calls()
        graph = [call for call in calls if call["path"].startswith("/graph") and call["method"] == "POST"]
        return [f"{call['method']} {call['path']}" for call in [*graph, *calls] if call["method"] in WRITES] + [
            call["path"] for call in graph
        ]


@pytest.fixture
def operator(guarded_server: LabServer, tmp_path: Path) -> Operator:
    return Operator(guarded_server, tmp_path)


def row(result: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [item for item in result["data_plane"] if item["kind"] == kind]
    return dict(found)


def test_check_mode_predicts_and_writes_nothing_and_the_second_run_reads_only(operator: Operator) -> None:
    checked = operator.run(HERE, OTHER, check=True, callers=[HERE])
    assert checked["changed"] and not checked["in_effect"] and operator.writes() == []
    made = operator.run(HERE, OTHER, callers=[HERE])
    assert made["changed"] and made["in_effect"] and made["diff"] == checked["diff"]
    assert [row(made, kind)["added"] for kind in RESOURCES] == [["127.0.0.1/32", "192.0.2.2/32"]] * 3
    assert all(row(made, kind)["enforced"] and HQ in row(made, kind)["addresses"] for kind in RESOURCES)
    heads = [part["before_header"] for part in made["diff"]]
    assert heads == ["acme", *map(str, RESOURCES.values())]
    before = len(operator.writes())
    again = operator.run(HERE, OTHER, callers=[HERE])
    assert not again["changed"] and again["in_effect"] and len(operator.writes()) == before
    # One read of each resource and the server's rules, beside those of the token endpoint's policy.
    counted = {name: n for name, n in again["api_calls"].items() if name.startswith("arm")}
    assert counted == {"arm.GET servers": 2, "arm.GET storageAccounts": 1, "arm.GET vaults": 1}


def test_the_report_has_a_record_of_every_firewall(operator: Operator) -> None:
    records = operator.run(HERE)["report"]
    assert [record["kind"] for record in records] == ["restriction"] * 4
    assert records[2]["enforced_by"] == "the firewall of key_vault prod/acme-keys"
    assert len({record["enforced_by"] for record in records}) == 4


def test_without_resources_nothing_of_them_is_read(operator: Operator) -> None:
    made = operator.run(HERE, data_plane=[])
    assert made["list_changed"] and made["data_plane"] == []
    assert not any(name.startswith("arm") for name in made["api_calls"])


def test_a_firewall_that_drifted_is_told_and_mended_while_the_token_policy_stays(
    operator: Operator, guarded: Guarded
) -> None:
    operator.run(HERE)
    acls = guarded.raw("key_vault")["properties"]["networkAcls"]
    meddled = {**acls, "defaultAction": "Allow", "ipRules": [{"value": "198.51.100.99"}]}
    guarded.write("key_vault", "PATCH", "", {"properties": {"networkAcls": meddled}})
    found = operator.info(HERE)
    vault = row(found, "key_vault")
    assert found["drift"] and vault["missing"] == ["127.0.0.1/32"] and vault["undeclared"] == ["198.51.100.99/32"]
    assert not vault["enforced"] and vault["not_enforced"].startswith("every address")
    assert row(found, "storage_account")["missing"] == [] and row(found, "storage_account")["own"] == ["127.0.0.1/32"]
    assert not operator.info()["drift"]
    audited = operator.run(HERE, check=True)
    assert not audited["in_effect"] and audited["list_changed"] is False
    mended = operator.run(HERE)
    assert mended["in_effect"] and mended["changed"] and not mended["list_changed"]
    assert row(mended, "key_vault")["added"] == ["127.0.0.1/32"]
    assert row(operator.info(HERE, keep_addresses=["198.51.100.99"]), "key_vault")["undeclared"] == []
    assert not operator.run(HERE)["changed"]


def test_nobody_who_uses_the_account_is_locked_out(operator: Operator) -> None:
    with pytest.raises(ModuleFailed, match="does not hold 127.0.0.1, from which this call is made"):
        operator.run(OTHER, callers=[HERE])
    assert operator.writes() == []
    # By the family that no firewall knows nobody comes to one.
    made = operator.run(HERE, "2001:db8::1", callers=["2001:db8::1"])
    assert "2001:db8::1/128" in made["addresses"] and row(made, "key_vault")["addresses"] == ["127.0.0.1/32", HQ]
    # Whoever moves the account away says so.
    assert operator.run(OTHER, callers=[HERE], allow_lock_out=True, purge="all")["changed"]


def test_leaving_takes_own_rules_and_opens_nothing(operator: Operator, guarded: Guarded) -> None:
    operator.run(HERE)
    checked = operator.run(HERE, state="absent", check=True)
    gone = operator.run(HERE, state="absent")
    assert gone["diff"] == checked["diff"] and gone["changed"] and gone["in_effect"]
    assert [row(gone, kind)["removed"] for kind in RESOURCES] == [["127.0.0.1/32"]] * 3
    assert [row(checked, kind)["removed"] for kind in RESOURCES] == [["127.0.0.1/32"]] * 3
    assert all(guarded.read(kind).denies and HQ in guarded.read(kind).addresses for kind in RESOURCES)
    again = operator.run(HERE, state="absent")
    assert not again["changed"] and again["in_effect"]


def test_a_move_keeps_the_old_address_and_then_takes_it_out(operator: Operator) -> None:
    operator.run(HERE, OTHER)
    both = operator.run(HERE, keep_addresses=[OTHER, "10.0.0.1"])
    assert row(both, "storage_account")["addresses"] == ["127.0.0.1/32", "192.0.2.2/32", HQ]
    assert not operator.run(HERE, keep_addresses=[OTHER])["changed"]
    left = operator.run(HERE, former_addresses=[OTHER, HQ])
    assert row(left, "sql_server")["addresses"] == ["127.0.0.1/32", "azure-services"]


def test_rendered_writes_nothing_and_names_every_command(operator: Operator) -> None:
    made = operator.run(HERE, state="rendered")
    assert not made["changed"] and not made["in_effect"] and operator.writes() == []
    for words in (
        "conditionalAccess/namedLocations",
        "az storage account network-rule add",
        "az keyvault update",
        "az sql",
    ):
        assert words in made["sheet"]


def test_without_a_word_in_graph_the_firewalls_are_kept_and_the_policy_is_asked_for(
    guarded_server: LabServer, tmp_path: Path
) -> None:
    operator = Operator(guarded_server, tmp_path, NO_GRAPH)
    made = operator.run(HERE)
    assert made["changed"] and not made["list_changed"] and made["applied_by"] == "customer" and not made["in_effect"]
    assert all(item["in_effect"] for item in made["data_plane"])
    assert "conditionalAccess/namedLocations" in made["sheet"] and "az storage" not in made["sheet"]
    assert not operator.run(HERE)["changed"]
    gone = operator.run(HERE, state="absent")
    assert "Take out: 127.0.0.1/32" in gone["sheet"] and row(gone, "key_vault")["removed"] == ["127.0.0.1/32"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"addresses": ["10.1.2.3"]}, "addresses: 10.1.2.3/32 is private, and a storage account"),
        ({"addresses": ["0.0.0.0/0"]}, "addresses: 0.0.0.0/0 is wider than /8"),
        ({"addresses": ["2001:db8::1"]}, "leave nobody for storage_account prod/acmedata, which takes IPv4 alone"),
        ({"data_plane": [*ALL, ALL[0]]}, r"data_plane\[3\]: storage_account prod/acmedata is the same as"),
        ({"data_plane": [{**ALL[0], "name": "Acme"}]}, r"data_plane\[0\].name: Acme is no name of a storage account"),
        (
            {"provider": "openstack"},
            "data_plane: key_vault, sql_server, storage_account is nothing that provider openstack",
        ),
    ],
    ids=["private", "everybody", "ipv6", "twice", "name", "provider"],
)
def test_bad_input_is_refused_before_any_call(operator: Operator, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message) as failed:
        operator.run(*given.pop("addresses", [HERE]), **given)
    assert failed.value.result["changed"] is False
    assert operator.server.calls() == []


@pytest.mark.parametrize(
    "resource",
    [
        {"kind": "sql_server", "resource_group": "prod", "name": "dark-sql"},
        {"kind": "key_vault", "resource_group": "prod", "name": "acme-dark"},
    ],
    ids=["sql", "vault"],
)
def test_a_resource_without_a_public_door_is_told_and_nothing_is_changed(
    operator: Operator, resource: dict[str, str]
) -> None:
    with pytest.raises(ModuleFailed, match=r"publicNetworkAccess is [Dd]isabled.*take it out of data_plane"):
        operator.run(HERE, data_plane=[*ALL, resource])
    assert operator.writes() == []
    found = operator.info(HERE, data_plane=[resource])
    assert found["drift"] and "publicNetworkAccess" in found["data_plane"][0]["shut"]
    assert not operator.run(HERE, state="absent", data_plane=[resource])["changed"]


def test_a_vault_that_never_had_a_firewall_gets_one(operator: Operator, guarded: Guarded) -> None:
    vault = Resource("key_vault", "prod", "acme-bare")
    bare = vault.facts()
    made = operator.run(HERE, data_plane=[bare])
    assert made["in_effect"] and made["data_plane"][0]["addresses"] == ["127.0.0.1/32"]
    assert guarded.lets_in(vault)
    operator.run(HERE, state="absent", data_plane=[bare])
    assert not guarded.lets_in(vault)


def test_a_list_that_one_firewall_cannot_hold_changes_none(operator: Operator, guarded: Guarded) -> None:
    for number in range(254):
        guarded.put_rule(f"r{number}", "198.51.100.1", "198.51.100.1")
    with pytest.raises(ModuleFailed, match="sql_server prod/acme-sql, which takes 256") as failed:
        operator.run(HERE)
    assert failed.value.result["changed"] is False
    assert all("firewallRules" in text for text in operator.writes())


def test_where_one_firewall_fails_the_others_are_done_and_what_was_done_is_told(
    operator: Operator, broken: FaultProxy
) -> None:
    body = json.dumps({"error": {"code": "RequestDisallowedByPolicy", "message": "a policy of the tenant"}})
    broken.add(mode="status", status=403, body=body, operation="PATCH *vaults*", times=0)
    endpoints = {"arm": broken.url, "entra": broken.url, "graph": f"{broken.url}/graph"}
    with pytest.raises(ModuleFailed, match="key_vault prod/acme-keys: RequestDisallowedByPolicy") as failed:
        operator.run(HERE, endpoints=endpoints)
    result = failed.value.result
    assert result["changed"] and result["error"]["kind"] == "no_permission"
    assert set(result["applied"]) == {
        "add acme: 127.0.0.1/32",
        "add storage_account prod/acmedata: 127.0.0.1/32",
        "update storage_account prod/acmedata: everybody else",
        "add sql_server prod/acme-sql: 127.0.0.1/32",
    }
    rest = operator.run(HERE)
    assert [part["before_header"] for part in rest["diff"]] == ["key_vault prod/acme-keys"]


@pytest.fixture
def behind(broken: FaultProxy) -> dict[str, str]:
    """The endpoints of an operator whose calls the proxy may spoil."""
    return {"arm": broken.url, "entra": broken.url, "graph": f"{broken.url}/graph"}


VAULT = [RESOURCES["key_vault"].facts()]


def test_a_write_whose_answer_was_lost_before_the_service_asked_for_peace_is_told_as_made(
    operator: Operator, broken: FaultProxy, behind: dict[str, str]
) -> None:
    operator.run(HERE, data_plane=[])
    broken.add(mode="lost", operation="PATCH *vaults*")
    broken.add(mode="throttle", shape="arm", operation="PATCH *vaults*", first=2, times=0)
    with pytest.raises(ModuleFailed) as failed:
        operator.run(HERE, endpoints=behind, data_plane=VAULT)
    result = failed.value.result
    assert result["error"]["kind"] == "throttled" and "unsure" not in result
    assert result["changed"] and result["applied"] == ["add key_vault prod/acme-keys: 127.0.0.1/32"]
    assert row(operator.info(HERE), "key_vault")["own"] == ["127.0.0.1/32"]
    assert [part["after"] for part in operator.run(HERE, data_plane=VAULT)["diff"]] == ["everybody else: refused\n"]


def test_what_cannot_be_read_after_a_failure_is_told_as_unsure(
    operator: Operator, broken: FaultProxy, behind: dict[str, str]
) -> None:
    operator.run(HERE, data_plane=[])
    broken.add(mode="lost", operation="PATCH *vaults*")
    # The plan's read and that of the first attempt come through, and nothing after them.
    broken.add(mode="throttle", shape="arm", operation="GET *vaults*", first=3, times=0)
    with pytest.raises(ModuleFailed) as failed:
        operator.run(HERE, endpoints=behind, data_plane=VAULT)
    result = failed.value.result
    assert not result["changed"] and "applied" not in result
    assert result["unsure"] == [
        "add key_vault prod/acme-keys: 127.0.0.1/32",
        "update key_vault prod/acme-keys: everybody else",
    ]


@pytest.mark.parametrize("kind", ["storage_account", "key_vault"])
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_marks_that_find_no_room_are_refused_before_anything_is_written(
    operator: Operator, guarded: Guarded, kind: str, check: bool
) -> None:
    guarded.write(kind, "PATCH", "", {"tags": {f"team-{number}": "data" for number in range(50)}})
    before = operator.writes()
    with pytest.raises(ModuleFailed, match="it would have 51 tags, by which rules are marked") as failed:
        operator.run(HERE, check=check)
    assert failed.value.result["changed"] is False and failed.value.result["error"]["type"] == "ProviderError"
    assert operator.writes() == before
    # Whoever applies the sheet writes no tags.
    assert "network-rule add" in operator.run(HERE, state="rendered")["sheet"]


def test_leaving_a_resource_that_was_deleted_withdraws_the_rest(operator: Operator, guarded: Guarded) -> None:
    operator.run(HERE)
    gone = [
        {"kind": "storage_account", "resource_group": "prod", "name": "acmegone"},
        {"kind": "key_vault", "resource_group": "former", "name": "acme-keys"},
        {"kind": "sql_server", "resource_group": "prod", "name": "gone-sql"},
    ]
    with pytest.raises(ModuleFailed, match="not_found"):
        operator.run(HERE, data_plane=[*ALL, *gone])
    checked = operator.run(HERE, state="absent", data_plane=[*ALL, *gone], check=True)
    left = operator.run(HERE, state="absent", data_plane=[*ALL, *gone])
    assert left["diff"] == checked["diff"] and left["list_changed"] and left["in_effect"]
    assert [bool(item["note"]) for item in left["data_plane"]] == [False] * 3 + [True] * 3
    assert "not there any more" in left["data_plane"][4]["note"] and left["data_plane"][4]["removed"] == []
    assert not any(rule.own for kind in RESOURCES for rule in guarded.read(kind).rules)
    assert not operator.run(HERE, state="absent", data_plane=[*ALL, *gone])["changed"]


def test_leaving_takes_nothing_for_gone_that_the_credential_may_not_see(
    operator: Operator, broken: FaultProxy, behind: dict[str, str]
) -> None:
    operator.run(HERE)
    before = operator.writes()
    # A list leaves it out, and asked for itself it is refused.
    hidden = {"kind": "key_vault", "resource_group": "prod", "name": "hidden-keys"}
    body = json.dumps({"error": {"code": "AuthorizationFailed", "message": "no read at this scope"}})
    broken.add(mode="status", status=403, body=body, operation="GET *vaults/hidden-keys*", times=0)
    with pytest.raises(ModuleFailed, match="key_vault prod/hidden-keys: AuthorizationFailed: no read at this scope"):
        operator.run(HERE, state="absent", endpoints=behind, data_plane=[*ALL, hidden])
    assert operator.writes() == before


def test_a_sql_rule_for_nearly_everybody_is_no_restriction(operator: Operator, guarded: Guarded) -> None:
    guarded.put_rule("everybody", "0.0.0.1", "255.255.255.255")
    made = row(operator.run(HERE), "sql_server")
    assert not made["enforced"] and "0.0.0.1-255.255.255.255" in made["not_enforced"]
    assert "(rule everybody)" in made["not_enforced"] and operator.info(HERE)["drift"]
    assert row(operator.run(HERE, purge="all"), "sql_server")["enforced"]


def test_a_disabled_application_fails_and_is_no_matter_of_the_customers_sheet(
    operator: Operator, broken: FaultProxy, behind: dict[str, str]
) -> None:
    body = json.dumps(
        {
            "error": "unauthorized_client",
            "error_description": "AADSTS7000112: Application 'a'(acme) is disabled.",
            "error_codes": [7000112],
        }
    )
    broken.add(mode="status", status=400, body=body, operation="POST *token*", times=0)
    for state in ("present", "rendered"):
        with pytest.raises(ModuleFailed, match="AADSTS7000112") as failed:
            operator.run(HERE, endpoints=behind, state=state, data_plane=[])
        assert failed.value.result["error"]["kind"] == "bad_key"
