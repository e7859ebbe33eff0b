# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""access_probe at the public endpoints of resources: who refused is told apart, and a token is good everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Door
from lab.faults import FaultProxy
from tests.support.module import ModuleFailed, run_module
from tests.support.nat import WayOut

from .conftest import SECRET
from .firewalls import (
    KINDS,
    RESOURCES,
    SERVER,
    STORAGE,
    VAULT,
    Guarded,
    broken,
    guarded,
    guarded_emulator,
    guarded_server,
)
from .test_restriction_modules import Operator, operator

__all__ = ["broken", "guarded", "guarded_emulator", "guarded_server", "operator"]

EGRESS, HTTP_KINDS = "127.0.0.2", ("storage_account", "key_vault")
DOORS = [STORAGE.facts(), VAULT.facts()]


@pytest.fixture
def egress(tmp_path: Path) -> Iterator[WayOut]:
    with WayOut(EGRESS, tmp_path / "way") as way:
        yield way


def probe(operator: Operator, *resources: dict[str, str], **more: Any) -> dict[str, Any]:
    options = {**operator.shared, "retries": 0, "data_plane": list(resources or DOORS), **more}
    result = run_module("access_probe", options)
    assert SECRET not in json.dumps(result) and "eyJ" not in json.dumps(result)
    return result


def test_a_listed_address_is_answered_and_another_is_refused_with_the_same_token(
    operator: Operator, guarded: Guarded, egress: WayOut
) -> None:
    # The token endpoint refuses this machine as well: it would never get as far as the firewalls on its own.
    operator.run(EGRESS)
    answered = probe(operator, proxy=egress.proxy, source="s1", what="{resource} answers a listed address")
    assert [row["outcome"] for row in answered["outcomes"]] == ["allowed"] * 2
    assert "ForbiddenByRbac" in answered["outcomes"][1]["why"]
    assert answered["report"][1] == {
        "what": "key_vault prod/acme-keys answers a listed address",
        "source": "s1",
        "enforced_by": "the firewall of key_vault prod/acme-keys",
        "enforced_at": f"127.0.0.1:{operator.server.port}/vault/acme-keys",
        "target": "key_vault prod/acme-keys",
        "expected": "allowed",
        "evidence": answered["outcomes"][1]["why"],
        "kind": "proof",
        "actual": "allowed",
        "ok": True,
    }
    refused = probe(operator, token_proxy=egress.proxy, expect="refused")
    assert [row["why"] for row in refused["outcomes"]] == ["403 AuthorizationFailure", "403 ForbiddenByFirewall"]
    with pytest.raises(ModuleFailed, match="access from this host to storage_account prod/acmedata was refused"):
        probe(operator, token_proxy=egress.proxy)
    with pytest.raises(ModuleFailed, match="AADSTS53003") as failed:
        probe(operator, expect="refused")
    assert failed.value.result["error"]["kind"] == "ip_blocked"


def test_an_open_firewall_is_no_proof_of_a_refusal(operator: Operator, guarded: Guarded, egress: WayOut) -> None:
    with pytest.raises(ModuleFailed, match="was allowed and should be refused: answered") as failed:
        probe(operator, token_proxy=egress.proxy, expect="refused")
    assert [row["ok"] for row in failed.value.result["report"]] == [False, False]


def test_a_sql_server_is_told_as_not_proven_and_fails_nothing(operator: Operator) -> None:
    (row,) = probe(operator, SERVER.facts(), expect="refused")["outcomes"]
    assert row["outcome"] == "not proven" and row["why"].startswith("not proven: its login is TDS")
    (record,) = probe(operator, SERVER.facts())["report"]
    assert record["kind"] == "unproven" and "ok" not in record


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, "<html>blocked by the company</html>", "this says nothing of the firewall"),
        (401, '{"error": {"code": "Unauthorized"}}', "Unauthorized"),
        (404, "", "this says nothing of the firewall"),
        (503, "", "no reason given"),
    ],
    ids=["somebody else's 403", "token", "not there", "server"],
)
@pytest.mark.parametrize("expect", ["allowed", "refused"])
def test_what_says_nothing_of_the_firewall_is_no_proof(
    operator: Operator, broken: FaultProxy, status: int, body: str, words: str, expect: str
) -> None:
    broken.add(mode="status", status=status, body=body, operation="GET /vault/*", times=0)
    endpoints = {"arm": broken.url, "entra": broken.url}
    with pytest.raises(ModuleFailed, match=words):
        probe(operator, VAULT.facts(), endpoints=endpoints, expect=expect)


