# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator holds: tenants with applications and policies, subscriptions with resources."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from lab.clouds.azure.roles import BUILT_IN, Role, custom
from lab.clouds.azure.tokens import Signer
from lab.clouds.azure.wire import Json, now_text

_SPACE = uuid.UUID("6f1c7a52-5f0c-4a86-9d0b-6a0a5a2f3c11")
NEVER = "2299-12-31T00:00:00Z"


@dataclass
class Application:
    """An application registration together with its service principal in the same tenant."""

    client_id: str
    object_id: str
    principal_id: str
    display_name: str
    passwords: list[Json]
    roles: list[tuple[Role, str]]
    graph_permissions: set[str]
    #: Client ids of the applications that Application.ReadWrite.OwnedBy lets change this one.
    owners: set[str] = field(default_factory=set)
    #: When secrets came (by key id) and went, on this machine's monotonic clock: the token endpoint hears of it later.
    added: dict[str, float] = field(default_factory=dict)
    removed: list[tuple[Json, float]] = field(default_factory=list)
    token_requests: int = 0


@dataclass
class Tenant:
    id: str
    display_name: str
    applications: dict[str, Application] = field(default_factory=dict)
    named_locations: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)


@dataclass
class SqlServer:
    """A logical server and its firewall rules by name in lower case."""

    resource: Json
    rules: dict[str, Json] = field(default_factory=dict)


@dataclass
class ResourceGroup:
    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)
    nsgs: dict[str, Json] = field(default_factory=dict)
    storage_accounts: dict[str, Json] = field(default_factory=dict)
    vaults: dict[str, Json] = field(default_factory=dict)
    sql_servers: dict[str, SqlServer] = field(default_factory=dict)
    ip_groups: dict[str, Json] = field(default_factory=dict)
    public_ips: dict[str, Json] = field(default_factory=dict)
    networks: dict[str, Json] = field(default_factory=dict)
    local_gateways: dict[str, Json] = field(default_factory=dict)
    gateways: dict[str, Json] = field(default_factory=dict)
    connections: dict[str, Json] = field(default_factory=dict)
    #: Of connections, by their names in lower case.
    shared_keys: dict[str, str] = field(default_factory=dict)


@dataclass
class Subscription:
    id: str
    display_name: str
    tenant_id: str
    groups: dict[str, ResourceGroup] = field(default_factory=dict)


