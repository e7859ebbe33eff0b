# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of VPN resources share: where a resource is, what others refer to, and refusals by their code.

Codes are Azure's where it publishes them; those that it does not are formed alike, and no client should look at them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lab.clouds.azure.state import ResourceGroup, State, Subscription
from lab.clouds.azure.wire import AzureError, Json

_ID = re.compile(
    r"^/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Network/(?P<type>[^/]+)/(?P<name>[^/]+)"
    r"(/subnets/(?P<subnet>[^/]+))?$",
    re.IGNORECASE,
)
_ATTRIBUTES = {
    "publicipaddresses": "public_ips",
    "virtualnetworks": "networks",
    "localnetworkgateways": "local_gateways",
    "virtualnetworkgateways": "gateways",
}


@dataclass(frozen=True)
class Place:
    """Where a resource is; ``path`` is its id."""

    state: State
    subscription: Subscription
    group: ResourceGroup
    path: str

    def refer(self, reference: Any, kind: str) -> Json:
        """What a reference of a body, {"id": ...}, is to; refuses one that is not there."""
        text = str((reference or {}).get("id") or "")
        match = _ID.match(text)
        found: Json | None = None
        if match and match["type"].lower() == kind.lower():
            group = self.subscription.groups.get(match["group"].lower())
            held = getattr(group, _ATTRIBUTES[kind.lower()]) if group else {}
            found = held.get(match["name"].lower())
        if found is None:
            raise AzureError(
                400,
                "InvalidResourceReference",
                f"Resource {text or kind} referenced by resource {self.path} was not found. Please make sure that the "
                "referenced resource exists, and that both resources are in the same region.",
            )
        return found

    def connections(self) -> Iterator[Json]:
        """Every connection of the subscription."""
        for group in self.subscription.groups.values():
            yield from group.connections.values()

    def gateways(self) -> Iterator[Json]:
        """Every virtual network gateway of the subscription."""
        for group in self.subscription.groups.values():
            yield from group.gateways.values()


def same(one: Any, other: Any) -> bool:
    """Whether two ids name one resource: their case does not count."""
    return str(one).lower() == str(other).lower()


def refuse(code: str, message: str, status: int = 400) -> None:
    """Answer with a refusal."""
    raise AzureError(status, code, message)


def choice(properties: Json, field: str, choices: Sequence[str], default: str | None = None) -> str:
    """One of a property's values; refuses another."""
    value = str(properties.get(field) or default or "")
    found = [one for one in choices if one.lower() == value.lower()]
    if not found:
        refuse("InvalidRequestFormat", f"Value '{value}' of '{field}' is not one of {', '.join(choices)}.")
    return found[0]


def prefixes(value: Any, field: str) -> list[str]:
    """A list of IPv4 or IPv6 prefixes; refuses what is none, or has host bits set."""
    found = [str(item) for item in value or []]
    for item in found:
        try:
            ipaddress.ip_network(item)
        except ValueError:
            refuse("InvalidAddressPrefixFormat", f"Address prefix {item} of {field} is not formatted correctly.")
    return found
