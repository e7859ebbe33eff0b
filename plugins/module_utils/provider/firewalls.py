# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewalls of an account's resources at once: parse all, read all, plan each, apply them side by side."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from ..core.errors import ProviderError
from ..model.data_plane import (
    Firewall,
    Resource,
    Wanted,
    applied,
    parse_resources,
    plan,
    took_effect,
    withdraw,
)
from ..model.entry import parse_prefixes
from ..model.invalid import InvalidValue
from ..model.plan import Change, Plan
from .base import DataPlane, DataPlaneAdapter, Provider, Session
from .failures import raise_first

_GONE = "it is not there any more, and nothing of this store's with it"


def parse(params: Mapping[str, Any], known: Provider) -> tuple[Wanted, ...]:
    """Make what is wanted of each resource of the option ``data_plane``, before any connection; raises InvalidValue."""
    raw = params.get("data_plane") or []
    if not raw:
        return ()
    plane = plane_of(params, known)
    found = []
    for index, resource in enumerate(parse_resources("data_plane", raw)):
        plane.check(f"data_plane[{index}]", resource)
        found.append(_wanted(plane, resource, params))
    return tuple(found)


def plane_of(params: Mapping[str, Any], known: Provider) -> DataPlane:
    """Return what a provider has of the resources that options name; raises InvalidValue where it has none."""
    if known.data_plane is None:
        mend = f"is nothing that provider {params['provider']} has; leave data_plane out"
        raise InvalidValue("data_plane", ", ".join(sorted({str(item["kind"]) for item in params["data_plane"]})), mend)
    return known.data_plane()


def _wanted(plane: DataPlane, resource: Resource, params: Mapping[str, Any]) -> Wanted:
    """Return what is wanted of one resource; an address that it cannot hold is refused where it is to be added."""
    listed = parse_prefixes("addresses", params.get("addresses"))
    leaves = params.get("state") == "absent"
    addresses = _held(plane, resource, listed) if leaves else plane.express(resource.kind, listed, "addresses")
    if listed and not addresses and not leaves:
        mend = f"leave nobody for {resource}, which takes IPv4 alone; add the egress's IPv4 address"
        raise InvalidValue("addresses", ", ".join(listed), mend)
    callers = () if leaves or params.get("allow_lock_out") else parse_prefixes("callers", params.get("callers"))
    return Wanted(
        resource,
        addresses,
        purge=str(params.get("purge") or "own"),
        leaving=_held(plane, resource, parse_prefixes("keep_addresses", params.get("keep_addresses"))),
        former=_held(plane, resource, parse_prefixes("former_addresses", params.get("former_addresses"))),
        # A caller of a family that the firewall does not know does not come by its door.
        callers=tuple(
            cidr.partition("/")[0] for cidr in callers if ipaddress.ip_network(cidr).version in plane.families
        ),
    )


