# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated cloud holds, in memory. Whoever reads or writes it holds `Store.lock`."""

from __future__ import annotations

import datetime
import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .commands import Command, commands_of, several_pairs
from .roles import Role
from .vpns import Vpns

_NAMESPACE = uuid.UUID("6f0f0c1e-2d0b-4c55-9a0e-5b1d2b7a8c11")
# Kinds of resources as CloudStack's tags name them.
GROUP, GROUP_RULE = "SecurityGroup", "SecurityGroupRule"
PUBLIC_IP, FIREWALL_RULE = "PublicIpAddress", "FirewallRule"
ACL_LIST, ACL_ITEM = "NetworkACLList", "NetworkACL"
VPC = "Vpc"


def stable_id(*names: str) -> str:
    """An id that is the same after every restart."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def new_id() -> str:
    return str(uuid.uuid4())


def new_key() -> str:
    """As long as CloudStack's own keys: 86 characters of URL-safe base64."""
    return secrets.token_urlsafe(64)


@dataclass
class Account:
    id: str
    name: str
    domain: str
    role: Role
    state: str = "enabled"
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def domain_id(self) -> str:
        return stable_id("domain", self.domain)


@dataclass
class User:
    id: str
    username: str
    account_id: str
    apikey: str
    secretkey: str
    state: str = "enabled"


@dataclass
class KeyPair:
    """One of a user's pairs, from 4.23 on. Times are ISO 8601 with an offset; rules are (pattern, permission)."""

    id: str
    user_id: str
    name: str
    apikey: str
    secretkey: str
    created: str
    enddate: str = ""
    rules: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> str:
        """As in ApiKeyPairState."""
        return "EXPIRED" if self.enddate and _instant(self.enddate) <= _now() else "ENABLED"

    def permits(self, command: Command) -> bool:
        """The first rule that fits decides; with rules it may do nothing else, without any all that its role may."""
        found = (permission for pattern, permission in self.rules if fnmatchcase(command.name, pattern))
        return not self.rules or next(found, "deny") == "allow"


def _instant(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def now_text() -> str:
    """The present as CloudStack writes it."""
    return _now().strftime("%Y-%m-%dT%H:%M:%S%z")


@dataclass
class Resource:
    """A security group, a public address or a network ACL list: what rules hang on."""

    id: str
    kind: str
    name: str
    account_id: str
    description: str = ""


@dataclass
class Vpc(Resource):
    """`public_ip` is its source NAT address, which its VPN gateway has as well."""

    cidr: str = ""
    public_ip: str = ""


@dataclass
class Rule:
    id: str
    kind: str
    parent_id: str
    account_id: str
    protocol: str
    startport: int | None = None
    endport: int | None = None
    icmptype: int | None = None
    icmpcode: int | None = None
    cidrs: tuple[str, ...] = ()
    direction: str = "Ingress"
    state: str = "Active"
    number: int = 0
    action: str = "Allow"
    reason: str = ""
    group: tuple[str, str] | None = None  # (account, security group) instead of cidrs


@dataclass
class Job:
    id: str
    command: str
    account_id: str
    user_id: str
    created: str
    status: int = 0
    result_code: int = 0
    result: dict[str, object] = field(default_factory=dict)
    instance_id: str = ""
    polls_left: int = 0


class Store:
    """All state of one emulated cloud."""

    def __init__(self, settings: dict[str, str], version: str) -> None:
        self.lock = threading.RLock()
        self.version = version
        self.commands = commands_of(version)
        self.several_pairs = several_pairs(version)
        self.pairs: dict[str, KeyPair] = {}
        self.settings = settings
        self.accounts: dict[str, Account] = {}
        self.users: dict[str, User] = {}
        self.resources: dict[str, Resource] = {}
        self.rules: dict[str, Rule] = {}
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.jobs: dict[str, Job] = {}
        self.vpns = Vpns()

    def setting(self, name: str, account: Account | None = None) -> str:
        """The account's own value where it has one, else the global one."""
        if account is not None and name in account.settings:
            return account.settings[name]
        return self.settings.get(name, "")

    def add_pair(self, user: User, name: str, enddate: str = "", rules: tuple[tuple[str, str], ...] = ()) -> KeyPair:
        """Gives a user one more pair; the user's own fields hold the latest."""
        pair = KeyPair(new_id(), user.id, name, user.apikey, user.secretkey, now_text(), enddate, rules)
        self.pairs[pair.id] = pair
        return pair

    def holder(self, apikey: str) -> tuple[User, KeyPair] | None:
        """Whose key it is, and the pair; up to 4.22 a user has the one that its own fields hold."""
        if self.several_pairs:
            pair = next((pair for pair in self.pairs.values() if pair.apikey == apikey), None)
            return (self.users[pair.user_id], pair) if pair else None
        user = next((user for user in self.users.values() if user.apikey == apikey), None)
        return (user, KeyPair("", user.id, "", user.apikey, user.secretkey, "")) if user else None

    def of_kind(self, kind: str) -> Iterator[Resource]:
        return (resource for resource in self.resources.values() if resource.kind == kind)

    def vpcs(self) -> Iterator[Vpc]:
        return (resource for resource in self.resources.values() if isinstance(resource, Vpc))

    def rules_of(self, parent_id: str) -> list[Rule]:
        return [rule for rule in self.rules.values() if rule.parent_id == parent_id]

    def owner_of(self, kind: str, resource_id: str) -> str | None:
        """The account id of a taggable resource, or None where there is no such resource."""
        held = self.rules.get(resource_id) or self.resources.get(resource_id)
        return held.account_id if held is not None and held.kind.lower() == kind.lower() else None

    def drop_rule(self, rule_id: str) -> None:
        rule = self.rules.pop(rule_id)
        self.tags.pop((rule.kind, rule_id), None)