def test_an_egress_that_lets_nothing_through_to_the_data_is_told_with_its_mend(
    operator: Operator, guarded: Guarded, egress: WayOut
) -> None:
    operator.run(EGRESS)
    with pytest.raises(ModuleFailed, match="name 127.0.0.1:.* in the account's api_hosts"):
        probe(operator, proxy="http://127.0.0.1:1", token_proxy=egress.proxy)


@pytest.mark.parametrize("mode", ["reset", "hang"])
def test_silence_is_no_proof_of_a_refusal(operator: Operator, broken: FaultProxy, mode: str) -> None:
    # The firewall is open: what takes silence for its refusal would hold all the same.
    broken.add(mode=mode, operation="GET /storage/*", times=0)
    silent = {"endpoints": {"arm": broken.url, "entra": broken.url}, "timeout_s": 2}
    found = probe(operator, STORAGE.facts(), expect="refused", **silent)
    assert found["outcomes"][0]["why"].startswith("not proven: the firewall gave no answer (")
    assert found["report"][0]["kind"] == "unproven" and "ok" not in found["report"][0]
    with pytest.raises(ModuleFailed, match="was refused and should be allowed"):
        probe(operator, STORAGE.facts(), **silent)


def test_no_direct_way_out_is_no_proof_of_a_refusal(operator: Operator, guarded: Guarded, egress: WayOut) -> None:
    shut = {"proxy": "http://127.0.0.1:1", "token_proxy": egress.proxy}
    assert [row["outcome"] for row in probe(operator, expect="refused", **shut)["outcomes"]] == ["not proven"] * 2


def test_a_storage_account_without_blobs_takes_no_proof_from_the_others(
    operator: Operator, guarded: Guarded, broken: FaultProxy
) -> None:
    account = guarded.raw(STORAGE.kind)
    files = {**account, "properties": {**account["properties"], "primaryEndpoints": {"file": "https://f.example/"}}}
    body, headers = json.dumps(files), {"Content-Type": "application/json"}
    operation = "GET *Microsoft.Storage/storageAccounts/acmedata*"
    broken.add(mode="status", status=200, body=body, headers=headers, operation=operation, times=0)
    storage, vault = probe(operator, endpoints={"arm": broken.url, "entra": broken.url})["outcomes"]
    assert storage["why"] == "not proven: it has no blob endpoint" and vault["outcome"] == "allowed"


def test_a_door_without_a_knock_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="needs its knock"):
        Door("acme.example").knock("token")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token_proxy": "127.0.0.1:3128"}, "token_proxy: 127.0.0.1:3128 is no proxy URL"),
        ({"data_plane": [*DOORS, DOORS[0]]}, "is the same as data_plane"),
        ({"data_plane": [{**DOORS[1], "name": "/id"}]}, "is no name of a key vault"),
        ({"data_plane": None, "token_proxy": "http://127.0.0.1:1"}, "token_proxy.*is of use with data_plane alone"),
        ({"provider": "aws"}, "data_plane.*is nothing that provider aws has"),
        ({"service": "arm"}, "mutually exclusive"),
    ],
    ids=["proxy", "twice", "name", "without resources", "provider", "service"],
)
def test_bad_input_is_refused_before_any_call(operator: Operator, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ModuleFailed, match=words):
        probe(operator, **given)
    assert operator.server.calls() == []


def test_no_resources_are_nothing_to_prove(operator: Operator) -> None:
    assert probe(operator, data_plane=[])["outcomes"] == []
    assert set(KINDS) == {*HTTP_KINDS, "sql_server"} == set(RESOURCES)
