# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an IAM user may do: simulated by IAM where that is allowed, and read from its policies where that is.

A simulation decides about single rights, with boundaries and organization policies ("Testing IAM policies with the IAM
policy simulator", IAM User Guide); policies show everything that is granted. So needed rights are judged by the first
where there is one, and excess by the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model.permission import Grant, Granted, Need
from ..base import Identity
from .need import POWERFUL
from .policies import statements
from .session import AwsSession
from .source_restriction import addresses_in

_ROOT = "the key is the account's root"
_NOT_READ = "whether a permissions boundary or a service control policy takes something away"
_ASKED = (
    f"all that is granted (the user may not read its policies; {len(POWERFUL)} powerful rights were asked for instead)"
)
_NOTHING = "the user may neither call iam:SimulatePrincipalPolicy nor read its own policies"
_Found = tuple[list[Grant], list[Grant]]


class UserPermissions:
    """Asks IAM about the user to whom the session's key belongs."""

    def __init__(self, session: AwsSession, who: Identity) -> None:
        self._session = session
        self._arn = who.principal
        self._name = who.principal.rpartition("/")[2]
        self._sources: tuple[str, ...] = ()

    def read_permissions(self, need: Need) -> Granted:
        """Read, in three calls and those that the policies found there take; then simulate in two calls."""
        if ":user/" not in self._arn:
            # Root is bound by no IAM policy.
            return Granted(_ROOT, (Grant("*", _ROOT, administrator=True),))
        found = self._read_where_allowed()
        decided, untold, refused = self._simulated(need.rights)
        if found is None:
            return _without_policies(need, decided, untold)
        grants, denials = found
        if refused:
            note = f"{_NOT_READ}: no simulation, {refused}"
            return Granted("its policies", tuple(grants), tuple(denials), notes=(note,))
        # What is granted for single resources is denied in a simulation for all of them.
        for right in [right for right, allowed in decided.items() if not allowed]:
            narrow = next((grant for grant in grants if grant.only and grant.gives(right)), None)
            if narrow:
                del decided[right]
                untold.setdefault(right, f"granted by {narrow.source} {narrow.only}")
        source = "IAM's policy simulation, and its policies for what is too much"
        return Granted(source, tuple(grants), tuple(denials), decided, untold)

    def _simulated(self, rights: Sequence[str]) -> tuple[dict[str, bool], dict[str, str], str]:
        """Return what IAM decides, what depends on a context that is not known here, and why IAM did not simulate."""
        decided: dict[str, bool] = {}
        untold: dict[str, str] = {}
        own = [right for right in rights if right.startswith("iam:")]
        rest = [right for right in rights if right not in own]
        try:
            for actions, resources in ((own, [self._arn]), ([*rest, *POWERFUL], ["*"])):
                for result in self._simulate(actions, resources) if actions else ():
                    self._note(result, decided, untold)
        except ProviderError as exc:
            if exc.kind not in {"no_permission", "invalid", "other", "server"}:
                raise
            return {}, {}, exc.why
        return decided, untold, ""

    def _note(self, result: dict[str, Any], decided: dict[str, bool], untold: dict[str, str]) -> None:
        right, allowed = str(result["EvalActionName"]), result["EvalDecision"] == "allowed"
        lacking = result.get("MissingContextValues") or []
        if lacking and not allowed:
            untold[right] = f"depends on {', '.join(sorted(lacking))}, which a simulation does not know"
        elif right not in decided:
            decided[right] = allowed

    def _simulate(self, actions: Sequence[str], resources: Sequence[str]) -> Iterator[dict[str, Any]]:
        doing = f"simulate the policies of {self._name}"
        asked: dict[str, Any] = {"PolicySourceArn": self._arn, "ActionNames": list(actions)}
        asked["ResourceArns"] = list(resources)
        if self._sources:
            # The store's own restriction denies a call without a source address.
            asked["ContextEntries"] = [
                _context("aws:SourceIp", "ip", self._sources[0].partition("/")[0]),
                _context("aws:ViaAWSService", "boolean", "false"),
            ]
        return self._pages(doing, "simulate_principal_policy", "EvaluationResults", **asked)

    def _read_where_allowed(self) -> _Found | None:
        try:
            return self._read()
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
            return None

    def _read(self) -> _Found:
        """Return the grants and denials of the user's own policies and of its groups'."""
        found: _Found = ([], [])
        self._owned("user", self._name, found)
        doing = f"list the groups of {self._name}"
        for group in self._pages(doing, "list_groups_for_user", "Groups", UserName=self._name):
            self._owned("group", str(group["GroupName"]), found)
        return found

    def _owned(self, kind: str, name: str, found: _Found) -> None:
        """Add the inline and the attached policies of a user or a group."""
        owner = {f"{kind.title()}Name": name}
        doing = f"read the policies of the {kind} {name}"
        for policy in self._pages(doing, f"list_{kind}_policies", "PolicyNames", **owner):
            answer = self._session.call(doing, "iam", f"get_{kind}_policy", **owner, PolicyName=policy)
            document = answer["PolicyDocument"]
            self._sources += addresses_in(document)
            _add(found, statements(document, f"inline policy {policy} of the {kind} {name}"))
        for policy in self._pages(doing, f"list_attached_{kind}_policies", "AttachedPolicies", **owner):
            arn = policy["PolicyArn"]
            version = self._session.call(doing, "iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = self._session.call(doing, "iam", "get_policy_version", PolicyArn=arn, VersionId=version)
            document = answer["PolicyVersion"]["Document"]
            _add(found, statements(document, f"policy {policy['PolicyName']} of the {kind} {name}"))

    def _pages(self, doing: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        more: dict[str, Any] = {}
        while True:
            answer = self._session.call(doing, "iam", operation, **parameters, **more)
            yield from answer.get(key) or ()
            if not answer.get("IsTruncated"):
                return
            more = {"Marker": answer["Marker"]}


def _without_policies(need: Need, decided: dict[str, bool], untold: dict[str, str]) -> Granted:
    if not decided and not untold:
        return Granted("nothing", untold=dict.fromkeys(need.rights, _NOTHING), notes=(f"what is too much: {_NOTHING}",))
    source = "IAM's policy simulation"
    grants = tuple(Grant(right, source) for right in POWERFUL if decided.get(right))
    return Granted(source, grants, (), decided, untold, (_ASKED,))


def _context(key: str, kind: str, value: str) -> dict[str, Any]:
    return {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [value]}


def _add(found: _Found, more: _Found) -> None:
    found[0].extend(more[0])
    found[1].extend(more[1])
