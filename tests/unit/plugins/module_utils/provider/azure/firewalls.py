# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subscription with a storage account, a key vault and a SQL server, and a role that may do no more than it must."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ansible_collections.strategic.service_store.plugins.module_utils.model.data_plane import (
    Firewall,
    Resource,
    Wanted,
    plan,
    withdraw,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.data_plane import Firewalls
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.guarded import TYPES, express
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.need import NEEDS
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.session import AzureSession
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import APPLICATION, CLIENT, SECRET, STORE, SUBSCRIPTION, TENANT, faults_before, running, session

STORAGE = Resource("storage_account", "prod", "acmedata")
VAULT = Resource("key_vault", "prod", "acme-keys")
SERVER = Resource("sql_server", "prod", "acme-sql")
RESOURCES = {resource.kind: resource for resource in (STORAGE, VAULT, SERVER)}
KINDS = tuple(RESOURCES)
NARROW, NO_GRAPH = CLIENT[:-1] + "5", CLIENT[:-1] + "6"
ACLS = {
    "defaultAction": "Allow",
    "ipRules": [{"value": "203.0.113.0/28"}],
    "virtualNetworkRules": [{"id": "/subscriptions/x/subnets/y"}],
}
GROUP = {
    "name": "prod",
    "storage_accounts": [
        {
            "name": "acmedata",
            "tags": {"team": "data"},
            "properties": {"networkAcls": {**ACLS, "bypass": "AzureServices, Metrics"}},
        },
        {"name": "acmelogs"},
    ],
    "vaults": [
        {"name": "acme-keys", "tags": {"team": "data"}, "properties": {"networkAcls": {**ACLS, "bypass": "None"}}},
        {"name": "acme-bare"},
        {"name": "acme-dark", "properties": {"publicNetworkAccess": "disabled"}},
    ],
    "sql_servers": [
        {
            "name": "acme-sql",
            "rules": [
                {"name": "by the customer", "startIpAddress": "203.0.113.0", "endIpAddress": "203.0.113.15"},
                {"name": "AllowAllWindowsAzureIps", "startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"},
            ],
        },
        {"name": "dark-sql", "properties": {"publicNetworkAccess": "Disabled"}},
    ],
}
#: By kind the least call of the data, whom its token is for, and the codes of a 403: the firewall's, and that of what
#: comes behind it.
DOORS = {
    "storage_account": (
        "/storage/{}/?comp=list",
        "https://storage.azure.com",
        "AuthorizationFailure",
        "AuthorizationPermissionMismatch",
    ),
    "key_vault": ("/vault/{}/secrets", "https://vault.azure.net", "ForbiddenByFirewall", "ForbiddenByRbac"),
    "sql_server": ("/sql/{}", "", "40615", ""),
}
RIGHTS = [right for kind in KINDS for right in NEEDS[kind].rights]
INSIDE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.Storage/storageAccounts"
CONFIG: dict[str, Any] = {
    "tenants": [{"id": TENANT, "display_name": "acme", "applications": [
        {**APPLICATION, "roles": [{"role": "firewalls", "scope": f"/subscriptions/{SUBSCRIPTION}"}]},
        {"client_id": NARROW, "secrets": [{"value": SECRET}],
         "roles": [{"role": "firewalls", "scope": f"{INSIDE}/{name}"} for name in ("acmedata", "acmelogs")]},
        {"client_id": NO_GRAPH, "secrets": [{"value": SECRET}],
         "roles": [{"role": "firewalls", "scope": f"/subscriptions/{SUBSCRIPTION}"}]},
    ]}],
    "subscriptions": [{"id": SUBSCRIPTION, "tenant_id": TENANT, "resource_groups": [GROUP]}],
    "role_definitions": [{"name": "firewalls", "actions": RIGHTS}],
}  # fmt: skip


