# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the cloud's end of a tunnel in EC2: one call for each kind of object that it is made of.

Marks: what this store made bears the tag ``svcstore:<store>:<gateway>``. A customer gateway (one for an address of our
end) and a VPC's virtual private gateway may serve several gateways, and bear a tag for each. A transit gateway's static
routes take no tags, and are marked by tags of the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.scope import Scope
from ...model.vpn_gateway import TunnelEnd, tunnel_names
from ...model.vpn_plan import Part, VpnState
from .describe import Kind, describe, pick
from .session import AwsSession
from .vpn_terms import KEY, accepts, told_key, told_settings

Item = Mapping[str, Any]
VPC = Kind("VPC", "describe_vpcs", "Vpcs", "vpc-id", "VpcId", "tag:Name", "")
TRANSIT = Kind(
    "transit gateway",
    "describe_transit_gateways",
    "TransitGateways",
    "transit-gateway-id",
    "TransitGatewayId",
    "tag:Name",
    "",
)
KINDS = {"vpc": VPC, "transit_gateway": TRANSIT}
CUSTOMER, GATEWAY, CONNECTION, TUNNEL = "customer gateway", "gateway", "connection", "tunnel"
ROUTE, TRANSIT_ROUTE, PROPAGATION = "static route", "transit gateway route", "route propagation"
#: Which of a connection's tunnels is the first one: EC2 promises no order.
FIRST = "svcstore:first-tunnel"
_GONE = ("deleted", "deleting")


@dataclass
class Found:
    """What was read, for those who plan and apply; ``home`` is the VPC's or the transit gateway's id."""

    name: str
    tag: str
    transit: bool
    home: str
    connections: Sequence[Item]
    connection: Item | None
    customers: Sequence[Item]
    gateways: Sequence[Item]
    tables: Sequence[Item]
    attachment: str = ""
    routes: Mapping[str, Sequence[Item]] = field(default_factory=dict)


def tags_of(item: Item) -> dict[str, str]:
    """Return an object's tags."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in item.get("Tags") or ()}


def users_of(item: Item, store: str) -> tuple[str, ...]:
    """Return the gateways of this store that an object's marks name."""
    start = f"{mark.PREFIX}{store}:"
    return tuple(sorted(key[len(start) :] for key in tags_of(item) if key.startswith(start)))


def attached_to(gateway: Item) -> str:
    """Return the VPC that a virtual private gateway is attached to, "" for none."""
    states = ("attached", "attaching")
    found = [item["VpcId"] for item in gateway.get("VpcAttachments") or () if item.get("State") in states]
    return str(found[0]) if found else ""


def route_mark(tag: str, route: str) -> str:
    """Return a connection's tag that marks a transit gateway's route, called ``TABLE CIDR``, as made for a gateway."""
    return f"{tag}:{route.replace(' ', ':')}"


