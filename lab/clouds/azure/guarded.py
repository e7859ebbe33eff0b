# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Storage/storageAccounts and Microsoft.KeyVault/vaults: read, list, and what PATCH may change here.

Neither has an etag: the last writer of the network ACLs or the tags wins, since a PATCH replaces each as a whole
("Storage Accounts - Update", "Vaults - Update").
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.clouds.azure import network_acls, resources, tags
from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.state import ResourceGroup, Subscription
from lab.clouds.azure.wire import AzureError, Json, Response

if TYPE_CHECKING:
    from lab.clouds.azure.arm import Call

_PUBLIC = ("enabled", "disabled", "securedbyperimeter")


@dataclass(frozen=True)
class Type:
    """One type of resource that network ACLs guard."""

    name: str
    attribute: str
    dialect: network_acls.Dialect
    patch: frozenset[str]
    fixed: Json
    #: The properties of one that has just been made.
    properties: Json
    tag_chars: int = 512


STORAGE = Type(
    "Microsoft.Storage/storageAccounts",
    "storage_accounts",
    network_acls.STORAGE,
    frozenset({"sku", "tags", "identity", "properties", "kind"}),
    {"kind": "StorageV2", "sku": {"name": "Standard_LRS", "tier": "Standard"}},
    {"networkAcls": {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"}},
    128,
)
VAULT = Type(
    "Microsoft.KeyVault/vaults",
    "vaults",
    network_acls.VAULT,
    frozenset({"tags", "properties"}),
    {},
    # A vault that was made without network ACLs has none: everybody may reach it.
    {"sku": {"family": "A", "name": "standard"}, "accessPolicies": [], "enableRbacAuthorization": True},
)


def seed(kind: Type, subscription: Subscription, group: ResourceGroup, item: Json) -> None:
    """Puts one resource of the configuration into its group."""
    path = f"/subscriptions/{subscription.id}/resourceGroups/{group.name}/providers/{kind.name}/{item['name']}"
    tenant = {"tenantId": subscription.tenant_id} if kind is VAULT else {}
    resource = {
        "id": path,
        "name": item["name"],
        "type": kind.name,
        "location": item.get("location", group.location),
        "tags": tags.check(item.get("tags"), kind.tag_chars),
        **kind.fixed,
        "properties": {
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            **tenant,
            **copy.deepcopy(kind.properties),
        },
    }
    _change(kind, resource, {"properties": item.get("properties", {})})
    getattr(group, kind.attribute)[item["name"].lower()] = resource


def list_all(kind: Type) -> Callable[[Call], Response]:
    """Every resource of a type in the subscription."""

    def serve(call: Call) -> Response:
        call.allow(f"{kind.name}/{resources.verb(call, 'GET')}")
        groups = call.subscription().groups.values()
        held = [item for group in groups for item in getattr(group, kind.attribute).values()]
        return resources.page(call, [_shown(kind, item, call) for item in held])

    return serve


def list_group(kind: Type) -> Callable[[Call], Response]:
    """Every resource of a type in one resource group."""

    def serve(call: Call) -> Response:
        call.allow(f"{kind.name}/{resources.verb(call, 'GET')}")
        held = getattr(call.group(), kind.attribute).values()
        return resources.page(call, [_shown(kind, item, call) for item in held])

    return serve


def one(kind: Type) -> Callable[[Call], Response]:
    """GET and PATCH of one resource."""

    def serve(call: Call) -> Response:
        call.allow(f"{kind.name}/{resources.verb(call, 'GET', 'PATCH')}")
        held, name = getattr(call.group(), kind.attribute), call.parts["n"]
        current: Json = held.get(name.lower()) or resources.missing(call, f"{kind.name}/{name}")
        if call.request.method == "PATCH":
            # Worked out on a copy, so that a refused body changes nothing.
            current = {**current, "properties": dict(current["properties"])}
            _change(kind, current, call.request.json())
            held[name.lower()] = current
        return Response(200, _shown(kind, current, call))

    return serve


def _shown(kind: Type, resource: Json, call: Call) -> Json:
    """The resource with what the service alone says of it: where its data is."""
    base, name = call.request.base_url, resource["name"]
    where = (
        {"primaryEndpoints": {"blob": f"{base}/storage/{name}/"}}
        if kind is STORAGE
        else {"vaultUri": f"{base}/vault/{name}/"}
    )
    return {**resource, "properties": {**resource["properties"], **where}}


def _change(kind: Type, resource: Json, body: Json) -> None:
    refuse_unknown(body, set(kind.patch), kind.name.rpartition("/")[2])
    if "tags" in body:
        resource["tags"] = tags.check(body["tags"], kind.tag_chars)
    properties = body.get("properties") or {}
    refuse_unknown(properties, {"networkAcls", "publicNetworkAccess"}, "properties that the emulator changes")
    public = str(properties.get("publicNetworkAccess") or "Enabled")
    if public.lower() not in _PUBLIC:
        raise AzureError(400, "BadRequest", f"Invalid value found at properties.publicNetworkAccess: {public}")
    checked = (
        {"networkAcls": network_acls.check(properties["networkAcls"], kind.dialect)}
        if properties.get("networkAcls")
        else {}
    )
    resource["properties"].update({**properties, **checked})
