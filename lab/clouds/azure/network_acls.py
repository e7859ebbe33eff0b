# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs of storage accounts and key vaults: what each service takes, how it keeps it, whom it lets in.

"NetworkRuleSet" of Microsoft.Storage 2023-05-01 and Microsoft.KeyVault 2023-07-01. Storage takes public IPv4 addresses
and prefixes up to /30, at most 400 ("Guidelines and limitations for the Azure Storage firewall"); Key Vault takes any
prefix, keeps an address as a /32, at most 1000 ("Configure Azure Key Vault firewalls and virtual networks"). Both
refuse the private ranges of RFC 1918.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.wire import AzureError, Json

PRIVATE = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_BYPASS = {"None", "Logging", "Metrics", "AzureServices"}


@dataclass(frozen=True)
class Dialect:
    """What one service takes in its network ACLs."""

    most: int
    longest: int
    known: frozenset[str]
    rule: frozenset[str]
    combines_bypass: bool


STORAGE = Dialect(
    400,
    30,
    frozenset({"bypass", "defaultAction", "ipRules", "virtualNetworkRules", "resourceAccessRules"}),
    frozenset({"value", "action"}),
    True,
)
VAULT = Dialect(
    1000, 32, frozenset({"bypass", "defaultAction", "ipRules", "virtualNetworkRules"}), frozenset({"value"}), False
)


def check(acls: Json, dialect: Dialect) -> Json:
    """The ACLs as the service keeps them, or an AzureError."""
    refuse_unknown(acls, set(dialect.known), "NetworkRuleSet")
    storage = dialect is STORAGE
    if acls.get("defaultAction") not in ("Allow", "Deny"):
        raise _invalid(storage, "networkAcls.defaultAction", str(acls.get("defaultAction")))
    bypass = str(acls.get("bypass") or "AzureServices")
    words = {word.strip() for word in bypass.split(",")}
    if not words <= _BYPASS or (not dialect.combines_bypass and words not in ({"None"}, {"AzureServices"})):
        raise _invalid(storage, "networkAcls.bypass", bypass)
    rules = acls.get("ipRules") or []
    if len(rules) > dialect.most:
        raise _invalid(storage, "networkAcls.ipRules", f"{len(rules)} rules, more than {dialect.most}")
    kept = [_rule(rule, number, dialect) for number, rule in enumerate(rules)]
    networks = acls.get("virtualNetworkRules") or []
    stored = {
        "bypass": bypass,
        "virtualNetworkRules": networks,
        "ipRules": kept,
        "defaultAction": acls["defaultAction"],
    }
    return {**stored, "resourceAccessRules": acls.get("resourceAccessRules") or []} if storage else stored


def lets_in(properties: Json, source: str) -> bool:
    """Whether the public endpoint takes a call from an address."""
    if str(properties.get("publicNetworkAccess") or "Enabled").lower() != "enabled":
        return False
    acls = properties.get("networkAcls") or {"defaultAction": "Allow"}
    networks = [ipaddress.ip_network(rule["value"]) for rule in acls.get("ipRules") or []]
    return acls["defaultAction"] == "Allow" or any(ipaddress.ip_address(source) in network for network in networks)


def _rule(rule: Json, number: int, dialect: Dialect) -> Json:
    storage = dialect is STORAGE
    refuse_unknown(rule, set(dialect.rule), "IPRule")
    text = str(rule.get("value") or "")
    where = "networkAcls.ipRule[*].value" if storage else f"properties.networkAcls.ipRules[{number}].value"
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise _invalid(storage, where, f"{text} is not a valid IPv4 address or CIDR range") from None
    for private in PRIVATE:
        if network.overlaps(private):
            inside = f"{private[0]}\u2013{private[-1]} (private IP addresses)"
            raise _invalid(storage, where, f"{text} belongs to forbidden range {inside}")
    if not storage:
        return {"value": str(network)}
    if "/" in text and network.prefixlen > dialect.longest:
        raise _invalid(storage, where, text)
    if rule.get("action", "Allow") != "Allow":
        raise _invalid(storage, "networkAcls.ipRule[*].action", str(rule["action"]))
    return {"value": text, "action": "Allow"}


def _invalid(storage: bool, where: str, what: str) -> AzureError:
    """Each service has its own words; storage's name the field alone."""
    if storage:
        text = f"Values for request parameters are invalid: {where}. For more information, see - "
        return AzureError(400, "InvalidValuesForRequestParameters", text + "https://aka.ms/storagenetworkruleset")
    return AzureError(400, "BadRequest", f"Invalid value found at {where}: {what}")