class Reader:
    """Reads one gateway by its name."""

    def __init__(self, session: AwsSession, store: str, keys: Sequence[str]) -> None:
        self._session, self._store = session, store
        self._keys = tuple(keys)

    def read(self, name: str, scope: Scope) -> VpnState:
        """Return what there is; raises ProviderError (not_found) for an unknown scope."""
        found = self._found(name, scope)
        parts = [*self._customers(found), *self._gateways(found)]
        if found.connection is None:
            return VpnState("", (*parts, *self._propagation(found)), (), found)
        own = found.tag in tags_of(found.connection)
        tunnels = self.ordered(found.connection)
        ends = _ends(name, found.connection, tunnels)
        names = tuple(end.name for end in ends)
        parts.append(self._connection(found, found.connection, own, names))
        for end, options in zip(ends, tunnels):
            parts.append(Part(TUNNEL, end.name, told_settings(options), end.address, own, (end.name,)))
        parts += self._routes(found, found.connection, own)
        return VpnState(found.connection["VpnConnectionId"], (*parts, *self._propagation(found)), ends, found)

    def connections(self) -> list[Item]:
        """Return all connections of the region, those that were deleted lately left out."""
        answer = self._session.call("read the VPN connections", "ec2", "describe_vpn_connections")
        return [item for item in answer["VpnConnections"] if item["State"] != "deleted"]

    def ordered(self, connection: Item) -> list[Item]:
        """Return the options of a connection's tunnels, first tunnel first.

        The tag says which it is; a run that was killed before it was set is known by the key, else the address tells.
        """
        tunnels = list((connection.get("Options") or {}).get("TunnelOptions") or ())
        first = tags_of(connection).get(FIRST, "")

        def rank(options: Item) -> tuple[int, int, tuple[int, ...]]:
            address = str(options.get("OutsideIpAddress") or "")
            key = told_key(options)
            known = self._keys.index(key) if key in self._keys else len(self._keys)
            return int(bool(first) and address != first), known, tuple(map(int, address.split("."))) if address else ()

        return sorted(tunnels, key=rank)

    def marked(self, tag: str) -> Item | None:
        """Return the connection with this mark, once more from the provider."""
        return next((item for item in self.connections() if tag in tags_of(item) and item["State"] not in _GONE), None)

    def _found(self, name: str, scope: Scope) -> Found:
        kind = KINDS[scope.kind]
        home = pick(kind, scope, describe(self._session, kind, [scope]))
        transit = scope.kind == "transit_gateway"
        tag = f"{mark.PREFIX}{self._store}:{name}"
        call = self._session.call
        connections = self.connections()
        customers = call("read the customer gateways", "ec2", "describe_customer_gateways")["CustomerGateways"]
        gateways: list[Item] = []
        if not transit:
            gateways = call("read the VPN gateways", "ec2", "describe_vpn_gateways")["VpnGateways"]
        found = Found(
            name,
            tag,
            transit,
            str(home[kind.id_field]),
            connections,
            None,
            [item for item in customers if item["State"] not in _GONE],
            [item for item in gateways if item["State"] not in _GONE],
            list(self._tables(str(home[kind.id_field]), transit)),
        )
        _check_is_here(found, self._store)
        found.connection = self._own_connection(found)
        if transit and found.connection is not None:
            self._read_transit(found, found.connection)
        return found

    def _tables(self, home: str, transit: bool) -> Iterator[Item]:
        """Yield the route tables of a VPC or of a transit gateway, over all pages."""
        what = "transit_gateway_route_tables" if transit else "route_tables"
        listed = "TransitGatewayRouteTables" if transit else "RouteTables"
        filters = [{"Name": "transit-gateway-id" if transit else "vpc-id", "Values": [home]}]
        more: dict[str, Any] = {}
        while True:
            doing = f"read the route tables of {home}"
            answer = self._session.call(doing, "ec2", f"describe_{what}", Filters=filters, **more)
            yield from answer[listed]
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _own_connection(self, found: Found) -> Item | None:
        """Return the connection that bears this gateway's mark, or else its name and ends in the same place."""
        live = [item for item in found.connections if item["State"] not in _GONE]
        ours = [item for item in live if found.tag in tags_of(item)]
        here = {item["VpnGatewayId"] for item in found.gateways if attached_to(item) == found.home} | {found.home}
        named = [
            item
            for item in live
            if tags_of(item).get("Name") == found.name
            and (item.get("VpnGatewayId") in here or item.get("TransitGatewayId") in here)
        ]
        for some in (ours, named):
            if len(some) > 1:
                ids = ", ".join(sorted(item["VpnConnectionId"] for item in some))
                why = f"{ids} all bear its {'mark' if some is ours else 'name'}"
                hint = "delete, or rename, those that are not used"
                raise ProviderError("aws", f"read the VPN gateway {found.name}", why, "invalid", hint=hint)
            if some:
                return some[0]
        return None

    def _read_transit(self, found: Found, connection: Item) -> None:
        connection_id = connection["VpnConnectionId"]
        wanted = [{"Name": "resource-id", "Values": [connection_id]}]
        doing = f"read the attachment of {connection_id}"
        answer = self._session.call(doing, "ec2", "describe_transit_gateway_attachments", Filters=wanted)
        live = [item for item in answer["TransitGatewayAttachments"] if item.get("State") not in _GONE]
        found.attachment = str(live[0]["TransitGatewayAttachmentId"]) if live else ""
        found.routes = {
            table["TransitGatewayRouteTableId"]: self._static(table, connection_id) for table in found.tables
        }

    def _static(self, table: Item, connection_id: str) -> list[Item]:
        """Return a transit gateway's static routes to the connection."""
        table_id = table["TransitGatewayRouteTableId"]
        answer = self._session.call(
            f"read the routes of {table_id}",
            "ec2",
            "search_transit_gateway_routes",
            TransitGatewayRouteTableId=table_id,
            Filters=[{"Name": "type", "Values": ["static"]}],
        )
        return [
            route
            for route in answer["Routes"]
            if connection_id in {item.get("ResourceId") for item in route.get("TransitGatewayAttachments") or ()}
        ]

    def _customers(self, found: Found) -> Iterator[Part]:
        """Yield a part for each address that has a customer gateway, the one in use first where it has several."""
        used = found.connection["CustomerGatewayId"] if found.connection else ""
        seen: set[str] = set()
        for item in sorted(
            found.customers, key=lambda one: (one["CustomerGatewayId"] != used, not users_of(one, self._store))
        ):
            address = str(item.get("IpAddress") or "")
            if item.get("CertificateArn") or not address or address in seen:
                continue
            seen.add(address)
            yield self._shared(found, CUSTOMER, address, item, item["CustomerGatewayId"], {})

    def _gateways(self, found: Found) -> Iterator[Part]:
        """Yield the VPC's virtual private gateway, and such of this gateway's own as are not, or not yet, attached."""
        attached = [item for item in found.gateways if attached_to(item) == found.home]
        for item in found.gateways:
            ours = found.name in users_of(item, self._store)
            if item not in attached and not ours:
                continue
            name = found.home if item in attached or not attached else item["VpnGatewayId"]
            settings = {"attached to": attached_to(item) or "(nothing)"}
            yield self._shared(found, GATEWAY, name, item, item["VpnGatewayId"], settings)

    def _shared(self, found: Found, kind: str, name: str, item: Item, ref: str, settings: dict[str, Any]) -> Part:
        users = users_of(item, self._store)
        if users:
            settings["users"] = users
        return Part(kind, name, settings, ref, found.name in users)

    def _connection(self, found: Found, item: Item, own: bool, names: tuple[str, ...]) -> Part:
        options = item.get("Options") or {}
        addresses = {one["CustomerGatewayId"]: one.get("IpAddress") for one in found.customers}
        places = {one["VpnGatewayId"]: attached_to(one) for one in found.gateways}
        gateway = str(item.get("VpnGatewayId") or item.get("TransitGatewayId") or "")
        settings = {
            "customer gateway": str(addresses.get(item["CustomerGatewayId"]) or item["CustomerGatewayId"]),
            "gateway": places.get(gateway) or gateway,
            "routing": "static" if options.get("StaticRoutesOnly") else "bgp",
            "our networks": options.get("LocalIpv4NetworkCidr") or "0.0.0.0/0",
            "its networks": options.get("RemoteIpv4NetworkCidr") or "0.0.0.0/0",
        }
        if own:
            # A mark of this store's, which says nothing of what others made.
            settings["first tunnel"] = tags_of(item).get(FIRST, "(not said)")
        return Part(CONNECTION, found.name, settings, item["VpnConnectionId"], own, names)

    def _routes(self, found: Found, connection: Item, own: bool) -> Iterator[Part]:
        for route in connection.get("Routes") or ():
            if route.get("State") not in _GONE:
                yield Part(ROUTE, route["DestinationCidrBlock"], {}, "", own)
        tags = tags_of(connection)
        for table, routes in found.routes.items():
            for route in routes:
                name = f"{table} {route['DestinationCidrBlock']}"
                # Others may route to the attachment too, in any table and for any network.
                yield Part(TRANSIT_ROUTE, name, {}, table, route_mark(found.tag, name) in tags)

    def _propagation(self, found: Found) -> Iterator[Part]:
        """Yield the route tables into which the VPC's gateway propagates its routes, or this store wants it to."""
        if found.transit:
            return
        here = {item["VpnGatewayId"] for item in found.gateways if attached_to(item) == found.home}
        for table in found.tables:
            on = bool(here & {item["GatewayId"] for item in table.get("PropagatingVgws") or ()})
            users = users_of(table, self._store)
            if on or found.name in users:
                settings: dict[str, Any] = {"propagates": on, **({"users": users} if users else {})}
                table_id = str(table["RouteTableId"])
                yield Part(PROPAGATION, table_id, settings, table_id, found.name in users)


