# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs as allowlists: their inbound rules that allow a prefix.

A rule has no description, so its mark is a tag of the ACL: ``svcstore:<store> <entry>`` with what is said about the
entry as value. Tags are set before the rules they mark and go after them: whatever a run is killed between, no rule of
ours is ever without its mark. An ACL is stateless: letting the answers out is the business of its outbound rules, which
are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held, Limits, ScopeState
from ...model.plan import Change
from ...model.scope import Scope
from . import acl_rule, quota
from .describe import Kind, describe, pick
from .session import AwsSession

#: "Amazon VPC quotas": 20 rules per direction unless the account had it raised (to 40 at most), IPv4 and IPv6 apart,
#: the closing deny rule of each among them.
LIMITS = Limits(entries_per_scope=20, note_chars=255, per_family=True)
QUOTA = "L-2AEEBF1A"
KIND = Kind(
    "network ACL",
    "describe_network_acls",
    "NetworkAcls",
    "network-acl-id",
    "NetworkAclId",
    "tag:Name",
    "",
    "VpcId",
)
#: Failures after which the write may have been made all the same.
_UNSURE = frozenset({"timeout", "server", "unreachable"})
Acl = Mapping[str, Any]


class NetworkAcls:
    """Reads any number of ACLs in one call; writes one call per rule, as EC2 has it, and one for all tags."""

    limits = LIMITS

    def __init__(self, session: AwsSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the ACLs: one call for those named by id, one for those named by their Name tag."""
        found = describe(self._session, KIND, scopes)
        return {scope: _state(scope, pick(KIND, scope, found)) for scope in scopes}

    def true_limits(self, state: ScopeState) -> Limits | None:
        """Return the limits with the account's own quota."""
        return quota.raised(self._session, f"rules in {state.scope}", QUOTA, LIMITS)

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes: marks, then what they mark; notes; removals, and then their marks."""
        adds, updates, gone = ([c for c in changes if c.action == name] for name in ("add", "update", "remove"))
        rules = acl_rule.placed(state.extra, [change.after for change in adds])
        self._tag(state, f"mark {len(adds)} entries of {state.scope}", adds)
        for change, rule in zip(adds, rules):
            self._create(state, change, rule)
            yield change
        self._tag(state, f"change {len(updates)} notes of {state.scope}", updates)
        yield from updates
        for change in gone:
            self._delete(state, change)
            yield change
        self._forget(state, changes)

    def _tag(self, state: ScopeState, doing: str, changes: Sequence[Change]) -> None:
        """Set the marks; setting a tag that is there replaces its value, so that trying again does no harm."""
        tags = [{"Key": acl_rule.tag_of(self._store, c.after.entry), "Value": _value(c.after)} for c in changes]
        if tags:
            self._session.call(doing, "ec2", "create_tags", Resources=[state.ref], Tags=tags)

    def _create(self, state: ScopeState, change: Change, rule: dict[str, Any]) -> None:
        """Make one rule; a number that is taken may be our own, its answer lost, or somebody else's since the read."""
        doing = f"allow {change.key} in {state.scope}"
        try:
            self._session.call(doing, "ec2", "create_network_acl_entry", NetworkAclId=state.ref, **rule)
            return
        except ProviderError as exc:
            if exc.kind not in _UNSURE | {"already_exists"}:
                raise
            failure = exc
        now = self._again(state, failure)
        if any(item.entry.key == change.after.entry.key for item in now.held):
            return
        if failure.kind != "already_exists":
            raise failure
        (other,) = acl_rule.placed(now.extra, [change.after])
        self._session.call(doing, "ec2", "create_network_acl_entry", NetworkAclId=state.ref, **other)

    def _delete(self, state: ScopeState, change: Change) -> None:
        """Remove one rule; one that is gone has been removed."""
        doing, number = f"remove {change.key} from {state.scope}", int(change.before.ref)
        more = {"NetworkAclId": state.ref, "RuleNumber": number, "Egress": False}
        try:
            self._session.call(doing, "ec2", "delete_network_acl_entry", **more)
        except ProviderError as exc:
            if exc.kind == "not_found":
                return
            if exc.kind not in _UNSURE:
                raise
            if any(item.ref == change.before.ref for item in self._again(state, exc).held):
                raise

    def _again(self, state: ScopeState, failure: ProviderError) -> ScopeState:
        """Read the ACL once more; where that fails too, the first failure is the one to report."""
        scope = Scope(state.scope.kind, id=state.ref)
        try:
            return self.read_allowlists([scope])[scope]
        except ProviderError:
            raise failure from None

    def _forget(self, state: ScopeState, changes: Sequence[Change]) -> None:
        """Drop the marks of what went, and those that a killed run left without a rule."""
        there = {item.entry for item in state.held} | {c.after.entry for c in changes if c.action == "add"}
        there -= {change.before.entry for change in changes if change.action == "remove"}
        keep = {acl_rule.tag_of(self._store, entry) for entry in there}
        lost = sorted(key for key in acl_rule.marks(state.extra, self._store) if key not in keep)
        if lost:
            doing = f"drop the marks of {len(lost)} entries of {state.scope}"
            self._session.call(doing, "ec2", "delete_tags", Resources=[state.ref], Tags=[{"Key": key} for key in lost])


def _state(scope: Scope, acl: Acl) -> ScopeState:
    held: tuple[Held, ...] = tuple(acl_rule.held_in(acl))
    return ScopeState(scope, acl["NetworkAclId"], held, extra=acl, others=acl_rule.others_in(acl))


def _value(item: Held) -> str:
    return mark.write(item.store, item.entry.note, LIMITS.note_chars)
