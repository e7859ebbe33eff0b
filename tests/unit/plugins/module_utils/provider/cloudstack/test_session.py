# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls, and what their failures mean."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from lab.faults import FaultProxy
from tests.support.servers import LabServer, lab_server

from .conftest import CONFIG, Open, credential

__all__ = ["lab_server"]
SOURCES = "api.allowed.source.cidr.list"


def failure(call: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else can meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_probe_says_whose_the_key_is(connect: Open) -> None:
    session = connect("initech")
    who = session.probe()
    assert (who.account, who.principal, who.detail["rolename"]) == ("ROOT/initech/initech", "store", "Customer")
    assert session.calls.by_name() == {"listUsers": 1}


def test_the_environment_cannot_send_calls_elsewhere(
    connect: Open, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/dev/null")
    assert connect().probe().principal == "store"


def test_with_a_proxy_every_call_goes_through_it(connect: Open, free_port: int) -> None:
    error = failure(connect(proxy=f"http://127.0.0.1:{free_port}").probe)
    assert error.kind == "unreachable" and "proxy" in error.why


def test_a_wrong_secret_is_told_from_a_blocked_source(connect: Open, server: LabServer) -> None:
    session = connect(given=credential("initech", "wrong", registered=True))
    error = failure(session.probe)
    assert error.kind == "bad_key" and "the secret key is wrong" in error.why
    assert session.calls.by_name() == {"listUsers": 1, "listHosts": 1}


def test_a_registered_key_from_an_unlisted_address_is_blocked(connect: Open) -> None:
    staff = connect("staff")
    account = connect("umbrella").probe().detail["accountid"]
    staff.call("lock", "updateConfiguration", name=SOURCES, value="192.0.2.0/24", accountid=account)
    error = failure(connect(given=credential("umbrella", registered=True)).probe)
    assert error.kind == "ip_blocked"
    assert "allowed.source.cidr.list" in error.hint
    # A key that was never verified may as well be unknown, and CloudStack does not tell.
    assert failure(connect("umbrella").probe).kind == "bad_key"


def test_an_unknown_key_is_a_bad_key(connect: Open) -> None:
    assert failure(connect(given=credential("nobody")).probe).kind == "bad_key"


def test_clocks_that_differ_are_named(lab_server: Callable[..., LabServer], connect: Open) -> None:
    ahead = lab_server("cloudstack", {**CONFIG, "clock_offset_s": 3600})
    error = failure(connect(url=ahead.url, ca_file=ahead.ca_file).probe)
    assert error.kind == "clock_skew" and "ahead of this machine's" in error.why


def test_an_untrusted_certificate(connect: Open) -> None:
    error = failure(connect(ca_file=None).probe)
    assert error.kind == "tls" and "certificate verify failed" in error.why


def test_nobody_answers(connect: Open, free_port: int) -> None:
    assert failure(connect(url=f"https://127.0.0.1:{free_port}").probe).kind == "unreachable"


@pytest.mark.slow
def test_a_hang_is_a_timeout(connect: Open, faults: FaultProxy) -> None:
    faults.add(mode="hang", times=0)
    error = failure(connect(url=faults.url, timeout_s=1).probe)
    assert (error.kind, error.transient) == ("timeout", True)


def test_a_missing_permission_is_named(connect: Open) -> None:
    session = connect()
    error = failure(lambda: session.call("change it", "updateConfiguration", name=SOURCES))
    assert error.kind == "no_permission" and "updateConfiguration" in error.why


@pytest.mark.parametrize(
    ("rule", "kind", "calls"),
    [
        ({"mode": "throttle", "shape": "cloudstack", "times": 2}, "", 3),
        ({"mode": "throttle", "shape": "cloudstack", "times": 0}, "throttled", 3),
        ({"mode": "status", "status": 502, "times": 1}, "", 2),
        ({"mode": "status", "status": 403, "times": 0}, "ip_blocked", 1),
        ({"mode": "status", "status": 404, "times": 0}, "invalid", 1),
        ({"mode": "reset", "times": 1}, "", 2),
        ({"mode": "lost", "times": 1}, "", 2),
        ({"mode": "reset", "times": 0}, "server", 3),
    ],
    ids=["throttled", "always-throttled", "bad-gateway", "forbidden", "elsewhere", "reset", "lost", "always-reset"],
)
def test_faults(connect: Open, faults: FaultProxy, rule: dict[str, Any], kind: str, calls: int) -> None:
    faults.add(**rule)
    session = connect(url=faults.url)
    if kind:
        assert failure(session.probe).kind == kind
    else:
        session.probe()
    assert session.calls.by_name() == {"listUsers": calls} and len(faults.calls) == calls


def test_a_job_is_waited_for(lab_server: Callable[..., LabServer], connect: Open) -> None:
    slow = lab_server("cloudstack", {**CONFIG, "job_polls": 2})
    session = connect(url=slow.url, ca_file=slow.ca_file)
    group = session.call("list", "listSecurityGroups", securitygroupname="db")["securitygroup"][0]["id"]
    rule = {"protocol": "tcp", "startport": 1, "endport": 1, "cidrlist": "192.0.2.0/24"}
    done = session.run_job("allow", "authorizeSecurityGroupIngress", securitygroupid=group, **rule)
    assert [made["cidr"] for made in done["securitygroup"]["ingressrule"]] == ["192.0.2.0/24"]
    assert session.calls.by_name()["queryAsyncJobResult"] == 3


def test_no_failure_shows_the_secret_or_the_signature(connect: Open, faults: FaultProxy) -> None:
    faults.add(mode="reset", times=0)
    text = str(failure(connect(url=faults.url).probe))
    assert "s-initech" not in text and "signature=" not in text.lower()


def test_an_account_without_endpoint_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"endpoints\.api: is missing"):
        CloudStackSession(credential("initech"), Access())
