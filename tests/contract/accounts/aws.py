# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of moto's EC2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from lab.faults import FaultProxy
from tests.support.servers import StartServer

from .base import Bare, CloudAccount
from .cloudstack import _certificate

REGION = "eu-west-2"
SECRET = {"access_key_id": "AKIACONTRACTSUITE001", "secret_access_key": "Yk3/pW8tR+vN5qLzX0cJ7mDs2HgB9fKa4TuE6iQxcd"}
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CONFIG = {
    "account": "123456789012",
    "region": REGION,
    "users": [{"name": "service-store", **SECRET, "status": "Active", "policies": {"all": ALLOW_ALL}}],
    "security_groups": [
        {"name": "api-one", "description": "one", "vpc_cidr": "10.0.0.0/16"},
        {"name": "api-two", "description": "two", "vpc_cidr": "10.1.0.0/16"},
    ],
    "vpcs": ["vpn-home", "vpn-other"],
    "network_acls": [{"name": "subnets-one"}, {"name": "subnets-two"}],
    "prefix_lists": [
        {"name": "list-one", "max_entries": 300},
        {"name": "list-two", "max_entries": 3},
        {"name": "list-six", "family": "IPv6"},
    ],
}
READS = ("Describe", "Get", "List", "GET ", "HEAD ")


def start(start_server: StartServer, folder: Path, **more: Any) -> CloudAccount:
    """Start moto with two empty security groups; ``more`` goes into its configuration."""
    server = start_server("aws", {**CONFIG, **more}, folder, args=["--which", "moto"])
    faults = FaultProxy(server.url, server.ca_file, *_certificate(folder))
    faults.__enter__()
    return CloudAccount(
        provider="aws",
        server=server,
        faults=faults,
        options={
            "region": REGION,
            "endpoints": dict.fromkeys(("ec2", "sts", "iam", "s3"), faults.url),
            "ca_file": server.ca_file,
        },
        secret=SECRET,
        wrong_secret={**SECRET, "secret_access_key": "n7Bq+V2xZk9/LrT4wGc8YjM1pHs6DfA3uEo5KiXte"},
        scopes=({"kind": "security_group", "name": "api-one"}, {"kind": "security_group", "name": "api-two"}),
        unknown_scope={"kind": "security_group", "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign(server.url, server.ca_file, scope, entry),
        is_write=lambda name: not name.startswith(READS),
        least_reads=1,
        add_call="AuthorizeSecurityGroupIngress",
        remove_call="RevokeSecurityGroupIngress",
        shape="aws_ec2",
        reset=server.reset,
    )


def network_acls(account: CloudAccount) -> CloudAccount:
    """Return the account with two network ACLs without rules as its scopes."""
    kind = "network_acl"
    return dataclasses.replace(
        account,
        scopes=({"kind": kind, "name": "subnets-one"}, {"kind": kind, "name": "subnets-two"}),
        unknown_scope={"kind": kind, "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign_rule(account.server.url, account.server.ca_file, scope, entry),
        add_denial=lambda scope, entry: _add_foreign_rule(
            account.server.url, account.server.ca_file, scope, entry, "deny"
        ),
        add_call="CreateNetworkAclEntry",
        remove_call="DeleteNetworkAclEntry",
    )


def prefix_lists(account: CloudAccount) -> CloudAccount:
    """Return the account with two empty prefix lists as its scopes."""
    kind = "prefix_list"
    return dataclasses.replace(
        account,
        scopes=({"kind": kind, "name": "list-one"}, {"kind": kind, "name": "list-two"}),
        unknown_scope={"kind": kind, "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign_prefix(account.server.url, account.server.ca_file, scope, entry),
        # One for the lists, and one for the entries of each.
        least_reads=3,
        add_call="ModifyManagedPrefixList",
        remove_call="ModifyManagedPrefixList",
        bare=Bare(
            too_many=4,
            refusal="would hold 4 entries while it changes and the provider takes 3",
            writes=(2, 2),
            swap=("ModifyManagedPrefixList",),
        ),
    )


def start_enforcing(start_server: StartServer, folder: Path) -> CloudAccount:
    """Start ministack, which refuses the signatures of disabled and deleted keys; it has no security groups."""
    users = {"account": CONFIG["account"], "region": REGION, "users": CONFIG["users"]}
    server = start_server("aws", users, folder, args=["--which", "ministack"])
    faults = FaultProxy(server.url, server.ca_file, *_certificate(folder))
    faults.__enter__()
    endpoints = dict.fromkeys(("ec2", "sts", "iam", "s3"), faults.url)
    return CloudAccount(
        provider="aws",
        server=server,
        faults=faults,
        options={"region": REGION, "endpoints": endpoints, "ca_file": server.ca_file},
        secret=SECRET,
        wrong_secret={**SECRET, "secret_access_key": "n7Bq+V2xZk9/LrT4wGc8YjM1pHs6DfA3uEo5KiXte"},
        scopes=({"kind": "security_group", "name": "api-one"}, {"kind": "security_group", "name": "api-two"}),
        unknown_scope={"kind": "security_group", "name": "nowhere"},
        add_foreign=lambda scope, entry: None,
        is_write=lambda name: not name.startswith(READS),
        least_reads=1,
        add_call="AuthorizeSecurityGroupIngress",
        remove_call="RevokeSecurityGroupIngress",
        shape="aws_ec2",
        reset=server.reset,
    )


def client(url: str, ca_file: str) -> Any:
    """Return EC2 as somebody else of the account uses it."""
    return boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=url,
        verify=ca_file,
        aws_access_key_id=SECRET["access_key_id"],
        aws_secret_access_key=SECRET["secret_access_key"],
        config=Config(proxies={}),
    )


def _add_foreign(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry) -> None:
    ec2 = client(url, ca_file)
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [scope["name"]]}])
    ports = {"FromPort": entry.ports[0], "ToPort": entry.ports[1]} if entry.ports else {}
    ec2.authorize_security_group_ingress(
        GroupId=groups["SecurityGroups"][0]["GroupId"],
        IpPermissions=[{"IpProtocol": entry.protocol, "IpRanges": [{"CidrIp": entry.cidr}], **ports}],
    )


def _add_foreign_rule(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry, action: str = "allow") -> None:
    ec2 = client(url, ca_file)
    found = ec2.describe_network_acls(Filters=[{"Name": "tag:Name", "Values": [scope["name"]]}])["NetworkAcls"][0]
    first, last = entry.ports or (0, 65535)
    ec2.create_network_acl_entry(
        NetworkAclId=found["NetworkAclId"],
        RuleNumber=100,
        Egress=False,
        RuleAction=action,
        Protocol="6",
        CidrBlock=entry.cidr,
        PortRange={"From": first, "To": last},
    )


def _add_foreign_prefix(url: str, ca_file: str, scope: Mapping[str, str], entry: Entry) -> None:
    ec2 = client(url, ca_file)
    wanted = [{"Name": "prefix-list-name", "Values": [scope["name"]]}]
    found = ec2.describe_managed_prefix_lists(Filters=wanted)["PrefixLists"][0]
    ec2.modify_managed_prefix_list(
        PrefixListId=found["PrefixListId"], CurrentVersion=found["Version"], AddEntries=[{"Cidr": entry.cidr}]
    )
