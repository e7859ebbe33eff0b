# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between entries and Neutron's security group rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...model import mark
from ...model.allowlist import Held
from ...model.entry import Entry, without_host_bits
from ...model.ports import ICMP, Ports, parse_protocol

MARK_CHARS = 255
#: Names that Neutron takes and that are not among the collection's own (neutron_lib.constants, IP_PROTOCOL_MAP).
_NUMBERS = {
    "dccp": 33, "egp": 8, "igmp": 2, "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-nonxt": 59,
    "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "udplite": 136, "vrrp": 112,
}  # fmt: skip
_EVERYBODY = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


def held_in(rules: Iterable[Mapping[str, Any]]) -> Iterator[Held]:
    """Yield the entries among a group's rules.

    Egress rules and rules whose source is a group of ports or of addresses are none. A rule without any source lets
    everybody in, so it is an entry for everybody and not overlooked.
    """
    for rule in rules:
        if rule["direction"] != "ingress" or rule.get("remote_group_id") or rule.get("remote_address_group_id"):
            continue
        prefix = rule.get("remote_ip_prefix") or _EVERYBODY[rule["ethertype"]]
        # Neutron keeps a prefix as it was written, with host bits.
        cidr = without_host_bits(prefix)
        name = rule.get("protocol")
        protocol = parse_protocol("protocol", _NUMBERS.get(str(name).lower(), name))
        if protocol == "icmp" and ":" in cidr:
            protocol = "icmpv6"
        store, note = mark.read(rule.get("description"))
        yield Held(Entry(cidr, protocol, _ports(protocol, rule), note), rule["id"], store)


def of_entry(group_id: str, held: Held) -> dict[str, Any]:
    """Return the body of the rule that holds an entry, with the mark as its description."""
    entry = held.entry
    low, high = entry.ports or (None, None)
    protocol = {"all": None, "icmpv6": "ipv6-icmp"}.get(entry.protocol, entry.protocol)
    return {
        "security_group_id": group_id,
        "direction": "ingress",
        "ethertype": f"IPv{entry.version}",
        "protocol": protocol,
        "port_range_min": low,
        # For ICMP these are type and code; any code is none.
        "port_range_max": None if high == -1 else high,
        "remote_ip_prefix": entry.cidr,
        "description": mark.write(held.store, entry.note, MARK_CHARS),
    }


def _ports(protocol: str, rule: Mapping[str, Any]) -> Ports:
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if protocol in ICMP:
        return None if low is None else (int(low), -1 if high is None else int(high))
    if low is None and high is None:
        return None
    low, high = 1 if low is None else int(low), 65535 if high is None else int(high)
    return None if low <= 1 and high == 65535 else (low, high)
