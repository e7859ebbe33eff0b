# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bare SDK takes: a list, the difference, and one call per scope and kind of change, one after another.

    python -m tests.bench.raw < {"sdk": ..., "connection": {...}, "lists": {scope: [prefix, ...]}}

It neither looks at an answer nor tries again, marks nothing and refuses nothing: it is a limit and no way to work.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PORT = 443
Lists = Mapping[str, Sequence[str]]


def boto3(given: Mapping[str, Any], lists: Lists) -> None:
    """One Describe for all groups, at most one Authorize and one Revoke for each."""
    import boto3 as sdk
    from botocore.config import Config

    ec2 = sdk.client("ec2", **given, config=Config(proxies={}))
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": list(lists)}])["SecurityGroups"]
    for group in found:
        held = {item["CidrIp"] for rule in group["IpPermissions"] for item in rule["IpRanges"]}
        wanted = set(lists[group["GroupName"]])
        for call, prefixes in (
            (ec2.authorize_security_group_ingress, wanted - held),
            (ec2.revoke_security_group_ingress, held - wanted),
        ):
            ranges = [{"CidrIp": prefix} for prefix in sorted(prefixes)]
            rule = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "IpRanges": ranges}
            if ranges:
                call(GroupId=group["GroupId"], IpPermissions=[rule])


def openstacksdk(given: Mapping[str, Any], lists: Lists) -> None:
    """One list for a hundred groups, one bulk for what is missing in each, one call for each rule that goes."""
    import openstack as sdk

    network = sdk.connection.Connection(**given).network
    names = list(lists)
    for start in range(0, len(names), 100):
        query = "&".join(f"name={name}" for name in names[start : start + 100])
        for group in network.get(f"/security-groups?{query}").json()["security_groups"]:
            held = {
                rule["remote_ip_prefix"]: rule["id"]
                for rule in group["security_group_rules"]
                if rule["direction"] == "ingress" and rule["remote_ip_prefix"]
            }
            wanted = lists[group["name"]]
            bulk = [_neutron_rule(group["id"], prefix) for prefix in wanted if prefix not in held]
            if bulk:
                network.post("/security-group-rules", json={"security_group_rules": bulk}).raise_for_status()
            for prefix in set(held) - set(wanted):
                network.delete(f"/security-group-rules/{held[prefix]}").raise_for_status()


def _neutron_rule(group_id: str, prefix: str) -> dict[str, Any]:
    ports = {"port_range_min": PORT, "port_range_max": PORT}
    where = {"security_group_id": group_id, "direction": "ingress", "ethertype": "IPv4"}
    return {**where, "protocol": "tcp", **ports, "remote_ip_prefix": prefix}


def cs(given: Mapping[str, Any], lists: Lists) -> None:
    """One list, one Authorize with a list of prefixes for each group, one Revoke for each rule that goes; no marks."""
    import cs as sdk

    cloud = sdk.CloudStack(**given, poll_interval=0.1)
    asked = {"securitygroupname": next(iter(lists))} if len(lists) == 1 else {"page": 1, "pagesize": 500}
    for group in cloud.listSecurityGroups(**asked)["securitygroup"]:
        wanted = lists.get(group["name"])
        if wanted is None:
            continue
        held = {rule["cidr"]: rule["ruleid"] for rule in group.get("ingressrule") or ()}
        new = [prefix for prefix in wanted if prefix not in held]
        if new:
            rule = {"protocol": "tcp", "startport": PORT, "endport": PORT, "cidrlist": new}
            cloud.authorizeSecurityGroupIngress(securitygroupid=group["id"], **rule, fetch_result=True)
        for prefix in set(held) - set(wanted):
            cloud.revokeSecurityGroupIngress(id=held[prefix], fetch_result=True)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    {"boto3": boto3, "openstacksdk": openstacksdk, "cs": cs}[asked["sdk"]](asked["connection"], asked["lists"])
