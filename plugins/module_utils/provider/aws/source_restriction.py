# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API source restriction by IAM: an inline policy that denies every call from an address that is not listed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.entry import sort_key
from ...model.restriction import Restriction
from .session import AwsSession

SID = "ServiceStoreSourceAddresses"
_ALWAYS = (
    "sts:GetCallerIdentity, which AWS answers to every valid key; "
    "calls that an AWS service makes on the account's behalf"
)


class SourcePolicy:
    """The policy of the user or role that the account's own key belongs to."""

    def __init__(self, session: AwsSession, store: str) -> None:
        self._session = session
        self.policy_name = f"svcstore-{store}-source-addresses"

    def read_restriction(self) -> Restriction:
        """Read who we are and that identity's policy: two calls."""
        kind, name = _identity(self._session.probe().principal)
        if not kind:
            return Restriction(
                (),
                enforced_by="nothing: the key is the account's root, which no IAM policy binds",
                enforced_at=(),
                applied_by="customer",
                not_enforced="every AWS API; register a key of an IAM user instead",
                extra=(kind, name),
            )
        addresses = addresses_in(self._document(kind, name))
        return Restriction(
            addresses,
            enforced_by=f"IAM: deny by aws:SourceIp in the inline policy {self.policy_name} of the {kind} {name}",
            enforced_at=("sts", "iam", "s3", "ec2", "every other AWS API that takes a signed call"),
            not_enforced=_ALWAYS,
            own=addresses,
            extra=(kind, name),
        )

    def apply_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> None:
        """Put the policy; an empty list removes it. Both can be repeated without harm."""
        kind, name = _who(now)
        owner = {f"{kind.title()}Name": name, "PolicyName": self.policy_name}
        if addresses:
            doing = f"restrict the {kind} {name} to {len(addresses)} prefixes"
            self._session.call(
                doing, "iam", f"put_{kind}_policy", **owner, PolicyDocument=json.dumps(document(addresses))
            )
            return
        try:
            self._session.call(f"lift the restriction of the {kind} {name}", "iam", f"delete_{kind}_policy", **owner)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def render_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> str:
        """Return the policy and the command that puts it, for whoever administers the account."""
        kind, name = _who(now)
        text = json.dumps(document(addresses), indent=2)
        if not kind:
            return f"Make an IAM user for the store, add this policy to its permissions, register its key.\n{text}\n"
        return (
            f"Save as {self.policy_name}.json:\n{text}\n"
            f"Then: aws iam put-{kind}-policy --{kind}-name {name} --policy-name {self.policy_name} "
            f"--policy-document file://{self.policy_name}.json\n"
        )

    def _document(self, kind: str, name: str) -> Mapping[str, Any] | None:
        owner = {f"{kind.title()}Name": name, "PolicyName": self.policy_name}
        try:
            answer = self._session.call(f"read the policy {self.policy_name}", "iam", f"get_{kind}_policy", **owner)
        except ProviderError as exc:
            if exc.kind == "not_found":
                return None
            raise
        found: Mapping[str, Any] = answer["PolicyDocument"]
        return found


def document(addresses: tuple[str, ...]) -> dict[str, Any]:
    """Return the policy that denies every action from elsewhere.

    ``aws:ViaAWSService`` leaves out the calls that an AWS service makes for the identity: those come from
    AWS's own addresses ("AWS global condition context keys", aws:SourceIp). IfExists makes the deny hold
    where a service sends no such key.
    """
    statement = {
        "Sid": SID,
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "NotIpAddress": {"aws:SourceIp": sorted(addresses, key=sort_key)},
            "BoolIfExists": {"aws:ViaAWSService": "false"},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def addresses_in(found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the prefixes of our statement; IAM gives a single value back as it was put, a string or a list."""
    statements = (found or {}).get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement.get("Sid") == SID and statement.get("Effect") == "Deny":
            listed = statement.get("Condition", {}).get("NotIpAddress", {}).get("aws:SourceIp", [])
            return tuple(sorted([listed] if isinstance(listed, str) else listed, key=sort_key))
    return ()


def _identity(arn: str) -> tuple[str, str]:
    """Return ("user" or "role", name) of a caller's ARN; two empty texts for the account's root.

    arn:aws:iam::123456789012:user/path/name, arn:aws:sts::123456789012:assumed-role/name/session
    """
    kind, _slash, rest = arn.split(":", 5)[5].partition("/")
    if kind == "user":
        return "user", rest.rpartition("/")[2]
    if kind == "assumed-role":
        return "role", rest.partition("/")[0]
    return "", ""


def _who(now: Restriction) -> tuple[str, str]:
    kind, name = now.extra if isinstance(now.extra, tuple) else ("", "")
    return str(kind), str(name)
