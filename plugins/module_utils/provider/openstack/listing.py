# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the objects of Neutron that scopes name: any number of them in one call, over all pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ...core.errors import ProviderError
from ...model.scope import Scope
from .session import OpenStackSession

#: Keeps a query under 8 KiB, the least that proxies and servers take for a request line.
FILTER_VALUES = 100
Item = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of object: its words, its path, its name in answers, and the fields to ask for besides id and name.

    ``since`` says in words which Neutron has it, "" where every one does, and ``instead`` what to do without.
    """

    words: str
    path: str
    key: str
    fields: tuple[str, ...]
    since: str = ""
    instead: str = ""


def read(session: OpenStackSession, kind: Kind, scopes: Sequence[Scope]) -> dict[Scope, Item]:
    """Return the object of every scope: one call for those named by id, one for those named by name."""
    found = _named(session, kind, "id", sorted({scope.id for scope in scopes if scope.id}))
    found += _named(session, kind, "name", sorted({scope.name for scope in scopes if scope.name}))
    return {scope: pick(kind, scope, found) for scope in scopes}


def pick(kind: Kind, scope: Scope, items: Sequence[Item]) -> Item:
    """Return the one object that a scope names; ``parent`` is the id of the project that owns it."""
    doing = f"read {scope}"
    found = {
        item["id"]: item
        for item in items
        if (item["id"] == scope.id if scope.id else item["name"] == scope.name)
        and (not scope.parent or item.get("project_id") == scope.parent)
    }
    if not found:
        raise ProviderError("openstack", doing, f"there is no such {kind.words} in this project", "not_found")
    if len(found) > 1:
        # Names need not be unique in Neutron, and those shared by other projects are listed too.
        hint = f"give the {kind.words}'s id, or its project's id as parent"
        raise ProviderError("openstack", doing, f"the name stands for {', '.join(sorted(found))}", "invalid", hint=hint)
    return next(iter(found.values()))


def _named(session: OpenStackSession, kind: Kind, name: str, values: Sequence[str]) -> list[Item]:
    """Return the objects that a filter finds, over all pages."""
    found: list[Item] = []
    fields = [("fields", field) for field in ("id", "name", "project_id", *kind.fields)]
    for start in range(0, len(values), FILTER_VALUES):
        some = values[start : start + FILTER_VALUES]
        doing = f"read the {kind.words}s {', '.join(some[:5])}"
        found += pages(session, kind, doing, [*((name, value) for value in some), *fields])
    return found


def pages(session: OpenStackSession, kind: Kind, doing: str, query: Sequence[tuple[str, str]] = ()) -> list[Item]:
    """Return the objects that a query finds, over all pages."""
    found: list[Item] = []
    marker: list[tuple[str, str]] = []
    while True:
        answer = _page(session, kind, doing, [*query, *marker])
        found += answer[kind.key]
        marker = _next_page(answer.get(f"{kind.key}_links") or ())
        if not marker:
            return found


def _page(session: OpenStackSession, kind: Kind, doing: str, query: Sequence[tuple[str, str]]) -> Item:
    try:
        return session.call(doing, "GET", kind.path, query)
    except ProviderError as exc:
        # A list that is empty is no error: it is the path that is not known.
        if exc.kind == "not_found" and kind.since:
            why = f"this Neutron has no {kind.words}s; they came with {kind.since}"
            raise ProviderError("openstack", doing, why, "not_found", hint=kind.instead) from exc
        raise


def _next_page(links: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Return the marker of the next page. Its link is not followed: behind a front it may name another host."""
    for link in links:
        if link.get("rel") == "next":
            query = parse_qs(urlsplit(link["href"]).query)
            return [(key, query[key][0]) for key in ("marker", "limit") if key in query]
    return []
