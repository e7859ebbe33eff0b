# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between us and EC2: the run ends right, or stops with a true account of what was changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.errors import translate
from lab.ca import make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import KEY, SECRET, Account, session

pytestmark = pytest.mark.slow  # every test waits for retries

A, B = {"cidr": "192.0.2.1", "ports": 443}, {"cidr": "2001:db8::/48", "ports": 443}
MANY = [{"cidr": f"192.0.2.{n}", "ports": 443} for n in range(40)]


@pytest.fixture
def behind(server: LabServer, faults: FaultProxy) -> Account:
    return Account(session(faults.url, server.ca_file))


@pytest.mark.parametrize("mode", ["lost", "reset"])
@pytest.mark.parametrize("operation", ["AuthorizeSecurityGroupIngress", "DescribeSecurityGroups"])
def test_a_lost_answer_is_no_failure(behind: Account, faults: FaultProxy, mode: str, operation: str) -> None:
    faults.add(mode=mode, operation=operation)
    assert len(behind.bring(A, B)) == 2
    assert behind.bring(A, B) == []


def test_a_lost_revoke_is_no_failure(behind: Account, faults: FaultProxy) -> None:
    behind.bring(A, B)
    faults.add(mode="lost", operation="RevokeSecurityGroupIngress")
    assert len(behind.bring(A)) == 1
    assert behind.bring(A) == []


def test_a_lost_answer_close_to_the_quota_is_no_failure(behind: Account, faults: FaultProxy) -> None:
    faults.add(mode="lost", operation="AuthorizeSecurityGroupIngress")
    assert len(behind.bring(*MANY)) == 40


def test_answers_lost_for_good_are_settled_by_a_read(server: LabServer, faults: FaultProxy) -> None:
    account = Account(session(faults.url, server.ca_file, retry=Retry(1, base_s=0.001)))
    faults.add(mode="lost", operation="AuthorizeSecurityGroupIngress", times=0)
    assert len(account.bring(A, B)) == 2


def test_a_write_that_never_arrives_fails_and_the_next_run_converges(behind: Account, faults: FaultProxy) -> None:
    faults.add(mode="reset", operation="AuthorizeSecurityGroupIngress", times=5)
    with pytest.raises(ProviderError) as failed:
        behind.bring(A, B)
    assert failed.value.kind == "unreachable"
    assert len(behind.bring(A, B)) == 2


@pytest.mark.parametrize("shape", ["aws_ec2", "aws_query"])
def test_throttling_is_waited_out_and_then_told(behind: Account, faults: FaultProxy, shape: str) -> None:
    faults.add(mode="throttle", shape=shape, operation="Authorize*", times=2)
    assert len(behind.bring(A)) == 1
    faults.add(mode="throttle", shape=shape, operation="Describe*", times=0)
    with pytest.raises(ProviderError) as failed:
        behind.read()
    assert failed.value.kind == "throttled"
    assert behind.calls()["DescribeSecurityGroups"] == 1 + 5


def test_groups_are_read_over_all_pages(behind: Account, faults: FaultProxy) -> None:
    page = "<DescribeSecurityGroupsResponse xmlns='http://ec2.amazonaws.com/doc/2016-11-15/'><securityGroupInfo/>"
    body = page + "<nextToken>more</nextToken></DescribeSecurityGroupsResponse>"
    faults.add(mode="status", status=200, body=body, headers={"Content-Type": "text/xml"})
    assert behind.read().ref.startswith("sg-")
    assert behind.calls() == {"DescribeSecurityGroups": 2}


def test_a_hanging_server_is_a_timeout(server: LabServer, faults: FaultProxy) -> None:
    account = Account(session(faults.url, server.ca_file, timeout_s=0.3, retry=Retry(1, base_s=0.001)))
    faults.add(mode="hang", times=0)
    with pytest.raises(ProviderError) as failed:
        account.read()
    assert failed.value.kind == "timeout"


