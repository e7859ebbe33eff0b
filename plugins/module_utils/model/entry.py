# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of an allowlist: which addresses may reach which ports, on whose word, until when."""

from __future__ import annotations

import datetime
import functools
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from .invalid import InvalidValue
from .ports import Ports, parse_ports, parse_protocol, show_ports

#: Prefixes shorter than these need a waiver: a whole /8 of IPv4 or /20 of IPv6 is no list of known addresses.
WIDEST = {4: 8, 6: 20}
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


@functools.lru_cache(maxsize=1 << 16)
def network_of(cidr: str) -> Network:
    """Return a prefix as a network; raises ValueError. Each is looked at several times, and parsing it is slow."""
    return ipaddress.ip_network(cidr)


@functools.lru_cache(maxsize=1 << 16)
def without_host_bits(prefix: str) -> str:
    """Return a prefix, as a provider keeps it, in its one spelling; raises ValueError."""
    return str(ipaddress.ip_network(prefix, strict=False))


@dataclass(frozen=True, order=True)
class Note:
    """What is said about an entry: who answers for it, why, under which ticket, until which day (UTC)."""

    owner: str = ""
    ticket: str = ""
    expires: str = ""
    reason: str = ""

    def __str__(self) -> str:
        said = (
            ("owner", self.owner),
            ("ticket", self.ticket),
            ("expires", self.expires),
            ("reason", self.reason),
        )
        return " ".join(f"{name}={value}" for name, value in said if value)


@dataclass(frozen=True, order=True)
class Entry:
    """One source prefix allowed to one protocol and port range; equal spellings are equal values."""

    cidr: str
    protocol: str = "tcp"
    ports: Ports = None
    note: Note = field(default=Note(), compare=False)

    @property
    def key(self) -> tuple[str, str, Ports]:
        """Return what makes an entry the same entry, whatever is said about it."""
        return self.cidr, self.protocol, self.ports

    @property
    def version(self) -> int:
        """Return 4 or 6."""
        return network_of(self.cidr).version

    def __str__(self) -> str:
        return f"{self.cidr} {show_ports(self.protocol, self.ports)}"

    def line(self) -> str:
        """Return the entry with what is said about it, as a diff shows it."""
        return f"{self} {self.note}".rstrip()

    def expired(self, today: datetime.date) -> bool:
        """Return whether the entry's last day has passed."""
        return bool(self.note.expires) and self.note.expires < today.isoformat()

    def holds(self, cidr: str) -> bool:
        """Return whether a prefix is within this entry's."""
        mine, theirs = network_of(self.cidr), network_of(cidr)
        return mine.version == theirs.version and theirs.subnet_of(mine)  # type: ignore[arg-type]

    def covers(self, other: Entry) -> bool:
        """Return whether this one lets in all that ``other`` does, and more."""
        if self.key == other.key or not self.holds(other.cidr):
            return False
        if self.protocol != "all" and self.protocol != other.protocol:
            return False
        if self.ports is None:
            return True
        return other.ports is not None and self.ports[0] <= other.ports[0] and other.ports[1] <= self.ports[1]

    @classmethod
    def parse_all(
        cls, raw: Mapping[str, Any], where: str = "entry", protocol_if_none: str = "tcp"
    ) -> tuple[Entry, ...]:
        """Make the entries of an option's dict: several where ``cidr`` is a range, as few as hold exactly it."""
        spelled = raw.get("cidr")
        if not (isinstance(spelled, str) and "-" in spelled):
            return (cls.parse(raw, where, protocol_if_none),)
        cidrs = parse_range(f"{where}.cidr", spelled)
        return tuple(cls.parse({**raw, "cidr": cidr}, where, protocol_if_none) for cidr in cidrs)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str = "entry", protocol_if_none: str = "tcp") -> Entry:
        """Make an entry of an option's dict; raises InvalidValue that names the option and the mend."""
        named = raw.get("protocol")
        protocol = parse_protocol(f"{where}.protocol", protocol_if_none if named is None else named)
        cidr = parse_cidr(f"{where}.cidr", raw.get("cidr"))
        if protocol == "icmp" and ":" in cidr:
            protocol = "icmpv6"
        note = Note(
            owner=str(raw.get("owner") or ""),
            ticket=str(raw.get("ticket") or ""),
            expires=_day(f"{where}.expires", raw.get("expires")),
            reason=str(raw.get("reason") or ""),
        )
        entry = cls(cidr, protocol, parse_ports(f"{where}.ports", raw.get("ports"), protocol), note)
        _refuse_wide(entry, raw.get("waiver"), where)
        return entry


def parse_cidr(where: str, value: Any) -> str:
    """Return the prefix in its one spelling: ``192.0.2.10`` is ``192.0.2.10/32``, IPv6 is lower case and short."""
    text = str(value or "").strip()
    try:
        return str(network_of(text))
    except ValueError:
        pass
    try:
        loose = ipaddress.ip_interface(text)
    except ValueError:
        raise InvalidValue(
            where, value, "is no address or prefix; write 192.0.2.10, 192.0.2.0/24 or 2001:db8::/48"
        ) from None
    full = loose.ip.max_prefixlen
    raise InvalidValue(where, value, f"has host bits set; write {loose.network} or {loose.ip}/{full}")


def parse_range(where: str, value: str) -> tuple[str, ...]:
    """Return the fewest prefixes that hold exactly the addresses of ``192.0.2.10-192.0.2.20``."""
    first, _dash, last = value.partition("-")
    try:
        ends = [ipaddress.ip_address(text.strip()) for text in (first, last)]
        found: Any = ipaddress.summarize_address_range(*ends)
        return tuple(str(network) for network in found)
    except (ValueError, TypeError):
        mend = "is no range; write the first and the last address of one family, as 192.0.2.10-192.0.2.20"
        raise InvalidValue(where, value, mend) from None


def parse_prefixes(where: str, values: Any) -> tuple[str, ...]:
    """Return the prefixes of a list in their one spelling, sorted; a prefix named twice is refused."""
    seen: dict[str, Any] = {}
    for index, value in enumerate(values or ()):
        cidr = parse_cidr(f"{where}[{index}]", value)
        if cidr in seen:
            raise InvalidValue(f"{where}[{index}]", value, f"is the same as {seen[cidr]}; remove one of them")
        seen[cidr] = value
    return tuple(sorted(seen, key=sort_key))


def sort_key(cidr: str) -> tuple[int, int, int]:
    """Return a key that sorts prefixes by family, address and length."""
    network = network_of(cidr)
    return network.version, int(network.network_address), network.prefixlen


def _day(where: str, value: Any) -> str:
    if not value:
        return ""
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise InvalidValue(where, value, "is no day; write it as 2027-01-31 (the last day it is valid, UTC)") from None


def _refuse_wide(entry: Entry, waiver: Mapping[str, Any] | None, where: str) -> None:
    """Refuse a prefix wider than WIDEST unless a waiver with owner and expiry says that it is wanted."""
    network = network_of(entry.cidr)
    widest = WIDEST[network.version]
    if network.prefixlen >= widest:
        return
    if not waiver:
        mend = f"is wider than /{widest}; name the addresses, or give a waiver with owner and expires"
        raise InvalidValue(f"{where}.cidr", entry.cidr, mend)
    for name in ("owner", "expires"):
        if not waiver.get(name):
            raise InvalidValue(f"{where}.waiver", dict(waiver), f"has no {name}; a waiver needs owner and expires")
    _day(f"{where}.waiver.expires", waiver.get("expires"))
