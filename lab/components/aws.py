# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acme's AWS account: EC2 at moto, IAM, STS and S3 at ministack, and one IAM for both."""

from __future__ import annotations

import secrets
import string
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..context import Context, random_password
from ..topology import AWS_END, MINISTACK, MOTO
from . import servers
from .base import Component, Status

ACCOUNT, REGION, USER = "210987654321", "eu-west-2", "service-store"
BUCKET, SECURITY_GROUP, VPC = "acme-data", "store-api", "prod"
_EC2 = (
    "Describe*",
    "AuthorizeSecurityGroupIngress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
    "ModifySecurityGroupRules",
    "CreateTags",
    "DeleteTags",
)
_IAM = (
    "GetUser",
    "GetUserPolicy",
    "PutUserPolicy",
    "DeleteUserPolicy",
    "ListUserPolicies",
    "ListAccessKeys",
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "GetAccessKeyLastUsed",
)
_S3 = ("ListAllMyBuckets", "ListBucket", "GetBucketLocation")


def _statement(prefix: str, actions: tuple[str, ...], resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"{prefix}:{action}" for action in actions], "Resource": resource}


# What the Service Store may do in the customer's account, and nothing else.
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        _statement("ec2", _EC2),
        _statement("iam", _IAM, f"arn:aws:iam::{ACCOUNT}:user/{USER}"),
        # AWS judges a GetUser without a name against the caller's own user, ministack against every user.
        _statement("iam", ("GetUser",)),
        _statement("s3", _S3),
        _statement("sts", ("GetAccessKeyInfo",)),
    ],
}
ADMIN_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def make_key() -> dict[str, str]:
    alphabet = string.ascii_uppercase + "234567"
    return {
        "access_key_id": "AKIA" + "".join(secrets.choice(alphabet) for _unused in range(16)),
        "secret_access_key": secrets.token_urlsafe(30),
    }


def _config(ctx: Context) -> dict[str, Any]:
    key, admin = ctx.once("acme-aws", make_key), ctx.once("acme-aws-admin", make_key)
    users = [
        {"name": USER, **key, "policies": {"service-store": POLICY}},
        {"name": "acme-admin", **admin, "policies": {"administrator": ADMIN_POLICY}},
    ]
    return {
        "account": ACCOUNT,
        "region": REGION,
        "users": users,
        "buckets": [BUCKET],
        "security_groups": [{"name": SECURITY_GROUP, "description": "Who may use Acme's services"}],
    }


def up(ctx: Context) -> dict[str, Any]:
    config = _config(ctx)
    token = ctx.once("lab", lambda: {"token": random_password()})["token"]
    authority = {"url": MINISTACK.url, "ca_file": str(ctx.ca_file), "token": token}
    vpn = {"vpcs": [VPC], "vpn_addresses": list(AWS_END.outer)}
    plans = (
        (MINISTACK, {**config, "lab_token": token}, ["--which", "ministack"]),
        (MOTO, {**config, **vpn, "authority": authority}, ["--which", "moto"]),
    )
    with ThreadPoolExecutor(len(plans)) as pool:
        list(pool.map(lambda plan: servers.start(ctx, plan[0], "lab.clouds.aws", plan[1], plan[2]), plans))
    return {
        "endpoints": {"ec2": MOTO.url, "iam": MINISTACK.url, "sts": MINISTACK.url, "s3": MINISTACK.url},
        "account": ACCOUNT,
        "region": REGION,
        "security_group": SECURITY_GROUP,
        "bucket": BUCKET,
        "vpc": VPC,
    }


def down(ctx: Context) -> None:
    for server in (MOTO, MINISTACK):
        ctx.service(server.name).stop()


def status(ctx: Context) -> Status:
    return servers.status(ctx, MINISTACK, MOTO)


COMPONENT = Component("aws", ("clouds",), up, down, status)
