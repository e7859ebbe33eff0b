# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups as allowlists: their ingress rules whose source is a prefix."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Limits, ScopeState, settled
from ...model.plan import Change
from ...model.scope import Scope
from ..again import ROUNDS, UNSURE
from . import listing, rules
from .session import OpenStackSession

#: Neutron's quota counts the rules of the whole project, so no number of one group's can be checked beforehand; it
#: refuses a bulk as a whole. It has no call that changes a rule: a new note would mean a moment without the rule.
LIMITS = Limits(note_chars=rules.MARK_CHARS, can_update_note=False)
KIND = listing.Kind("security group", "/v2.0/security-groups", "security_groups", ("security_group_rules",))
RULES = "/v2.0/security-group-rules"
#: A bulk is checked and written rule by rule, about 25 ms each: these stay well within one call's timeout.
RULES_PER_CALL = 100


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
        groups = listing.read(self._session, KIND, scopes)
        return {scope: _state(scope, group) for scope, group in groups.items()}

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
                if exc.kind not in UNSURE | {"already_exists"}:
                    raise
                failure = exc
            made, missing = self._settle(state, missing, failure)
            yield from made
            if not missing:
                return
            if not left or failure.kind in UNSURE:
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
        return settled(held, changes, self._store)

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


def _state(scope: Scope, group: Mapping[str, Any]) -> ScopeState:
    return ScopeState(scope, group["id"], tuple(rules.held_in(group["security_group_rules"])))
