# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP groups as allowlists: bare addresses, to which the rules of Azure Firewall refer.

An address has no description, so what is said about it and whose it is are tags of the group, which go in the same
write as the addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held, Limits
from ...model.entry import Entry, Note, parse_cidr, parse_range
from ...model.invalid import InvalidValue
from ...model.plan import Change
from . import marks
from .resource import IP_GROUP
from .whole import Resource, WholeResources

#: "Azure subscription and service limits", Azure Firewall: 5000 addresses or prefixes in a group.
LIMITS = Limits(entries_per_scope=5000, note_chars=marks.VALUE_CHARS)
#: What Resource Manager says about a group and does not take back.
_READ_ONLY = ("provisioningState", "firewalls", "firewallPolicies")


class IpGroups(WholeResources):
    """Each entry is an address of the group; a tag of the group names those of ours of which the same is said."""

    type = IP_GROUP
    limits = LIMITS
    #: "IP Groups in Azure Firewall": addresses, prefixes and ranges of IPv4.
    families = (4,)

    def held(self, resource: Resource) -> Iterable[Held]:
        """Return the group's addresses as entries."""
        return held_in(resource)

    def used(self, resource: Resource) -> int:
        """Return the number of addresses, as Azure counts them."""
        return len(_addresses(resource))

    def changed(self, resource: Resource, changes: Sequence[Change]) -> dict[str, Any]:
        """Return the body to put; raises ProviderError (quota) where the tags could not mark the entries."""
        wanted = self._marks(resource, changes)
        tags = marks.with_marks(resource.get("tags") or {}, self._store, wanted)
        if len(tags) > marks.MOST_TAGS:
            why = f"it would have {len(tags)} tags, by which entries are marked, and Azure takes {marks.MOST_TAGS}"
            hint = "say the same of more entries (they then share a tag), or split the list over more IP groups"
            raise ProviderError("azure", f"mark the entries of ip_group {resource['name']}", why, "quota", hint=hint)
        properties = {key: value for key, value in resource["properties"].items() if key not in _READ_ONLY}
        addresses = list(_changed_addresses(_addresses(resource), changes))
        return {"location": resource["location"], "tags": tags, "properties": {**properties, "ipAddresses": addresses}}

    def _marks(self, resource: Resource, changes: Sequence[Change]) -> Mapping[str, Note]:
        """Return what is said about our own entries after the changes."""
        gone = {change.before.ref for change in changes if change.action == "remove"}
        ours = {
            item.entry.cidr: item.entry.note
            for item in held_in(resource)
            if item.store == self._store and item.ref not in gone
        }
        said = {change.after.entry.cidr: change.after.entry.note for change in changes if change.after is not None}
        return {**ours, **said}


def held_in(resource: Resource) -> Iterator[Held]:
    """Yield the entries of a group; a range of somebody else is as many as hold exactly its addresses.

    A mark is for an address as we write it. One that is there in two spellings is ours in that one only; one that the
    service keeps in another spelling than ours is ours all the same.
    """
    marked = marks.read(resource.get("tags") or {})
    addresses = dict.fromkeys(_addresses(resource))
    for text in addresses:
        for cidr in _cidrs(text):
            mine = "-" not in text and (text == cidr or cidr not in addresses)
            store, note = marked.get(cidr, ("", Note())) if mine else ("", Note())
            yield Held(Entry(cidr, "all", None, note), f"{text} {cidr}", store)


def _addresses(resource: Resource) -> list[str]:
    return [str(text) for text in resource["properties"].get("ipAddresses") or ()]


def _cidrs(text: str) -> tuple[str, ...]:
    """Return the prefixes of an address as Azure holds it; none for what is no address, which is never touched."""
    try:
        return parse_range("ipAddresses", text) if "-" in text else (parse_cidr("ipAddresses", text),)
    except InvalidValue:
        return ()


def _changed_addresses(addresses: Sequence[str], changes: Sequence[Change]) -> Iterator[str]:
    """Yield the addresses after the changes; of a range of which a part goes, the rest stays as prefixes."""
    gone: dict[str, set[str]] = {}
    for change in changes:
        if change.action == "remove":
            text, _gap, cidr = change.before.ref.rpartition(" ")
            gone.setdefault(text, set()).add(cidr)
    for text in addresses:
        if text in gone:
            yield from (cidr for cidr in _cidrs(text) if cidr not in gone[text])
        else:
            yield text
    yield from (change.after.entry.cidr for change in changes if change.action == "add")
