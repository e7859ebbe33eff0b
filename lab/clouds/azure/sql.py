# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Sql/servers and their firewall rules, version 2021-11-01.

"Firewall Rules" of the Azure SQL REST API has the error codes; names and the number of rules are those of "Azure SQL
Database and Azure Synapse IP firewall rules".
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from lab.clouds.azure import resources
from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.state import ResourceGroup, SqlServer, Subscription
from lab.clouds.azure.wire import AzureError, Json, Response

if TYPE_CHECKING:
    from lab.clouds.azure.arm import Call

TYPE = "Microsoft.Sql/servers"
MOST_RULES, NAME_CHARS = 256, 128
_BAD_NAME = re.compile(r"[<>*%&:\\/?]|\.$")
#: "Allow Azure services and resources to access this server".
AZURE = "0.0.0.0"


def seed(subscription: Subscription, group: ResourceGroup, item: Json) -> None:
    """Puts one server of the configuration into its group."""
    path = f"/subscriptions/{subscription.id}/resourceGroups/{group.name}/providers/{TYPE}/{item['name']}"
    resource = {
        "id": path,
        "name": item["name"],
        "type": TYPE,
        "kind": "v12.0",
        "location": item.get("location", group.location),
        "tags": dict(item.get("tags", {})),
        "properties": {
            "version": "12.0",
            "state": "Ready",
            "publicNetworkAccess": "Enabled",
            "fullyQualifiedDomainName": f"{item['name']}.database.windows.net",
            **item.get("properties", {}),
        },
    }
    server = SqlServer(resource)
    for rule in item.get("rules", []):
        server.rules[rule["name"].lower()] = _rule(path, rule["name"], rule)
    group.sql_servers[item["name"].lower()] = server


def list_all(call: Call) -> Response:
    call.allow(f"{TYPE}/{resources.verb(call, 'GET')}")
    groups = call.subscription().groups.values()
    return resources.page(call, [server.resource for group in groups for server in group.sql_servers.values()])


def list_group(call: Call) -> Response:
    call.allow(f"{TYPE}/{resources.verb(call, 'GET')}")
    return resources.page(call, [server.resource for server in call.group().sql_servers.values()])


def one_server(call: Call) -> Response:
    call.allow(f"{TYPE}/{resources.verb(call, 'GET')}")
    return Response(200, _server(call).resource)


def list_rules(call: Call) -> Response:
    call.allow(f"{TYPE}/firewallRules/{resources.verb(call, 'GET')}")
    return resources.page(call, list(_server(call).rules.values()))


def one_rule(call: Call) -> Response:
    """GET, PUT and DELETE of one rule."""
    call.allow(f"{TYPE}/firewallRules/{resources.verb(call)}")
    server, name = _server(call), call.parts["r"]
    held = server.rules.get(name.lower())
    if call.request.method == "GET":
        return Response(200, held or resources.missing(call, f"{TYPE}/{call.parts['n']}/firewallRules/{name}"))
    if call.request.method == "DELETE":
        server.rules.pop(name.lower(), None)
        return Response(200 if held else 204)
    if str(server.resource["properties"]["publicNetworkAccess"]) != "Enabled":
        raise AzureError(
            400,
            "DenyPublicEndpointEnabled",
            "Unable to create or modify firewall rules when public network interface for the server is disabled. To "
            "manage server or database level firewall rules, please enable the public network interface.",
        )
    body = call.request.json()
    refuse_unknown(body, {"id", "name", "type", "properties"}, "FirewallRule")
    properties = body.get("properties") or {}
    refuse_unknown(properties, {"startIpAddress", "endIpAddress"}, "ServerFirewallRuleProperties")
    if held is None and len(server.rules) >= MOST_RULES:
        raise AzureError(400, "TooManyFirewallRules", "The provided firewall rules are over the limit.")
    rule = _rule(server.resource["id"], name, properties)
    server.rules[name.lower()] = rule
    return Response(200 if held else 201, rule)


def lets_in(server: SqlServer, source: str) -> bool:
    """Whether the server takes a login from an address; the rule for Azure's own services lets in none by itself."""
    if server.resource["properties"]["publicNetworkAccess"] != "Enabled":
        return False
    address = ipaddress.ip_address(source)
    held = [rule["properties"] for rule in server.rules.values()]
    return isinstance(address, ipaddress.IPv4Address) and any(
        ipaddress.IPv4Address(ends["startIpAddress"]) <= address <= ipaddress.IPv4Address(ends["endIpAddress"])
        for ends in held
        if ends["endIpAddress"] != AZURE
    )


def _server(call: Call) -> SqlServer:
    found = call.group().sql_servers.get(call.parts["n"].lower())
    if found is None:
        resources.missing(call, f"{TYPE}/{call.parts['n']}")
        raise AssertionError
    return found


def _rule(path: str, name: str, properties: Json) -> Json:
    if len(name) > NAME_CHARS:
        raise AzureError(400, "FirewallRuleNameTooLong", "The provided firewall rule name is too long")
    if _BAD_NAME.search(name):
        raise AzureError(400, "InvalidServerFirewallRuleResourceRequest", f"The rule name '{name}' is invalid.")
    ends = [properties.get(key) for key in ("startIpAddress", "endIpAddress")]
    try:
        start, end = (ipaddress.IPv4Address(str(text)) for text in ends)
    except ValueError:
        text = "The provided firewall rule address is not IPv4"
        raise AzureError(400, "FirewallRuleNotIPv4Address", text) from None
    if end < start:
        raise AzureError(400, "FirewallRuleInvalidRange", "The specified firewall rule range is invalid.")
    return {
        "id": f"{path}/firewallRules/{name}",
        "name": name,
        "type": f"{TYPE}/firewallRules",
        "properties": {"startIpAddress": str(start), "endIpAddress": str(end)},
    }
