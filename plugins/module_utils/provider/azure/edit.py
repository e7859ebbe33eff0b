# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of a network security group after a set of changes; foreign rules stay as they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...model import mark
from ...model.entry import Entry
from ...model.plan import Change
from . import priority, rules
from .properties import several

#: What Resource Manager says about a group and does not take back.
_READ_ONLY = ("provisioningState", "resourceGuid", "defaultSecurityRules", "networkInterfaces", "subnets", "flowLogs")


def changed_body(group: Mapping[str, Any], changes: Sequence[Change], store: str, most_chars: int) -> dict[str, Any]:
    """Return the body to put: removals and updates in place, additions at free priorities behind them."""
    kept = [_writable(rule) for rule in group["properties"].get("securityRules") or []]
    kept = _without(kept, [change.before.ref for change in changes if change.action == "remove"])
    _describe(
        kept,
        {change.after.ref.split(" ")[0]: change.after for change in changes if change.action == "update"},
        most_chars,
    )
    adds = [change.after.entry for change in changes if change.action == "add"]
    kept = [*kept, *_added(group, kept, adds, store, most_chars)]
    properties = {key: value for key, value in group["properties"].items() if key not in _READ_ONLY}
    return {
        "location": group["location"],
        "tags": group.get("tags") or {},
        "properties": {**properties, "securityRules": kept},
    }


def _added(
    group: Mapping[str, Any], kept: Sequence[Mapping[str, Any]], entries: Sequence[Entry], store: str, most_chars: int
) -> Iterator[dict[str, Any]]:
    """Yield the new rules. The name of one that goes in the same write stays taken, so that the two are told apart."""
    taken = {rule["name"].lower() for rule in [*(group["properties"].get("securityRules") or []), *kept]}
    for entry, number in zip(entries, priority.placed(kept, entries)):
        name = rules.name_for(store, entry, taken)
        taken.add(name)
        yield rules.rule_for(store, entry, name, number, most_chars)


def _writable(rule: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in rule["properties"].items() if key != "provisioningState"}
    return {"name": rule["name"], "properties": properties}


def _describe(kept: Sequence[dict[str, Any]], wanted: Mapping[str, Any], most_chars: int) -> None:
    for rule in kept:
        item = wanted.get(rule["name"])
        if item is not None:
            rule["properties"]["description"] = mark.write(item.store, item.entry.note, most_chars)


def _without(kept: Sequence[dict[str, Any]], refs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rules without the pairs of prefix and port that the references name."""
    gone: dict[str, set[tuple[str, str]]] = {}
    for ref in refs:
        name, prefix, port = ref.split(" ")
        gone.setdefault(name, set()).add((prefix, port))
    left: list[dict[str, Any]] = []
    for rule in kept:
        left += _split(rule, gone[rule["name"]], kept) if rule["name"] in gone else [rule]
    return left


def _split(
    rule: dict[str, Any], gone: set[tuple[str, str]], all_rules: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what stays of a rule: nothing, the rule with fewer prefixes or ports, or one rule per set of ports."""
    properties = rule["properties"]
    ports = several(properties, "destinationPortRange", "destinationPortRanges")
    by_ports: dict[tuple[str, ...], list[str]] = {}
    for prefix in several(properties, "sourceAddressPrefix", "sourceAddressPrefixes"):
        stays = tuple(port for port in ports if (prefix, port) not in gone)
        if stays:
            by_ports.setdefault(stays, []).append(prefix)
    parts: list[dict[str, Any]] = []
    for number, (some_ports, prefixes) in enumerate(by_ports.items()):
        part = {**properties}
        for single, plural, values in (
            ("sourceAddressPrefix", "sourceAddressPrefixes", prefixes),
            ("destinationPortRange", "destinationPortRanges", list(some_ports)),
        ):
            part.pop(single, None)
            part[plural] = []
            part.update({single: values[0]} if len(values) == 1 else {plural: values})
        if number:
            part["priority"] = priority.behind([*all_rules, *parts], properties["priority"])
        parts.append(
            {"name": rule["name"] if not number else f"{rule['name'][:70]}-part{number + 1}", "properties": part}
        )
    return parts
