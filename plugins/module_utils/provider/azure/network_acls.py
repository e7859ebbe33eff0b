# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls of storage accounts and key vaults: ``properties.networkAcls``, and the tags that mark our rules in it.

"Storage Accounts - Update" and "Vaults - Update": a PATCH replaces the network ACLs as a whole, and the tags likewise.
There is no etag. So each write is made on what has just been read, all that is not ours goes back as it came, and a
write of others would have to fall between two calls to be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Callable

from ...model.data_plane import EVERYBODY, Firewall, Resource, Rule
from ...model.entry import without_host_bits
from ...model.plan import Change
from . import acl_marks
from .guarded import TYPES
from .session import AzureSession

_DEFAULTS = {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []}
#: What the service says about a subnet's rule, and takes from nobody.
_READ_ONLY = "state"
Step = tuple[Sequence[Change], Callable[[], None]]


class NetworkAcls:
    """Reads and writes the network ACLs of one kind of resource."""

    def __init__(self, session: AzureSession, store: str) -> None:
        self._session = session
        self._store = store

    def firewall(self, resource: Resource, found: Mapping[str, Any]) -> Firewall:
        """Return the firewall of a resource as Resource Manager gave it."""
        acls, marked = _acls(found), acl_marks.read(found.get("tags"), self._store)
        rules = tuple(Rule(_cidr(item), _cidr(item) in marked, str(item["value"])) for item in acls["ipRules"])
        public = str(found["properties"].get("publicNetworkAccess") or "Enabled")
        return Firewall(
            resource,
            rules,
            denies=acls["defaultAction"] == "Deny",
            shut=""
            if public.lower() == "enabled"
            else f"publicNetworkAccess is {public}, so its rules count for nothing",
            passes=tuple(_passes(acls)),
            most=TYPES[resource.kind].most,
            extra=found,
        )

    def read(self, resource: Resource) -> Mapping[str, Any]:
        """Read one resource."""
        doing = f"read the {resource}"
        return self._session.call(doing, lambda _number: self._read_once(doing, resource))

    def refuse(self, now: Firewall, changes: Sequence[Change]) -> None:
        """Refuse changes whose marks find no room in the tags that were read; raises ProviderError (quota)."""
        self.body(now.extra, changes, _changing(now.resource))

    def steps(self, now: Firewall, changes: Sequence[Change]) -> Iterator[Step]:
        """Yield what is written, in order: all rules at once, and after them who is refused.

        The last write says the rules again: should somebody take them out in between, nobody is refused without them.
        """
        rules = [change for change in changes if change.key != EVERYBODY]
        closing = [change for change in changes if change.key == EVERYBODY]
        for some, written in ((rules, rules), (closing, [*rules, *closing])):
            if some:
                yield some, partial(self._write, now.resource, written)

    def _write(self, resource: Resource, changes: Sequence[Change]) -> None:
        """Read and write as one: what is tried again is made on what is there by then."""
        kind = TYPES[resource.kind]
        doing = _changing(resource)
        path = kind.path(self._session.subscription_id, resource)

        def attempt(_number: int) -> None:
            body = self.body(self._read_once(doing, resource), changes, doing)
            self._session.send_once(doing, "PATCH", "arm", path, body, {"api-version": kind.version})

        self._session.call(doing, attempt)

    def _read_once(self, doing: str, resource: Resource) -> Mapping[str, Any]:
        kind = TYPES[resource.kind]
        path = kind.path(self._session.subscription_id, resource)
        found: Mapping[str, Any] = self._session.send_once(
            doing, "GET", "arm", path, query={"api-version": kind.version}
        ).body
        return found

    def body(self, found: Mapping[str, Any], changes: Sequence[Change], doing: str) -> dict[str, Any]:
        """Return what to PATCH: the network ACLs with the changes, and all tags where marks change."""
        acls = _acls(found)
        gone = {change.before.ref for change in changes if change.action == "remove"}
        rules = [item for item in acls["ipRules"] if item["value"] not in gone]
        held = {_cidr(item) for item in rules}
        added = [change.key for change in changes if change.action == "add" and change.key not in held]
        rules += [{"value": acl_marks.spelled(cidr)} for cidr in added]
        deny = any(change.key == EVERYBODY for change in changes)
        networks = [
            {k: v for k, v in item.items() if k != _READ_ONLY} for item in acls.get("virtualNetworkRules") or []
        ]
        written = {**acls, "ipRules": rules, "virtualNetworkRules": networks}
        if deny:
            written["defaultAction"] = "Deny"
        body: dict[str, Any] = {"properties": {"networkAcls": written}}
        there = {_cidr(item) for item in rules}
        marked = [cidr for cidr in sorted(acl_marks.read(found.get("tags"), self._store)) if cidr in there]
        tags = acl_marks.write(found.get("tags"), self._store, [*marked, *added], doing)
        return {**body, "tags": tags} if tags != (found.get("tags") or {}) else body


def _changing(resource: Resource) -> str:
    return f"change the firewall of {resource}"


def _acls(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the network ACLs; a vault that was made without them lets everybody in."""
    acls = {**_DEFAULTS, **(found["properties"].get("networkAcls") or {})}
    return {**acls, "ipRules": acls["ipRules"] or []}


def _cidr(item: Mapping[str, Any]) -> str:
    try:
        return without_host_bits(str(item["value"]))
    except ValueError:
        # A spelling that neither service documents: shown as it is, kept and removed like any other.
        return str(item["value"])


def _passes(acls: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what comes in without a rule for its address."""
    bypass = str(acls.get("bypass") or "None")
    if bypass != "None":
        yield f"what Azure lets pass the firewall ({bypass})"
    for name, words in (("virtualNetworkRules", "subnets"), ("resourceAccessRules", "Azure resources")):
        if acls.get(name):
            yield f"{words} with rules of their own ({len(acls[name])})"
