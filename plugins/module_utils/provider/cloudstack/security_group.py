# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups: one rule per network; a call adds many networks to one port range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held, ScopeState
from ...model.plan import Change
from ...model.scope import Scope
from . import marks
from .rules import entry_of, group_params, held_order
from .session import CloudStackSession, Submitted

#: Networks in one call. CloudStack sets no limit; a front may set one on the size of a request.
BATCH = 250


@dataclass(frozen=True)
class Group:
    """What a state keeps beside the entries: the group's tags."""

    tags: Mapping[str, str] = field(default_factory=dict)


class SecurityGroups:
    """Reads and changes the ingress rules of security groups; egress rules and rules for groups are left alone."""

    def __init__(self, session: CloudStackSession, store: str) -> None:
        self._session = session
        self._store = store
        self.marks = marks.Marks(session, "SecurityGroup")

    def read(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState | None]:
        """Read one scope by itself, or all groups of the account for several."""
        if len(scopes) == 1:
            groups = self._one(scopes[0])
        else:
            groups = self._session.list_all("list security groups", "listSecurityGroups")
        by_id = {str(group["id"]): group for group in groups}
        by_name = {str(group["name"]): group for group in groups}
        found = {scope: by_id.get(scope.id) if scope.id else by_name.get(scope.name) for scope in scopes}
        return {scope: _state(scope, group, self._store) if group else None for scope, group in found.items()}

    def _one(self, scope: Scope) -> list[dict[str, Any]]:
        wanted = {"id": scope.id} if scope.id else {"securitygroupname": scope.name}
        try:
            return self._session.list_all(f"read {scope}", "listSecurityGroups", **wanted)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
            return []

    def check(self, changes: Sequence[Change]) -> None:
        """Refuse what a group's rule cannot express."""
        for change in changes:
            group_params(self._session.provider, change.after.entry)

    def add(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Authorize the networks of each port range in one call; the jobs run side by side."""
        jobs = []
        failed: ProviderError | None = None
        for batch in _batches(changes):
            entry = batch[0].after.entry
            doing = f"allow {len(batch)} networks to {str(entry).partition(' ')[2]} in {state.scope}"
            cidrs = [change.after.entry.cidr for change in batch]
            params = {"securitygroupid": state.ref, "cidrlist": cidrs, **group_params(self._session.provider, entry)}
            try:
                jobs.append((doing, self._session.submit(doing, "authorizeSecurityGroupIngress", **params), batch))
            except ProviderError as exc:
                failed = exc
                break
        # What has been taken on runs all the same: it is waited for and reported before a failure is raised.
        for doing, job, batch in jobs:
            try:
                self._finish(doing, job, state, batch)
            except ProviderError as exc:
                failed = failed or exc
                continue
            yield from batch
        if failed:
            raise failed

    def _finish(self, doing: str, job: Submitted, state: ScopeState, batch: Sequence[Change]) -> None:
        """Wait for a batch. CloudStack fails a call all of whose rules are there, as after a lost answer."""
        try:
            self._session.finish(doing, job)
        except ProviderError as exc:
            if exc.kind != "already_exists":
                raise
            now = self.read([Scope("security_group", id=state.ref)])
            there = {held.entry.key for fresh in now.values() if fresh for held in fresh.held}
            if not {change.after.entry.key for change in batch} <= there:
                raise ProviderError(self._session.provider, doing, exc.why, "other") from exc

    def remove(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Revoke each rule; one that is gone already is what was asked for."""
        jobs = []
        failed: ProviderError | None = None
        for change in changes:
            doing = f"remove {change.key} from {state.scope}"
            try:
                jobs.append((doing, self._submit_removal(doing, change.before.ref), change))
            except ProviderError as exc:
                failed = exc
                break
        # As with what is added: what has been taken on is waited for and reported before a failure is raised.
        for doing, job, change in jobs:
            try:
                if job is not None:
                    self._session.finish(doing, job)
            except ProviderError as exc:
                failed = failed or exc
                continue
            yield change
        if failed:
            raise failed

    def _submit_removal(self, doing: str, rule_id: str) -> Submitted | None:
        try:
            return self._session.submit(doing, "revokeSecurityGroupIngress", id=rule_id)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
            return None


def _batches(changes: Sequence[Change]) -> list[list[Change]]:
    """Return the changes by protocol and ports, at most BATCH in one."""
    groups: dict[Any, list[Change]] = {}
    for change in changes:
        entry = change.after.entry
        groups.setdefault((entry.protocol, entry.ports), []).append(change)
    return [group[start : start + BATCH] for group in groups.values() for start in range(0, len(group), BATCH)]


def _state(scope: Scope, group: Mapping[str, Any], ours: str) -> ScopeState:
    tags, rules = marks.tags_of(group), group.get("ingressrule") or []
    held = []
    for rule in rules:
        if rule.get("cidr"):
            entry = entry_of(rule, str(rule["cidr"]))
            store, note = marks.read(tags, entry)
            held.append(Held(entry_of(rule, str(rule["cidr"]), note), str(rule["ruleid"]), store))
    stale = marks.stale(tags, ours, held)
    return ScopeState(scope, str(group["id"]), tuple(sorted(held, key=held_order)), Group(tags), stale=stale)