class Guarded:
    """A session and its adapter, with what a module does around them."""

    def __init__(self, made: AzureSession, store: str = STORE) -> None:
        self.session = made
        self.store = store
        self.adapter = Firewalls(made, store)

    def read(self, kind: str) -> Firewall:
        return self.adapter.read_firewalls([RESOURCES[kind]])[RESOURCES[kind]]

    def planned(self, kind: str, *addresses: str, purge: str = "own") -> tuple[Firewall, tuple[Change, ...]]:
        now = self.read(kind)
        return now, plan(now, Wanted(RESOURCES[kind], express(kind, addresses, "addresses"), purge)).changes

    def bring(self, kind: str, *addresses: str, purge: str = "own") -> list[Change]:
        """Plan and apply; returns what was changed."""
        return list(self.adapter.apply_firewall(*self.planned(kind, *addresses, purge=purge)))

    def withdraw(self, kind: str) -> list[Change]:
        now = self.read(kind)
        return list(self.adapter.apply_firewall(now, withdraw(now).changes))

    def sheet(self, kind: str, *addresses: str, purge: str = "own") -> str:
        return self.adapter.render_firewall(*self.planned(kind, *addresses, purge=purge))

    def patches(self, kind: str, *addresses: str) -> list[Any]:
        """The bodies that are written on the way to a list of addresses."""
        sent: list[Any] = []
        plain = self.session.send_once

        def watch(doing: str, method: str, service: str, path: str, body: Any = None, *more: Any, **named: Any) -> Any:
            sent.extend([body] if method == "PATCH" else [])
            return plain(doing, method, service, path, body, *more, **named)

        self.session.send_once = watch  # type: ignore[method-assign]
        try:
            self.bring(kind, *addresses)
        finally:
            self.session.send_once = plain  # type: ignore[method-assign]
        return sent

    def raw(self, kind: str) -> Any:
        return self.read(kind).extra

    def write(self, kind: str, method: str, under: str, body: Any) -> None:
        """One write as somebody else makes it."""
        path = TYPES[kind].path(SUBSCRIPTION, RESOURCES[kind]) + under
        self.session.send("meddle", method, "arm", path, body, {"api-version": TYPES[kind].version})

    def put_rule(self, name: str, start: str, end: str) -> None:
        properties = {"startIpAddress": start, "endIpAddress": end}
        self.write("sql_server", "PUT", f"/firewallRules/{requests.utils.quote(name)}", {"properties": properties})

    def narrow(self) -> Guarded:
        """The same with a role on two storage accounts alone."""
        url, ca_file = self.session.endpoint("arm"), self.session.access.ca_file
        return Guarded(session(url, ca_file, client=NARROW))

    def lets_in(self, resource: Resource) -> bool:
        """Whether a resource's public endpoint takes calls of this machine; the product's own door is not asked."""
        plain, url = requests.Session(), self.session.endpoint("arm")
        plain.trust_env, plain.verify = False, self.session.access.ca_file or ""
        path, audience, refused, behind = DOORS[resource.kind]
        headers = {}
        if audience:
            grant = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
            form = {**grant, "scope": f"{audience}/.default"}
            token = plain.post(f"{url}/{TENANT}/oauth2/v2.0/token", data=form, timeout=60).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
        answer = plain.get(url + path.format(resource.name), headers=headers, timeout=60)
        codes = [code for code in (refused, behind) if code and code in answer.text]
        assert answer.status_code == 200 or (answer.status_code == 403 and len(codes) == 1), answer.text
        return codes != [refused]

    def calls(self) -> dict[str, int]:
        counted = self.session.calls.by_name()
        return {name.partition(".")[2]: n for name, n in counted.items() if name.startswith("arm")}


@pytest.fixture(scope="module")
def guarded_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with running(CONFIG, tmp_path_factory) as started:
        yield started


@pytest.fixture
def guarded_server(guarded_emulator: LabServer) -> LabServer:
    guarded_emulator.reset()
    return guarded_emulator


@pytest.fixture
def guarded(guarded_server: LabServer) -> Guarded:
    return Guarded(session(guarded_server.url, guarded_server.ca_file))


@pytest.fixture
def broken(guarded_server: LabServer) -> Iterator[FaultProxy]:
    with faults_before(guarded_server) as proxy:
        yield proxy
