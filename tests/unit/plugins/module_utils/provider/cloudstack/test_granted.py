# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key may do is asked of the server, whose version decides what rotation needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.model.permission import Report
from ansible_collections.strategic.service_store.plugins.module_utils.provider.permissions import report
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from lab.clouds.cloudstack.commands import COMMANDS
from tests.support.servers import LabServer, lab_server

from .conftest import CONFIG, Open

__all__ = ["lab_server"]


def judged(
    connect: Open, account: str = "initech", needs: Sequence[str] = ("rotation",), **more: Any
) -> tuple[Report, dict[str, int]]:
    session = connect(account, **more)
    who = session.probe()
    found = report(provider("cloudstack"), session, who, needs)
    return found, session.calls.by_name()


@pytest.mark.parametrize(
    ("version", "missing"),
    [("4.22.0.0", ()), ("4.23.0.0", ("deleteUserKeys", "queryAsyncJobResult"))],
    ids=["one pair", "several"],
)
def test_rotation_needs_the_commands_that_the_servers_version_has(
    connect: Open, lab_server: Any, version: str, missing: tuple[str, ...]
) -> None:
    roles = {**CONFIG["roles"], "Customer": {"type": "User", "deny": ["deleteUserKeys", "queryAsyncJobResult"]}}
    server: LabServer = lab_server("cloudstack", {**CONFIG, "roles": roles, "version": version})
    at = {"url": server.url, "ca_file": server.ca_file}
    assert judged(connect, **at)[0].missing == missing
    # A job of the allowlist has to be asked about on any server.
    both, _calls = judged(connect, needs=["rotation", "allowlist"], **at)
    assert "queryAsyncJobResult" in both.missing


def test_a_role_of_4_23_without_the_command_that_tells_the_version_lacks_the_others_too(
    connect: Open, lab_server: Any
) -> None:
    roles = {**CONFIG["roles"], "Customer": {"type": "User", "deny": ["registerUserKeys", "queryAsyncJobResult"]}}
    server: LabServer = lab_server("cloudstack", {**CONFIG, "roles": roles, "version": "4.23.0.0"})
    found, _calls = judged(connect, url=server.url, ca_file=server.ca_file)
    assert found.missing == ("registerUserKeys", "queryAsyncJobResult")


def test_what_rotation_does_not_take_on_an_older_server_is_not_too_much_there(connect: Open, lab_server: Any) -> None:
    needed = {"listUsers", "registerUserKeys", "listApis", "queryAsyncJobResult"}
    roles = {**CONFIG["roles"], "Customer": {"type": "User", "deny": sorted(set(COMMANDS) - needed)}}
    server: LabServer = lab_server("cloudstack", {**CONFIG, "roles": roles, "version": "4.22.0.0"})
    assert judged(connect, url=server.url, ca_file=server.ca_file)[0].verdict == "exact"


def test_a_customer_is_asked_in_one_call_and_an_administrators_rules_in_one_more(connect: Open) -> None:
    assert judged(connect)[1] == {"listUsers": 1, "listApis": 1}
    found, calls = judged(connect, "staff")
    assert calls == {"listUsers": 1, "listApis": 1, "listRolePermissions": 1}
    assert [str(it) for it in found.excess[:1]] == ["* (rule of the role Root Admin)"]


def test_a_pair_with_rules_of_its_own_may_do_no_more_than_they_say(connect: Open, lab_server: Any) -> None:
    server: LabServer = lab_server("cloudstack", {**CONFIG, "version": "4.23.0.0"})
    session = connect(url=server.url, ca_file=server.ca_file)
    rules = [("list*", "allow"), ("queryAsyncJobResult", "allow"), ("*", "deny")]
    maps = {f"rules[{number}].rule": rule for number, (rule, _permission) in enumerate(rules)}
    maps |= {f"rules[{number}].permission": permission for number, (_rule, permission) in enumerate(rules)}
    who = session.probe()
    made = session.run_job("make a pair", "registerUserKeys", id=who.detail["id"], name="narrow", **maps)["userkeys"]
    narrow = Credential("n", "cloudstack", {"api_key": made["apikey"]}, {"secret_key": made["secretkey"]})
    found, calls = judged(connect, url=server.url, ca_file=server.ca_file, given=narrow)
    assert found.missing == ("registerUserKeys", "deleteUserKeys")
    assert calls == {"listUsers": 1, "listApis": 1, "listUserKeys": 1}
    assert all(it.right.startswith("list") for it in found.excess)


def test_whose_pair_may_not_be_listed_is_not_told_to_be_exact(connect: Open, lab_server: Any) -> None:
    roles = {**CONFIG["roles"], "Customer": {"type": "User", "deny": ["listUserKeys"]}}
    server: LabServer = lab_server("cloudstack", {**CONFIG, "roles": roles, "version": "4.23.0.0"})
    found, _calls = judged(connect, url=server.url, ca_file=server.ca_file)
    assert found.missing == ("listUserKeys",) and "rules of its own" in found.not_told[0]
