# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site-to-Site VPN as EC2 documents it, where moto drops options or answers 500.

moto keeps neither tunnel options, pre-shared keys, StaticRoutesOnly nor static routes, and has no
ModifyVpnTunnelOptions, ModifyVpnConnectionOptions, ModifyVpnConnection, CreateVpnConnectionRoute,
DeleteVpnConnectionRoute, EnableVgwRoutePropagation and DisableVgwRoutePropagation; it deletes customer gateways and
virtual private gateways that are in use. Behaviour and codes: EC2 API Reference and "Error codes for the Amazon EC2
API". What a tunnel's peer does is told from outside (``report``): a tunnel is DOWN until then.
"""

from __future__ import annotations

import ipaddress
import itertools
import secrets
import string
from collections.abc import Sequence
from typing import Any

from . import vpn_options
from .moto_gaps import before, refuse

#: How many descriptions show a connection on its way to its next state; what the reports say of each tunnel.
_LAB: dict[str, Any] = {"steps": 0, "tunnels": {}, "addresses": (), "given": itertools.count(1)}
_LIVE = ("pending", "available", "modifying")


def reset(addresses: Sequence[str]) -> None:
    """Forget what was reported; ``addresses`` are outer addresses, given out first; 203.0.113.0/24 follows."""
    _LAB.update(steps=0, tunnels={}, addresses=tuple(addresses), given=itertools.count(1))


def report(said: dict[str, Any]) -> None:
    """Take what is said of the service: ``steps`` of a change of state, and of ``tunnels`` by their outer address.

    A tunnel has ``status`` (UP or DOWN), ``message``, and ``back_after``: after so many descriptions it is UP again
    when a change has brought it down; without it, it stays down.
    """
    _LAB["steps"] = int(said.get("steps", _LAB["steps"]))
    for address, about in said.get("tunnels", {}).items():
        _LAB["tunnels"][address] = {"status": "DOWN", "message": "", "back_after": None, **about}


def close() -> None:
    """Give moto what it lacks; to be called once, before the server starts."""
    from moto.ec2.models.customer_gateways import CustomerGatewayBackend
    from moto.ec2.models.route_tables import RouteTable
    from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTableBackend
    from moto.ec2.models.vpn_connections import VPNConnection
    from moto.ec2.models.vpn_gateway import VpnGatewayBackend
    from moto.ec2.responses.route_tables import RouteTables
    from moto.ec2.responses.vpn_connections import VPNConnections

    for name in ("create_vpn_connection", "delete_vpn_connection", "describe_vpn_connections"):
        setattr(VPNConnections, name, _WRAPPED[name](getattr(VPNConnections, name)))
    for response, added in ((VPNConnections, _ADDED), (RouteTables, _PROPAGATION)):
        for name, method in added.items():
            setattr(response, name, method)
    setattr(VPNConnection, "customer_gateway_configuration", "")  # noqa: B010
    setattr(RouteTable, "propagating_vgws", property(_propagating))  # noqa: B010
    before(CustomerGatewayBackend, "delete_customer_gateway", _check_customer_gateway_is_free)
    before(VpnGatewayBackend, "delete_vpn_gateway", _check_gateway_is_free)
    before(VpnGatewayBackend, "attach_vpn_gateway", _check_vpc_is_free)
    searched = TransitGatewayRouteTableBackend.search_transit_gateway_routes

    def search_transit_gateway_routes(self: Any, *arguments: Any, **named: Any) -> Any:
        """moto gives a route's only attachment where EC2 has a list of them, and by names that are not the API's."""
        found = searched(self, *arguments, **named)
        return [{**{key[0].upper() + key[1:]: _listed(value) for key, value in route.items()}} for route in found]

    setattr(TransitGatewayRouteTableBackend, "search_transit_gateway_routes", search_transit_gateway_routes)  # noqa: B010
    made = CustomerGatewayBackend.create_customer_gateway

    def create_customer_gateway(self: Any, gateway_type: str, ip_address: str, bgp_asn: str, tags: Any = None) -> Any:
        """An identical request gets the gateway that is there ("CreateCustomerGateway")."""
        for found in self.customer_gateways.values():
            same = (found.ip_address, str(found.bgp_asn)) == (ip_address, str(bgp_asn))
            if same and found.state == "available":
                return found
        return made(self, gateway_type, ip_address, bgp_asn, tags)

    setattr(CustomerGatewayBackend, "create_customer_gateway", create_customer_gateway)  # noqa: B010


def _create(original: Any) -> Any:
    def create_vpn_connection(self: Any) -> Any:
        if self._get_param("Type") != "ipsec.1":
            refuse("InvalidParameterValue", "Value for parameter type is invalid. Expected: ipsec.1")
        gateway = self._get_param("VpnGatewayId")
        customer = self.ec2_backend.get_customer_gateway(self._get_param("CustomerGatewayId"))
        if customer.state != "available":
            refuse("InvalidCustomerGatewayID.NotFound", f"The customerGateway ID '{customer.id}' does not exist")
        if gateway and self.ec2_backend.get_vpn_gateway(gateway).state != "available":
            refuse("InvalidVpnGatewayID.NotFound", f"The virtual private gateway ID '{gateway}' does not exist")
        asked = self._get_param("Options") or {}
        wanted = list(asked.get("TunnelOptions") or [])
        if len(wanted) > 2:
            refuse("InvalidParameterValue", "A VPN connection has two tunnels")
        checked = [_checked(options) for options in [*wanted, {}, {}][:2]]
        found = original(self)
        connection = _connection(self.ec2_backend, _only(found))
        taken = _taken(self.ec2_backend, connection)
        connection.options = {
            "EnableAcceleration": _flag(asked.get("EnableAcceleration")),
            "StaticRoutesOnly": _flag(asked.get("StaticRoutesOnly")),
            "LocalIpv4NetworkCidr": asked.get("LocalIpv4NetworkCidr") or "0.0.0.0/0",
            "RemoteIpv4NetworkCidr": asked.get("RemoteIpv4NetworkCidr") or "0.0.0.0/0",
            "OutsideIpAddressType": "PublicIpv4",
            "TunnelInsideIpVersion": "ipv4",
            "TunnelOptions": [_tunnel(taken, options) for options in checked],
        }
        connection.routes = []
        _enter(connection, "pending", "available")
        return found

    return create_vpn_connection


def _delete(original: Any) -> Any:
    def delete_vpn_connection(self: Any) -> Any:
        found = original(self)
        _enter(_connection(self.ec2_backend, self._get_param("VpnConnectionId"), live=False), "deleting", "deleted")
        return found

    return delete_vpn_connection


def _describe(original: Any) -> Any:
    def describe_vpn_connections(self: Any) -> Any:
        for connection in self.ec2_backend.vpn_connections.values():
            _step(connection)
            connection.vgw_telemetry = [
                _telemetry(options["OutsideIpAddress"]) for options in connection.options["TunnelOptions"]
            ]
        return original(self)

    return describe_vpn_connections


def _modify_tunnel(self: Any) -> Any:
    connection = _connection(self.ec2_backend, self._get_param("VpnConnectionId"))
    _check_at_rest(connection)
    address = self._get_param("VpnTunnelOutsideIpAddress")
    tunnels = [one for one in connection.options["TunnelOptions"] if one["OutsideIpAddress"] == address]
    if not tunnels:
        refuse("InvalidParameterValue", f"The VPN connection has no tunnel with the outside IP address {address}")
    asked = self._get_param("TunnelOptions") or {}
    if not asked:
        refuse("MissingParameter", "The request must contain the parameter TunnelOptions")
    tunnels[0].update(_checked(asked))
    _fall([address])
    _enter(connection, "modifying", "available")
    return _answer("VpnConnection", connection)


def _modify_options(self: Any) -> Any:
    connection = _connection(self.ec2_backend, self._get_param("VpnConnectionId"))
    _check_at_rest(connection)
    for name in ("LocalIpv4NetworkCidr", "RemoteIpv4NetworkCidr"):
        cidr = self._get_param(name)
        if cidr:
            connection.options[name] = str(ipaddress.ip_network(cidr))
    _fall([tunnel["OutsideIpAddress"] for tunnel in connection.options["TunnelOptions"]])
    _enter(connection, "modifying", "available")
    return _answer("VpnConnection", connection)


def _modify_connection(self: Any) -> Any:
    connection = _connection(self.ec2_backend, self._get_param("VpnConnectionId"))
    _check_at_rest(connection)
    customer = self._get_param("CustomerGatewayId")
    if customer:
        if self.ec2_backend.get_customer_gateway(customer).state != "available":
            refuse("InvalidCustomerGatewayID.NotFound", f"The customerGateway ID '{customer}' does not exist")
        connection.customer_gateway_id = customer
    gateway = self._get_param("VpnGatewayId")
    if gateway:
        connection.vpn_gateway_id = self.ec2_backend.get_vpn_gateway(gateway).id
    _fall([tunnel["OutsideIpAddress"] for tunnel in connection.options["TunnelOptions"]])
    _enter(connection, "modifying", "available")
    return _answer("VpnConnection", connection)


def _create_route(self: Any) -> Any:
    connection = _connection(self.ec2_backend, self._get_param("VpnConnectionId"))
    cidr = str(ipaddress.ip_network(self._get_param("DestinationCidrBlock")))
    if not connection.options["StaticRoutesOnly"]:
        refuse("InvalidParameterValue", "The VPN connection does not use static routes")
    _check_at_rest(connection)
    # A route that is there already is no error.
    if cidr not in {route["DestinationCidrBlock"] for route in connection.routes}:
        connection.routes.append({"DestinationCidrBlock": cidr, "Source": "Static", "State": "available"})
    return _answer()


def _delete_route(self: Any) -> Any:
    connection = _connection(self.ec2_backend, self._get_param("VpnConnectionId"))
    cidr = self._get_param("DestinationCidrBlock")
    left = [route for route in connection.routes if route["DestinationCidrBlock"] != cidr]
    if len(left) == len(connection.routes):
        refuse("InvalidRoute.NotFound", f"The specified route {cidr} does not exist")
    connection.routes = left
    return _answer()


def _enable_propagation(self: Any) -> Any:
    gateway = self.ec2_backend.get_vpn_gateway(self._get_param("GatewayId"))
    table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
    attached = {key for key, item in gateway.attachments.items() if item.state == "attached"}
    if table.vpc_id not in attached:
        refuse("Gateway.NotAttached", f"Virtual private gateway {gateway.id} is not attached to {table.vpc_id}")
    _propagated(table).add(gateway.id)
    return _answer()


def _disable_propagation(self: Any) -> Any:
    table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
    _propagated(table).discard(self.ec2_backend.get_vpn_gateway(self._get_param("GatewayId")).id)
    return _answer()


_WRAPPED = {
    "create_vpn_connection": _create,
    "delete_vpn_connection": _delete,
    "describe_vpn_connections": _describe,
}
_ADDED = {
    "modify_vpn_tunnel_options": _modify_tunnel,
    "modify_vpn_connection_options": _modify_options,
    "modify_vpn_connection": _modify_connection,
    "create_vpn_connection_route": _create_route,
    "delete_vpn_connection_route": _delete_route,
}
_PROPAGATION = {
    "enable_vgw_route_propagation": _enable_propagation,
    "disable_vgw_route_propagation": _disable_propagation,
}


def _answer(name: str = "", value: Any = None) -> Any:
    from moto.core.responses import ActionResult, EmptyResult

    return ActionResult({name: value}) if name else EmptyResult()


def _only(found: Any) -> str:
    """Return the id of the connection that moto has just made."""
    return str(found.result["VpnConnection"].id)


def _connection(backend: Any, connection_id: str, live: bool = True) -> Any:
    found = backend.vpn_connections.get(connection_id)
    if found is None or (live and found.state not in _LIVE):
        refuse("InvalidVpnConnectionID.NotFound", f"The vpnConnection ID '{connection_id}' does not exist")
    return found


def _check_at_rest(connection: Any) -> None:
    if connection.state != "available":
        refuse("IncorrectState", f"The vpnConnection ID '{connection.id}' is in the state {connection.state}")


def _enter(connection: Any, over: str, to: str) -> None:
    connection.state, connection.next_state, connection.steps = over, to, _LAB["steps"]
    if not connection.steps:
        connection.state = to


def _step(connection: Any) -> None:
    if connection.state != getattr(connection, "next_state", connection.state):
        connection.steps -= 1
        if connection.steps < 0:
            connection.state = connection.next_state


def _fall(addresses: Sequence[str]) -> None:
    """A change interrupts the tunnel."""
    for address in addresses:
        about = _LAB["tunnels"].get(address)
        if about and about["status"] == "UP":
            about["status"], about["left"] = "DOWN", about["back_after"]


def _telemetry(address: str) -> dict[str, Any]:
    about = _LAB["tunnels"].get(address, {"status": "DOWN", "message": ""})
    if about["status"] == "DOWN" and about.get("left") is not None:
        about["left"] -= 1
        if about["left"] < 0:
            about["status"], about["left"] = "UP", None
    return {
        "OutsideIpAddress": address,
        "Status": about["status"],
        "StatusMessage": about["message"],
        "AcceptedRouteCount": 0,
    }


def _checked(asked: dict[str, Any]) -> dict[str, Any]:
    """Return tunnel options as the answers spell them; refuses what the service does not take."""
    wrong = vpn_options.wrong_with(asked)
    if wrong:
        refuse("InvalidParameterValue", wrong)
    return vpn_options.as_answered(asked)


def _taken(backend: Any, new: Any) -> set[str]:
    """Return the outer addresses of the other connections that live."""
    others = (one for one in backend.vpn_connections.values() if one is not new and one.state != "deleted")
    return {tunnel["OutsideIpAddress"] for one in others for tunnel in one.options["TunnelOptions"]}


def _tunnel(taken: set[str], options: dict[str, Any]) -> dict[str, Any]:
    """Return a tunnel: what nobody asked for the service chooses, and defaults it does not show.

    ``taken`` are the outer addresses that are in use; the new one joins them.
    """
    number = next(_LAB["given"])
    free = [address for address in _LAB["addresses"] if address not in taken]
    address = free[0] if free else f"203.0.113.{number % 254 + 1}"
    taken.add(address)
    chars = string.ascii_letters + string.digits + "._"
    key = secrets.choice(string.ascii_letters) + "".join(secrets.choice(chars) for _number in range(31))
    chosen = {"TunnelInsideCidr": f"169.254.{100 + number // 64 % 60}.{number % 64 * 4}/30", "PreSharedKey": key}
    return {"OutsideIpAddress": address, **chosen, **options}


def _check_customer_gateway_is_free(backend: Any, asked: dict[str, Any]) -> None:
    gateway = backend.get_customer_gateway(asked["customer_gateway_id"])
    users = [one.id for one in backend.vpn_connections.values() if one.customer_gateway_id == gateway.id]
    if any(backend.vpn_connections[one].state != "deleted" for one in users):
        refuse("IncorrectState", "The customer gateway is in use.")


def _check_gateway_is_free(backend: Any, asked: dict[str, Any]) -> None:
    gateway = backend.get_vpn_gateway(asked["vpn_gateway_id"])
    attached = any(item.state == "attached" for item in gateway.attachments.values())
    connections = [one for one in backend.vpn_connections.values() if one.vpn_gateway_id == gateway.id]
    if attached or any(one.state != "deleted" for one in connections):
        refuse("IncorrectState", "The virtual private gateway is in use.")


def _check_vpc_is_free(backend: Any, asked: dict[str, Any]) -> None:
    """A VPC has one virtual private gateway, and a gateway one VPC ("AttachVpnGateway")."""
    gateway = backend.get_vpn_gateway(asked["vpn_gateway_id"])
    for other in backend.vpn_gateways.values():
        item = other.attachments.get(asked["vpc_id"])
        if other is not gateway and other.state == "available" and item and item.state == "attached":
            refuse("AttachmentLimitExceeded", f"{asked['vpc_id']} already has a virtual private gateway attached")
    busy = {key for key, item in gateway.attachments.items() if item.state == "attached"} - {asked["vpc_id"]}
    if busy:
        refuse("VpnGatewayAttachmentLimitExceeded", f"{gateway.id} is attached to {', '.join(busy)}")


def _propagated(table: Any) -> set[str]:
    if not hasattr(table, "lab_propagating"):
        table.lab_propagating = set()
    found: set[str] = table.lab_propagating
    return found


def _propagating(table: Any) -> list[dict[str, str]]:
    return [{"GatewayId": gateway} for gateway in sorted(_propagated(table))]


def _listed(value: Any) -> Any:
    return [{key[0].upper() + key[1:]: item for key, item in value.items()}] if isinstance(value, dict) else value


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"
