# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups as allowlists: their ingress rules whose source is a prefix."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ...core.errors import ProviderError
from ...model.allowlist import Limits, ScopeState
from ...model.plan import Change
from ...model.scope import Scope
from . import rules
from .session import OpenStackSession

#: Neutron's quota counts the rules of the whole project, so no number of one group's can be checked beforehand; it
#: refuses a bulk as a whole. It has no call that changes a rule: a new note would mean a moment without the rule.
LIMITS = Limits(note_chars=rules.MARK_CHARS, can_update_note=False)
GROUPS = "/v2.0/security-groups"
RULES = "/v2.0/security-group-rules"
#: A bulk is checked and written rule by rule, about 25 ms each: these stay well within one call's timeout.
RULES_PER_CALL = 100
#: Keeps a query under 8 KiB, the least that proxies and servers take for a request line.
FILTER_VALUES = 100
#: How often a bulk is sent again without what a reread found to be there.
ROUNDS = 3
#: Failures after which the rules may be there all the same.
_UNSURE = frozenset({"timeout", "server", "unreachable"})


class SecurityGroups:
    """Reads any number of groups with their rules in one call, adds in bulk, removes side by side."""

    limits = LIMITS

    def __init__(self, session: OpenStackSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the groups: one call for those named by id, one for those named by name.

        A group's own answer carries its rules, so a list of the rules, which could not tell a group without any
        from none, is not needed.
        """
        groups = self._groups("id", sorted({scope.id for scope in scopes if scope.id}))
        groups += self._groups("name", sorted({scope.name for scope in scopes if scope.name}))
        return {scope: _state(scope, _pick(scope, groups)) for scope in scopes}

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Add in bulks, then remove; the planner's order stays."""
        for action, run in itertools.groupby(changes, key=lambda change: change.action):
            some = list(run)
            if action == "remove":
                yield from self._remove(state, some)
                continue
            for start in range(0, len(some), RULES_PER_CALL):
                yield from self._add(state, some[start : start + RULES_PER_CALL])

    def _add(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Add rules in one call, which Neutron takes or refuses as a whole.

        A duplicate means that an answer was lost or that somebody else was quicker: the group is read again, and
        what is still missing goes out once more.
        """
        missing = list(changes)
        for left in reversed(range(ROUNDS)):
            try:
                self._post(state, missing)
                yield from missing
                return
            except ProviderError as exc:
                if exc.kind not in _UNSURE | {"already_exists"}:
                    raise
                failure = exc
            made, missing = self._settle(state, missing, failure)
            yield from made
            if not missing:
                return
            if not left or failure.kind in _UNSURE:
                raise failure

    def _post(self, state: ScopeState, changes: Sequence[Change]) -> None:
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        doing = f"add {', '.join(change.key for change in changes[:3])}{more} to {state.scope}"
        bodies = [rules.of_entry(state.ref, change.after) for change in changes]
        self._session.call(doing, "POST", RULES, body={"security_group_rules": bodies})

    def _settle(
        self, state: ScopeState, changes: Sequence[Change], failure: ProviderError
    ) -> tuple[list[Change], list[Change]]:
        """Return which adds took effect by our hand, and which are still missing, after reading the group again."""
        try:
            scope = Scope(state.scope.kind, id=state.ref)
            held = self.read_allowlists([scope])[scope].held
        except ProviderError:
            raise failure from None
        keys = {item.entry.key for item in held}
        ours = {(item.entry.key, str(item)) for item in held if item.store == self._store}
        # What somebody else added meanwhile is there, but is no change of ours.
        made = [change for change in changes if (change.after.entry.key, str(change.after)) in ours]
        return made, [change for change in changes if change.after.entry.key not in keys]

    def _remove(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Remove rules side by side, since Neutron removes one in a call; a failure is told after all are done."""
        failures: list[ProviderError] = []
        with ThreadPoolExecutor(max_workers=min(self._session.access.workers, len(changes))) as pool:
            jobs = {pool.submit(self._delete, state, change): change for change in changes}
            for job in as_completed(jobs):
                failure = job.exception()
                if failure is None:
                    yield jobs[job]
                elif isinstance(failure, ProviderError):
                    failures.append(failure)
                else:
                    raise failure
        if failures:
            raise failures[0]

    def _delete(self, state: ScopeState, change: Change) -> None:
        try:
            self._session.call(f"remove {change.key} from {state.scope}", "DELETE", f"{RULES}/{change.before.ref}")
        except ProviderError as exc:
            # Gone is gone: by a try of ours whose answer was lost, or by somebody else.
            if exc.kind != "not_found":
                raise

    def _groups(self, name: str, values: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the groups that a filter finds, over all pages."""
        found: list[Mapping[str, Any]] = []
        fields = [("fields", field) for field in ("id", "name", "project_id", "security_group_rules")]
        for start in range(0, len(values), FILTER_VALUES):
            some = values[start : start + FILTER_VALUES]
            doing = f"read the security groups {', '.join(some[:5])}"
            query = [*((name, value) for value in some), *fields]
            marker: list[tuple[str, str]] = []
            while True:
                answer = self._session.call(doing, "GET", GROUPS, [*query, *marker])
                found += answer["security_groups"]
                marker = _next_page(answer.get("security_groups_links") or ())
                if not marker:
                    break
        return found


def _next_page(links: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Return the marker of the next page. Its link is not followed: behind a front it may name another host."""
    for link in links:
        if link.get("rel") == "next":
            query = parse_qs(urlsplit(link["href"]).query)
            return [(key, query[key][0]) for key in ("marker", "limit") if key in query]
    return []


def _state(scope: Scope, group: Mapping[str, Any]) -> ScopeState:
    return ScopeState(scope, group["id"], tuple(rules.held_in(group["security_group_rules"])))


def _pick(scope: Scope, groups: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the one group that a scope names; ``parent`` is the id of the project that owns it."""
    doing = f"read {scope}"
    found = {
        group["id"]: group
        for group in groups
        if (group["id"] == scope.id if scope.id else group["name"] == scope.name)
        and (not scope.parent or group.get("project_id") == scope.parent)
    }
    if not found:
        raise ProviderError("openstack", doing, "there is no such security group in this project", "not_found")
    if len(found) > 1:
        # Names need not be unique in Neutron, and groups shared by other projects are listed too.
        hint = "give the group's id, or its project's id as parent"
        raise ProviderError("openstack", doing, f"the name stands for {', '.join(sorted(found))}", "invalid", hint=hint)
    return next(iter(found.values()))
