# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Network: the calls on what a site-to-site VPN is made of.

Public IP addresses, virtual networks with their subnets, local network gateways, virtual network gateways, and
connections with their shared key. All are whole resources with an etag, written and deleted by long-running operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.clouds.azure import operations, resources, tags, vpn_connection, vpn_gateway, vpn_network
from lab.clouds.azure.nsg import check_match, keep_location, written
from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.state import ResourceGroup, State, Subscription
from lab.clouds.azure.vpn_parts import Place, same
from lab.clouds.azure.wire import AzureError, Json, Request, Response, new_etag

if TYPE_CHECKING:
    from lab.clouds.azure.arm import Call

_KNOWN = {"id", "name", "type", "etag", "location", "tags", "properties"}


@dataclass(frozen=True)
class Type:
    """One type of resource: what its bodies may hold, its properties for a body, and what keeps it from deletion."""

    name: str
    attribute: str
    properties: Callable[[Place, Json, Json | None], Json]
    refuse_deletion: Callable[[Place, Json], None]
    outside: frozenset[str] = frozenset()

    @property
    def type(self) -> str:
        return f"Microsoft.Network/{self.name}"


PUBLIC_IP = Type(
    "publicIPAddresses",
    "public_ips",
    vpn_network.public_ip,
    vpn_network.keep_public_ip,
    frozenset({"sku", "zones"}),
)
NETWORK = Type("virtualNetworks", "networks", vpn_network.network, vpn_network.keep_network)
LOCAL = Type("localNetworkGateways", "local_gateways", vpn_gateway.local, vpn_gateway.keep_local)
GATEWAY = Type("virtualNetworkGateways", "gateways", vpn_gateway.gateway, vpn_gateway.keep_gateway)
CONNECTION = Type("connections", "connections", vpn_connection.connection, vpn_connection.keep)
#: In the order in which one may refer to another.
TYPES = (PUBLIC_IP, NETWORK, LOCAL, GATEWAY, CONNECTION)


def list_group(kind: Type) -> Callable[[Call], Response]:
    """Every resource of a type in one resource group. Of connections the list tells no state."""

    def serve(call: Call) -> Response:
        call.allow(f"{kind.type}/{resources.verb(call, 'GET')}")
        items = list(getattr(call.group(), kind.attribute).values())
        return resources.page(call, [vpn_connection.listed(item) for item in items] if kind is CONNECTION else items)

    return serve


def one(kind: Type) -> Callable[[Call], Response]:
    """GET, PUT, DELETE and, for its tags alone, PATCH of one resource."""

    def serve(call: Call) -> Response:
        call.allow(f"{kind.type}/{resources.verb(call, 'GET', 'PUT', 'PATCH', 'DELETE')}")
        group, name = call.group(), call.parts["n"]
        held: dict[str, Json] = getattr(group, kind.attribute)
        current = held.get(name.lower())
        if call.request.method == "GET":
            return Response(200, current or resources.missing(call, f"{kind.type}/{name}"))
        check_match(call.request, current, call.request.path)
        if call.request.method == "PATCH":
            return _update_tags(call, kind, current or resources.missing(call, f"{kind.type}/{name}"))
        place = Place(call.state, call.subscription(), group, _path(call.subscription(), group, kind, name))
        if call.request.method == "DELETE":
            if current is None:
                return Response(204)
            kind.refuse_deletion(place, current)
            del held[name.lower()]
            return Response(202, None, _started(call, current["location"]))
        new = build(kind, place, name, call.request.json(), current)
        held[name.lower()] = new
        return written(new, current is None, _started(call, new["location"]))

    return serve


def _update_tags(call: Call, kind: Type, current: Json) -> Response:
    """Replace the tags ("Update Tags"): a PATCH of Microsoft.Network changes nothing else."""
    body = call.request.json()
    refuse_unknown(body, {"tags"}, "TagsObject")
    current["tags"] = tags.check(body.get("tags"))
    current["etag"] = new_etag()
    return Response(200, current, _started(call, current["location"]))


def build(kind: Type, place: Place, name: str, body: Json, old: Json | None) -> Json:
    """The stored resource for a PUT body; refuses what Azure refuses."""
    refuse_unknown(body, _KNOWN | kind.outside, kind.name)
    location = keep_location(place.group, name, body, old)
    properties = kind.properties(place, {**body, "location": location}, old)
    return {
        "name": old["name"] if old else name,
        "id": place.path,
        "type": kind.type,
        "etag": new_etag(),
        "location": location,
        "tags": tags.check(body.get("tags")),
        **{key: body[key] for key in sorted(kind.outside) if key in body},
        "properties": {**properties, "provisioningState": "Succeeded"},
    }


