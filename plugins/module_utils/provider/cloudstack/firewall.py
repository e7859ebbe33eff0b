# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of a public address.

A rule can hold many networks but cannot be changed, and CloudStack refuses two rules that share a network and a
port. Whoever wants to remove one network of a shared rule has to shut out the others for a moment. This adapter
therefore makes one rule per network, and takes a shared rule apart only where it must.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held, ScopeState
from ...model.entry import Entry
from ...model.plan import Change
from ...model.scope import Scope
from . import marks
from .rules import entry_of, firewall_params, held_order
from .session import CloudStackSession, Submitted


@dataclass(frozen=True)
class Address:
    """What a state keeps beside the entries: the address's tags, and the rules by id."""

    tags: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Firewalls:
    """Reads and changes the firewall rules of public addresses. A scope's name is the address itself."""

    def __init__(self, session: CloudStackSession, store: str) -> None:
        self._session = session
        self._store = store
        self.marks = marks.Marks(session, "PublicIpAddress")
        self._rule_tags = marks.Marks(session, "FirewallRule")

    def read(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState | None]:
        """Read addresses and rules: two calls, however many scopes."""
        one = scopes[0] if len(scopes) == 1 else None
        wanted = {} if one is None else ({"id": one.id} if one.id else {"ipaddress": one.name})
        addresses = self._session.list_if_any("list public addresses", "listPublicIpAddresses", **wanted)
        only = {"ipaddressid": addresses[0]["id"]} if one and addresses else {}
        rules = self._session.list_if_any("list firewall rules", "listFirewallRules", **only) if addresses else []
        by_id = {str(address["id"]): address for address in addresses}
        by_name = {str(address["ipaddress"]): address for address in addresses}
        found = {scope: by_id.get(scope.id) if scope.id else by_name.get(scope.name) for scope in scopes}
        return {
            scope: _state(scope, address, rules, self._store) if address else None for scope, address in found.items()
        }

    def check(self, changes: Sequence[Change]) -> None:
        """Refuse what a firewall rule cannot express."""
        for change in changes:
            firewall_params(self._session.provider, change.after.entry)

    def add(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make one rule per network; the jobs run side by side."""
        jobs = []
        failed: ProviderError | None = None
        for change in changes:
            doing = f"allow {change.key} at {state.scope}"
            try:
                jobs.append((doing, self._create(doing, state, change.after.entry), change))
            except ProviderError as exc:
                failed = exc
                break
        # What has been taken on runs all the same: it is waited for and reported before a failure is raised.
        for doing, job, change in jobs:
            try:
                self._finish(doing, job)
            except ProviderError as exc:
                failed = failed or exc
                continue
            yield change
        if failed:
            raise failed

    def _create(self, doing: str, state: ScopeState, entry: Entry) -> Submitted:
        """Start one rule; a conflict with the very same rule (an answer was lost) counts as made."""
        params = {"ipaddressid": state.ref, "cidrlist": [entry.cidr], **firewall_params(self._session.provider, entry)}
        try:
            return self._session.submit(doing, "createFirewallRule", **params)
        except ProviderError as exc:
            if exc.kind not in {"conflict", "already_exists", "invalid"}:
                raise
            now = self.read([Scope("firewall", id=state.ref)])
            there = [held.ref for fresh in now.values() if fresh for held in fresh.held if held.entry.key == entry.key]
            if not there:
                raise
            return Submitted("", there[0])

    def _finish(self, doing: str, job: Submitted) -> None:
        if job.job_id:
            self._session.finish(doing, job)

    def remove(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Delete rules; what else a shared rule held is opened again at once, one rule per network."""
        by_rule: dict[str, list[Change]] = {}
        for change in changes:
            by_rule.setdefault(change.before.ref, []).append(change)
        for rule_id, going in by_rule.items():
            rule = state.extra.rules[rule_id]
            gone = {change.before.entry.key for change in going}
            staying = [entry for entry in _entries(rule) if entry.key not in gone]
            self._delete(f"remove {', '.join(change.key for change in going)} from {state.scope}", rule_id)
            self._reopen(state, rule, staying)
            yield from going

    def _delete(self, doing: str, rule_id: str) -> None:
        try:
            self._session.run_job(doing, "deleteFirewallRule", id=rule_id)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def _reopen(self, state: ScopeState, rule: Mapping[str, Any], staying: Sequence[Entry]) -> None:
        jobs = [(f"keep {entry} at {state.scope}", entry) for entry in staying]
        made = [(doing, self._create(doing, state, entry)) for doing, entry in jobs]
        for doing, job in made:
            self._finish(doing, job)
            self._rule_tags.copy(doing, job.made_id, marks.tags_of(rule))


def _entries(rule: Mapping[str, Any]) -> list[Entry]:
    return [entry_of(rule, cidr) for cidr in str(rule.get("cidrlist") or "").split(",") if cidr.strip()]


def _state(scope: Scope, address: Mapping[str, Any], rules: Sequence[Mapping[str, Any]], ours: str) -> ScopeState:
    tags = marks.tags_of(address)
    own = {str(rule["id"]): rule for rule in rules if str(rule.get("ipaddressid")) == str(address["id"])}
    held = []
    for rule_id, rule in own.items():
        for entry in _entries(rule):
            store, note = marks.read(tags, entry)
            held.append(Held(Entry(entry.cidr, entry.protocol, entry.ports, note), rule_id, store))
    stale = marks.stale(tags, ours, held)
    return ScopeState(scope, str(address["id"]), tuple(sorted(held, key=held_order)), Address(tags, own), stale=stale)
