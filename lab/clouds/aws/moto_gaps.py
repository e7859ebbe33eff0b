# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 refuses and moto lets through, closed with the codes of "Error codes for the Amazon EC2 API".

Of security groups moto counts IPv4 and IPv6 together. Of prefix lists it takes a stale version, prefixes of the other
family and more entries than the maximum, and forgets the name when entries change. Of network ACLs it knows no quota of
rules, loses ICMP types, answers 500 where a rule that is not there is deleted, and cannot find one by the filter
``network-acl-id``.
"""

from __future__ import annotations

import inspect
from typing import Any

#: "Amazon VPC quotas": rules per security group and direction, and per network ACL and direction with the closing deny
#: rule, each per family. They are looked up by code, since the configuration may say that an account had one raised.
GROUP_RULES, ACL_RULES = "L-0EA8095F", "L-2AEEBF1A"


def close() -> None:
    """Put the checks in front of moto's own methods; to be called once, before the server starts."""
    from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend
    from moto.ec2.models.network_acls import NetworkAcl, NetworkAclBackend
    from moto.ec2.models.security_groups import SecurityGroupBackend
    from moto.ec2.responses.network_acls import NetworkACLs

    setattr(SecurityGroupBackend, "_verify_group_will_respect_rule_count_limit", _check_group)  # noqa: B010
    before(ManagedPrefixListBackend, "modify_managed_prefix_list", _check_modification)
    before(NetworkAclBackend, "create_network_acl_entry", _check_rule)
    before(NetworkAclBackend, "delete_network_acl_entry", _check_rule_is_there)
    filtered = NetworkAcl.get_filter_value

    def get_filter_value(self: Any, filter_name: str, method_name: str | None = None) -> Any:
        return self.id if filter_name == "network-acl-id" else filtered(self, filter_name, method_name)

    NetworkAcl.get_filter_value = get_filter_value  # type: ignore[method-assign]
    asked = NetworkACLs._get_param

    def get_param(self: Any, name: str, *more: Any, **named: Any) -> Any:
        # The request is read by the names of the API's model by now, where ``Icmp`` is ``IcmpTypeCode``.
        return asked(self, name.replace("Icmp.", "IcmpTypeCode."), *more, **named)

    setattr(NetworkACLs, "_get_param", get_param)  # noqa: B010


def before(backend: Any, name: str, check: Any) -> None:
    """Let a check look at, and complete, a method's arguments first."""
    method = getattr(backend, name)
    signature = inspect.signature(method)

    def checked(*arguments: Any, **named: Any) -> Any:
        bound = signature.bind(*arguments, **named)
        check(bound.arguments["self"], bound.arguments)
        return method(*bound.args, **bound.kwargs)

    setattr(backend, name, checked)


def refuse(code: str, message: str) -> None:
    from moto.ec2.exceptions import EC2ClientError

    raise EC2ClientError(code, message)


def quota(code: str) -> int:
    """Return what moto's Service Quotas answer."""
    from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

    known: Any = VPC_DEFAULT_QUOTAS
    return next(int(item["Value"]) for item in known if item["QuotaCode"] == code)


def _check_group(
    backend: Any, group: Any, current: int, ip_ranges: list[Any], source_groups: Any = None, egress: bool = False
) -> None:
    """Count a group's rules by family; one whose source is a group counts in both."""
    from moto.ec2.exceptions import RulesPerSecurityGroupLimitExceededError

    held = [rule.ip_range for rule in (group.egress_rules if egress else group.ingress_rules)]
    # A rule without addresses has a group or a prefix list as its source.
    both = sum(not item for item in held) + len(source_groups or [])
    six = sum(_is_ipv6(item) for item in [*held, *(ip_ranges or [])] if item)
    four = sum(not _is_ipv6(item) for item in [*held, *(ip_ranges or [])] if item)
    if max(four, six) + both > quota(GROUP_RULES):
        raise RulesPerSecurityGroupLimitExceededError


def _is_ipv6(ip_range: Any) -> bool:
    return ":" in str(ip_range.get("CidrIpv6") or ip_range.get("CidrIp") if isinstance(ip_range, dict) else ip_range)


def _check_modification(backend: Any, asked: dict[str, Any]) -> None:
    found = backend.managed_prefix_lists.get(asked["prefix_list_id"])
    adds, gone = asked.get("add_entry") or [], asked.get("remove_entry") or []
    if found is None:
        refuse("InvalidPrefixListID.NotFound", f"The prefix list ID '{asked['prefix_list_id']}' does not exist")
    # Without a new name moto takes the old one away.
    asked["prefix_list_name"] = asked.get("prefix_list_name") or found.prefix_list_name
    if (adds or gone) and str(asked.get("current_version")) != str(found.version):
        refuse("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")
    if {item["Cidr"] for item in adds} & {item["Cidr"] for item in gone}:
        refuse("InvalidParameterValue", "A Cidr is in both AddPrefixListEntries and RemovePrefixListEntries")
    if any((":" in item["Cidr"]) != (found.address_family == "IPv6") for item in adds):
        refuse("InvalidParameterValue", f"The prefix list takes {found.address_family} alone")
    held = {item["Cidr"] for item in found.entries.get(found.version) or []} - {item["Cidr"] for item in gone}
    if len(held | {item["Cidr"] for item in adds}) > int(found.max_entries):
        refuse("PrefixListMaxEntriesExceeded", f"The prefix list takes {found.max_entries} entries")


def _check_rule(backend: Any, asked: dict[str, Any]) -> None:
    acl = backend.get_network_acl(asked["network_acl_id"])
    family = "ipv6_cidr_block" if asked.get("ipv6_cidr_block") else "cidr_block"
    same = [rule for rule in acl.network_acl_entries if rule.egress == asked["egress"] and getattr(rule, family)]
    if len(same) >= quota(ACL_RULES):
        refuse("NetworkAclEntryLimitExceeded", f"The network ACL has {len(same)} rules of that family and direction")


def _check_rule_is_there(backend: Any, asked: dict[str, Any]) -> None:
    acl = backend.get_network_acl(asked["network_acl_id"])
    there = {(rule.rule_number, rule.egress) for rule in acl.network_acl_entries}
    if (asked["rule_number"], asked["egress"]) not in there:
        refuse("InvalidNetworkAclEntry.NotFound", f"There is no rule {asked['rule_number']}")
