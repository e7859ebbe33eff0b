# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups as allowlists: their inbound rules whose source is a prefix."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held, Limits, ScopeState, settled
from ...model.plan import Change
from ...model.scope import Scope
from ..again import ROUNDS, UNSURE
from . import permission, quota
from .describe import Kind, describe, pick
from .session import AwsSession

#: "Amazon VPC quotas": 60 inbound rules per security group unless the account had it raised, IPv4 and IPv6 apart;
#: descriptions of 255 characters.
LIMITS = Limits(entries_per_scope=60, note_chars=255, per_family=True)
QUOTA = "L-0EA8095F"
KIND = Kind(
    "security group",
    "describe_security_groups",
    "SecurityGroups",
    "group-id",
    "GroupId",
    "group-name",
    "GroupName",
    "VpcId",
)
_CALLS = {
    "add": ("authorize", "authorize_security_group_ingress"),
    "update": ("describe", "update_security_group_rule_descriptions_ingress"),
    "remove": ("revoke", "revoke_security_group_ingress"),
}
_SATISFIED = {
    "add": UNSURE | {"already_exists", "quota"},
    "update": UNSURE,
    "remove": UNSURE | {"not_found"},
}


class SecurityGroups:
    """Reads any number of groups in one call, and writes each group with one call per kind of change."""

    limits = LIMITS

    def __init__(self, session: AwsSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the groups: one call for those named by id, one for those named by name."""
        groups = describe(self._session, KIND, scopes)
        return {scope: _state(scope, pick(KIND, scope, groups)) for scope in scopes}

    def true_limits(self, state: ScopeState) -> Limits | None:
        """Return the limits with the account's own quota."""
        return quota.raised(self._session, f"rules in {state.scope}", QUOTA, LIMITS)

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make runs of equal actions in one call each; the planner's order stays."""
        for action, run in itertools.groupby(changes, key=lambda change: change.action):
            yield from self._write(state, action, list(run))

    def _write(self, state: ScopeState, action: str, changes: Sequence[Change]) -> Iterator[Change]:
        """Make one kind of change; a failure that may hide a success is settled by reading the group again.

        EC2 takes or refuses a call as a whole, so a duplicate means that an answer was lost or that somebody
        else was quicker; what is then still open goes out once more.
        """
        open_changes = list(changes)
        for _round in range(ROUNDS):
            try:
                self._send(state, action, open_changes)
                yield from open_changes
                return
            except ProviderError as exc:
                if exc.kind not in _SATISFIED[action]:
                    raise
                failure = exc
            before = len(open_changes)
            made, open_changes = self._settle(state, open_changes, failure)
            yield from made
            if not open_changes:
                return
            if len(open_changes) == before or failure.kind in UNSURE:
                break
        raise failure

    def _send(self, state: ScopeState, action: str, changes: Sequence[Change]) -> None:
        """Send one write."""
        verb, operation = _CALLS[action]
        if action == "add":
            permissions = permission.of_entries([change.after for change in changes])
        elif action == "update":
            permissions = permission.of_refs([change.after for change in changes], described=True)
        else:
            permissions = permission.of_refs([change.before for change in changes])
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        doing = f"{verb} {', '.join(change.key for change in changes[:3])}{more} in {state.scope}"
        self._session.call(doing, "ec2", operation, GroupId=state.ref, IpPermissions=permissions)

    def _settle(
        self, state: ScopeState, changes: Sequence[Change], failure: ProviderError
    ) -> tuple[list[Change], list[Change]]:
        """Return which changes took effect by our hand, and which are still to be made, after reading the group."""
        try:
            again = Scope(state.scope.kind, id=state.ref)
            group = pick(KIND, again, describe(self._session, KIND, [again]))
        except ProviderError:
            raise failure from None
        return settled(permission.held_in(group), changes, self._store)


def _state(scope: Scope, group: Mapping[str, Any]) -> ScopeState:
    held: tuple[Held, ...] = tuple(permission.held_in(group))
    return ScopeState(scope, group["GroupId"], held, others=permission.others_in(group))
