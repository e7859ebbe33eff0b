# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong while a firewall is written: nobody is shut out on the way, and the next run ends right."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.data_plane import EVERYBODY, took_effect
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import session
from .firewalls import KINDS, STORAGE, VAULT, Guarded, broken, guarded, guarded_emulator, guarded_server

__all__ = ["broken", "guarded", "guarded_emulator", "guarded_server"]

A, B, OLD, HQ = "192.0.2.1/32", "192.0.2.2/32", "198.51.100.7/32", "203.0.113.0/28"
WRITES = {"storage_account": "PATCH *", "key_vault": "PATCH *", "sql_server": "PUT *"}


def behind(server: LabServer, proxy: FaultProxy, retries: int = 4) -> Guarded:
    return Guarded(session(proxy.url, server.ca_file, retry=Retry(retries, base_s=0.001)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "lost"},
        {"mode": "reset"},
        {"mode": "throttle", "shape": "arm", "times": 2},
        {"mode": "status", "status": 503, "times": 2},
    ],
    ids=["lost", "reset", "throttle", "5xx"],
)
@pytest.mark.parametrize("operation", ["write", "GET /subscriptions*"])
def test_a_passing_fault_is_no_failure(
    guarded_server: LabServer, broken: FaultProxy, kind: str, fault: dict[str, Any], operation: str
) -> None:
    made = behind(guarded_server, broken)
    broken.add(operation=WRITES[kind] if operation == "write" else operation, **fault)
    assert {change.key for change in made.bring(kind, A, B)} - {EVERYBODY} == {A, B}
    assert made.bring(kind, A, B) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_lost_for_good_is_settled_by_a_read(guarded_server: LabServer, broken: FaultProxy, kind: str) -> None:
    made = behind(guarded_server, broken, retries=0)
    broken.add(mode="lost", operation=WRITES[kind], times=0)
    assert {A, B} <= {change.key for change in made.bring(kind, A, B)}
    broken.reset()
    assert made.bring(kind, A, B) == []


def test_a_deletion_whose_answer_is_lost_is_settled_too(guarded_server: LabServer, broken: FaultProxy) -> None:
    made = behind(guarded_server, broken, retries=0)
    made.bring("sql_server", A, B)
    broken.add(mode="lost", operation="DELETE *", times=0)
    assert [change.key for change in made.bring("sql_server", A)] == [B]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["reset", "lost"])
def test_a_run_that_is_cut_off_at_any_call_says_what_it_did_and_the_next_one_converges(
    guarded: Guarded, guarded_server: LabServer, broken: FaultProxy, kind: str, mode: str
) -> None:
    for cut in range(1, 20):
        guarded_server.reset()
        guarded.bring(kind, OLD)
        if kind != "sql_server":
            guarded.write(kind, "PATCH", "", {"properties": {"networkAcls": opened(guarded, kind)}})
        made = behind(guarded_server, broken, retries=0)
        now, changes = made.planned(kind, A, B)
        before = len(broken.calls)
        broken.add(mode=mode, operation="* /subscriptions*", first=cut, times=0)
        done = []
        try:
            for change in made.adapter.apply_firewall(now, changes):
                done.append(change)
            finished = True
        except ProviderError:
            finished = False
        calls = len(broken.calls) - before
        broken.reset()
        there = guarded.read(kind)
        assert all(took_effect(there, change) for change in done)
        assert HQ in there.addresses
        assert not there.denies or OLD in there.addresses or {A, B} <= set(there.addresses)
        guarded.bring(kind, A, B)
        assert {*guarded.read(kind).addresses} - {"azure-services"} == {A, B, HQ}
        assert guarded.read(kind).enforced
        if finished and calls < cut:
            # Nothing was left for the fault to spoil.
            assert cut > 1
            return
    raise AssertionError("the run never came to its end")


def opened(made: Guarded, kind: str) -> dict[str, Any]:
    """The network ACLs with everybody let in again, as the customer may do it."""
    return {**made.raw(kind)["properties"]["networkAcls"], "defaultAction": "Allow"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_killed_between_two_writes_leaves_marks_that_the_next_one_knows(guarded: Guarded, kind: str) -> None:
    now, changes = guarded.planned(kind, A, B)
    half = guarded.adapter.apply_firewall(now, changes)
    assert next(half).key == A
    half.close()
    there = guarded.read(kind)
    assert there.denies is (kind == "sql_server")
    assert all(rule.own for rule in there.rules if rule.address in (A, B))
    guarded.bring(kind, B)
    assert {*guarded.read(kind).addresses} - {"azure-services"} == {B, HQ}


@pytest.mark.parametrize("kind", [STORAGE.kind, VAULT.kind])
def test_what_somebody_writes_between_plan_and_write_stays(guarded: Guarded, kind: str) -> None:
    now, changes = guarded.planned(kind, A)
    acls = guarded.raw(kind)["properties"]["networkAcls"]
    theirs = {**acls, "ipRules": [*acls["ipRules"], {"value": "198.51.100.99"}]}
    guarded.write(kind, "PATCH", "", {"tags": {"team": "data", "new": "tag"}, "properties": {"networkAcls": theirs}})
    list(guarded.adapter.apply_firewall(now, changes))
    assert guarded.read(kind).addresses == (A, "198.51.100.99/32", HQ)
    assert guarded.raw(kind)["tags"]["new"] == "tag"


@pytest.mark.parametrize("kind", [STORAGE.kind, VAULT.kind])
def test_nobody_is_refused_where_somebody_took_the_rules_out_in_between(guarded: Guarded, kind: str) -> None:
    now, changes = guarded.planned(kind, A)
    steps = guarded.adapter.apply_firewall(now, changes)
    assert next(steps).key == A
    acls = guarded.raw(kind)["properties"]["networkAcls"]
    guarded.write(kind, "PATCH", "", {"properties": {"networkAcls": {**acls, "ipRules": []}}})
    assert [change.key for change in steps] == [EVERYBODY]
    end = guarded.read(kind)
    assert (end.addresses, end.denies, end.rules[0].own) == ((A,), True, True)


@pytest.mark.parametrize("kind", [STORAGE.kind, VAULT.kind])
def test_a_conflict_is_tried_on_what_is_there_then(guarded_server: LabServer, broken: FaultProxy, kind: str) -> None:
    made = behind(guarded_server, broken)
    body = '{"error": {"code": "ConflictError", "message": "the vault changed from the point the operation began"}}'
    broken.add(mode="status", status=409, body=body, operation="PATCH *", times=2)
    assert [change.key for change in made.bring(kind, A)] == [A, EVERYBODY]
    broken.add(mode="status", status=409, body=body, operation="PATCH *", times=0)
    with pytest.raises(ProviderError) as failed:
        made.bring(kind, B)
    assert failed.value.kind == "conflict"


def test_a_credential_that_may_not_write_changes_nothing(guarded: Guarded, guarded_server: LabServer) -> None:
    narrow = guarded.narrow()
    now, changes = guarded.planned(VAULT.kind, A)
    with pytest.raises(ProviderError) as failed:
        list(narrow.adapter.apply_firewall(now, changes))
    assert failed.value.kind == "no_permission"
    assert guarded.read(VAULT.kind) == now
