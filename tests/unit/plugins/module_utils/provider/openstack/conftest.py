# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Keystone and Neutron, with a fault proxy in front of each, and one planner run as a module makes it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    ScopeState,
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential, parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.address_group import (
    AddressGroups,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.security_group import (
    SecurityGroups,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.session import OpenStackSession
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support import openstack
from tests.support.servers import LabServer, starter

from .vpn_hand import STORE, VpnHand

TODAY = datetime.date(2026, 1, 1)
FAST = Retry(3, base_s=0.001)
READS_ONLY = [{"service": "network", "method": "GET", "path": "/v2.0/security-groups"}]
LISTS = [
    {"name": "list"},
    {"name": "told", "description": "the partner's (see T-1)"},
    {"name": "ours", "description": "made for the store svcstore:store-a(*)"},
]
ROUTER = {"name": "main", "cidr": "10.42.0.0/24", "address": "203.0.113.20"}
ACCOUNTS: list[dict[str, Any]] = [
    {"project": "main", "security_groups": ["api", "db"], "address_groups": LISTS},
    {"project": "small", "security_groups": ["api"], "quotas": {"security_group_rule": 8}},
    {"project": "reader", "role": "reader", "access_rules": None, "security_groups": ["api"]},
    {"project": "narrow", "access_rules": READS_ONLY, "security_groups": ["api"]},
    {"project": "free", "access_rules": None, "unrestricted": True, "security_groups": ["api"]},
    {"project": "foreign", "user": "somebody-else", "security_groups": ["api"]},
    {"project": "tunnels", "access_rules": None, "routers": [ROUTER]},
]


class Cloud:
    """Both services, each behind a fault proxy that counts what comes in."""

    def __init__(self, server: LabServer, accounts: list[openstack.Account], faults: FaultProxy, login: FaultProxy):
        self.server = server
        self.accounts = {str(account.made["project"]): account for account in accounts}
        self.faults = faults
        self.login = login

    def reset(self) -> None:
        self.server.reset()
        self.forget()

    def forget(self) -> None:
        """Forget the calls and the faults so far."""
        self.faults.reset()
        self.login.reset()

    def operations(self) -> list[str]:
        """The calls to both services, those for a token first."""
        return self.login.operations() + self.faults.operations()

    def credential(self, project: str = "main", **fields: str) -> Credential:
        """An account's application credential, with fields of the test's own."""
        return parse("globex", "openstack", {**self.accounts[project].secret, **fields})

    def user(self, project: str = "main", **fields: str) -> Credential:
        """An account's user by its password."""
        return parse("hand", "openstack", {**self.accounts[project].password, **fields})

    def session(self, project: str = "main", given: Credential | None = None, **more: Any) -> OpenStackSession:
        secret = {"application_credential_secret": more.pop("secret")} if "secret" in more else {}
        credential = given or self.credential(project, **secret)
        endpoints = {"identity": f"{self.login.url}/v3", "network": self.faults.url}
        options: dict[str, Any] = {"endpoints": endpoints, "ca_file": self.server.ca_file, "retry": FAST, **more}
        return OpenStackSession(credential, Access(**options))


class Hand:
    """A session and its adapter, with what a module does around them."""

    def __init__(self, session: OpenStackSession) -> None:
        self.session = session
        self.adapter = SecurityGroups(session, STORE)

    def read(self, name: str = "api") -> ScopeState:
        scope = Scope("security_group", name=name)
        return self.adapter.read_allowlists([scope])[scope]

    def bring(self, *entries: Mapping[str, Any], purge: str = "own") -> list[Change]:
        """Plan and apply the wanted entries; returns what was changed."""
        state = self.read()
        wanted = Wanted(state.scope, parse_entries(entries, "entries"), purge)
        changes = plan(state, wanted, STORE, self.adapter.limits, TODAY).changes
        return list(self.adapter.apply_allowlist(state, changes))

    def lines(self) -> list[str]:
        return sorted(str(item.entry) for item in self.read().held)


class ListHand:
    """A session and its adapter of address groups, with what a module does around them."""

    def __init__(self, session: OpenStackSession, store: str = STORE) -> None:
        self.session = session
        self.store = store
        self.adapter = AddressGroups(session, store)

    def read(self, name: str = "list") -> ScopeState:
        scope = Scope("address_group", name=name)
        return self.adapter.read_allowlists([scope])[scope]

    def planned(self, state: ScopeState, *cidrs: str, purge: str = "own") -> tuple[Change, ...]:
        entries = parse_entries([{"cidr": cidr, "owner": "team"} for cidr in cidrs], "entries", bare=True)
        wanted = Wanted(state.scope, entries, purge)
        return plan(state, wanted, self.store, self.adapter.limits, TODAY).changes

    def bring(self, *cidrs: str, purge: str = "own", name: str = "list") -> list[Change]:
        """Plan and apply the wanted addresses; returns what was changed."""
        state = self.read(name)
        return list(self.adapter.apply_allowlist(state, self.planned(state, *cidrs, purge=purge)))

    def held(self, name: str = "list") -> list[tuple[str, str]]:
        return sorted((item.entry.cidr, item.store) for item in self.read(name).held)

    def description(self, name: str = "list") -> str:
        return str(self.read(name).extra["description"])


@pytest.fixture
def lists(cloud: Cloud) -> ListHand:
    return ListHand(cloud.session())


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("openstack")
    with starter(tmp_path_factory) as start:
        server, accounts = openstack.start(start, ACCOUNTS, folder)
        cert, key = (str(path) for path in issue(make_ca(folder / "ca"), ["localhost"], ["127.0.0.1"]))
        with (
            FaultProxy(accounts[0].network, server.ca_file, cert, key) as faults,
            FaultProxy(server.url, server.ca_file, cert, key) as login,
        ):
            yield Cloud(server, accounts, faults, login)


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.reset()
    return running


@pytest.fixture
def tunnels(cloud: Cloud) -> VpnHand:
    return VpnHand(cloud)


@pytest.fixture
def hand(cloud: Cloud) -> Hand:
    return Hand(cloud.session())
