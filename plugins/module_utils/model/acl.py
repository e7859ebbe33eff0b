# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to what through a tunnel, a proxy or an API front: named sources and named endpoints."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .entry import parse_cidr
from .invalid import InvalidValue

#: Wider than this is no list of named servers any more (IPv4, IPv6).
WIDEST_SOURCE = {4: 24, 6: 56}
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE)
#: What may stand in a name: it is written into configuration files, log prefixes and sheets.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,62}")


@dataclass(frozen=True, order=True)
class Source:
    """A named server, or a small network of them, in CIDR notation."""

    cidr: str
    name: str = ""

    @property
    def version(self) -> int:
        """Return 4 or 6."""
        return ipaddress.ip_network(self.cidr).version

    @classmethod
    def parse(cls, raw: Any, where: str) -> Source:
        """Make a source of ``{name, address}`` or of a bare address."""
        value = raw if isinstance(raw, Mapping) else {"address": raw}
        cidr = parse_cidr(f"{where}.address", value.get("address"))
        network = ipaddress.ip_network(cidr)
        widest = WIDEST_SOURCE[network.version]
        if network.prefixlen < widest:
            raise InvalidValue(f"{where}.address", cidr, f"is wider than /{widest}; name the servers one by one")
        return cls(cidr, parse_name(f"{where}.name", value.get("name")) or cidr)

    def view(self) -> dict[str, Any]:
        """Return the source as templates and sheets use it."""
        return {"name": self.name, "address": self.cidr, "version": self.version}


@dataclass(frozen=True, order=True)
class Endpoint:
    """A named API endpoint: one host and one port."""

    host: str
    port: int
    protocol: str = "tcp"
    name: str = ""

    @property
    def is_address(self) -> bool:
        """Return whether the host is an IP address rather than a DNS name."""
        return _address(self.host) is not None

    @classmethod
    def parse(cls, raw: Any, where: str, names_allowed: bool = False) -> Endpoint:
        """Make an endpoint of ``{name, address, port, protocol}``; a DNS name only with ``names_allowed``."""
        if not isinstance(raw, Mapping):
            raise InvalidValue(where, raw, "is no endpoint; write {name: ..., address: 192.0.2.10, port: 443}")
        host = parse_host(f"{where}.address", raw.get("address"), names_allowed)
        protocol = str(raw.get("protocol") or "tcp").lower()
        if protocol not in ("tcp", "udp"):
            raise InvalidValue(f"{where}.protocol", protocol, "is no protocol of an API; write tcp or udp")
        port = parse_port(f"{where}.port", raw.get("port"))
        return cls(host, port, protocol, parse_name(f"{where}.name", raw.get("name")) or f"{host}:{port}")

    def view(self) -> dict[str, Any]:
        """Return the endpoint as templates and sheets use it."""
        return {
            "name": self.name,
            "address": self.host,
            "port": self.port,
            "protocol": self.protocol,
            "is_address": self.is_address,
        }


def parse_sources(values: Sequence[Any] | None, where: str) -> tuple[Source, ...]:
    """Return the sources in the order given; one named twice is refused."""
    found = tuple(Source.parse(value, f"{where}[{index}]") for index, value in enumerate(values or ()))
    _refuse_twice(where, [source.cidr for source in found])
    return found


def parse_endpoints(values: Sequence[Any] | None, where: str, names_allowed: bool = False) -> tuple[Endpoint, ...]:
    """Return the endpoints in the order given; one named twice is refused."""
    found = tuple(Endpoint.parse(value, f"{where}[{index}]", names_allowed) for index, value in enumerate(values or ()))
    _refuse_twice(where, [f"{item.host}:{item.port}/{item.protocol}" for item in found])
    return found


def parse_host(where: str, value: Any, names_allowed: bool) -> str:
    """Return an address in its one spelling, or a DNS name in lower case where one is allowed."""
    text = str(value or "").strip()
    address = _address(text)
    if address:
        return address
    if names_allowed and _HOST.fullmatch(text):
        return text.lower()
    kind = "address or DNS name; write 192.0.2.10 or api.example.org" if names_allowed else "address; write 192.0.2.10"
    raise InvalidValue(where, value, f"is no {kind}")


def parse_port(where: str, value: Any) -> int:
    """Return a port between 1 and 65535."""
    text = str(value if value is not None else "").strip()
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise InvalidValue(where, value, "is no port; write one between 1 and 65535")
    return int(text)


def parse_name(where: str, value: Any) -> str:
    """Return a name that is safe in files and logs; empty where none is given."""
    text = str(value or "").strip()
    if text and not _NAME.fullmatch(text):
        raise InvalidValue(where, value, "is no name; write up to 63 letters, digits, spaces, '.', '_', ':' and '-'")
    return text


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _refuse_twice(where: str, keys: Sequence[str]) -> None:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise InvalidValue(f"{where}[{index}]", key, f"is already named in {where}[{keys.index(key)}]; remove one")
