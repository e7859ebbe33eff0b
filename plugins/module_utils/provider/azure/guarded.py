# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources with a firewall of their own: their types, names, and the prefixes that their rules take.

"Guidelines and limitations for the Azure Storage firewall"; "Configure Azure Key Vault firewalls and virtual networks";
"Azure SQL Database and Azure Synapse IP firewall rules"; names: "Naming rules and restrictions for Azure resources".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...model.data_plane import Resource
from ...model.entry import WIDEST
from ...model.invalid import InvalidValue

_GROUP = re.compile(r"^[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]$")
_PRIVATE = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True)
class Type:
    """One type of resource: its name in Resource Manager, the API version that was tested, and its firewall's limits.

    ``longest`` is the longest prefix that a rule takes; what is longer is written as single addresses. ``private``:
    whether a rule takes the ranges of RFC 1918.
    """

    type: str
    words: str
    version: str
    name: re.Pattern[str]
    most: int
    longest: int = 32
    private: bool = False

    def path(self, subscription: str, resource: Resource) -> str:
        """Return the path of a resource."""
        return f"{self.inside(subscription, resource.group)}/{resource.name}"

    def inside(self, subscription: str, group: str = "") -> str:
        """Return the path of all resources of the type in a resource group, or in the subscription."""
        middle = f"/resourceGroups/{group}" if group else ""
        return f"/subscriptions/{subscription}{middle}/providers/{self.type}"


TYPES: Mapping[str, Type] = {
    "storage_account": Type(
        "Microsoft.Storage/storageAccounts",
        "storage account",
        "2023-05-01",
        re.compile(r"^[a-z0-9]{3,24}$"),
        most=400,
        longest=30,
    ),
    "key_vault": Type(
        "Microsoft.KeyVault/vaults",
        "key vault",
        "2023-07-01",
        re.compile(r"^[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]$"),
        most=1000,
    ),
    "sql_server": Type(
        "Microsoft.Sql/servers",
        "SQL server",
        "2021-11-01",
        re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
        most=256,
        private=True,
    ),
}


def check(where: str, resource: Resource) -> None:
    """Refuse a name that Azure has for no such resource; raises InvalidValue."""
    if not _GROUP.match(resource.group):
        raise InvalidValue(f"{where}.resource_group", resource.group, "is no name of a resource group")
    kind = TYPES[resource.kind]
    if not kind.name.match(resource.name):
        raise InvalidValue(f"{where}.name", resource.name, f"is no name of a {kind.words}; write the name alone, no id")


def express(kind: str, prefixes: Sequence[str], where: str) -> tuple[str, ...]:
    """Return IPv4 prefixes as rules of a kind take them; raises InvalidValue for one that no rule takes.

    IPv6 is left out: these endpoints have none.
    """
    found: list[str] = []
    for cidr in prefixes:
        network = ipaddress.ip_network(cidr)
        if not isinstance(network, ipaddress.IPv4Network):
            continue
        _refuse(kind, network, where)
        single = network.prefixlen > TYPES[kind].longest
        found += [f"{address}/32" for address in network] if single else [cidr]
    return tuple(dict.fromkeys(found))


def _refuse(kind: str, network: ipaddress.IPv4Network, where: str) -> None:
    """Refuse what lets everybody in, and what is no public address where only those are taken."""
    words = TYPES[kind].words
    if network.prefixlen < WIDEST[4]:
        raise InvalidValue(where, network, f"is wider than /{WIDEST[4]} for a {words}; name the addresses")
    if not TYPES[kind].private and any(network.overlaps(private) for private in _PRIVATE):
        mend = f"is private, and a {words} takes public addresses alone; name the egress's public address"
        raise InvalidValue(where, network, mend)
