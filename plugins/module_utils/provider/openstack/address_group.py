# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address groups as allowlists: bare addresses, to which the rules of security groups refer.

An address has neither description nor tag, and the group has no tags: the store's own are named in the group's
description. They are named there before they are added and no longer after they have been removed: whatever a run is
killed between, no address of ours is ever without its mark. What else is said about an entry is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held, Limits, ScopeState
from ...model.entry import Entry, parse_cidr
from ...model.plan import Change
from ...model.scope import Scope
from ..again import RACES, UNSURE
from . import listing, marks
from .session import OpenStackSession

LIMITS = Limits(note_chars=marks.MOST_CHARS, can_update_note=False, keeps_note=False)
KIND = listing.Kind(
    "address group",
    "/v2.0/address-groups",
    "address_groups",
    ("addresses", "description", "revision_number"),
    since="Wallaby",
    instead="keep the entries in a security group",
)
#: Neutron writes address by address, about 25 ms each: these stay well within one call's timeout.
ADDRESSES_PER_CALL = 100


class AddressGroups:
    """Reads any number of groups in one call; writes one call per 100 addresses, and one for the marks around them."""

    limits = LIMITS

    def __init__(self, session: OpenStackSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the groups: one call for those named by id, one for those named by name."""
        groups = listing.read(self._session, KIND, scopes)
        return {scope: self._state(scope, group) for scope, group in groups.items()}

    def _state(self, scope: Scope, group: listing.Item) -> ScopeState:
        stale = tuple(str(Entry(cidr, "all")) for cidr in _marked_only(group, self._store))
        return ScopeState(scope, group["id"], tuple(held_in(group)), group, stale=stale)

    def refuse(self, state: ScopeState, changes: Sequence[Change]) -> None:
        """Raise where the description could not name all of our own while the changes are made."""
        adds = {change.after.entry.cidr for change in changes if change.action == "add"}
        text = described(state.extra, self._store, adds) if adds else ""
        if len(text) > marks.MOST_CHARS:
            why = (
                f"its description, by which entries are marked, would have {len(text)} characters, and Neutron keeps "
                f"{marks.MOST_CHARS}"
            )
            hint = (
                f"aggregate the list, split it over more groups, or give the store a group of its own: write "
                f"{marks.whole(self._store)} into its description, and all of its addresses count as the store's"
            )
            raise ProviderError("openstack", f"mark the entries of {state.scope}", why, "quota", hint=hint)

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes: marks, then what they mark; removals, and then marks that mark nothing any more."""
        self.refuse(state, changes)
        run = _Run(self._session, self._store, state)
        adds, gone, unmarks = (
            [change for change in changes if change.action == name] for name in ("add", "remove", "unmark")
        )
        if unmarks:
            # Another run of ours may have added by now what it had marked; without its mark nobody would remove it.
            run.read()
        alone = run.alone()
        marked = {change.after.entry.cidr for change in adds}
        if adds:
            run.mark(more=marked)
        made: set[str] = set()
        for part in _parts(adds):
            for change in run.change("add_addresses", part):
                made.add(change.after.entry.cidr)
                yield change
        # Another run of the store that saw a mark before its address may have dropped it. The last answer shows that.
        if made:
            run.mark(more=made)
        for part in _parts(gone):
            yield from run.change("remove_addresses", part)
        # What somebody else added meanwhile is theirs.
        fewer = {change.before.entry.cidr for change in gone} | (marked - made)
        if fewer or unmarks:
            # No mark is left of what is not there.
            run.mark(fewer=fewer)
        yield from (change for change in unmarks if change.key in alone)


class _Run:
    """The changes of one group, each made on the group as the last answer showed it."""

    def __init__(self, session: OpenStackSession, store: str, state: ScopeState) -> None:
        self._session = session
        self._store = store
        self._scope = state.scope
        self._ref = state.ref
        self._group: listing.Item = state.extra

    def read(self) -> None:
        """Read the group once more."""
        scope = Scope(self._scope.kind, id=self._ref)
        self._group = listing.read(self._session, KIND, [scope])[scope]

    def alone(self) -> set[str]:
        """Return the entries, as text, of which there is the store's mark alone."""
        return {str(Entry(cidr, "all")) for cidr in _marked_only(self._group, self._store)}

    def mark(self, more: Set[str] = frozenset(), fewer: Set[str] = frozenset()) -> None:
        """Bring the description to naming our own; bound to the version that is known, so that no text is lost."""
        for left in reversed(range(RACES)):
            text = described(self._group, self._store, more, fewer)
            if text == (self._group.get("description") or ""):
                return
            revision = self._group.get("revision_number")
            headers = {} if revision is None else {"If-Match": f"revision_number={revision}"}
            try:
                self._put(f"mark the entries of {self._scope}", "", {"address_group": {"description": text}}, headers)
                return
            except ProviderError as exc:
                if not left or exc.kind != "conflict":
                    raise
                self._read_again(exc)

    def change(self, action: str, changes: Sequence[Change]) -> Iterator[Change]:
        """Make additions or removals in one call, and yield those that took effect by our hand.

        Neutron refuses a call of which one address is there already, or gone: an answer was lost, or somebody else was
        quicker. The group is read again, and what is still to be made goes out once more.
        """
        still, adding = list(changes), action == "add_addresses"
        doing = f"{'add' if adding else 'remove'} {_words(still)} {'to' if adding else 'from'} {self._scope}"
        for left in reversed(range(RACES)):
            try:
                self._put(doing, f"/{action}", {"addresses": [_cidr(change) for change in still]})
                yield from still
                return
            except ProviderError as exc:
                if exc.kind not in UNSURE | {"already_exists", "not_found"}:
                    raise
                failure = exc
            self._read_again(failure)
            there = _addresses(self._group)
            if not adding or failure.retried or failure.kind in UNSURE:
                yield from (change for change in still if (_cidr(change) in there) == adding)
            still = [change for change in still if (_cidr(change) in there) != adding]
            if not still:
                return
            if not left or failure.kind in UNSURE:
                raise failure

    def _put(self, doing: str, action: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        answer = self._session.call(doing, "PUT", f"{KIND.path}/{self._ref}{action}", body=body, headers=headers)
        self._group = answer["address_group"]

    def _read_again(self, failure: ProviderError) -> None:
        """Read the group once more; where that fails too, the first failure is the one to report."""
        try:
            self.read()
        except ProviderError:
            raise failure from None


def held_in(group: listing.Item) -> Iterator[Held]:
    """Yield the addresses of a group as entries."""
    marked = marks.read(str(group.get("description") or ""))
    for address in group["addresses"]:
        cidr = parse_cidr("addresses", address)
        yield Held(Entry(cidr, "all"), cidr, marked.get(cidr) or marked.get(marks.EVERY, ""))


def described(group: listing.Item, store: str, more: Set[str] = frozenset(), fewer: Set[str] = frozenset()) -> str:
    """Return the description that names a store's own, with some more and some fewer, and none that is not there.

    A group that is the store's as a whole needs no other mark.
    """
    text = str(group.get("description") or "")
    marked = marks.read(text)
    if marked.get(marks.EVERY) == store:
        return text
    ours = {cidr for cidr in _addresses(group) if marked.get(cidr) == store}
    return marks.with_marks(text, store, (ours | more) - fewer)


def _marked_only(group: listing.Item, store: str) -> list[str]:
    """Return the prefixes that are marked as a store's and not there; none where all of them are the store's."""
    marked = marks.read(str(group.get("description") or ""))
    if marked.get(marks.EVERY) == store:
        return []
    there = _addresses(group)
    return sorted(cidr for cidr, owner in marked.items() if owner == store and cidr not in there)


def _addresses(group: listing.Item) -> set[str]:
    return {parse_cidr("addresses", address) for address in group["addresses"]}


def _parts(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    for start in range(0, len(changes), ADDRESSES_PER_CALL):
        yield changes[start : start + ADDRESSES_PER_CALL]


def _cidr(change: Change) -> str:
    item: Held = change.after or change.before
    return item.entry.cidr


def _words(changes: Sequence[Change]) -> str:
    more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
    return ", ".join(_cidr(change) for change in changes[:3]) + more
