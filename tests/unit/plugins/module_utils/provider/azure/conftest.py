# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Azure emulator over TLS, and one planner run as a module makes it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    ScopeState,
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.ip_group import IpGroups
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.security_group import (
    NetworkSecurityGroups,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.session import AzureSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer, lab_server, start_server

__all__ = ["lab_server"]

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
SUBSCRIPTION = "33333333-3333-4333-8333-333333333333"
SECRET = "lab-secret-0123456789"
STORE = "store-a"
TODAY = datetime.date(2026, 1, 1)
PLAIN = {
    "access": "Allow",
    "direction": "Inbound",
    "protocol": "Tcp",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
}
FOREIGN = [
    {**PLAIN, "name": "ssh", "priority": 100, "sourceAddressPrefix": "203.0.113.7", "destinationPortRange": "22"},
    {**PLAIN, "name": "tag", "priority": 101, "sourceAddressPrefix": "VirtualNetwork", "destinationPortRange": "*"},
    {
        **PLAIN,
        "name": "grid",
        "priority": 1001,
        "sourceAddressPrefixes": ["198.51.100.0/24", "2001:DB8::/48"],
        "destinationPortRanges": ["80", "8000-8010"],
        "description": "made by the customer",
    },
]
FOREIGN_ADDRESSES = ["203.0.113.7", "198.51.100.0/24", "10.2.0.0-10.2.0.11"]
FOREIGN_TAGS = {"costCentre": "4711", "svcstore:store-b 198.51.100.0_24": "svcstore:store-b owner=others"}
APPLICATION = {
    "client_id": CLIENT,
    "display_name": "store",
    "secrets": [{"value": SECRET}],
    "roles": [{"role": "Network Contributor", "scope": f"/subscriptions/{SUBSCRIPTION}"}],
    "graph_permissions": ["Policy.ReadWrite.ConditionalAccess", "Application.Read.All"],
}
CONFIG: dict[str, Any] = {
    "tenants": [{"id": TENANT, "display_name": "acme", "applications": [
        APPLICATION,
        {"client_id": CLIENT[:-1] + "3", "secrets": [{"value": SECRET}],
         "roles": [{"role": "Reader", "scope": f"/subscriptions/{SUBSCRIPTION}"}]},
        {"client_id": CLIENT[:-1] + "4", "secrets": [{"value": SECRET, "expires": "2020-01-01T00:00:00Z"}]},
    ]}],
    "subscriptions": [{"id": SUBSCRIPTION, "display_name": "prod", "tenant_id": TENANT, "resource_groups": [
        {"name": "store", "network_security_groups": [{"name": "api"}, {"name": "mixed", "rules": FOREIGN}],
         "ip_groups": [{"name": "api"}, {"name": "mixed", "addresses": FOREIGN_ADDRESSES, "tags": FOREIGN_TAGS}]},
        {"name": "other", "network_security_groups": [{"name": "api"}],
         "ip_groups": [{"name": "api", "location": "northeurope", "addresses": ["203.0.113.9"]}]},
    ]}],
}  # fmt: skip
FAST = Retry(4, base_s=0.001)


def session(url: str, ca_file: str | None, client: str = CLIENT, **more: Any) -> AzureSession:
    public = {"tenant_id": TENANT, "client_id": client, "subscription_id": SUBSCRIPTION, **more.pop("public", {})}
    credential = Credential("acme-azure", "azure", public, {"client_secret": more.pop("secret", SECRET)})
    endpoints = {"arm": url, "entra": url, "graph": url + "/graph"}
    options = {"retry": FAST, "timeout_s": 60.0, **more}
    return AzureSession(credential, Access(endpoints=endpoints, ca_file=ca_file, **options))


def scope(name: str = "api", parent: str = "store", kind: str = "network_security_group") -> Scope:
    return Scope(kind, name=name, parent=parent)


class Account:
    """A session and its adapter, with what a module does around them."""

    def __init__(self, made: AzureSession) -> None:
        self.session = made
        self.adapter = NetworkSecurityGroups(made, STORE)

    def read(self, name: str = "api") -> ScopeState:
        return self.adapter.read_allowlists([scope(name)])[scope(name)]

    def bring(self, *entries: Mapping[str, Any], purge: str = "own", name: str = "api") -> list[Change]:
        """Plan and apply the wanted entries; returns what was changed."""
        state = self.read(name)
        wanted = Wanted(state.scope, parse_entries(entries, "entries"), purge)
        changes = plan(state, wanted, STORE, self.adapter.limits, TODAY).changes
        return list(self.adapter.apply_allowlist(state, changes)) if changes else []

    def rules(self, name: str = "api") -> list[dict[str, Any]]:
        return list(self.read(name).extra["properties"]["securityRules"])

    def calls(self) -> dict[str, int]:
        counted = self.session.calls.by_name()
        return {name.partition(".")[2]: n for name, n in counted.items() if name.startswith("arm")}


class ListAccount:
    """A session and its adapter of IP groups, with what a module does around them."""

    def __init__(self, made: AzureSession, store: str = STORE) -> None:
        self.session = made
        self.store = store
        self.adapter = IpGroups(made, store)

    def read(self, name: str = "api", parent: str = "store") -> ScopeState:
        wanted = scope(name, parent, "ip_group")
        return self.adapter.read_allowlists([wanted])[wanted]

    def bring(self, *entries: Any, purge: str = "own", name: str = "api", parent: str = "store") -> list[Change]:
        """Plan and apply the wanted entries, addresses or dicts; returns what was changed."""
        state = self.read(name, parent)
        rows = [entry if isinstance(entry, Mapping) else {"cidr": entry} for entry in entries]
        wanted = Wanted(state.scope, parse_entries(rows, "entries", bare=True), purge)
        changes = plan(state, wanted, self.store, self.adapter.limits, TODAY).changes
        return list(self.adapter.apply_allowlist(state, changes)) if changes else []

    def group(self, name: str = "api") -> dict[str, Any]:
        return dict(self.read(name).extra)

    def addresses(self, name: str = "api") -> list[str]:
        return list(self.group(name)["properties"]["ipAddresses"])

    def calls(self) -> dict[str, int]:
        counted = self.session.calls.by_name()
        return {name.partition(".")[2]: n for name, n in counted.items() if name.startswith("arm")}


@pytest.fixture
def lists(server: LabServer) -> ListAccount:
    return ListAccount(session(server.url, server.ca_file))


@contextmanager
def running(config: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """An emulator for as long as it is in use."""
    started = start_server("azure", config, tmp_path_factory.mktemp("azure"))
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def faults_before(server: LabServer) -> Iterator[FaultProxy]:
    """A server that spoils calls on their way to another; both have their certificates of one authority."""
    cert, key = issue(make_ca(Path(server.ca_file).parent), ["faults"], ["127.0.0.1"])
    with FaultProxy(server.url, server.ca_file, str(cert), str(key)) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with running(CONFIG, tmp_path_factory) as started:
        yield started


@pytest.fixture
def server(emulator: LabServer) -> LabServer:
    emulator.reset()
    return emulator


@pytest.fixture
def account(server: LabServer) -> Account:
    return Account(session(server.url, server.ca_file))


@pytest.fixture
def faults(server: LabServer) -> Iterator[FaultProxy]:
    with faults_before(server) as proxy:
        yield proxy
