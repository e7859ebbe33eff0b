# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Per provider one server with credentials that may do exactly what is needed, less, and more, and one left untold.

The needs are ``allowlist`` and ``rotation``; OpenStack's are ``allowlist`` alone, since a restricted application
credential rotates by its rotator.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.source_restriction import document
from lab.clouds.cloudstack.commands import COMMANDS
from tests.support import openstack
from tests.support.servers import LabServer, StartServer

from .accounts import aws, azure

Json = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """A server with its credentials: exact, lacking, plenty, silent (empty where the provider always tells), others.

    ``lacks`` is what ``lacking`` lacks; ``first`` the right that is named first of the excess of ``plenty``; ``calls``
    how many calls the report on ``exact`` takes, besides the probe.
    """

    provider: str
    server: LabServer
    options: Mapping[str, Any]
    needs: list[str]
    secrets: Mapping[str, Mapping[str, str]]
    lacks: tuple[str, ...]
    first: str
    calls: int


def _random() -> str:
    """A secret of 40 characters, as long as AWS's; a weak one would be refused at registration."""
    return base64.b64encode(os.urandom(30)).decode()


def _allow(*actions: str, resource: str = "*") -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


_EC2 = [
    "ec2:DescribeSecurityGroups",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
]
_KEYS = [f"iam:{name}" for name in ("ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey")]
_READ = ["iam:ListUserPolicies", "iam:GetUserPolicy", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser"]


def _aws(start: StartServer, folder: Path) -> Judged:
    own = "arn:aws:iam::123456789012:user/{}"

    def keys(name: str) -> Json:
        return _allow(*_KEYS, "iam:GetAccessKeyLastUsed", resource=own.format(name))

    simulate = "iam:SimulatePrincipalPolicy"
    policies: dict[str, list[Json]] = {
        "exact": [_allow(*_EC2), keys("exact"), _allow(simulate, *_READ)],
        "lacking": [_allow(*_EC2[:1], *_EC2[2:]), keys("lacking"), _allow(simulate, *_READ)],
        "plenty": [_allow("*")],
        "silent": [_allow(*_EC2), keys("silent")],
        "narrow": [
            _allow(*_EC2[:1]),
            _allow(*_EC2[1:], resource="arn:aws:ec2:eu-west-2:123456789012:security-group/sg-1"),
            keys("narrow"),
            _allow(simulate, *_READ),
        ],
        "restricted": [
            _allow(*_EC2),
            keys("restricted"),
            _allow(simulate, *_READ),
            *document(("127.0.0.0/8",))["Statement"],
        ],
        "reading": [_allow(*_EC2), keys("reading"), _allow(*_READ)],
        "simulating": [_allow(*_EC2, "s3:GetObject"), keys("simulating"), _allow(simulate)],
    }
    secrets = {
        name: {"access_key_id": f"AKIAJUDGED{number:010}", "secret_access_key": _random()}
        for number, name in enumerate(policies)
    }
    users = [
        {"name": name, **secrets[name], "policies": {"own": {"Version": "2012-10-17", "Statement": statements}}}
        for name, statements in policies.items()
    ]
    config = {"account": "123456789012", "region": aws.REGION, "users": users}
    server = start("aws", config, folder, args=["--which", "ministack"])
    options = {"region": aws.REGION, "endpoints": dict.fromkeys(("ec2", "sts", "iam"), server.url)}
    needs = ["allowlist", "rotation"]
    lacks = ("ec2:AuthorizeSecurityGroupIngress",)
    return Judged("aws", server, options, needs, secrets, lacks, "*", 2 + 4)


def _azure(start: StartServer, folder: Path) -> Judged:
    here = f"/subscriptions/{azure.SECRET['subscription_id']}"
    groups = "Microsoft.Network/networkSecurityGroups"
    held: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
        "exact": ([("Keeper", here)], ["Application.ReadWrite.OwnedBy"]),
        "lacking": ([("Reader of groups", here)], []),
        "plenty": ([("Contributor", here), ("Reader", "/")], ["Application.ReadWrite.OwnedBy", "Mail.Send"]),
        "silent": ([("Quiet keeper", here)], ["Application.ReadWrite.OwnedBy"]),
        "narrow": (
            [("Keeper", f"{here}/resourceGroups/store"), ("Reader of groups", here)],
            ["Application.ReadWrite.All"],
        ),
        "rotator": ([], ["Application.ReadWrite.OwnedBy"]),
    }
    secrets = {
        name: {
            **azure.SECRET,
            "client_id": f"55555555-5555-4555-8555-{number:012}",
            "client_secret": _random(),
        }
        for number, name in enumerate(held)
    }
    applications = [
        {
            "client_id": secrets[name]["client_id"],
            "display_name": name,
            "secrets": [{"value": secrets[name]["client_secret"]}],
            "roles": [{"role": role, "scope": scope} for role, scope in roles],
            "graph_permissions": permissions,
        }
        for name, (roles, permissions) in held.items()
    ]
    read = "Microsoft.Authorization/*/read"
    config = {
        **azure.CONFIG,
        "tenants": [{"id": azure.SECRET["tenant_id"], "applications": applications}],
        "role_definitions": [
            {"name": "Keeper", "actions": [f"{groups}/read", f"{groups}/write", read]},
            {"name": "Reader of groups", "actions": [f"{groups}/read", read]},
            {"name": "Quiet keeper", "actions": [f"{groups}/read", f"{groups}/write"]},
        ],
    }
    server = start("azure", config, folder)
    options = {"endpoints": {"arm": server.url, "entra": server.url, "graph": f"{server.url}/graph"}}
    lacks = (f"{groups}/write", "graph:Application.ReadWrite.OwnedBy")
    # The assignments, the one role's definition, a token of Graph.
    return Judged("azure", server, options, ["allowlist", "rotation"], secrets, lacks, "*", 3)


