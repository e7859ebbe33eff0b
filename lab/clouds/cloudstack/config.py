# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file, read into a fresh Store. Its keys are documented in the package's docstring."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .roles import Role, parse_roles
from .store import (
    ACL_ITEM,
    ACL_LIST,
    FIREWALL_RULE,
    GROUP,
    GROUP_RULE,
    PUBLIC_IP,
    VPC,
    Account,
    Resource,
    Rule,
    Store,
    User,
    Vpc,
    new_key,
    stable_id,
)
from .vpns import CONNECTIONS_PER_GATEWAY, SUBNETS_PER_CUSTOMER

SOURCE_LIST = "api.allowed.source.cidr.list"
DEFAULT_SETTINGS = {
    SOURCE_LIST: "0.0.0.0/0,::/0",
    "api.source.cidr.checks.enabled": "true",
    "default.page.size": "500",
    "enforce.post.requests.and.timestamps": "false",
    CONNECTIONS_PER_GATEWAY: "4",
    SUBNETS_PER_CUSTOMER: "10",
}
# Settings that may differ per account (ConfigKey.Scope.Account).
ACCOUNT_SCOPED = frozenset({SOURCE_LIST})
_TOP = {"job_delay_s", "job_polls", "clock_offset_s", "path", "version", "settings", "roles", "accounts"}
_ACCOUNT = {"id", "name", "domain", "role", "state", "settings", "users"} | {
    "security_groups",
    "public_ips",
    "network_acl_lists",
    "vpcs",
}
# Where an account has lists of a VPC and names none.
_VPCS = ({"name": "vpc", "cidr": "10.1.0.0/16"},)


@dataclass
class Config:
    job_delay_s: float = 0.05
    job_polls: int = 0
    clock_offset_s: float = 0.0
    path: str = "/client/api"
    version: str = "4.18.2.0"
    settings: dict[str, str] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    accounts: list[Mapping[str, Any]] = field(default_factory=list)

    def fresh_store(self) -> Store:
        store = Store(dict(self.settings), self.version)
        for raw in self.accounts:
            _add_account(store, raw, self.roles)
        return store


def load(path: str | None) -> Config:
    return parse(json.loads(Path(path).read_text(encoding="utf-8")) if path else {})


def parse(raw: Mapping[str, Any]) -> Config:
    _known(raw, _TOP, "the configuration")
    return Config(
        job_delay_s=float(raw.get("job_delay_s", 0.05)),
        job_polls=int(raw.get("job_polls", 0)),
        clock_offset_s=float(raw.get("clock_offset_s", 0)),
        path=str(raw.get("path", "/client/api")),
        version=str(raw.get("version", "4.18.2.0")),
        settings={**DEFAULT_SETTINGS, **{str(k): str(v) for k, v in raw.get("settings", {}).items()}},
        roles=parse_roles(raw.get("roles", {})),
        accounts=list(raw.get("accounts", [])),
    )


def _known(raw: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    unknown = sorted(set(raw) - set(names))
    if unknown:
        raise ValueError(f"{where} has the unknown key {unknown[0]}; known are {', '.join(sorted(names))}")


def _add_account(store: Store, raw: Mapping[str, Any], roles: Mapping[str, Role]) -> None:
    name = str(raw["name"])
    _known(raw, _ACCOUNT, f"account {name}")
    role = roles.get(str(raw.get("role", "User")))
    if role is None:
        raise ValueError(f"account {name}: the role {raw['role']} is not defined")
    account = Account(
        id=str(raw.get("id") or stable_id("account", name)),
        name=name,
        domain=str(raw.get("domain", "ROOT")),
        role=role,
        state=str(raw.get("state", "enabled")),
        settings={str(k): str(v) for k, v in raw.get("settings", {}).items()},
    )
    store.accounts[account.id] = account
    for user in raw.get("users", []):
        _add_user(store, account, user)
    for group in raw.get("security_groups", [{"name": "default", "description": "Default Security Group"}]):
        held = _add_resource(store, account, GROUP, group, group["name"])
        _add_rules(store, held, GROUP_RULE, group.get("ingress", []), "Ingress")
        _add_rules(store, held, GROUP_RULE, group.get("egress", []), "Egress")
    for address in raw.get("public_ips", []):
        held = _add_resource(store, account, PUBLIC_IP, address, address["ipaddress"])
        _add_rules(store, held, FIREWALL_RULE, address.get("rules", []), "Ingress")
    _add_vpcs(store, account, raw.get("vpcs", _VPCS if "network_acl_lists" in raw else ()))
    for listed in raw.get("network_acl_lists", []):
        held = _add_resource(store, account, ACL_LIST, listed, listed["name"])
        _add_rules(store, held, ACL_ITEM, listed.get("items", []), "Ingress")


def _add_user(store: Store, account: Account, raw: Mapping[str, Any]) -> None:
    username = str(raw["username"])
    user = User(
        id=str(raw.get("id") or stable_id("user", account.name, username)),
        username=username,
        account_id=account.id,
        apikey=str(raw.get("apikey") or new_key()),
        secretkey=str(raw.get("secretkey") or new_key()),
        state=str(raw.get("state", "enabled")),
    )
    store.users[user.id] = user
    if store.several_pairs:
        store.add_pair(user, "first", str(raw.get("enddate", "")))


def _add_resource(store: Store, account: Account, kind: str, raw: Mapping[str, Any], name: str) -> Resource:
    held_id = str(raw.get("id") or stable_id(kind, account.name, name))
    store.resources[held_id] = Resource(held_id, kind, name, account.id, str(raw.get("description", "")))
    return store.resources[held_id]


def _add_vpcs(store: Store, account: Account, raws: Iterable[Mapping[str, Any]]) -> None:
    """The first is the one that the account's network ACL lists are of."""
    for index, raw in enumerate(raws):
        name = str(raw["name"])
        held_id = str(raw.get("id") or (stable_id(VPC, account.name, name) if index else stable_id("vpc", account.id)))
        public_ip = str(raw.get("publicip") or f"203.0.113.{len(list(store.vpcs())) + 1}")
        description = str(raw.get("description", ""))
        store.resources[held_id] = Vpc(held_id, VPC, name, account.id, description, str(raw["cidr"]), public_ip)


def _add_rules(store: Store, parent: Resource, kind: str, raws: Iterable[Mapping[str, Any]], direction: str) -> None:
    for index, raw in enumerate(raws):
        cidrs = [str(cidr) for cidr in raw.get("cidrlist", ["0.0.0.0/0"])]
        # A security group's rule has one network each; the other kinds keep the list in one rule.
        for part in [[cidr] for cidr in cidrs] if kind == GROUP_RULE else [cidrs]:
            rule = Rule(
                id=str(raw.get("id") or stable_id(parent.id, direction, str(index), *part)),
                kind=kind,
                parent_id=parent.id,
                account_id=parent.account_id,
                protocol=str(raw.get("protocol", "tcp")),
                startport=raw.get("startport"),
                endport=raw.get("endport"),
                icmptype=raw.get("icmptype"),
                icmpcode=raw.get("icmpcode"),
                cidrs=tuple(part),
                direction=direction,
                number=int(raw.get("number", index + 1)),
                action=str(raw.get("action", "Allow")),
            )
            store.rules[rule.id] = rule
            if raw.get("tags"):
                store.tags[(kind, rule.id)] = {str(k): str(v) for k, v in raw["tags"].items()}
