# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between entries and EC2's IpPermissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...model import mark
from ...model.allowlist import Held
from ...model.entry import Entry, without_host_bits
from ...model.ports import ICMP, NUMBERS, WITH_PORTS, Ports, parse_protocol

_FAMILIES = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"))
#: The protocols that EC2 knows by name; the others go by number.
_NAMED = frozenset({"tcp", "udp", "icmp", "icmpv6"})
_NUMBER_OF = {name: str(number) for number, name in NUMBERS.items()}


def held_in(group: Mapping[str, Any]) -> Iterator[Held]:
    """Yield the entries of a described security group; rules whose source is no address are left out.

    The reference keeps EC2's own spelling of the rule (protocol, ports, prefix), which removing it needs.
    """
    for permission in group.get("IpPermissions", ()):
        protocol, low, high = permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort")
        name = parse_protocol("IpProtocol", protocol)
        for family, field in _FAMILIES:
            for item in permission.get(family, ()):
                cidr = without_host_bits(item[field])
                store, note = mark.read(item.get("Description"))
                ref = " ".join(str(part) for part in (protocol, low, high, item[field]))
                yield Held(Entry(cidr, name, _ports(name, low, high), note), ref, store)


def others_in(group: Mapping[str, Any]) -> dict[int, int]:
    """Return how many rules beside those of addresses take from the group's quota, of IPv4 and of IPv6.

    A rule that refers to a group counts in both ("Amazon VPC quotas"); a prefix list does for as many as it may hold,
    which is not known here: as one.
    """
    kinds = ("UserIdGroupPairs", "PrefixListIds")
    number = sum(len(permission.get(kind, ())) for permission in group.get("IpPermissions", ()) for kind in kinds)
    return {4: number, 6: number}


def of_entries(items: Sequence[Held]) -> list[dict[str, Any]]:
    """Return the permissions that hold these entries, with the marks as descriptions."""
    return _grouped((_spelled(item.entry), item.entry.cidr, _description(item)) for item in items)


def of_refs(items: Sequence[Held], described: bool = False) -> list[dict[str, Any]]:
    """Return the permissions of entries that are held, in EC2's own spelling; ``described`` gives their new marks."""
    wanted = []
    for item in items:
        protocol, low, high, cidr = item.ref.split(" ")
        ports = tuple(None if port == "None" else int(port) for port in (low, high))
        wanted.append(((protocol, *ports), cidr, _description(item) if described else ""))
    return _grouped(wanted)


def _grouped(rules: Iterable[Any]) -> list[dict[str, Any]]:
    """Put the prefixes of one protocol and port range into one permission, in the order in which they came."""
    permissions: dict[Any, dict[str, Any]] = {}
    for spelled, cidr, description in rules:
        protocol, low, high = spelled
        permission = permissions.setdefault(spelled, {"IpProtocol": protocol})
        if low is not None:
            permission.update(FromPort=low, ToPort=high)
        family, field = _FAMILIES[1 if ":" in cidr else 0]
        item = {field: cidr, "Description": description} if description else {field: cidr}
        permission.setdefault(family, []).append(item)
    return list(permissions.values())


def _description(item: Held) -> str:
    return mark.write(item.store, item.entry.note, 255)


def _spelled(entry: Entry) -> Any:
    """Return EC2's protocol, first and last port of an entry; ICMP has type and code in their place."""
    if entry.protocol == "all":
        return "-1", None, None
    protocol = entry.protocol if entry.protocol in _NAMED else _NUMBER_OF.get(entry.protocol, entry.protocol)
    if entry.ports is not None:
        return protocol, entry.ports[0], entry.ports[1]
    if entry.protocol in WITH_PORTS and entry.protocol in _NAMED:
        return protocol, 0, 65535
    return protocol, -1, -1


def _ports(protocol: str, low: Any, high: Any) -> Ports:
    if low is None or low == -1:
        return None
    if protocol in ICMP:
        return int(low), int(high)
    if protocol not in WITH_PORTS or (low <= 1 and high == 65535):
        return None
    return int(low), int(high)
