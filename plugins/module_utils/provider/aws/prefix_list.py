# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Customer-managed prefix lists as allowlists: bare addresses, to which rules of groups and routes refer.

A modification is bound to the version that was read and makes its adds and removals at once, so that nothing of
somebody else's is lost and no address is shut before its successor is open. EC2 cannot change what is said about an
entry without removing it (``InvalidParameterValue`` for a prefix in both lists), so that stays as first written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...core.errors import ProviderError
from ...core.waiting import Wait
from ...model import mark
from ...model.allowlist import Held, Limits, ScopeState, settled
from ...model.entry import Entry, parse_cidr
from ...model.plan import Change
from ...model.scope import Scope
from ..again import RACED, ROUNDS
from .describe import Kind, describe, pick
from .session import AwsSession

LIMITS = Limits(note_chars=255, can_update_note=False)
KIND = Kind(
    "prefix list",
    "describe_managed_prefix_lists",
    "PrefixLists",
    "prefix-list-id",
    "PrefixListId",
    "prefix-list-name",
    "PrefixListName",
)
#: ModifyManagedPrefixList takes up to 100 entries to add and as many to remove.
BATCH = 100
_DONE = Wait(
    until=frozenset({"create-complete", "modify-complete", "restore-complete"}),
    fail=frozenset({"modify-failed", "create-failed", "restore-failed"}),
    every_s=2,
    at_most_s=300,
)
List = Mapping[str, Any]


class PrefixLists:
    """Reads all lists in one call and the entries of each in one more; writes each with one call per 100 entries."""

    limits = LIMITS

    def __init__(self, session: AwsSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the lists and, side by side, their entries."""
        lists = describe(self._session, KIND, scopes)
        found = {scope: pick(KIND, scope, lists) for scope in scopes}
        with ThreadPoolExecutor(max_workers=min(self._session.access.workers, len(found))) as pool:
            states = pool.map(lambda scope: self._state(scope, found[scope]), scopes)
            return dict(zip(scopes, states))

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes in as few modifications as there are hundreds of entries."""
        now: List = state.extra
        for part in _parts(changes):
            made, still, failure = list[Change](), list(part), None
            for _round in range(ROUNDS):
                try:
                    now = self._finished(state, self._send(state, now, still))
                    made, still = still, []
                except ProviderError as exc:
                    again = self._again(state) if exc.kind in RACED else None
                    if again is None:
                        raise
                    now, failure = again.extra, exc
                    made, still = settled(again.held, still, self._store)
                yield from made
                if not still:
                    break
            if still and failure:
                raise failure

    def _state(self, scope: Scope, found: List) -> ScopeState:
        """Return a list with its entries; the provider's own lists cannot be changed."""
        if found.get("OwnerId") == "AWS":
            hint = "name a list of the customer's own"
            raise ProviderError("aws", f"read {scope}", "AWS itself keeps this list", "invalid", hint=hint)
        limits = Limits(int(found["MaxEntries"]), LIMITS.note_chars, LIMITS.can_update_note)
        families = (6,) if found["AddressFamily"] == "IPv6" else (4,)
        held = tuple(self._held(scope, found["PrefixListId"]))
        return ScopeState(scope, found["PrefixListId"], held, found, limits=limits, families=families)

    def _held(self, scope: Scope, list_id: str) -> Iterator[Held]:
        """Yield the entries of a list, over all pages."""
        more: dict[str, Any] = {}
        while True:
            doing = f"read the entries of {scope}"
            operation = "get_managed_prefix_list_entries"
            answer = self._session.call(doing, "ec2", operation, PrefixListId=list_id, **more)
            for item in answer["Entries"]:
                store, note = mark.read(item.get("Description"))
                yield Held(Entry(parse_cidr("Cidr", item["Cidr"]), "all", None, note), item["Cidr"], store)
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _send(self, state: ScopeState, now: List, changes: Sequence[Change]) -> List:
        """Send one modification, bound to the version that was read."""
        adds = [change.after for change in changes if change.action == "add"]
        gone = [change.before for change in changes if change.action == "remove"]
        more = {}
        if adds:
            more["AddEntries"] = [{"Cidr": item.entry.cidr, "Description": _description(item)} for item in adds]
        if gone:
            more["RemoveEntries"] = [{"Cidr": item.ref} for item in gone]
        doing = f"add {len(adds)} entries to {state.scope} and remove {len(gone)}"
        answer = self._session.call(
            doing,
            "ec2",
            "modify_managed_prefix_list",
            PrefixListId=state.ref,
            CurrentVersion=int(now["Version"]),
            **more,
        )
        modified: List = answer["PrefixList"]
        return modified

    def _finished(self, state: ScopeState, now: List) -> List:
        """Wait until a modification is through: EC2 answers before it has reached what refers to the list."""
        if now.get("State") in _DONE.until:
            return now
        again = Scope(state.scope.kind, id=state.ref)
        wait = dataclasses.replace(_DONE, sleep=self._session.access.retry.sleep)
        return wait.poll(
            "aws",
            f"finish the change of {state.scope}",
            lambda: pick(KIND, again, describe(self._session, KIND, [again])),
            lambda found: str(found.get("State")),
        )

    def _again(self, state: ScopeState) -> ScopeState | None:
        """Read the list once more; None where that fails too, since the first failure is the one to report."""
        scope = Scope(state.scope.kind, id=state.ref)
        try:
            self._finished(state, {})
            return self.read_allowlists([scope])[scope]
        except ProviderError:
            return None


def _description(item: Held) -> str:
    return mark.write(item.store, item.entry.note, LIMITS.note_chars)


def _parts(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Split the changes into modifications: adds first, and removals beside the last of them where both fit."""
    adds = [change for change in changes if change.action == "add"]
    gone = [change for change in changes if change.action == "remove"]
    while len(adds) > BATCH:
        yield adds[:BATCH]
        adds = adds[BATCH:]
    while adds or gone:
        yield adds + gone[:BATCH]
        adds, gone = [], gone[BATCH:]
