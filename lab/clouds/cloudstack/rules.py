# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that rules of every kind share, with CloudStack's texts."""

from __future__ import annotations

from .errors import CONFLICT, ApiError, invalid
from .params import Params
from .sources import is_cidr
from .store import Rule, Store

MAX_PORT = 65535


def check_cidrs(cidrs: list[str]) -> None:
    for cidr in cidrs:
        if not is_cidr(cidr):
            raise invalid(f"Invalid cidr {cidr}")


def check_ipv4_cidrs(cidrs: list[str]) -> None:
    """Firewall rules guard IPv4 addresses only."""
    for cidr in cidrs:
        if not is_cidr(cidr) or ":" in cidr:
            raise invalid(f"Source cidrs formatting error {cidr}")


def group_protocol(params: Params) -> tuple[str, int, int]:
    """Protocol, start (or type) and end (or code) of a security group's rule, as the service stores them."""
    protocol = (params.text("protocol") or "all").strip().lower()
    start, end = params.number("startport"), params.number("endport")
    kind, code = params.number("icmptype"), params.number("icmpcode")
    if protocol.isdigit():
        if int(protocol) > 255:
            raise invalid(f"Invalid protocol number: {protocol}")
        if protocol == "1":
            protocol, kind, code = "icmp", -1, -1
    elif protocol not in {"tcp", "udp", "icmp", "all"}:
        raise invalid(f"Invalid protocol {protocol}")
    if protocol == "icmp":
        return protocol, *_icmp(kind, code)
    if protocol in {"tcp", "udp"}:
        return protocol, *_ports(start, end)
    if protocol == "all" and (start is not None or end is not None):
        raise invalid("Cannot specify startPort or endPort without specifying protocol")
    return protocol, 0, 0


def _icmp(kind: int | None, code: int | None) -> tuple[int, int]:
    if kind is None or code is None:
        raise invalid(f"Invalid ICMP type/code specified, icmpType = {kind}, icmpCode = {code}")
    if (kind == -1) != (code == -1) or not (-1 <= kind <= 255 and -1 <= code <= 255):
        raise invalid("Invalid icmp type/code ")
    return kind, code


def _ports(start: int | None, end: int | None) -> tuple[int, int]:
    if start is None or end is None:
        raise invalid(f"Invalid port range specified, startPort = {start}, endPort = {end}")
    if start == 0 and end == 0:
        end = MAX_PORT
    if not 0 <= start <= end <= MAX_PORT:
        raise invalid(f"Invalid port range {start}:{end}")
    return start, end


def check_public_ports(params: Params, protocol: str) -> tuple[int | None, int | None]:
    """Ports of a firewall rule or an ACL item; one port given alone is both ends."""
    start, end = params.number("startport"), params.number("endport")
    if start is not None and end is None:
        end = start
    for port in (start, end):
        if port is not None and not 0 < port <= MAX_PORT:
            raise invalid(f"publicPort is an invalid value: {port}")
    if start is not None and end is not None and start > end:
        raise invalid("Start port can't be bigger than end port")
    icmp = params.number("icmptype") is not None or params.number("icmpcode") is not None
    if protocol != "icmp" and icmp:
        raise invalid("Can specify icmpCode and icmpType for ICMP protocol only")
    if protocol == "icmp" and start is not None:
        raise invalid("Can't specify start/end port when protocol is ICMP")
    return start, end


def check_firewall_conflict(store: Store, new: Rule) -> None:
    """Two rules of one address may not share a network where their port ranges overlap."""
    for rule in store.rules_of(new.parent_id):
        if rule.protocol != new.protocol or not set(rule.cidrs) & set(new.cidrs):
            continue
        if new.protocol == "icmp":
            if (rule.icmptype, rule.icmpcode) == (new.icmptype, new.icmpcode):
                raise invalid(f"New rule conflicts with existing rule: {rule.id}")
        elif _overlap(rule, new):
            raise ApiError(
                CONFLICT,
                f"The range specified, {new.startport}-{new.endport}, conflicts with rule {rule.id} "
                f"which has {rule.startport}-{rule.endport}",
            )


def _overlap(old: Rule, new: Rule) -> bool:
    if old.startport is None or new.startport is None:
        return old.startport is None and new.startport is None
    return old.startport <= (new.endport or new.startport) and new.startport <= (old.endport or old.startport)
