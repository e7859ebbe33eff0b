# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols and ports as every cloud spells them, brought to one spelling."""

from __future__ import annotations

from typing import Any, Optional

from .invalid import InvalidValue

#: An inclusive range of ports (or ICMP type and code), None for all.
Ports = Optional[tuple[int, int]]

#: IANA, Assigned Internet Protocol Numbers: those that the clouds know by name.
NUMBERS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 50: "esp", 51: "ah", 47: "gre", 132: "sctp"}
_SPELLINGS = {"-1": "all", "any": "all", "*": "all", "": "all", "ipv6-icmp": "icmpv6", "icmp6": "icmpv6"}
WITH_PORTS = frozenset({"tcp", "udp", "sctp"})
ICMP = frozenset({"icmp", "icmpv6"})


def parse_protocol(where: str, value: Any) -> str:
    """Return the protocol's name (``tcp``), its number as text where it has no name here, or ``all``."""
    text = str(value if value is not None else "all").strip().lower()
    text = _SPELLINGS.get(text, text)
    if text.isdigit():
        number = int(text)
        if number > 255:
            raise InvalidValue(where, value, "is no IP protocol number; write 0 to 255 or a name such as tcp")
        return NUMBERS.get(number, str(number))
    if text == "all" or text in NUMBERS.values():
        return text
    known = ", ".join(sorted(NUMBERS.values()))
    raise InvalidValue(where, value, f"is no known protocol; write all, a number, or one of {known}")


def parse_ports(where: str, value: Any, protocol: str) -> Ports:
    """Return the range for ``443``, ``"443"``, ``"8000-8010"``; None for every spelling of all ports.

    For ICMP the value is ``type`` or ``type-code``; the pair is (type, code), code -1 for any.
    """
    text = str(value if value is not None else "").strip().lower()
    if text in ("", "-1", "all", "any", "*"):
        return None
    if protocol in ICMP:
        return _icmp(where, value, text)
    if protocol not in WITH_PORTS:
        raise InvalidValue(where, value, f"cannot be given with protocol {protocol}, which has no ports; leave it out")
    first, dash, last = text.partition("-")
    low = _port(where, value, first)
    high = _port(where, value, last) if dash else low
    if low > high:
        raise InvalidValue(where, value, f"runs backwards; write {high}-{low}")
    # 0 is no port one can listen on: 0-65535 and 1-65535 both mean every port (ansible/ansible#20251).
    return None if low <= 1 and high == 65535 else (low, high)


def _port(where: str, value: Any, text: str) -> int:
    text = text.strip()
    if not text.isdigit() or int(text) > 65535:
        raise InvalidValue(where, value, "is no port; write 0 to 65535, or a range such as 8000-8010")
    return int(text)


def _icmp(where: str, value: Any, text: str) -> Ports:
    kind, dash, code = text.partition("-")
    parts = [kind, code if dash else "-1"]
    if not kind.isdigit() or int(kind) > 255 or (dash and not (code.isdigit() and int(code) <= 255)):
        raise InvalidValue(where, value, "is no ICMP type; write a type 0 to 255, or type-code such as 3-4")
    return int(parts[0]), int(parts[1])


def show_ports(protocol: str, ports: Ports) -> str:
    """Return ``tcp/443``, ``udp/8000-8010``, ``icmp/8`` or ``all``."""
    if ports is None:
        return protocol
    low, high = ports
    if protocol in ICMP:
        return f"{protocol}/{low}" if high == -1 else f"{protocol}/{low}-{high}"
    return f"{protocol}/{low}" if low == high else f"{protocol}/{low}-{high}"