def _check_is_here(found: Found, store: str) -> None:
    """Refuse a name that another VPC or transit gateway of the region bears: marks, and what is shared, go by it."""
    attached = {str(item["VpnGatewayId"]): attached_to(item) for item in found.gateways}
    ends = {
        str(item["VpnGatewayId"]): attached_to(item) for item in found.gateways if found.name in users_of(item, store)
    }
    for item in found.connections:
        if found.tag in tags_of(item) and item["State"] not in _GONE:
            gateway = str(item.get("VpnGatewayId") or "")
            transit = str(item.get("TransitGatewayId") or "")
            ends[str(item["VpnConnectionId"])] = transit or attached.get(gateway, gateway if found.transit else "")
    # What ends nowhere, such as at a gateway that somebody has detached, is brought here.
    for ref, where in ends.items():
        if where and where != found.home:
            why = f"the name is taken by {ref}, which ends at {where}, and a name is one for a region"
            hint = f"give another name here, or remove the gateway from {where} first"
            raise ProviderError("aws", f"read the VPN gateway {found.name} of {found.home}", why, "invalid", hint=hint)


def _ends(name: str, connection: Item, tunnels: Sequence[Item]) -> tuple[TunnelEnd, ...]:
    told = {item.get("OutsideIpAddress"): item for item in connection.get("VgwTelemetry") or ()}
    found = []
    for called, options in zip(tunnel_names(name, len(tunnels)), tunnels):
        address = str(options.get("OutsideIpAddress") or "")
        state = told.get(address) or {}
        found.append(
            TunnelEnd(
                called,
                address,
                address,
                str(options.get("TunnelInsideCidr") or ""),
                {"UP": "up", "DOWN": "down"}.get(str(state.get("Status")), "unknown"),
                str(state.get("StatusMessage") or ""),
                accepts(options),
                str(told_settings(options).get(KEY, "")),
            )
        )
    return tuple(found)
