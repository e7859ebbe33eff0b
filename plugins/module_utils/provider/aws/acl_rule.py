# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between entries and the rules of a network ACL: protocol numbers, rule numbers, and the tags that mark them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held
from ...model.entry import Entry, without_host_bits
from ...model.ports import ICMP, NUMBERS, WITH_PORTS, Ports, parse_protocol
from ...model.rule_order import Numbers, ceiling
from ..numbering import Numbering

#: "Network ACL rules": numbers 1 to 32766, the lowest looked at first; the closing deny rules come after them.
NUMBERS_OF_RULES = Numbers(last=32766)
_NUMBERING = Numbering("aws", NUMBERS_OF_RULES)
_NUMBER_OF = {name: str(number) for number, name in NUMBERS.items()} | {"all": "-1"}
Rule = Mapping[str, Any]


def fits(entry: Entry) -> None:
    """Refuse what a rule cannot express."""
    if entry.protocol == "sctp" and entry.ports is not None:
        hint = "leave the ports out, or keep this entry in a security group"
        raise ProviderError(
            "aws", f"allow {entry}", "a network ACL knows ports of tcp and udp only", "invalid", hint=hint
        )


def tag_of(store: str, number: int | str, entry: Entry) -> str:
    """Return the key of the tag that marks a rule (up to 111 of a tag key's 128 characters).

    It says number and entry: a rule that somebody else makes of the same entry, or under that number, is not ours.
    """
    return f"{mark.PREFIX}{store} {number} {entry}"


def marks(acl: Rule, store: str) -> list[str]:
    """Return the keys of the tags by which a store has marked entries of an ACL."""
    return [str(tag["Key"]) for tag in acl.get("Tags") or () if str(tag["Key"]).startswith(f"{mark.PREFIX}{store} ")]


def marked_in(key: str) -> str:
    """Return the entry, as text, that the key of a mark names behind store and number."""
    return key.split(" ", 2)[-1]


def held_in(acl: Rule) -> Iterator[Held]:
    """Yield the entries of an ACL: inbound rules that allow a prefix. The reference is the rule's number."""
    tags = {str(tag["Key"]): str(tag.get("Value") or "") for tag in acl.get("Tags") or ()}
    by_rule = {key.partition(" ")[2]: value for key, value in tags.items() if key.startswith(mark.PREFIX)}
    denials = denials_in(acl)
    for rule in _inbound(acl):
        if rule["RuleAction"] != "allow":
            continue
        entry = entry_of(rule)
        store, note = mark.read(by_rule.get(f"{rule['RuleNumber']} {entry}"))
        blocked = ceiling(entry, denials, NUMBERS_OF_RULES) < rule["RuleNumber"]
        yield Held(Entry(entry.cidr, entry.protocol, entry.ports, note), str(rule["RuleNumber"]), store, blocked)


def denials_in(acl: Rule) -> list[tuple[int, Entry]]:
    """Return the inbound rules that deny something, by number."""
    return [(rule["RuleNumber"], entry_of(rule)) for rule in _inbound(acl) if rule["RuleAction"] != "allow"]


def others_in(acl: Rule) -> dict[int, int]:
    """Return how many inbound rules are no entries, of IPv4 and of IPv6: those that deny, the closing ones included."""
    denied = [entry_of(rule).version for rule in _inbound(acl) if rule["RuleAction"] != "allow"]
    return {4: denied.count(4), 6: denied.count(6)}


def placed(acl: Rule, items: Sequence[Held]) -> list[dict[str, Any]]:
    """Return the rules that hold new entries, each with a free number in front of what would deny it.

    They stay behind what denies a part of them only: that is somebody's exception.
    """
    entries, denials = [item.entry for item in items], denials_in(acl)
    numbers = _NUMBERING.places(entries, (rule["RuleNumber"] for rule in _inbound(acl)), denials, denials)
    return [
        {"RuleNumber": number, "Egress": False, "RuleAction": "allow", **_spelled(entry)}
        for entry, number in zip(entries, numbers)
    ]


def entry_of(rule: Rule) -> Entry:
    """Return what a rule is about, as an entry."""
    cidr = without_host_bits(rule.get("CidrBlock") or rule["Ipv6CidrBlock"])
    protocol = parse_protocol("Protocol", rule["Protocol"])
    return Entry(cidr, protocol, _ports(protocol, rule))


def _inbound(acl: Rule) -> list[Rule]:
    return [rule for rule in acl.get("Entries") or () if not rule["Egress"]]


def _ports(protocol: str, rule: Rule) -> Ports:
    if protocol in ICMP:
        found = rule.get("IcmpTypeCode") or {}
        kind = int(found.get("Type", -1))
        return None if kind == -1 else (kind, int(found.get("Code", -1)))
    ports = rule.get("PortRange")
    if protocol not in WITH_PORTS or not ports or (int(ports["From"]) <= 1 and int(ports["To"]) == 65535):
        return None
    return int(ports["From"]), int(ports["To"])


def _spelled(entry: Entry) -> dict[str, Any]:
    """Return the parameters by which EC2 is told what a rule is about."""
    family = "CidrBlock" if entry.version == 4 else "Ipv6CidrBlock"
    told: dict[str, Any] = {family: entry.cidr, "Protocol": _NUMBER_OF.get(entry.protocol, entry.protocol)}
    if entry.protocol in ICMP:
        kind, code = entry.ports or (-1, -1)
        told["IcmpTypeCode"] = {"Type": kind, "Code": code}
    elif entry.protocol in ("tcp", "udp"):
        first, last = entry.ports or (0, 65535)
        told["PortRange"] = {"From": first, "To": last}
    return told
