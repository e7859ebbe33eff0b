# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's AWS servers enforce, asked with boto3 over TLS; no hosts needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
import urllib3.util.connection
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError

from tests.support.servers import LabServer, StartServer

GOOD, INACTIVE, UNKNOWN = "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7INACTIV", "AKIAIOSFODNN7UNKNOWN"
SECRET = "not-a-secret-not-a-secret-not-a-secret-0"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ACCOUNT = "210987654321"
CONFIG: dict[str, Any] = {
    "account": ACCOUNT,
    "region": "eu-west-2",
    "users": [
        {"name": "service-store", "access_key_id": GOOD, "secret_access_key": SECRET, "policies": {"all": ALLOW}},
        {
            "name": "old",
            "access_key_id": INACTIVE,
            "secret_access_key": SECRET,
            "status": "Inactive",
            "policies": {"all": ALLOW},
        },
    ],
    "buckets": ["acme-data"],
    "security_groups": [{"name": "store-api", "description": "Who may use our services"}],
}
ONLY_FIRST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ["127.0.0.1/32"]}},
        }
    ],
}


@pytest.fixture(scope="module")
def ministack(module_lab_server: StartServer) -> LabServer:
    return module_lab_server("aws", {**CONFIG, "lab_token": "t"}, args=["--which", "ministack"], host="0.0.0.0")


@pytest.fixture(scope="module")
def moto(module_lab_server: StartServer) -> LabServer:
    return module_lab_server("aws", CONFIG, args=["--which", "moto"], host="0.0.0.0")


@pytest.fixture(scope="module")
def moto_of_one_iam(module_lab_server: StartServer, ministack: LabServer) -> LabServer:
    authority = {"url": ministack.url, "ca_file": ministack.ca_file, "token": "t"}
    return module_lab_server("aws", {**CONFIG, "authority": authority}, args=["--which", "moto"], host="0.0.0.0")


@pytest.fixture(params=["ministack", "moto_of_one_iam"])
def one_iam(request: pytest.FixtureRequest, ministack: LabServer) -> Iterator[LabServer]:
    """Both servers of the account as the lab runs them: ministack's IAM is in force on each."""
    server: LabServer = request.getfixturevalue(request.param)
    yield server
    ministack.reset()
    server.reset()


def client(server: LabServer, service: str, key: str = GOOD, secret: str = SECRET, **more: Any) -> Any:
    options = {"verify": server.ca_file, **more}
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="eu-west-2",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
        **options,
    )


def calls(server: LabServer, *credential: str) -> dict[str, Any]:
    """One call per service: its error code, or None when it is answered."""
    attempts = {
        "sts": lambda c: c.get_access_key_info(AccessKeyId=GOOD),
        "s3": lambda c: c.list_objects_v2(Bucket="acme-data"),
        "ec2": lambda c: c.describe_security_groups(),
        "iam": lambda c: c.list_users(),
    }
    found = {}
    for service, attempt in attempts.items():
        try:
            attempt(client(server, service, *credential))
            found[service] = None
        except ClientError as error:
            found[service] = error.response["Error"]["Code"]
    return found


@contextmanager
def called_from(address: str) -> Iterator[None]:
    """New connections leave from this loopback address."""
    original = urllib3.util.connection.create_connection

    def bound(target: Any, timeout: Any = None, source_address: Any = None, socket_options: Any = None) -> Any:
        return original(target, timeout, (address, 0), socket_options)

    urllib3.util.connection.create_connection = bound
    try:
        yield
    finally:
        urllib3.util.connection.create_connection = original


OPEN = {"sts": None, "s3": None, "ec2": None, "iam": None}
UNKNOWN_KEY = {
    "sts": "InvalidClientTokenId",
    "s3": "InvalidAccessKeyId",
    "ec2": "AuthFailure",
    "iam": "InvalidClientTokenId",
}
WRONG_SECRET = {
    "sts": "SignatureDoesNotMatch",
    "s3": "SignatureDoesNotMatch",
    "ec2": "AuthFailure",
    "iam": "SignatureDoesNotMatch",
}
DENIED = {"sts": "AccessDenied", "s3": "AccessDenied", "ec2": "UnauthorizedOperation", "iam": "AccessDenied"}


