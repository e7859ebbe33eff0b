# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acme's Azure subscription at the lab's emulator: Entra ID, Resource Manager and Graph."""

from __future__ import annotations

import uuid
from typing import Any

from ..context import Context, random_password
from ..topology import AZURE
from . import servers
from .base import Component, Status

RESOURCE_GROUP, SECURITY_GROUP, LOCATION = "service-store", "store-api", "uksouth"
_GRAPH = ["Application.Read.All", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"]


def _make() -> dict[str, str]:
    return {
        "tenant_id": str(uuid.uuid4()),
        "client_id": str(uuid.uuid4()),
        "client_secret": random_password(),
        "subscription_id": str(uuid.uuid4()),
    }


def _application(name: str, secret: dict[str, str], role: str, graph: list[str]) -> dict[str, Any]:
    return {
        "client_id": secret["client_id"],
        "display_name": name,
        "secrets": [{"value": secret["client_secret"]}],
        "roles": [{"role": role, "scope": f"/subscriptions/{secret['subscription_id']}"}],
        "graph_permissions": graph,
    }


def config(ctx: Context) -> dict[str, Any]:
    store = ctx.once("acme-azure", _make)
    admin = ctx.once(
        "acme-azure-admin", lambda: {**store, "client_id": str(uuid.uuid4()), "client_secret": random_password()}
    )
    group = {
        "name": RESOURCE_GROUP,
        "location": LOCATION,
        "network_security_groups": [{"name": SECURITY_GROUP, "rules": []}],
    }
    return {
        "tenants": [
            {
                "id": store["tenant_id"],
                "display_name": "Acme",
                "applications": [
                    _application("service-store", store, "Network Contributor", _GRAPH),
                    _application("acme-admin", admin, "Owner", _GRAPH),
                ],
            }
        ],
        "subscriptions": [
            {
                "id": store["subscription_id"],
                "display_name": "Acme production",
                "tenant_id": store["tenant_id"],
                "resource_groups": [group],
            }
        ],
    }


def up(ctx: Context) -> dict[str, Any]:
    servers.start(ctx, AZURE, "lab.clouds.azure", config(ctx))
    return {
        "endpoints": {"arm": AZURE.url, "entra": AZURE.url, "graph": f"{AZURE.url}/graph"},
        "resource_group": RESOURCE_GROUP,
        "security_group": SECURITY_GROUP,
    }


def down(ctx: Context) -> None:
    ctx.service(AZURE.name).stop()


def status(ctx: Context) -> Status:
    return servers.status(ctx, AZURE)


COMPONENT = Component("azure", ("clouds",), up, down, status)
