# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network security groups and their rules, addressed as a whole and one by one."""

from __future__ import annotations

import uuid

from lab.clouds.azure import security_rule, tags
from lab.clouds.azure.state import ResourceGroup
from lab.clouds.azure.wire import AzureError, Json, Request, Response, new_etag

_KNOWN = {"id", "name", "type", "etag", "location", "tags", "properties"}
_KNOWN_PROPERTIES = {
    "securityRules",
    "flushConnection",
    "defaultSecurityRules",
    "provisioningState",
    "resourceGuid",
    "networkInterfaces",
    "subnets",
    "flowLogs",
}
_DEFAULTS = (
    ("AllowVnetInBound", "Inbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Inbound", 65500, "Deny", "*", "*"),
    ("AllowVnetOutBound", "Outbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", 65001, "Allow", "*", "Internet"),
    ("DenyAllOutBound", "Outbound", 65500, "Deny", "*", "*"),
)


def build(subscription_id: str, group: ResourceGroup, name: str, body: Json, old: Json | None) -> Json:
    """The stored resource for a PUT body; refuses what Azure refuses."""
    security_rule.refuse_unknown(body, _KNOWN, "NetworkSecurityGroup")
    properties = body.get("properties") or {}
    security_rule.refuse_unknown(properties, _KNOWN_PROPERTIES, "NetworkSecurityGroupPropertiesFormat")
    location = keep_location(group, name, body, old)
    path = (
        f"/subscriptions/{subscription_id}/resourceGroups/{group.name}/providers/Microsoft.Network"
        f"/networkSecurityGroups/{old['name'] if old else name}"
    )
    rules = [_rule(path, r.get("name", ""), r.get("properties") or {}) for r in properties.get("securityRules") or []]
    security_rule.refuse_conflicts(rules)
    resource: Json = {
        "name": old["name"] if old else name,
        "id": path,
        "type": "Microsoft.Network/networkSecurityGroups",
        "location": location,
        "tags": tags.check(body.get("tags")),
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": old["properties"]["resourceGuid"] if old else str(uuid.uuid4()),
            "flushConnection": bool(properties.get("flushConnection", False)),
            "securityRules": rules,
            "defaultSecurityRules": [_default(path, *entry) for entry in _DEFAULTS],
        },
    }
    return stamp(resource)


def keep_location(group: ResourceGroup, name: str, body: Json, old: Json | None) -> str:
    """The location of a body, which is needed and cannot change."""
    if not body.get("location"):
        raise AzureError(400, "LocationRequired", "The location property is required for this definition.")
    if old is not None and old["location"].lower() != body["location"].lower():
        raise AzureError(
            409,
            "InvalidResourceLocation",
            f"The resource '{name}' already exists in location '{old['location']}' in resource group "
            f"'{group.name}'. A resource with the same name cannot be created in location "
            f"'{body['location']}'.",
        )
    return str(body["location"]).lower().replace(" ", "")


def put_rule(nsg: Json, name: str, body: Json) -> bool:
    """Creates or replaces one rule; True when it is new."""
    security_rule.refuse_unknown(body, {"id", "name", "type", "etag", "properties"}, "SecurityRule")
    new = _rule(nsg["id"], name, body.get("properties") or {})
    rules: list[Json] = nsg["properties"]["securityRules"]
    others = [r for r in rules if r["name"].lower() != name.lower()]
    security_rule.refuse_conflicts([*others, new])
    nsg["properties"]["securityRules"] = [*others, new]
    stamp(nsg)
    return len(others) == len(rules)


def find_rule(nsg: Json, name: str) -> Json | None:
    """A rule by its name; Azure compares names without regard to case."""
    for rule in nsg["properties"]["securityRules"]:
        if rule["name"].lower() == name.lower():
            found: Json = rule
            return found
    return None


def stamp(resource: Json) -> Json:
    """A new etag for the group and all in it: the service keeps one version for the whole group."""
    etag = new_etag()
    resource["etag"] = etag
    for rule in resource["properties"]["securityRules"] + resource["properties"]["defaultSecurityRules"]:
        rule["etag"] = etag
    return resource


def check_match(request: Request, current: Json | None, resource_id: str) -> None:
    """If-Match and If-None-Match, as every write honours them."""
    wanted, refused = request.headers.get("if-match"), request.headers.get("if-none-match")
    etag = current["etag"] if current else None
    if wanted and etag is None or wanted not in (None, "*", etag) or (refused == "*" and etag is not None):
        raise AzureError(
            412,
            "PreconditionFailed",
            "Precondition failed.",
            details=[
                {
                    "code": "PreconditionFailedEtagMismatch",
                    "message": f"Etag provided in if-match header {wanted} does not match etag {etag} of resource "
                    f"{resource_id} in NRP data store.",
                }
            ],
        )


def written(resource: Json, created: bool, headers: dict[str, str]) -> Response:
    """The answer to a PUT: the resource while it is being provisioned, and where to ask about that."""
    body = {**resource, "properties": {**resource["properties"], "provisioningState": "Updating"}}
    return Response(201 if created else 200, body, headers)


def _rule(nsg_path: str, name: str, properties: Json) -> Json:
    return {
        "name": name,
        "id": f"{nsg_path}/securityRules/{name}",
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "properties": security_rule.check(name, properties),
    }


def _default(path: str, name: str, direction: str, priority: int, access: str, source: str, target: str) -> Json:
    properties = {
        "provisioningState": "Succeeded",
        "description": "",
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": target,
        "access": access,
        "priority": priority,
        "direction": direction,
        "sourcePortRanges": [],
        "destinationPortRanges": [],
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
    }
    return {
        "name": name,
        "id": f"{path}/defaultSecurityRules/{name}",
        "properties": properties,
        "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
    }