def test_a_registered_key_is_served(one_iam: LabServer) -> None:
    assert calls(one_iam) == OPEN


def test_an_unknown_key_is_refused_with_each_services_own_code(one_iam: LabServer) -> None:
    assert calls(one_iam, UNKNOWN, SECRET) == UNKNOWN_KEY


def test_a_wrong_secret_is_refused(one_iam: LabServer) -> None:
    assert calls(one_iam, GOOD, "x" * 40) == WRONG_SECRET


def test_an_inactive_key_is_refused(one_iam: LabServer) -> None:
    assert calls(one_iam, INACTIVE, SECRET) == UNKNOWN_KEY


@pytest.mark.parametrize("key", ["test", ACCOUNT])
def test_keys_that_an_emulator_would_take_for_root_are_unknown_here(one_iam: LabServer, key: str) -> None:
    assert None not in calls(one_iam, key, "test").values()


def test_a_call_without_a_signature_is_refused(ministack: LabServer) -> None:
    for path in ("/?Action=ListUsers&Version=2010-05-08", "/acme-data", "/_ministack/reset", "/_ministack/health"):
        with pytest.raises(Exception, match="HTTP Error 40[34]"):
            ministack.lab("GET", f"..{path}")


def test_source_addresses_are_enforced_from_the_next_call_on(one_iam: LabServer, ministack: LabServer) -> None:
    client(ministack, "iam").put_user_policy(
        UserName="service-store", PolicyName="source", PolicyDocument=json.dumps(ONLY_FIRST)
    )
    with called_from("127.0.0.1"):
        assert calls(one_iam) == OPEN
    with called_from("127.0.0.2"):
        assert calls(one_iam) == DENIED
        # As AWS documents it, this one call is answered to every valid key.
        assert client(one_iam, "sts").get_caller_identity()["Account"] == ACCOUNT
    assert {call["source"] for call in one_iam.calls()} == {"127.0.0.1", "127.0.0.2"}


def test_a_key_made_at_iam_works_everywhere_and_a_deactivated_one_nowhere(
    one_iam: LabServer, ministack: LabServer
) -> None:
    iam = client(ministack, "iam")
    made = iam.create_access_key(UserName="service-store")["AccessKey"]
    assert calls(one_iam, made["AccessKeyId"], made["SecretAccessKey"]) == OPEN
    iam.update_access_key(UserName="service-store", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert calls(one_iam, made["AccessKeyId"], made["SecretAccessKey"]) == UNKNOWN_KEY


def test_moto_by_itself_checks_keys_and_signatures(moto: LabServer) -> None:
    assert calls(moto) == OPEN
    assert calls(moto, UNKNOWN, SECRET) == UNKNOWN_KEY
    assert calls(moto, GOOD, "x" * 40) == WRONG_SECRET


def test_motos_own_switches_are_not_served(moto: LabServer) -> None:
    with pytest.raises(Exception, match="HTTP Error 404"):
        moto.lab("POST", "../moto-api/reset-auth")


def test_a_reset_brings_back_what_was_configured_and_empties_the_log(moto: LabServer) -> None:
    ec2 = client(moto, "ec2")
    ec2.create_security_group(GroupName="other", Description="x")
    moto.reset()
    names = {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    assert "store-api" in names and "other" not in names
    assert [call["action"] for call in moto.calls()] == ["DescribeSecurityGroups"]


@pytest.mark.parametrize("which", ["ministack", "moto"])
def test_the_certificate_is_checked(which: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(SSLError):
        client(request.getfixturevalue(which), "sts", verify=True).get_caller_identity()


def test_the_authority_answers_only_to_its_token(ministack: LabServer) -> None:
    with pytest.raises(Exception, match="HTTP Error 404"):
        ministack.lab("POST", "authorize", {"method": "GET"})


def test_a_short_key_in_the_configuration_is_refused_with_its_name(lab_server: StartServer) -> None:
    user = {"name": "u", "access_key_id": "AKIA", "secret_access_key": SECRET}
    with pytest.raises(RuntimeError, match="user u: an access key id has 20 characters"):
        lab_server("aws", {"users": [user]})
