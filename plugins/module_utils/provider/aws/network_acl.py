# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs as allowlists: their inbound rules that allow a prefix.

A rule has no description, so its mark is a tag of the ACL: ``svcstore:<store> <number> <entry>`` with what is said
about the entry as value. Tags are set before the rules they mark and go after them: whatever a run is killed between,
no rule of ours is ever without its mark. An ACL is stateless: letting the answers out is the business of its outbound
rules, which are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held, Limits, ScopeState
from ...model.plan import Change
from ...model.scope import Scope
from ..again import UNSURE
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
#: "Tag restrictions": tags of one object.
MOST_TAGS = 50
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
        return {scope: _state(scope, pick(KIND, scope, found), self._store) for scope in scopes}

    def true_limits(self, state: ScopeState) -> Limits | None:
        """Return the limits with the account's own quota."""
        return quota.raised(self._session, f"rules in {state.scope}", QUOTA, LIMITS)

    def refuse(self, state: ScopeState, changes: Sequence[Change]) -> None:
        """Raise what would keep the changes from being made: no number that is free, or no tag."""
        adds = [change.after for change in changes if change.action == "add"]
        rules = acl_rule.placed(state.extra, adds)
        self._refuse_too_many(state, {rule["RuleNumber"]: item for item, rule in zip(adds, rules)})

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes: marks, then what they mark; notes; removals, and then marks that mark nothing any more."""
        adds, updates, gone, unmarks = (
            [c for c in changes if c.action == name] for name in ("add", "update", "remove", "unmark")
        )
        rules = acl_rule.placed(state.extra, [change.after for change in adds])
        marks = {rule["RuleNumber"]: change.after for change, rule in zip(adds, rules)}
        self._refuse_too_many(state, marks)
        self._tag(state, f"mark {len(adds)} entries of {state.scope}", marks)
        kept = {acl_rule.tag_of(self._store, item.ref, item.entry) for item in state.held}
        marked = {acl_rule.tag_of(self._store, number, held.entry) for number, held in marks.items()}
        made: dict[int, Held] = {}
        for change, rule in zip(adds, rules):
            made[self._create(state, change, rule)] = change.after
            yield change
        self._mark_again(state, made)
        kept |= {acl_rule.tag_of(self._store, number, held.entry) for number, held in made.items()}
        self._tag(state, f"change {len(updates)} notes of {state.scope}", {c.before.ref: c.after for c in updates})
        yield from updates
        for change in gone:
            self._delete(state, change)
            kept.discard(acl_rule.tag_of(self._store, change.before.ref, change.before.entry))
            yield change
        kept |= self._came(state)
        lost = self._forget(state, set(acl_rule.marks(state.extra, self._store)) | marked, kept)
        yield from (change for change in unmarks if change.key in lost)

    def _refuse_too_many(self, state: ScopeState, marks: Mapping[int, Held]) -> None:
        """Refuse before the first write what the tags of one object cannot mark."""
        keys = {str(tag["Key"]) for tag in state.extra.get("Tags") or ()}
        keys |= {acl_rule.tag_of(self._store, number, held.entry) for number, held in marks.items()}
        if len(keys) > MOST_TAGS:
            hint = "split the list over more ACLs, or aggregate it"
            why = f"it would have {len(keys)} tags, by which entries are marked, and AWS takes {MOST_TAGS}"
            raise ProviderError("aws", f"mark the entries of {state.scope}", why, "quota", hint=hint)

    def _tag(self, state: ScopeState, doing: str, marks: Mapping[Any, Held]) -> None:
        """Set the marks; setting a tag that is there replaces its value, so that trying again does no harm."""
        tags = [
            {"Key": acl_rule.tag_of(self._store, number, held.entry), "Value": _value(held)}
            for number, held in marks.items()
        ]
        if tags:
            self._session.call(doing, "ec2", "create_tags", Resources=[state.ref], Tags=tags)

    def _mark_again(self, state: ScopeState, made: Mapping[int, Held]) -> None:
        """Set the marks that another run of the store has dropped, since it saw them before their rules were made."""
        if not made:
            return
        there = set(acl_rule.marks(self._read(state).extra, self._store))
        lost = {n: held for n, held in made.items() if acl_rule.tag_of(self._store, n, held.entry) not in there}
        self._tag(state, f"mark {len(lost)} entries of {state.scope} again", lost)

    def _came(self, state: ScopeState) -> set[str]:
        """Return the marks of what came since the read; asked for where there are marks alone.

        Another run of the store may have made their rules by now: without its mark nobody would remove one.
        """
        if not state.stale:
            return set()
        known = {item.ref for item in state.held}
        now = self._read(state).held
        return {acl_rule.tag_of(self._store, item.ref, item.entry) for item in now if item.ref not in known}

    def _create(self, state: ScopeState, change: Change, rule: dict[str, Any]) -> int:
        """Make one rule and return its number; one that is taken may be our own, its answer lost, or another's."""
        doing = f"allow {change.key} in {state.scope}"
        number = int(rule["RuleNumber"])
        try:
            self._session.call(doing, "ec2", "create_network_acl_entry", NetworkAclId=state.ref, **rule)
            return number
        except ProviderError as exc:
            if exc.kind not in UNSURE | {"already_exists"}:
                raise
            failure = exc
        now = self._again(state, failure)
        if any(item.ref == str(number) and item.entry.key == change.after.entry.key for item in now.held):
            return number
        if failure.kind != "already_exists":
            raise failure
        (other,) = acl_rule.placed(now.extra, [change.after])
        number = int(other["RuleNumber"])
        self._tag(state, f"mark {change.key} in {state.scope}", {number: change.after})
        self._session.call(doing, "ec2", "create_network_acl_entry", NetworkAclId=state.ref, **other)
        return number

    def _delete(self, state: ScopeState, change: Change) -> None:
        """Remove one rule; one that is gone has been removed."""
        doing, number = f"remove {change.key} from {state.scope}", int(change.before.ref)
        more = {"NetworkAclId": state.ref, "RuleNumber": number, "Egress": False}
        try:
            self._session.call(doing, "ec2", "delete_network_acl_entry", **more)
        except ProviderError as exc:
            if exc.kind == "not_found":
                return
            if exc.kind not in UNSURE:
                raise
            if any(item.ref == change.before.ref for item in self._again(state, exc).held):
                raise

    def _again(self, state: ScopeState, failure: ProviderError) -> ScopeState:
        """Read the ACL once more; where that fails too, the first failure is the one to report."""
        try:
            return self._read(state)
        except ProviderError:
            raise failure from None

    def _read(self, state: ScopeState) -> ScopeState:
        scope = Scope(state.scope.kind, id=state.ref)
        return self.read_allowlists([scope])[scope]

    def _forget(self, state: ScopeState, there: Set[str], kept: Set[str]) -> set[str]:
        """Drop the marks of what went, of numbers that somebody else took, and those that a killed run left alone.

        Returns the entries, as text, whose marks they were.
        """
        lost = sorted(there - kept)
        if lost:
            doing = f"drop the marks of {len(lost)} entries of {state.scope}"
            self._session.call(doing, "ec2", "delete_tags", Resources=[state.ref], Tags=[{"Key": key} for key in lost])
        return {acl_rule.marked_in(key) for key in lost}


def _state(scope: Scope, acl: Acl, store: str) -> ScopeState:
    held: tuple[Held, ...] = tuple(acl_rule.held_in(acl))
    kept = {acl_rule.tag_of(store, item.ref, item.entry) for item in held}
    lost = {acl_rule.marked_in(key) for key in acl_rule.marks(acl, store) if key not in kept}
    stale = tuple(sorted(lost))
    return ScopeState(scope, acl["NetworkAclId"], held, extra=acl, others=acl_rule.others_in(acl), stale=stale)


def _value(item: Held) -> str:
    return mark.write(item.store, item.entry.note, LIMITS.note_chars)