@dataclass
class State:
    """Everything, behind one lock that a request holds from start to end.

    Azure serialises the writes to a resource too.
    """

    config: Json
    tenants: dict[str, Tenant] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    calls: list[Json] = field(default_factory=list)
    throttle: int = 0
    roles: dict[str, Role] = field(default_factory=dict)
    signer: Signer = field(default_factory=Signer)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Back to what the configuration says; tokens issued before stay valid."""
        own = [custom(it, derived_id("role", it["name"])) for it in self.config.get("role_definitions", [])]
        self.roles = {**BUILT_IN, **{role.name: role for role in own}}
        self.tenants = {t.id: t for t in (_tenant(it, self.roles) for it in self.config.get("tenants", []))}
        self.subscriptions = {}
        self.operations, self.calls, self.throttle = {}, [], 0
        for item in self.config.get("subscriptions", []):
            subscription = _subscription(item, next(iter(self.tenants), ""))
            self.subscriptions[subscription.id.lower()] = subscription
            _seed_vpn(self, subscription, item)

    def find_application(self, tenant_id: str, client_id: str) -> Application | None:
        tenant = self.tenants.get(tenant_id.lower())
        return tenant.applications.get(client_id.lower()) if tenant else None

    def setting(self, name: str, default: int) -> int:
        """A whole number of the configuration."""
        return int(self.config.get(name, default))


def derived_id(*parts: str) -> str:
    """A UUID that is the same in every run, for objects whose id the configuration leaves out."""
    return str(uuid.uuid5(_SPACE, "/".join(parts)))


def password(value: str, expires: str = NEVER, name: str = "") -> Json:
    """A passwordCredential as Graph stores it."""
    return {
        "keyId": str(uuid.uuid4()),
        "displayName": name,
        "hint": value[:3],
        "secretText": value,
        "startDateTime": now_text(),
        "endDateTime": expires,
    }


def _tenant(item: Json, roles: dict[str, Role]) -> Tenant:
    name = item.get("display_name", "lab")
    tenant = Tenant(str(item.get("id") or derived_id("tenant", name)).lower(), name)
    for entry in item.get("applications", []):
        application = _application(entry, tenant.id, roles)
        tenant.applications[application.client_id] = application
    for attribute in ("named_locations", "policies"):
        for body in item.get(attribute, []):
            key = body.get("id") or derived_id(tenant.id, attribute, body["displayName"])
            stamps = {"createdDateTime": now_text(), "modifiedDateTime": now_text()}
            getattr(tenant, attribute)[key] = {**stamps, **body, "id": key}
    return tenant


def _application(item: Json, tenant_id: str, roles: dict[str, Role]) -> Application:
    name = item.get("display_name", "application")
    client_id = str(item.get("client_id") or derived_id(tenant_id, "application", name)).lower()
    return Application(
        client_id=client_id,
        object_id=item.get("object_id") or derived_id(client_id, "object"),
        principal_id=item.get("service_principal_id") or derived_id(client_id, "principal"),
        display_name=name,
        passwords=[password(s["value"], s.get("expires", NEVER), s.get("name", "")) for s in item.get("secrets", [])],
        roles=[(roles[r["role"]], r["scope"].rstrip("/").lower()) for r in item.get("roles", [])],
        graph_permissions=set(item.get("graph_permissions", [])),
        owners={str(owner).lower() for owner in item.get("owners", [client_id])},
    )


def _subscription(item: Json, default_tenant: str) -> Subscription:
    name = item.get("display_name", "subscription")
    subscription = Subscription(
        id=item.get("id") or derived_id("subscription", name),
        display_name=name,
        tenant_id=str(item.get("tenant_id") or default_tenant).lower(),
    )
    for entry in item.get("resource_groups", []):
        group = ResourceGroup(entry["name"], entry.get("location", "westeurope"), dict(entry.get("tags", {})))
        subscription.groups[group.name.lower()] = group
        for body in entry.get("network_security_groups", []):
            _seed_nsg(subscription, group, body)
        _seed_guarded(subscription, group, entry)
        for body in entry.get("ip_groups", []):
            _seed_ip_group(subscription, group, body)
    return subscription


def _seed_guarded(subscription: Subscription, group: ResourceGroup, entry: Json) -> None:
    # Imported here, as below.
    from lab.clouds.azure import guarded, sql

    for kind in (guarded.STORAGE, guarded.VAULT):
        for item in entry.get(kind.attribute, []):
            guarded.seed(kind, subscription, group, item)
    for item in entry.get("sql_servers", []):
        sql.seed(subscription, group, item)


def _seed_nsg(subscription: Subscription, group: ResourceGroup, item: Json) -> None:
    # Imported here: the resource's shape is nsg.py's, which needs the types above.
    from lab.clouds.azure.nsg import build

    def rule(entry: Json) -> Json:
        properties: dict[str, Any] = {k: v for k, v in entry.items() if k != "name"}
        return {"name": entry["name"], "properties": properties}

    body = {
        "location": item.get("location", group.location),
        "tags": item.get("tags", {}),
        "properties": {"securityRules": [rule(r) for r in item.get("rules", [])]},
    }
    group.nsgs[item["name"].lower()] = build(subscription.id, group, item["name"], body, None)


def _seed_ip_group(subscription: Subscription, group: ResourceGroup, item: Json) -> None:
    from lab.clouds.azure.ip_group import build

    body = {
        "location": item.get("location", group.location),
        "tags": item.get("tags", {}),
        "properties": {"ipAddresses": item.get("addresses", [])},
    }
    group.ip_groups[item["name"].lower()] = build(subscription.id, group, item["name"], body, None)


def _seed_vpn(state: State, subscription: Subscription, item: Json) -> None:
    from lab.clouds.azure.vpn import seed

    for entry in item.get("resource_groups", []):
        seed(state, subscription, subscription.groups[entry["name"].lower()], entry)
