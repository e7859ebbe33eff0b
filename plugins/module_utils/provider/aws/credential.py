# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live probes of an AWS access key: the key itself, and single services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import Identity

if TYPE_CHECKING:
    from .session import AwsSession

SERVICES = ("sts", "iam", "s3", "ec2")


def _user_of(arn: str) -> dict[str, str]:
    """Return the name and account of the user in an ARN (arn:aws:iam::123456789012:user/path/name), none for root."""
    account, resource = arn.split(":", 5)[4:]
    if not resource.startswith("user/"):
        return {}
    return {"user_name": resource.rpartition("/")[2], "account_id": account}


def probe(session: AwsSession, service: str = "") -> Identity:
    """Return who the key is, by sts:GetCallerIdentity, or by a read call of the service named.

    AWS answers GetCallerIdentity to every valid key, whatever the policies say ("GetCallerIdentity", STS API
    reference), so it tells a wrong key from one without permissions. The other calls are subject to policies.
    """
    if not service:
        answer = session.call("ask who this key is (sts:GetCallerIdentity)", "sts", "get_caller_identity")
        return Identity(answer["Account"], answer["Arn"], {"user_id": answer["UserId"]}, _user_of(answer["Arn"]))
    key = session.access_key_id
    doing = f"read at {service}"
    if service == "sts":
        found = session.call(doing, "sts", "get_access_key_info", AccessKeyId=key)
        return Identity(str(found["Account"]), f"access key {key}")
    if service == "iam":
        user = session.call(doing, "iam", "get_user")["User"]
        return Identity(user["Arn"].split(":")[4], user["Arn"])
    if service == "s3":
        owner = session.call(doing, "s3", "list_buckets").get("Owner") or {}
        return Identity(str(owner.get("ID", "")), f"access key {key}")
    session.call(doing, "ec2", "describe_security_groups", MaxResults=5)
    return Identity("", f"access key {key}")
