# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewalls of storage accounts, key vaults and SQL servers of one subscription."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from ...core.errors import ProviderError
from ...model.data_plane import Firewall, Resource, took_effect
from ...model.plan import Change
from ..again import RACED, RACES
from ..base import DataPlane
from . import door, firewall_sheet, guarded
from .guarded import TYPES
from .network_acls import NetworkAcls
from .session import AzureSession
from .sql_rules import SqlRules


class Firewalls:
    """Reads the resources of each kind in as few calls as may be, and writes each one's rules before it is closed."""

    def __init__(self, session: AzureSession, store: str) -> None:
        self._session = session
        self._store = store
        acls = NetworkAcls(session, store)
        self._kinds: Mapping[str, Any] = {
            "storage_account": acls,
            "key_vault": acls,
            "sql_server": SqlRules(session, store),
        }

    def read_firewalls(self, resources: Sequence[Resource]) -> Mapping[Resource, Firewall]:
        """Read the resources: one call for a kind (and its pages), and one for the rules of each SQL server."""
        found: dict[Resource, Mapping[str, Any]] = {}
        for kind in dict.fromkeys(resource.kind for resource in resources):
            found.update(self._read(kind, [resource for resource in resources if resource.kind == kind]))
        with ThreadPoolExecutor(max_workers=self._session.access.workers) as pool:
            jobs = {it: pool.submit(self._kinds[it.kind].firewall, it, found[it]) for it in resources}
        return {resource: job.result() for resource, job in jobs.items()}

    def apply_firewall(self, now: Firewall, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes step by step; a step left without an answer is settled by reading the firewall again."""
        for some, write in self._kinds[now.resource.kind].steps(now, changes):
            yield from self._settled(now.resource, some, write)

    def refuse_firewall(self, now: Firewall, changes: Sequence[Change]) -> None:
        """Refuse rules whose marks find no room in the tags; the name of a SQL rule is always one."""
        if changes and now.resource.kind != "sql_server":
            self._kinds[now.resource.kind].refuse(now, changes)

    def render_firewall(self, now: Firewall, changes: Sequence[Change]) -> str:
        """Return the commands of Azure's own client that make the changes."""
        return firewall_sheet.render(self._session.subscription_id, self._store, now, changes)

    def _settled(self, resource: Resource, some: Sequence[Change], write: Callable[[], None]) -> Iterator[Change]:
        for last in [False] * (RACES - 1) + [True]:
            try:
                write()
                yield from some
                return
            except ProviderError as exc:
                if exc.kind not in RACED:
                    raise
                failure = exc
            # Its answer was lost, or somebody else wrote at the same time: each write is made on a fresh read.
            done = self._seen(resource, some, failure)
            if len(done) == len(some) or failure.kind != "conflict" or last:
                break
        yield from done
        if len(done) < len(some):
            raise failure

    def _seen(self, resource: Resource, some: Sequence[Change], failure: ProviderError) -> list[Change]:
        """Return those changes that took effect all the same; where that cannot be read either, the failure stands."""
        kind = self._kinds[resource.kind]
        try:
            again = kind.firewall(resource, kind.read(resource))
        except ProviderError:
            raise failure from None
        return [change for change in some if took_effect(again, change)]

    def _read(self, kind: str, resources: Sequence[Resource]) -> Mapping[Resource, Mapping[str, Any]]:
        """Return the resources of one kind: by a list, or one by one where the credential may not list."""
        if len(resources) > 1:
            try:
                return self._listed(kind, resources)
            except ProviderError as exc:
                if exc.kind != "no_permission":
                    raise
        return {resource: self._kinds[kind].read(resource) for resource in resources}

    def _listed(self, kind: str, resources: Sequence[Resource]) -> Mapping[Resource, Mapping[str, Any]]:
        group = resources[0].group if len({resource.key[1] for resource in resources}) == 1 else ""
        path = TYPES[kind].inside(self._session.subscription_id, group)
        doing = f"list the {TYPES[kind].words}s of {'resource group ' + group if group else 'the subscription'}"
        items = self._session.pages(doing, "arm", path, {"api-version": TYPES[kind].version})
        by_path = {str(item["id"]).lower(): item for item in items}
        found = {it: by_path.get(TYPES[kind].path(self._session.subscription_id, it).lower()) for it in resources}
        lost = next((resource for resource, item in found.items() if item is None), None)
        if lost is not None:
            why = f"there is no such {TYPES[kind].words}, or this credential does not see it"
            raise ProviderError("azure", f"read the {lost}", why, "not_found")
        return {resource: item for resource, item in found.items() if item is not None}


DATA_PLANE = DataPlane(Firewalls, guarded.check, guarded.express, door.find)
