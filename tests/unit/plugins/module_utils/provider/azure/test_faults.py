# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between us and Azure: the run ends right, or stops with a true account of what was changed."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.errors import refusal, translate
from lab.ca import make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import CLIENT, CONFIG, PLAIN, SECRET, TENANT, TODAY, Account, session

A, B = {"cidr": "192.0.2.1", "ports": 443}, {"cidr": "2001:db8::/48", "ports": 443}
VERSION = {"api-version": "2025-07-01"}


@pytest.fixture
def behind(server: LabServer, faults: FaultProxy) -> Account:
    return Account(session(faults.url, server.ca_file))


@pytest.mark.parametrize("mode", ["lost", "reset"])
@pytest.mark.parametrize("operation", ["PUT *", "GET *networkSecurityGroups*", "GET *operations*", "POST *token"])
def test_a_lost_answer_is_no_failure(behind: Account, faults: FaultProxy, mode: str, operation: str) -> None:
    faults.add(mode=mode, operation=operation)
    assert len(behind.bring(A, B)) == 2
    assert behind.bring(A, B) == []
    faults.add(mode=mode, operation=operation)
    assert len(behind.bring(A)) == 1


def test_answers_lost_for_good_are_settled_by_a_read(server: LabServer, faults: FaultProxy) -> None:
    account = Account(session(faults.url, server.ca_file, retry=Retry(0)))
    faults.add(mode="lost", operation="PUT *", times=0)
    assert len(account.bring(A, B)) == 2


def test_a_write_that_never_arrives_fails_and_the_next_run_converges(behind: Account, faults: FaultProxy) -> None:
    faults.add(mode="reset", operation="PUT *", times=5)
    with pytest.raises(ProviderError) as failed:
        behind.bring(A, B)
    assert failed.value.kind == "unreachable"
    assert len(behind.bring(A, B)) == 2


def test_an_accepted_write_whose_end_is_unknown_is_reported_as_made(server: LabServer, faults: FaultProxy) -> None:
    account = Account(session(faults.url, server.ca_file, retry=Retry(0)))
    state = account.read()
    entries = parse_entries([A, B], "entries")
    changes = plan(state, Wanted(state.scope, entries), "store-a", account.adapter.limits, TODAY).changes
    faults.add(mode="reset", operation="GET *operations*")
    made = []
    with pytest.raises(ProviderError):
        for change in account.adapter.apply_allowlist(state, changes):
            made.append(change.key)
    assert made == ["192.0.2.1/32 tcp/443", "2001:db8::/48 tcp/443"]
    assert account.bring(A, B) == []


def test_throttling_is_waited_out_and_then_told(behind: Account, faults: FaultProxy) -> None:
    faults.add(mode="throttle", shape="arm", operation="* /subscriptions*", times=2)
    assert len(behind.bring(A)) == 1
    faults.add(mode="throttle", shape="arm", operation="* /subscriptions*", times=0)
    with pytest.raises(ProviderError) as failed:
        behind.read()
    assert failed.value.kind == "throttled"


@pytest.mark.parametrize("operation", ["GET *openid-configuration", "POST *token", "GET /subscriptions*"])
def test_an_error_of_the_service_is_tried_again(behind: Account, faults: FaultProxy, operation: str) -> None:
    faults.add(mode="status", status=503, operation=operation, times=2)
    assert behind.read().held == ()


def test_a_hanging_server_is_a_timeout(server: LabServer, faults: FaultProxy) -> None:
    account = Account(session(faults.url, server.ca_file, retry=Retry(1, base_s=0.001)))
    # The token is got at leisure: what hangs is a call of Resource Manager.
    account.session.token("arm")
    account.session.access = replace(account.session.access, timeout_s=0.3)
    faults.add(mode="hang", times=0)
    with pytest.raises(ProviderError) as failed:
        account.read()
    assert failed.value.kind == "timeout"