def test_somebody_quicker_with_one_of_two_leaves_the_other_to_us(behind: Account, faults: FaultProxy) -> None:
    ec2 = behind.session.client("ec2")
    plain = behind.adapter.apply_allowlist
    same = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}

    def late(state: Any, changes: Any) -> Any:
        ec2.authorize_security_group_ingress(GroupId=state.ref, IpPermissions=[same])
        return plain(state, changes)

    behind.adapter.apply_allowlist = late  # type: ignore[method-assign]
    assert [c.key for c in behind.bring(A, B)] == ["2001:db8::/48 tcp/443"]
    behind.adapter.apply_allowlist = plain  # type: ignore[method-assign]
    assert behind.lines() == ["192.0.2.1/32 tcp/443", "2001:db8::/48 tcp/443"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"key": "AKIAUNKNOWNAAAAAAAAA"}, "bad_key"),
        ({"secret": "wrong-" + SECRET}, "bad_key"),
        ({"key": "AKIANOBODYAAAAAAAAAA"}, "no_permission"),
        ({"ca_file": None}, "tls"),
        ({"url": "https://127.0.0.1:9"}, "unreachable"),
        ({"proxy": "http://127.0.0.1:9"}, "unreachable"),
    ],
    ids=["unknown-key", "wrong-secret", "no-permission", "other-ca", "nothing-there", "dead-proxy"],
)
def test_refusals_are_told_apart(server: LabServer, tmp_path: Path, given: dict[str, Any], kind: str) -> None:
    options: dict[str, Any] = {"url": server.url, "ca_file": server.ca_file, "retry": Retry(0), **given}
    if options["ca_file"] is None:
        options["ca_file"] = str(make_ca(tmp_path / "other").cert_path)
    with pytest.raises(ProviderError) as refused:
        Account(session(**options)).read()
    assert refused.value.kind == kind
    assert SECRET not in str(refused.value)
    if "proxy" in given:
        assert "http://127.0.0.1:9" in str(refused.value)


def test_the_environment_of_the_machine_changes_nothing(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "AWS_PROFILE": "not-there",
        "AWS_ACCESS_KEY_ID": "AKIAOTHERAAAAAAAAAAA",
        "AWS_SECRET_ACCESS_KEY": "other",
        "AWS_SESSION_TOKEN": "other",
        "AWS_ENDPOINT_URL": "https://127.0.0.1:9",
        "AWS_CA_BUNDLE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    who = session(server.url, server.ca_file).probe()
    assert who.account == "123456789012"
    assert who.principal.endswith("/service-store")


@pytest.mark.parametrize("service", ["", "iam", "s3", "ec2"])
def test_a_probe_reaches_the_service_it_names(server: LabServer, service: str) -> None:
    made = session(server.url, server.ca_file)
    assert made.probe(service).principal
    assert list(made.calls.by_name())[0].startswith(service or "sts")


class Refused(Exception):
    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.mark.parametrize(
    ("exc", "kind", "transient"),
    [
        (Refused("InvalidClientTokenId"), "bad_key", False),
        (Refused("SignatureDoesNotMatch", "The request signature we calculated does not match"), "bad_key", False),
        (Refused("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier"), "clock_skew", False),
        (Refused("RequestTimeTooSkewed"), "clock_skew", False),
        (Refused("ExpiredToken"), "expired", False),
        (Refused("UnauthorizedOperation", status=403), "no_permission", False),
        (Refused("InternalError", status=500), "server", True),
        (Refused("Whatever", status=503), "server", True),
        (Refused("InvalidGroup.NotFound"), "not_found", False),
        (Refused("InvalidParameterValue"), "invalid", False),
        (Refused("ConcurrentModification"), "conflict", True),
    ],
    ids=str,
)
def test_codes_have_kinds(exc: Exception, kind: str, transient: bool) -> None:
    error = translate("read", exc)
    assert (error.kind, error.transient) == (kind, transient)


def test_an_explicit_deny_points_at_the_egress() -> None:
    error = translate("read", Refused("AccessDenied", "... with an explicit deny in an identity-based policy", 403))
    assert error.kind == "no_permission"
    assert "egress" in str(error)
    assert KEY not in str(error)
