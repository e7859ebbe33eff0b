# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's own validation of a security rule, and the shape in which the service gives it back.

Limits are those of "Azure subscription and service limits" and of the published ARM schema: priority
100-4096, unique per direction; description up to 140 characters; name up to 80.
"""

from __future__ import annotations

import ipaddress
import re

from lab.clouds.azure.wire import AzureError, Json

PROTOCOLS = ("*", "Tcp", "Udp", "Icmp", "Esp", "Ah")
SERVICE_TAGS = ("VirtualNetwork", "AzureLoadBalancer", "Internet", "AzureCloud", "Storage", "Sql")
MAX_DESCRIPTION, MAX_RULES = 140, 1000
_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$")
_ENUMS = {"access": ("Allow", "Deny"), "direction": ("Inbound", "Outbound"), "protocol": PROTOCOLS}
_LISTS = ("sourcePortRanges", "destinationPortRanges", "sourceAddressPrefixes", "destinationAddressPrefixes")
_SINGLES = ("sourcePortRange", "destinationPortRange", "sourceAddressPrefix", "destinationAddressPrefix")
_GROUPS = ("sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups")
_KNOWN = {
    "access",
    "description",
    "direction",
    "priority",
    "protocol",
    "provisioningState",
    *_LISTS,
    *_SINGLES,
    *_GROUPS,
}


def check(name: str, properties: Json) -> Json:
    """The properties as they are stored, or an AzureError."""
    if not _NAME.match(name):
        raise AzureError(
            400,
            "InvalidResourceName",
            f"Resource name {name} is invalid. The name can be up to 80 characters long. It must begin "
            "with a word character, and it must end with a word character or with '_'.",
        )
    refuse_unknown(properties, _KNOWN, "SecurityRulePropertiesFormat")
    for field, choices in _ENUMS.items():
        _check_enum(properties, field, choices)
    _check_priority(properties.get("priority"))
    if len(str(properties.get("description") or "")) > MAX_DESCRIPTION:
        raise AzureError(
            400,
            "InvalidRequestFormat",
            f"Description of security rule {name} is longer than {MAX_DESCRIPTION} characters.",
        )
    for end in ("source", "destination"):
        for value in _one_of(name, properties, f"{end}PortRange", f"{end}PortRanges"):
            _check_port(value)
        if not properties.get(f"{end}ApplicationSecurityGroups"):
            for value in _one_of(name, properties, f"{end}AddressPrefix", f"{end}AddressPrefixes"):
                _check_prefix(value)
    stored = {key: value for key, value in properties.items() if value is not None}
    return {**stored, **{key: properties.get(key) or [] for key in _LISTS}, "provisioningState": "Succeeded"}


def refuse_unknown(body: Json, known: set[str], of: str) -> None:
    """Azure deserialises strictly: a property that it does not know is an error, not a comment."""
    for key in body:
        if key not in known:
            raise AzureError(
                400,
                "InvalidRequestFormat",
                "Cannot parse the request.",
                details=[
                    {
                        "code": "InvalidJson",
                        "message": f"Could not find member '{key}' on object of type '{of}'.",
                    }
                ],
            )


def refuse_conflicts(rules: list[Json]) -> None:
    """Names are unique, and so are priorities per direction."""
    if len(rules) > MAX_RULES:
        raise AzureError(
            400,
            "MaxSecurityRulesPerNetworkSecurityGroupLimitReached",
            f"Cannot create more than {MAX_RULES} security rules in a network security group.",
        )
    names: set[str] = set()
    taken: dict[tuple[str, int], str] = {}
    for rule in rules:
        if rule["name"].lower() in names:
            raise AzureError(400, "InvalidRequestFormat", f"Duplicate resource name {rule['name']}.")
        names.add(rule["name"].lower())
        place = (rule["properties"]["direction"].lower(), rule["properties"]["priority"])
        if place in taken:
            raise AzureError(
                400,
                "SecurityRuleConflict",
                f"Security rule {rule['name']} conflicts with rule {taken[place]}. Rules cannot have the "
                "same Priority and Direction. To learn more, see aka.ms/nsgrules.",
            )
        taken[place] = rule["name"]


def _check_enum(properties: Json, field: str, choices: tuple[str, ...]) -> None:
    value = properties.get(field)
    if str(value).lower() not in [c.lower() for c in choices]:
        raise AzureError(
            400,
            "InvalidRequestFormat",
            "Cannot parse the request.",
            details=[
                {
                    "code": "InvalidJson",
                    "message": f'Error converting value "{value}" to {field}: one of {choices}.',
                }
            ],
        )


def _check_priority(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 4096:
        raise AzureError(
            400,
            "SecurityRuleInvalidPriority",
            f"Security rule has invalid Priority. Value provided: {value} Allowed range 100-4096.",
        )


def _one_of(name: str, properties: Json, single: str, several: str) -> list[str]:
    one, many = properties.get(single), properties.get(several) or []
    if bool(one) == bool(many):
        raise AzureError(
            400,
            "SecurityRuleParameterContainsUnsupportedValue" if one else "SecurityRuleMissingParameter",
            f"Security rule {name} must specify exactly one of {single} and {several}.",
        )
    return [one] if one else list(many)


def _check_port(value: str) -> None:
    low, _dash, high = str(value).partition("-")
    valid = value == "*" or (low.isdigit() and (high or low).isdigit() and int(low) <= int(high or low) <= 65535)
    if not valid:
        raise AzureError(
            400,
            "SecurityRuleInvalidPortRange",
            f"Security rule has invalid Port range. Value provided: {value}. Value should be an integer OR "
            "integer range with '-' delimiter. Valid range 0-65535.",
        )


def _check_prefix(value: str) -> None:
    if value == "*" or value.split(".", maxsplit=1)[0] in SERVICE_TAGS:
        return
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise AzureError(
            400,
            "SecurityRuleInvalidAddressPrefix",
            f"Security rule has invalid Address prefix. Value provided: {value}",
        ) from error
