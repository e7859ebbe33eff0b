# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACL lists of VPCs as allowlists: their ingress items that allow a network.

An item can hold many networks; each of ours holds one, with its mark as the item's reason. Items are looked at by
number, the lowest first, and each is made with a number of its own: made twice, after a lost answer, the second is
refused. Egress items are never touched.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held, Limits, ScopeState
from ...model.entry import Entry
from ...model.plan import Change
from ...model.rule_order import Numbers, ceiling
from ...model.scope import Scope
from ..numbering import Numbering
from .rules import acl_params, entry_of, held_order
from .session import CloudStackSession, Submitted

#: A reason has 255 characters (listApis: createNetworkACL).
LIMITS = Limits(note_chars=255)
NUMBERS = Numbers(last=32766)
_MEND = "move an item that denies so that one is free there, or remove items that are no longer needed"
#: Those that CloudStack brings for every VPC; nobody can change them.
_BUILT_IN = frozenset({"default_allow", "default_deny"})
Item = Mapping[str, Any]


class NetworkAclLists:
    """Reads lists and items in two calls, however many scopes; writes one job per item, side by side."""

    limits = LIMITS

    def __init__(self, session: CloudStackSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Read the lists, and then the items: of one list, or of all that the account has."""
        one = scopes[0] if len(scopes) == 1 else None
        wanted = {} if one is None else ({"id": one.id} if one.id else {"name": one.name})
        lists = self._session.list_if_any("list network ACLs", "listNetworkACLLists", **wanted)
        found = {scope: self._pick(scope, lists) for scope in scopes}
        only = {"aclid": found[one]["id"]} if one else {}
        items = self._session.list_if_any("list the items of network ACLs", "listNetworkACLs", **only)
        return {scope: _state(scope, acl, items) for scope, acl in found.items()}

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes: adds, then what is said about entries, then removals."""
        adds, updates, gone = ([c for c in changes if c.action == name] for name in ("add", "update", "remove"))
        for change in adds:
            # CloudStack cannot say how far it came where some of a list are refused, so this is known before.
            acl_params(self._session.provider, change.after.entry)
        yield from self._add(state, adds)
        for change in updates:
            doing = f"change what is said about {change.key} in {state.scope}"
            self._change(doing, change.before.ref, reason=_reason(change.after))
            yield change
        yield from self._remove(state, gone)

    def _pick(self, scope: Scope, lists: Sequence[Item]) -> Item:
        """Return the one list that a scope names; ``parent`` is its VPC, by id or name."""
        provider, doing = self._session.provider, f"read {scope}"
        field, value = ("id", scope.id) if scope.id else ("name", scope.name)
        found = [acl for acl in lists if str(acl.get(field)) == value]
        if scope.parent:
            found = [acl for acl in found if scope.parent in (acl.get("vpcid"), acl.get("vpcname"))]
        if not found:
            raise ProviderError(provider, doing, "this account has none of that name or id", "not_found")
        if len(found) > 1:
            names = ", ".join(sorted(str(acl["id"]) for acl in found))
            hint = "give the list's id, or its VPC as parent"
            raise ProviderError(provider, doing, f"the name stands for {names}", "invalid", hint=hint)
        if found[0].get("name") in _BUILT_IN and not found[0].get("vpcid"):
            hint = "make a list of its own for the VPC's tiers and name that"
            raise ProviderError(provider, doing, "CloudStack's own list cannot be changed", "invalid", hint=hint)
        return found[0]

    def _add(self, state: ScopeState, adds: Sequence[Change]) -> Iterator[Change]:
        """Make one item per network; the jobs run side by side, and all that were taken on are waited for."""
        jobs: list[tuple[str, Submitted, Change]] = []
        failed: ProviderError | None = None
        items: list[Item] = list(state.extra)
        for change in adds:
            doing = f"allow {change.key} in {state.scope}"
            try:
                number = self._number(state, items, change.after.entry)
                jobs.append((doing, self._create(doing, state, change.after, number), change))
            except ProviderError as exc:
                failed = exc
                break
            items.append({"number": number})
        for doing, job, change in jobs:
            try:
                if job.job_id:
                    self._session.finish(doing, job)
            except ProviderError as exc:
                failed = failed or exc
                continue
            yield change
        if failed:
            raise failed

    def _number(self, state: ScopeState, items: Sequence[Item], entry: Entry) -> int:
        """Return a free number in front of what would deny the entry, and behind what denies a part of it only."""
        denials = _denials(items)
        taken = (int(item["number"]) for item in items)
        numbering = Numbering(self._session.provider, NUMBERS, "item", mend=_MEND)
        return numbering.place(f"allow {entry} in {state.scope}", entry, taken, denials, denials)

    def _create(self, doing: str, state: ScopeState, held: Held, number: int) -> Submitted:
        """Start one item; a number that is taken may be our own, its answer lost, or somebody else's since the read."""
        params = {
            "aclid": state.ref,
            "action": "allow",
            "traffictype": "ingress",
            "cidrlist": [held.entry.cidr],
            "reason": _reason(held),
            **acl_params(self._session.provider, held.entry),
        }
        try:
            return self._session.submit(doing, "createNetworkACL", number=number, **params)
        except ProviderError as exc:
            if exc.kind not in {"conflict", "already_exists"}:
                raise
        scope = Scope(state.scope.kind, id=state.ref)
        now = self.read_allowlists([scope])[scope]
        there = [item.ref for item in now.held if item.entry.key == held.entry.key and not item.blocked]
        if there:
            return Submitted("", there[0])
        number = self._number(now, now.extra, held.entry)
        return self._session.submit(doing, "createNetworkACL", number=number, **params)

    def _change(self, doing: str, item_id: str, **params: Any) -> None:
        self._session.run_job(doing, "updateNetworkACLItem", id=item_id, partialupgrade="true", **params)

    def _remove(self, state: ScopeState, gone: Sequence[Change]) -> Iterator[Change]:
        """Delete items; what else a shared item holds stays in it."""
        by_item: dict[str, list[Change]] = {}
        for change in gone:
            by_item.setdefault(change.before.ref, []).append(change)
        items = {str(item["id"]): item for item in state.extra}
        for item_id, going in by_item.items():
            keys = {change.before.entry.key for change in going}
            staying = [entry.cidr for entry in _entries(items[item_id]) if entry.key not in keys]
            doing = f"remove {', '.join(change.key for change in going)} from {state.scope}"
            try:
                if staying:
                    self._change(doing, item_id, cidrlist=staying)
                else:
                    self._session.run_job(doing, "deleteNetworkACL", id=item_id)
            except ProviderError as exc:
                if exc.kind != "not_found":
                    raise
            yield from going


def _state(scope: Scope, acl: Item, items: Sequence[Item]) -> ScopeState:
    own = [item for item in items if str(item.get("aclid")) == str(acl["id"])]
    held, denials = list[Held](), _denials(own)
    for item in own:
        if str(item.get("action", "")).lower() != "allow" or not _is_ingress(item):
            continue
        store, note = mark.read(item.get("reason"))
        for entry in _entries(item):
            blocked = ceiling(entry, denials, NUMBERS) < int(item["number"])
            held.append(Held(dataclasses.replace(entry, note=note), str(item["id"]), store, blocked))
    return ScopeState(scope, str(acl["id"]), tuple(sorted(held, key=held_order)), own)


def _denials(items: Sequence[Item]) -> list[tuple[int, Entry]]:
    """Return what ingress items deny, by number."""
    return [
        (int(item["number"]), denied)
        for item in items
        if str(item.get("action", "")).lower() == "deny" and _is_ingress(item)
        for denied in _entries(item)
    ]


def _is_ingress(item: Item) -> bool:
    return str(item.get("traffictype", "")).lower() == "ingress"


def _entries(item: Item) -> list[Entry]:
    return [entry_of(item, cidr) for cidr in str(item.get("cidrlist") or "").split(",") if cidr.strip()]


def _reason(held: Held) -> str:
    return mark.write(held.store, held.entry.note, LIMITS.note_chars)
