# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault proxy in front of a real server: what goes wrong is what the rule says, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cs
import pytest
import requests

from lab.fault_rules import SHAPES, Rule, operation_of, throttled
from lab.faults import FaultProxy
from tests.support.servers import LabServer, lab_server, start_server

__all__ = ["lab_server"]
CONFIG = {"accounts": [{"name": "a", "users": [{"username": "u", "apikey": "k", "secretkey": "s"}]}]}


@pytest.fixture
def server(lab_server: Callable[..., LabServer]) -> LabServer:
    return lab_server("cloudstack", CONFIG)


@pytest.fixture
def faults(server: LabServer) -> Iterator[FaultProxy]:
    folder = Path(server.ca_file).parent
    (cert,) = folder.glob("localhost*.pem")
    with FaultProxy(server.url, server.ca_file, str(cert), str(cert.with_suffix(".key"))) as proxy:
        yield proxy


def client(url: str, ca_file: str, timeout: int = 60) -> cs.CloudStack:
    session = requests.Session()
    session.trust_env = False
    return cs.CloudStack(f"{url}/client/api", "k", "s", method="post", verify=ca_file, session=session, timeout=timeout)


def test_without_rules_calls_pass_and_are_counted(server: LabServer, faults: FaultProxy) -> None:
    api = client(faults.url, server.ca_file)
    assert api.listUsers()["count"] == 1
    with pytest.raises(cs.CloudStackApiException):
        api.getUserKeys()
    assert faults.operations() == ["listUsers", "getUserKeys"]
    assert [call["status"] for call in faults.calls] == [200, 431]


def test_a_lost_answer_is_applied(server: LabServer, faults: FaultProxy) -> None:
    faults.add(mode="lost", operation="create*")
    api = client(faults.url, server.ca_file)
    with pytest.raises(requests.exceptions.ConnectionError):
        api.createSecurityGroup(name="new")
    assert {g["name"] for g in api.listSecurityGroups()["securitygroup"]} == {"default", "new"}


def test_a_reset_is_not_applied(server: LabServer, faults: FaultProxy) -> None:
    faults.add(mode="reset", operation="create*")
    api = client(faults.url, server.ca_file)
    with pytest.raises(requests.exceptions.ConnectionError):
        api.createSecurityGroup(name="new")
    assert [call["command"] for call in server.calls()] == []
    api.createSecurityGroup(name="new")


def test_a_hang_ends_in_the_clients_timeout(server: LabServer, faults: FaultProxy) -> None:
    faults.add(mode="hang", times=0)
    with pytest.raises(requests.exceptions.Timeout):
        client(faults.url, server.ca_file, timeout=1).listUsers()


def test_a_slow_call_is_answered_after_its_delay(server: LabServer, faults: FaultProxy) -> None:
    faults.add(mode="slow", seconds=0.3, operation="create*")
    api = client(faults.url, server.ca_file)
    began = time.monotonic()
    api.createSecurityGroup(name="new")
    assert time.monotonic() - began >= 0.3
    assert {g["name"] for g in api.listSecurityGroups()["securitygroup"]} == {"default", "new"}
    assert [(call["fault"], call["status"]) for call in faults.calls] == [("slow", 200), ("", 200)]


def test_throttle_and_status_at_the_second_call(server: LabServer, faults: FaultProxy) -> None:
    faults.add(mode="throttle", shape="cloudstack", operation="listUsers", first=2)
    faults.add(mode="status", status=503, body="busy", operation="listAccounts", method="POST", times=0)
    api = client(faults.url, server.ca_file)
    api.listUsers()
    with pytest.raises(cs.CloudStackApiException) as caught:
        api.listUsers()
    assert caught.value.error["errorcode"] == 429
    api.listUsers()
    for _unused in range(2):
        with pytest.raises(cs.CloudStackException, match="503"):
            api.listAccounts()
    assert [call["fault"] for call in faults.calls] == ["", "throttle", "", "status", "status"]


def test_as_a_program(server: LabServer, tmp_path: Path) -> None:
    rules = [{"mode": "status", "status": 500, "operation": "listUsers"}]
    proxy = start_server(
        "faults", None, tmp_path, module="lab.faults", args=["--upstream", server.url, "--upstream-ca", server.ca_file]
    )
    try:
        proxy.lab("POST", "rules", rules)
        with pytest.raises(cs.CloudStackException):
            client(proxy.url, proxy.ca_file).listUsers()
        assert client(proxy.url, proxy.ca_file).listUsers()["count"] == 1
        assert [call["status"] for call in proxy.calls()] == [500, 200]
    finally:
        assert proxy.stop() == 0


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "name"),
    [
        ("POST", "/", {"content-type": "application/x-www-form-urlencoded"}, b"Action=DescribeVpcs", "DescribeVpcs"),
        ("GET", "/client/api?command=listUsers&x=1", {}, b"", "listUsers"),
        ("POST", "/", {"X-Amz-Target": "TrentService.ListKeys"}, b"{}", "ListKeys"),
        ("PUT", "/subscriptions/1/x?api-version=2", {}, b"{}", "PUT /subscriptions/1/x"),
        ("POST", "/v2.0/security-group-rules", {"Content-Type": "application/json"}, b"{}",
         "POST /v2.0/security-group-rules"),
    ],
    ids=["aws-query", "cloudstack", "aws-json", "arm", "neutron"],
)  # fmt: skip
def test_operations_of_every_cloud(method: str, target: str, headers: dict[str, str], body: bytes, name: str) -> None:
    assert operation_of(method, target, headers, body) == name


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_is_well_formed(shape: str) -> None:
    answer = throttled(shape, "listUsers")
    assert answer.status in {400, 429, 503}
    if "json" in answer.headers["Content-Type"]:
        json.loads(answer.body)


@pytest.mark.parametrize("raw", [{"mode": "explode"}, {"mode": "throttle"}, {"mode": "lost", "what": 1}])
def test_a_rule_that_cannot_be_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="none of|unknown key"):
        Rule.parse(raw)
