# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live probes of an application's secret: a token, the subscription, single services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ProviderError
from ..base import Identity

if TYPE_CHECKING:
    from .session import AzureSession

SERVICES = ("entra", "arm", "graph")
SUBSCRIPTION_VERSION = "2022-12-01"


def probe(session: AzureSession, service: str = "") -> Identity:
    """Return who the application is.

    Without a service: a token, and the subscriptions that it shows, which must hold the account's own. Resource Manager
    answers a list without the subscription where the application has no role in it.
    """
    who = f"application {session.public['client_id']}"
    tenant = session.public["tenant_id"]
    if service == "entra":
        doing = "ask Entra ID for a token"
        session.call(doing, lambda _number: session.token("arm"))
        return Identity(session.subscription_id, who, {"tenant_id": tenant})
    if service == "graph":
        path = f"/v1.0/servicePrincipals(appId='{session.public['client_id']}')"
        found = session.send("read at graph", "GET", "graph", path, query={"$select": "id,displayName"}).body
        return Identity(tenant, who, {"service_principal_id": found["id"], "name": found.get("displayName", "")})
    doing = "list the subscriptions"
    seen = list(session.pages(doing, "arm", "/subscriptions", {"api-version": SUBSCRIPTION_VERSION}))
    for item in seen:
        if item["subscriptionId"].lower() == session.subscription_id.lower():
            return Identity(session.subscription_id, who, {"tenant_id": tenant, "name": item.get("displayName", "")})
    why = f"the application has no role in the subscription {session.subscription_id}; it sees {len(seen)} others"
    raise ProviderError("azure", doing, why, "no_permission", hint="assign it a role such as Network Contributor there")
