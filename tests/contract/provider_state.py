# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scope really holds, asked of the provider by plain calls that share nothing with the product."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.support import openstack

from .accounts import aws, azure, cloudstack
from .accounts.base import CloudAccount
from .watching import State, marked_only

Look = Callable[[], State]
Pairs = Iterator[tuple[str, str]]


def looker(account: CloudAccount) -> Look:
    """Return what reads the account's first scope: each entry as ``CIDR PROTOCOL/PORTS`` with what is said about it."""
    scope = account.scopes[0]
    read = _READERS[account.provider, scope["kind"]](account, scope)

    def look() -> State:
        found = list(read())
        state = dict(found)
        assert len(state) == len(found), f"the same entry twice: {found}"
        return state

    return look


def _line(cidr: object, protocol: object, low: object, high: object) -> str:
    if low in (None, ""):
        return f"{cidr} {protocol}"
    return f"{cidr} {protocol}/{low}" if str(low) == str(high) else f"{cidr} {protocol}/{low}-{high}"


def _aws_groups(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    ec2 = aws.client(account.server.url, account.server.ca_file)

    def read() -> Pairs:
        wanted = [{"Name": "group-name", "Values": [scope["name"]]}]
        (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        for rule in group["IpPermissions"]:
            about = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
            for held in rule["IpRanges"]:
                yield _line(held["CidrIp"], *about), held.get("Description", "")
            for held in rule["Ipv6Ranges"]:
                yield _line(held["CidrIpv6"], *about), held.get("Description", "")

    return read


def _aws_acls(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    ec2 = aws.client(account.server.url, account.server.ca_file)

    def read() -> Pairs:
        wanted = [{"Name": "tag:Name", "Values": [scope["name"]]}]
        (acl,) = ec2.describe_network_acls(Filters=wanted)["NetworkAcls"]
        tags = {tag["Key"]: tag["Value"] for tag in acl["Tags"]}
        for rule in acl["Entries"]:
            if not rule["Egress"] and rule["RuleAction"] == "allow":
                ports = rule["PortRange"]
                line = _line(rule["CidrBlock"], "tcp", ports["From"], ports["To"])
                said = [key for key in tags if key.endswith(f" {rule['RuleNumber']} {line}")]
                yield line, "".join(tags.pop(key) for key in said)
        for key in tags:
            if key.startswith("svcstore:"):
                yield marked_only(key.split(" ", 2)[2]), ""

    return read


def _aws_prefixes(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    ec2 = aws.client(account.server.url, account.server.ca_file)

    def read() -> Pairs:
        wanted = [{"Name": "prefix-list-name", "Values": [scope["name"]]}]
        (found,) = ec2.describe_managed_prefix_lists(Filters=wanted)["PrefixLists"]
        for held in ec2.get_managed_prefix_list_entries(PrefixListId=found["PrefixListId"])["Entries"]:
            yield _line(held["Cidr"], "all", None, None), held.get("Description", "")

    return read


def _azure_groups(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    def read() -> Pairs:
        for rule in azure.rules(account.server.url, account.server.ca_file, scope):
            about = rule["properties"]
            low, _dash, high = about["destinationPortRange"].partition("-")
            line = _line(about["sourceAddressPrefix"], about["protocol"].lower(), low, high or low)
            yield line, about.get("description", "")

    return read


def _azure_addresses(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    def read() -> Pairs:
        group = azure.ip_group(account.server.url, account.server.ca_file, scope)
        for address in group["properties"]["ipAddresses"]:
            # A tag says the same of all the addresses in its name.
            said = (value for key, value in group["tags"].items() if address.removesuffix("/32") in key.split())
            yield _line(address, "all", None, None), next(said, "")

    return read


def _tagged(lines: Sequence[str], tags: Sequence[Mapping[str, str]]) -> Pairs:
    """Yield entries with what the tags of their resource say about them, and the tags that are about none."""
    said = [(tag["key"].partition(" ")[2], tag["value"]) for tag in tags if tag["key"].startswith("svcstore-")]
    for line in lines:
        yield line, json.dumps(sorted(value for about, value in said if about == line))
    for about in {about for about, _value in said if about not in lines}:
        yield marked_only(about), ""


def _cloudstack_groups(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    api = cloudstack.client(account.server.url, account.server.ca_file)

    def read() -> Pairs:
        (group,) = api.listSecurityGroups(securitygroupname=scope["name"])["securitygroup"]
        rules = group["ingressrule"]
        lines = [_line(rule["cidr"], rule["protocol"], rule.get("startport"), rule.get("endport")) for rule in rules]
        yield from _tagged(lines, group["tags"])

    return read


def _cloudstack_firewalls(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    api = cloudstack.client(account.server.url, account.server.ca_file)

    def read() -> Pairs:
        (address,) = api.listPublicIpAddresses(ipaddress=scope["name"])["publicipaddress"]
        rules = api.listFirewallRules(ipaddressid=address["id"]).get("firewallrule", ())
        lines = [
            _line(cidr, rule["protocol"], rule.get("startport"), rule.get("endport"))
            for rule in rules
            for cidr in rule["cidrlist"].split(",")
        ]
        yield from _tagged(lines, address["tags"])

    return read


def _cloudstack_acls(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    api = cloudstack.client(account.server.url, account.server.ca_file)

    def read() -> Pairs:
        (acl,) = api.listNetworkACLLists(name=scope["name"])["networkacllist"]
        for item in api.listNetworkACLs(aclid=acl["id"]).get("networkacl", ()):
            line = _line(item["cidrlist"], item["protocol"], item.get("startport"), item.get("endport"))
            yield line, item.get("reason", "")

    return read


def _openstack_groups(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    made = json.loads(account.server.lab("GET", "accounts"))[0]
    project = openstack.Account(account.server, made)

    def read() -> Pairs:
        for rule in project.rules(scope["name"]):
            if rule["direction"] == "ingress":
                ports = (rule["port_range_min"], rule["port_range_max"])
                yield _line(rule["remote_ip_prefix"], rule["protocol"], *ports), rule["description"]

    return read


def _openstack_addresses(account: CloudAccount, scope: Mapping[str, str]) -> Callable[[], Pairs]:
    made = json.loads(account.server.lab("GET", "accounts"))[0]
    project = openstack.Account(account.server, made)

    def read() -> Pairs:
        (group,) = project.call("GET", f"/v2.0/address-groups?name={scope['name']}")["address_groups"]
        # Whose it is stands in the group's description, and nothing else is said about it.
        for address in group["addresses"]:
            yield _line(address, "all", None, None), ""
        _mark, _bracket, words = group["description"].partition("(")
        for word in words.rstrip(")").split():
            if f"{word}/32" not in group["addresses"]:
                yield marked_only(_line(f"{word}/32", "all", None, None)), ""

    return read


_READERS: dict[tuple[str, str], Callable[[CloudAccount, Mapping[str, str]], Callable[[], Pairs]]] = {
    ("aws", "security_group"): _aws_groups,
    ("aws", "network_acl"): _aws_acls,
    ("aws", "prefix_list"): _aws_prefixes,
    ("azure", "network_security_group"): _azure_groups,
    ("azure", "ip_group"): _azure_addresses,
    ("cloudstack", "security_group"): _cloudstack_groups,
    ("cloudstack", "firewall"): _cloudstack_firewalls,
    ("cloudstack", "network_acl"): _cloudstack_acls,
    ("openstack", "security_group"): _openstack_groups,
    ("openstack", "address_group"): _openstack_addresses,
}
