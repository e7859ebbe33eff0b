# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies as grants: attached ones, those of groups, the parts of a statement. Moto's IAM cannot simulate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.model.permission import Grant, Granted, Need
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.granted import UserPermissions
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.need import NEEDS
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.policies import statements
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.source_restriction import document
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Identity
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import EVERYTHING, KEY, REGION, SECRET, session

Json = dict[str, Any]


def only(statement: Json) -> str:
    grants, denials = statements({"Statement": {"Effect": "Allow", "Action": "s3:*", **statement}}, "p")
    (found,) = grants + denials
    return found.only


def test_one_statement_one_action_and_one_resource_are_lists_of_one() -> None:
    assert statements({"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}, "p") == (
        [Grant("s3:Get*", "p")],
        [],
    )


def test_everything_but_some_actions_is_everything_with_exceptions() -> None:
    document_ = {"Statement": [{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}]}
    assert statements(document_, "p") == ([], [Grant("*", "p", but=("iam:*", "sts:*"))])


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Resource": "*"}, ""),
        ({"Resource": ["arn:one", "*"]}, ""),
        ({"Resource": ["arn:1", "arn:2", "arn:3", "arn:4"]}, "for arn:1, arn:2, arn:3 and 1 more alone"),
        ({"NotResource": "arn:1"}, "for every resource but arn:1"),
        (
            {"Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
            "only where the condition on aws:MultiFactorAuthPresent holds",
        ),
        (
            {"Effect": "Deny", "Resource": "arn:1", "Condition": {"Bool": {"b": "1"}, "StringLike": {"a": "*"}}},
            "for arn:1 alone and where the condition on a, b holds",
        ),
    ],
)
def test_what_limits_a_statement_becomes_words(statement: Json, words: str) -> None:
    assert only(statement) == words


def test_the_stores_own_restriction_of_sources_takes_no_right_away() -> None:
    assert statements(document(("192.0.2.0/24",)), "p") == ([], [])


def test_root_may_do_everything_and_no_call_is_needed_to_know() -> None:
    made = session("https://127.0.0.1:9", None)
    found = UserPermissions(made, Identity("123456789012", "arn:aws:iam::123456789012:root")).read_permissions(Need())
    assert found.grants[0].administrator and made.calls.total == 0


@pytest.fixture(scope="module")
def moto(module_lab_server: Any) -> LabServer:
    users = [{"name": "reader", "access_key_id": KEY, "secret_access_key": SECRET, "policies": {"all": EVERYTHING}}]
    made: LabServer = module_lab_server("aws", {"region": REGION, "users": users}, args=["--which", "moto"])
    return made


def test_attached_policies_and_those_of_groups_are_read_where_nothing_is_simulated(moto: LabServer) -> None:
    iam = boto3.client(
        "iam",
        region_name=REGION,
        endpoint_url=moto.url,
        verify=moto.ca_file,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(proxies={}),
    )

    def policy(action: str) -> str:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    for name, action in (("mine", "ec2:*"), ("theirs", "kms:*")):
        iam.create_policy(PolicyName=name, PolicyDocument=policy(action))
    arn = "arn:aws:iam::123456789012:policy/{}"
    iam.attach_user_policy(UserName="reader", PolicyArn=arn.format("mine"))
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="reader")
    iam.attach_group_policy(GroupName="staff", PolicyArn=arn.format("theirs"))
    iam.put_group_policy(GroupName="staff", PolicyName="inline", PolicyDocument=policy("s3:*"))
    made = session(moto.url, moto.ca_file)
    found: Granted = UserPermissions(made, made.probe()).read_permissions(NEEDS["allowlist"])
    assert {str(grant.source): grant.right for grant in found.grants} == {
        "inline policy all of the user reader": "*",
        "policy mine of the user reader": "ec2:*",
        "policy theirs of the group staff": "kms:*",
        "inline policy inline of the group staff": "s3:*",
    }
    assert found.source == "its policies" and "permissions boundary" in found.notes[0]


ANSWER = """<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
<EvalActionName>ec2:DescribeSecurityGroups</EvalActionName><EvalResourceName>*</EvalResourceName>
<EvalDecision>implicitDeny</EvalDecision><MatchedStatements/>
<MissingContextValues><member>aws:PrincipalTag/team</member></MissingContextValues>
</member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""


def test_a_simulation_is_given_an_allowed_source_and_what_it_lacks_besides_is_not_told(
    module_lab_server: Any, tmp_path: Path
) -> None:
    policies = {"all": EVERYTHING, "sources": document(("127.0.0.0/8",))}
    user = {"name": "reader", "access_key_id": KEY, "secret_access_key": SECRET, "policies": policies}
    server = module_lab_server("aws", {"region": REGION, "users": [user]}, args=["--which", "ministack"])
    cert, key = issue(make_ca(tmp_path / "ca"), ["localhost"], ["127.0.0.1"])
    with FaultProxy(server.url, server.ca_file, str(cert), str(key)) as faults:
        faults.add(mode="status", operation="SimulatePrincipalPolicy", status=200, body=ANSWER, times=0)
        made = session(faults.url, str(tmp_path / "ca" / "ca.pem"))
        iam = made.client("iam")
        sent: list[Json] = []
        iam.meta.events.register(
            "provide-client-params.iam.SimulatePrincipalPolicy", lambda params, **_more: sent.append(dict(params))
        )
        found = UserPermissions(made, made.probe()).read_permissions(Need(("ec2:DescribeSecurityGroups",)))
    told = {row["ContextKeyName"]: row["ContextKeyValues"] for row in sent[0]["ContextEntries"]}
    assert told == {"aws:SourceIp": ["127.0.0.0"], "aws:ViaAWSService": ["false"]}
    assert "aws:PrincipalTag/team" in found.untold["ec2:DescribeSecurityGroups"]
