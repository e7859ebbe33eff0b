# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls of SQL servers: one rule each, its name the mark. Whoever no rule lets in is refused, always.

"Firewall Rules" of the Azure SQL REST API. Rules of single databases are kept inside them and are not seen here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Callable
from urllib.parse import quote

from ...model import mark
from ...model.data_plane import Firewall, Resource, Rule
from ...model.plan import Change
from .guarded import TYPES
from .session import AzureSession

#: The rule by which services inside Azure get in: it is no address.
AZURE = "azure-services"
_NOBODYS = "0.0.0.0"
_KIND = TYPES["sql_server"]
_QUERY = {"api-version": _KIND.version}
_UNSEEN = "whom a database's own rules let in, which Resource Manager does not show"
Step = tuple[Sequence[Change], Callable[[], None]]


class SqlRules:
    """Reads and writes the firewall rules of SQL servers."""

    def __init__(self, session: AzureSession, store: str) -> None:
        self._session = session
        self._store = store

    def firewall(self, resource: Resource, found: Mapping[str, Any]) -> Firewall:
        """Return the firewall of a server as Resource Manager gave it; its rules take a call of their own."""
        path = f"{_KIND.path(self._session.subscription_id, resource)}/firewallRules"
        rules = tuple(
            self._rule(item) for item in self._session.pages(f"read the rules of {resource}", "arm", path, _QUERY)
        )
        public = str(found["properties"].get("publicNetworkAccess") or "Enabled")
        return Firewall(
            resource,
            rules,
            shut="" if public == "Enabled" else f"publicNetworkAccess is {public}, so its rules count for nothing",
            passes=(_UNSEEN,),
            most=_KIND.most,
            swaps=False,
        )

    def read(self, resource: Resource) -> Mapping[str, Any]:
        """Read one server."""
        path = _KIND.path(self._session.subscription_id, resource)
        found: Mapping[str, Any] = self._session.send(f"read the {resource}", "GET", "arm", path, query=_QUERY).body
        return found

    def steps(self, now: Firewall, changes: Sequence[Change]) -> Iterator[Step]:
        """Yield what is written, in order: one call per rule, those that come before those that go."""
        anew = replaced(self._store, changes)
        for change in changes:
            if change.action == "add":
                yield [change], partial(self._make, now.resource, change)
            else:
                yield [change], _nothing if change in anew else partial(self._delete, now.resource, change)

    def _make(self, resource: Resource, change: Change) -> None:
        path = f"{_KIND.path(self._session.subscription_id, resource)}/firewallRules/{name_of(self._store, change.key)}"
        start, end = ends(change.key)
        body = {"properties": {"startIpAddress": start, "endIpAddress": end}}
        self._session.send(f"let {change.key} in at {resource}", "PUT", "arm", path, body, _QUERY)

    def _delete(self, resource: Resource, change: Change) -> None:
        """Remove one rule; one that is gone is answered with 204."""
        path = f"{_KIND.path(self._session.subscription_id, resource)}/firewallRules/{quote(change.before.ref)}"
        self._session.send(f"remove {change.key} from {resource}", "DELETE", "arm", path, query=_QUERY)

    def _rule(self, item: Mapping[str, Any]) -> Rule:
        start, end = (str(item["properties"][key]) for key in ("startIpAddress", "endIpAddress"))
        name, prefix = str(item["name"]), _prefix(self._store)
        azure = start == end == _NOBODYS
        words = f"every service inside Azure, other customers' too (rule {name})" if azure else ""
        address = AZURE if azure else _range(start, end)
        # Names are compared without regard to case.
        own = name.lower().startswith(prefix)
        named = name.lower().removeprefix(prefix).replace("_", "/") if own else address
        return Rule(address, own, name, words, "" if named == address else named)


def name_of(store: str, address: str) -> str:
    """Return the name of our rule for an address: no more than 70 of 128 characters, none that Azure refuses."""
    return f"{_prefix(store)}{address.replace('/', '_')}"


def replaced(store: str, changes: Sequence[Change]) -> list[Change]:
    """Return the removals that take no call: somebody had changed our rule, and one of its name is made anew."""
    names = {name_of(store, change.key) for change in changes if change.action == "add"}
    return [change for change in changes if change.action == "remove" and change.before.ref.lower() in names]


def ends(cidr: str) -> tuple[str, str]:
    """Return the first and the last address of a prefix."""
    network = ipaddress.ip_network(cidr)
    return str(network[0]), str(network[-1])


def _prefix(store: str) -> str:
    # No store has an underscore in its name, so that one store's names never begin like another's.
    return f"{mark.PREFIX.rstrip(':')}_{store}_"


def _range(start: str, end: str) -> str:
    """Return a prefix where the range is one, else the range."""
    first, last = ipaddress.IPv4Address(start), ipaddress.IPv4Address(end)
    networks = list(ipaddress.summarize_address_range(first, last))
    return str(networks[0]) if len(networks) == 1 else f"{start}-{end}"


def _nothing() -> None:
    """Make no call."""