@pytest.mark.parametrize("same", [True, False], ids=["the-same-entry", "another-entry"])
def test_somebody_elses_write_in_between_is_kept(account: Account, same: bool) -> None:
    state = account.read()
    prefix = "192.0.2.1/32" if same else "203.0.113.9/32"
    rule = {**PLAIN, "priority": 1000, "sourceAddressPrefix": prefix, "destinationPortRange": "443"}
    path = state.ref + "/securityRules/quicker"
    plain = account.adapter.apply_allowlist

    def late(read_before: Any, changes: Any) -> Any:
        account.session.send("be quicker", "PUT", "arm", path, {"properties": rule}, VERSION)
        return plain(read_before, changes)

    account.adapter.apply_allowlist = late  # type: ignore[method-assign]
    made = [c.key for c in account.bring(A, B)]
    assert made == (["2001:db8::/48 tcp/443"] if same else ["192.0.2.1/32 tcp/443", "2001:db8::/48 tcp/443"])
    names = [r["name"] for r in account.rules()]
    assert names[0] == "quicker"
    assert len(names) == 1 + len(made)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"secret": "wrong"}, "bad_key"),
        ({"client": CLIENT[:-1] + "9"}, "bad_key"),
        ({"public": {"tenant_id": CLIENT}}, "bad_key"),
        ({"public": {"tenant_id": "no tenant"}}, "bad_key"),
        ({"client": CLIENT[:-1] + "4"}, "expired"),
        ({"client": CLIENT[:-1] + "3"}, "no_permission"),
        ({"public": {"subscription_id": CLIENT}}, "no_permission"),
        ({"ca_file": None}, "tls"),
        ({"url": "https://127.0.0.1:9"}, "unreachable"),
        ({"proxy": "http://127.0.0.1:9"}, "unreachable"),
    ],
    ids=["secret", "application", "tenant", "malformed-tenant", "expired", "reader", "subscription", "other-ca",
         "nothing-there", "dead-proxy"],
)  # fmt: skip
def test_refusals_are_told_apart(server: LabServer, tmp_path: Path, given: dict[str, Any], kind: str) -> None:
    options: dict[str, Any] = {"url": server.url, "ca_file": server.ca_file, "retry": Retry(0), **given}
    if options["ca_file"] is None:
        options["ca_file"] = str(make_ca(tmp_path / "other").cert_path)
    account = Account(session(**options))
    with pytest.raises(ProviderError) as refused:
        account.session.probe()
        account.bring(A)
    assert refused.value.kind == kind, refused.value
    assert SECRET not in str(refused.value)
    if "proxy" in given:
        assert "http://127.0.0.1:9" in str(refused.value)


def test_the_environment_of_the_machine_changes_nothing(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "REQUESTS_CA_BUNDLE": "/nonexistent",
        "AZURE_CLIENT_SECRET": "other",
        "AZURE_AUTHORITY_HOST": "https://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    assert session(server.url, server.ca_file).probe().detail["name"] == "prod"


@pytest.mark.parametrize("service", ["", "entra", "arm", "graph"])
def test_a_probe_reaches_the_service_it_names(server: LabServer, service: str) -> None:
    made = session(server.url, server.ca_file)
    assert CLIENT in made.probe(service).principal
    expected = {"": "arm"}.get(service, service)
    assert any(name.startswith(expected) for name in made.calls.by_name())


def test_lists_are_read_over_all_pages(lab_server: Any) -> None:
    paged = lab_server("azure", {**CONFIG, "page_size": 1, "operation_polls": 2})
    account = Account(session(paged.url, paged.ca_file))
    from .conftest import scope

    found = account.adapter.read_allowlists([scope("api"), scope("mixed"), scope("api", "other")])
    assert len(found) == 3
    assert account.calls()["GET networkSecurityGroups"] == 3
    assert len(account.bring(A)) == 1
    assert account.calls()["GET operations"] == 3


@pytest.mark.parametrize(
    ("status", "code", "kind", "transient"),
    [
        (429, "TooManyRequests", "throttled", True),
        (503, "ServiceUnavailable", "server", True),
        (409, "AnotherOperationInProgress", "conflict", True),
        (412, "PreconditionFailed", "conflict", False),
        (400, "MaxSecurityRulesPerNetworkSecurityGroupLimitReached", "quota", False),
        (403, "Authorization_RequestDenied", "no_permission", False),
        (404, "ResourceNotFound", "not_found", False),
        (401, "InvalidAuthenticationTokenTenant", "bad_key", False),
        (418, "Teapot", "other", False),
    ],
    ids=str,
)
def test_codes_have_kinds(status: int, code: str, kind: str, transient: bool) -> None:
    error = refusal("read", status, {"error": {"code": code, "message": "m"}})
    assert (error.kind, error.transient) == (kind, transient)
    assert refusal("read", 502, None).kind == "server"


def test_an_assertion_of_a_clock_that_is_off_is_told_from_a_wrong_one(server: LabServer) -> None:
    """Sessions here have client secrets, which carry no time; the kind waits for whoever adds certificates."""

    def kind(offset_s: int) -> str:
        begin = int(time.time()) + offset_s
        claims = json.dumps({"nbf": begin, "exp": begin + 600}).encode()
        assertion = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2lnbmF0dXJl"
        end = {"authority": server.url, "connection_verify": server.ca_file, "disable_instance_discovery": True}
        identity = ClientAssertionCredential(TENANT, CLIENT, lambda: assertion, retry_total=0, **end)
        with pytest.raises(ClientAuthenticationError) as refused:
            identity.get_token(f"{server.url}/.default")
        return translate("log in", refused.value).kind

    assert [kind(offset_s) for offset_s in (-7200, 0, 7200)] == ["clock_skew", "bad_key", "clock_skew"]