def _cloudstack(start: StartServer, folder: Path) -> Judged:
    needed = {
        "listUsers",
        "listApis",
        "registerUserKeys",
        "listSecurityGroups",
        "authorizeSecurityGroupIngress",
        "revokeSecurityGroupIngress",
        "listPublicIpAddresses",
        "listFirewallRules",
        "createFirewallRule",
        "deleteFirewallRule",
        "createTags",
        "deleteTags",
        "listTags",
        "queryAsyncJobResult",
    }
    others = sorted(set(COMMANDS) - needed)
    roles = {
        "exact": {"deny": others},
        "lacking": {"deny": [*others, "registerUserKeys", "createFirewallRule"]},
        "plenty": {"type": "Admin"},
        "silent": {"deny": ["listApis"]},
    }
    secrets = {name: {"api_key": f"judged-{name}", "secret_key": _random()} for name in roles}
    accounts = [
        {
            "name": name,
            "role": name,
            "users": [
                {
                    "username": name,
                    "apikey": secrets[name]["api_key"],
                    "secretkey": secrets[name]["secret_key"],
                }
            ],
        }
        for name in roles
    ]
    server = start("cloudstack", {"roles": roles, "accounts": accounts}, folder)
    options = {"endpoints": {"api": f"{server.url}/client/api"}}
    lacks = ("createFirewallRule", "registerUserKeys")
    return Judged("cloudstack", server, options, ["allowlist", "rotation"], secrets, lacks, "*", 1)


def _openstack(start: StartServer, folder: Path) -> Judged:
    groups, rules = "/v2.0/security-groups", "/v2.0/security-group-rules"
    read = {"service": "network", "method": "GET", "path": groups}
    accounts: dict[str, Json] = {
        "exact": {},
        "lacking": {"role": "reader", "access_rules": [read, {**read, "method": "POST", "path": rules}]},
        "plenty": {"role": "admin", "access_rules": None, "unrestricted": True},
        "wide": {"access_rules": [{**read, "path": "/v2.0/**"}]},
    }
    described = [
        {**account, "project": name, "user": name, "security_groups": []} for name, account in accounts.items()
    ]
    server, made = openstack.start(start, described, folder)
    secrets = {name: it.secret for name, it in zip(accounts, made, strict=True)}
    options = {"region": "RegionOne", "endpoints": {"identity": made[0].identity}}
    lacks = ("role member", f"call network: DELETE {rules}/*")
    return Judged("openstack", server, options, ["allowlist"], secrets, lacks, "role admin", 0)


STARTERS: dict[str, Callable[[StartServer, Path], Judged]] = {
    "aws": _aws,
    "azure": _azure,
    "cloudstack": _cloudstack,
    "openstack": _openstack,
}