def _held(plane: DataPlane, resource: Resource, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return prefixes as a kind writes them, without those that it cannot hold: these are not there."""
    found: list[str] = []
    for cidr in prefixes:
        try:
            found += plane.express(resource.kind, (cidr,), "addresses")
        except InvalidValue:
            continue
    return tuple(found)


class Firewalls:
    """What is wanted of the firewalls of one account beside what they are."""

    def __init__(self, wanted: Sequence[Wanted], known: Provider, session: Session, store: str, workers: int) -> None:
        self.wanted = tuple(wanted)
        self._adapter = known.data_plane().open(session, store) if wanted and known.data_plane else None
        self._provider = known.name
        self._workers = workers
        self._planned = Plan()
        self.states: Mapping[Resource, Firewall] = {}

    def read(self) -> None:
        """Read every firewall at once."""
        if self._adapter:
            self.states = self._adapter.read_firewalls([item.resource for item in self.wanted])

    def plan(self, absent: bool = False, writes: bool = True) -> Plan:
        """Read every firewall and return the changes of all of them.

        With ``absent`` a resource that is not there has nothing of this store's left. Without ``writes`` somebody else
        makes the changes, who takes no mark from this store.
        """
        adapter = self._adapter
        if adapter is None:
            return self._planned
        if absent:
            self.states = _read_what_is_there(adapter, [item.resource for item in self.wanted])
        else:
            self.read()
        for item in self.wanted:
            now = self.states[item.resource]
            if not absent:
                _refuse_shut(now, self._provider)
            made = withdraw(now) if absent else plan(now, item)
            if writes:
                # What its provider could not hold is refused here, so that check mode says it too.
                adapter.refuse_firewall(now, made.changes)
            self._planned += made
        return self._planned

    def apply(self, changes: Sequence[Change], done: Callable[[Change], None]) -> None:
        """Apply the changes resource by resource, ``workers`` resources at once.

        Every resource is brought to its end even where another fails; then the first failure is raised. What a failed
        resource's changes came to is read there, since an answer may be all that was lost.
        """
        adapter = self._adapter
        if adapter is None or not changes:
            return
        own = {str(item.resource): self.states[item.resource] for item in self.wanted}
        groups = {name: [change for change in changes if change.group == name] for name in own}
        unsure: list[Change] = []

        def one(name: str) -> None:
            left = list(groups[name])
            try:
                for change in adapter.apply_firewall(own[name], groups[name]):
                    left.remove(change)
                    done(change)
            except ProviderError:
                made = _made(adapter, own[name].resource, left)
                for change in made or ():
                    done(change)
                unsure.extend(left if made is None else ())
                raise

        busy = [name for name in own if groups[name]]
        with ThreadPoolExecutor(max_workers=min(self._workers, max(1, len(busy)))) as pool:
            failures = [job.exception() for job in [pool.submit(one, name) for name in busy]]
        raise_first([failure for failure in failures if failure is not None], len(busy), "firewalls", unsure)

    def owns(self, change: Change) -> bool:
        """Return whether a change is one of a firewall's."""
        return any(change.group == str(item.resource) for item in self.wanted)

    def describe(self, item: Wanted, made: Sequence[Change], check: bool) -> dict[str, Any]:
        """Return one resource as it is planned to be, and whether it is so after the changes that were made.

        ``check`` says that what came and went is what would have.
        """
        planned = [change for change in self._planned.changes if change.group == str(item.resource)]
        end = applied(self.states[item.resource], planned)
        done = [change for change in planned if any(change is one for one in made)]
        shown = planned if check else done
        # Where this store leaves it is done when nothing of its own is left, whoever is refused besides.
        return {
            **item.resource.facts(),
            "addresses": list(end.addresses),
            "added": [change.key for change in shown if change.action == "add"],
            "removed": [change.key for change in shown if change.action == "remove"],
            "in_effect": len(done) == len(planned),
            "enforced": end.enforced,
            "not_enforced": end.not_enforced,
            "note": "" if end.there else _GONE,
        }

    def inspect(self, item: Wanted, declared: bool) -> dict[str, Any]:
        """Return one resource as it is and, where addresses were declared, what differs from them."""
        now = self.states[item.resource]
        stays = {*item.addresses, *item.leaving}
        return {
            **item.resource.facts(),
            "addresses": list(now.addresses),
            "own": [rule.address for rule in now.rules if rule.own],
            "missing": [cidr for cidr in item.addresses if cidr not in now.addresses],
            "undeclared": [cidr for cidr in now.addresses if cidr not in stays] if declared else [],
            "enforced": now.enforced,
            "not_enforced": now.not_enforced,
            "shut": now.shut,
        }

    def sheets(self) -> str:
        """Return, in plain words and commands, what whoever applies the planned changes has to do."""
        if self._adapter is None:
            return ""
        parts = []
        for item in self.wanted:
            planned = [change for change in self._planned.changes if change.group == str(item.resource)]
            parts.append(self._adapter.render_firewall(self.states[item.resource], planned))
        return "".join(parts)


def report(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of one resource for the rollout report."""
    name = f"{row['kind']} {row['resource_group']}/{row['name']}"
    return {
        "kind": "restriction",
        "addresses": row["addresses"],
        "enforced_by": f"the firewall of {name}",
        "enforced_at": [name],
        "not_enforced": row["not_enforced"],
        "in_effect": row["in_effect"],
        "applied_by": "store",
    }


def drifts(row: Mapping[str, Any]) -> bool:
    """Return whether a resource that was inspected is not as it was declared."""
    return bool(row["missing"] or row["undeclared"] or row["shut"] or not row["enforced"])


def _read_what_is_there(adapter: DataPlaneAdapter, resources: Sequence[Resource]) -> Mapping[Resource, Firewall]:
    """Read the firewalls of resources of which some may have been deleted."""
    try:
        return adapter.read_firewalls(resources)
    except ProviderError as exc:
        if exc.kind != "not_found":
            raise
    # One by one: a list leaves out what the credential may not see as well, which is no reason to call it gone.
    found: dict[Resource, Firewall] = {}
    for resource in resources:
        try:
            found.update(adapter.read_firewalls([resource]))
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
            found[resource] = Firewall(resource, there=False)
    return found


def _made(adapter: DataPlaneAdapter, resource: Resource, changes: Sequence[Change]) -> Sequence[Change] | None:
    """Return which changes were made though a failure hid it; None where that cannot be read either."""
    try:
        now = adapter.read_firewalls([resource])[resource]
    except ProviderError:
        return None
    return [change for change in changes if took_effect(now, change)]


def _refuse_shut(now: Firewall, provider: str) -> None:
    """Refuse to plan where no list of addresses lets anybody in: opening the public endpoint is for its owner."""
    if now.shut:
        hint = "have its owner enable public access from selected networks, or take it out of data_plane"
        raise ProviderError(provider, f"let addresses in at {now.resource}", now.shut, "invalid", hint=hint)