def one_subnet(call: Call) -> Response:
    """GET, PUT and DELETE of a subnet, and their list, under their network's path."""
    network = call.group().networks.get(call.parts["n"].lower())
    call.allow(f"{NETWORK.type}/subnets/{resources.verb(call)}")
    if network is None:
        resources.missing(call, f"{NETWORK.type}/{call.parts['n']}")
        raise AssertionError
    name = call.parts.get("r")
    if name is None:
        return resources.page(call, network["properties"]["subnets"])
    found = vpn_network.subnet_of(network, name)
    if call.request.method == "GET":
        if found is None:
            raise AzureError(404, "NotFound", f"Resource {network['id']}/subnets/{name} not found.")
        return Response(200, found)
    check_match(call.request, found, call.request.path)
    if call.request.method == "DELETE" and found is None:
        return Response(204)
    body = call.request.json() if call.request.method == "PUT" else None
    vpn_network.put_subnet(network, name, body)
    headers = _started(call, network["location"])
    if body is None:
        return Response(202, None, headers)
    return written(vpn_network.subnet_of(network, name) or {}, found is None, headers)


def gateway_connections(call: Call) -> Response:
    """The connections of a gateway, of whichever resource group ("Virtual Network Gateways - List Connections")."""
    call.allow(f"{GATEWAY.type}/connections/{resources.verb(call, 'GET')}")
    found = call.group().gateways.get(call.parts["n"].lower()) or resources.missing(
        call, f"{GATEWAY.type}/{call.parts['n']}"
    )
    place = Place(call.state, call.subscription(), call.group(), found["id"])
    ends = [one for one in place.connections() if same(one["properties"]["virtualNetworkGateway1"]["id"], found["id"])]
    return resources.page(call, [vpn_connection.listed(one) for one in ends])


def shared_key(call: Call) -> Response:
    """GET and PUT of a connection's key.

    Reading it takes an action of its own since 2025: roles that may read everything could read keys before.
    """
    verb = resources.verb(call, "GET", "PUT")
    call.allow(f"{CONNECTION.type}/sharedKey/{'action' if verb == 'read' else verb}")
    group, name = call.group(), call.parts["n"].lower()
    found = group.connections.get(name) or resources.missing(call, f"{CONNECTION.type}/{call.parts['n']}")
    where = f"{found['id']}/sharedKey"
    if verb == "read":
        return Response(200, {"id": where, "value": group.shared_keys[name]})
    body = call.request.json()
    refuse_unknown(body, {"id", "value"}, "ConnectionSharedKey")
    group.shared_keys[name] = vpn_connection.check_key(str(body.get("value") or ""))
    vpn_connection.restart(found)
    # Unlike other long-running operations it answers with the key itself ("Set Shared Key").
    return Response(200, {"id": where, "value": group.shared_keys[name]}, _started(call, found["location"]))


def report(state: State, request: Request) -> Response:
    """What the lab's tunnel agent says of a connection: {"connection": NAME, "status": ..., "ingress", "egress"}."""
    said = request.json()
    if said.get("status") not in vpn_connection.STATUSES:
        return Response(400, {"error": f"status is none of {', '.join(vpn_connection.STATUSES)}"})
    named = str(said.get("connection", "")).lower()
    groups = [group for subscription in state.subscriptions.values() for group in subscription.groups.values()]
    found = [item for group in groups for name, item in group.connections.items() if name == named]
    for item in found:
        item["properties"]["connectionStatus"] = said["status"]
        for key in ("ingress", "egress"):
            if key in said:
                item["properties"][f"{key}BytesTransferred"] = int(said[key])
    return Response(200 if found else 404, {"connections": len(found)})


def seed(state: State, subscription: Subscription, group: ResourceGroup, entry: Json) -> None:
    """Puts the configuration's resources into their group, each by the body that a PUT would have."""
    for kind in TYPES:
        for item in entry.get(kind.attribute, []):
            place = Place(state, subscription, group, _path(subscription, group, kind, item["name"]))
            body = {"location": group.location, **{key: value for key, value in item.items() if key != "name"}}
            held: dict[str, Json] = getattr(group, kind.attribute)
            held[item["name"].lower()] = build(kind, place, item["name"], body, None)


def _path(subscription: Subscription, group: ResourceGroup, kind: Type, name: str) -> str:
    held = getattr(group, kind.attribute).get(name.lower())
    name = held["name"] if held else name
    return f"/subscriptions/{subscription.id}/resourceGroups/{group.name}/providers/{kind.type}/{name}"


def _started(call: Call, location: str) -> dict[str, str]:
    return operations.start(call.state, call.request, call.subscription().id, location)
