# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry as CloudStack's rules spell it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.allowlist import Held
from ...model.entry import Entry, Note, without_host_bits
from ...model.ports import NUMBERS, WITH_PORTS, Ports, parse_ports, parse_protocol

_BY_NAME = {name: str(number) for number, name in NUMBERS.items()}
#: What CloudStack takes by name; everything else goes by number.
_NAMED = frozenset({"tcp", "udp", "icmp", "all"})


def group_params(provider: str, entry: Entry) -> dict[str, Any]:
    """Return protocol and ports of a security group's rule; raises ProviderError for what it cannot express."""
    protocol, ports = entry.protocol, entry.ports
    params: dict[str, Any] = {"protocol": protocol if protocol in _NAMED else _BY_NAME.get(protocol, protocol)}
    if protocol in {"tcp", "udp"}:
        params["startport"], params["endport"] = ports or (1, 65535)
    elif protocol == "icmp":
        params["icmptype"], params["icmpcode"] = _icmp(provider, entry)
    elif ports is not None:
        raise _inexpressible(provider, entry, f"takes no ports or types for {protocol}; leave ports out")
    return params


def firewall_params(provider: str, entry: Entry) -> dict[str, Any]:
    """Return protocol and ports of a firewall rule of a public address."""
    if ":" in entry.cidr:
        raise _inexpressible(provider, entry, "guards IPv4 addresses only with firewall rules; use a security group")
    if entry.protocol not in _NAMED:
        raise _inexpressible(provider, entry, "has firewall rules for tcp, udp, icmp and all only")
    params: dict[str, Any] = {"protocol": entry.protocol}
    if entry.protocol == "icmp":
        params["icmptype"], params["icmpcode"] = _icmp(provider, entry)
    elif entry.ports is not None:
        params["startport"], params["endport"] = entry.ports
    return params


def acl_params(provider: str, entry: Entry) -> dict[str, Any]:
    """Return protocol and ports of an item of a network ACL list; all ports are the item without any."""
    params = group_params(provider, entry)
    if entry.protocol in {"tcp", "udp"} and entry.ports is None:
        return {"protocol": entry.protocol}
    return params


_PARAMS = {"security_group": group_params, "firewall": firewall_params, "network_acl": acl_params}


def fits(kind: str, entry: Entry) -> None:
    """Refuse what a scope of that kind cannot express."""
    _PARAMS[kind]("cloudstack", entry)


def _icmp(provider: str, entry: Entry) -> tuple[int, int]:
    kind, code = entry.ports or (-1, -1)
    if kind != -1 and code == -1:
        raise _inexpressible(provider, entry, f"wants a code beside an ICMP type; write {kind}-0")
    return kind, code


def _inexpressible(provider: str, entry: Entry, why: str) -> ProviderError:
    return ProviderError(provider, f"allow {entry}", f"CloudStack {why}", "invalid", hint="change the entry")


def entry_of(rule: Mapping[str, Any], cidr: str, note: Note = Note()) -> Entry:  # noqa: B008 - a frozen value
    """Return the entry a rule stands for. CloudStack keeps a network as it was given, host bits and all."""
    protocol = parse_protocol("protocol", rule.get("protocol"))
    return Entry(without_host_bits(cidr.strip()), protocol, _ports(rule, protocol), note)


def _ports(rule: Mapping[str, Any], protocol: str) -> Ports:
    if protocol == "icmp":
        kind, code = _number(rule.get("icmptype")), _number(rule.get("icmpcode"))
        return None if kind in (None, -1) else (kind or 0, -1 if code is None else code)
    start, end = _number(rule.get("startport")), _number(rule.get("endport"))
    if protocol not in WITH_PORTS or start is None:
        return None
    return parse_ports("ports", f"{start}-{start if end is None else end}", protocol)


def _number(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def held_order(held: Held) -> tuple[str, str]:
    """Sort what is held as it is shown, so that two reads of the same rules give the same state."""
    return held.entry.line(), held.ref
