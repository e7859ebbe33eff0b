# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections between a VPC's gateway and a customer gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..context import Answer, Context
from ..errors import invalid
from ..params import Params, not_found
from ..store import Store, new_id, now_text
from ..vpns import CONNECTIONS_PER_GATEWAY, PENDING, STATES, Connection, CustomerGateway, VpnGateway, overlap
from .vpn_gateways import customer, gateway, of_vpc, vpc_of


def _connection(ctx: Context, params: Params) -> Connection:
    held = ctx.store.vpns.connections.get(params.text("id") or "")
    if held is None:
        raise not_found(ctx.command, "id", params.text("id") or "")
    ctx.check_access(held.account_id)
    return held


def _fields(ctx: Context, held: Connection) -> Answer:
    vpns = ctx.store.vpns
    return {
        "id": held.id,
        "s2svpngatewayid": held.gateway_id,
        "publicip": vpc_of(ctx, vpns.gateways[held.gateway_id]).public_ip,
        "s2scustomergatewayid": held.customer_id,
        **vpns.customers[held.customer_id].settings,
        "state": held.state,
        "passive": held.passive,
        "created": held.created,
        "fordisplay": True,
        **ctx.owner_fields(held.account_id),
    }


def create(ctx: Context, params: Params) -> tuple[str, Callable[[], Answer]]:
    other, own = customer(ctx, params, "s2scustomergatewayid"), gateway(ctx, params, "s2svpngatewayid")
    if other.account_id != own.account_id:
        raise invalid(
            "VPN connection can only be esitablished between same account's VPN gateway and customer gateway!"
        )
    _refuse(ctx, own, other)
    held = Connection(new_id(), own.account_id, own.id, other.id, params.flag("passive"), now_text())
    ctx.store.vpns.connections[held.id] = held

    def start() -> Answer:
        held.start()
        return {"vpnconnection": _fields(ctx, held)}

    return held.id, start


def _refuse(ctx: Context, own: VpnGateway, other: CustomerGateway) -> None:
    """Two connections of one gateway, and a connection and the VPC, must not share an address."""
    vpns, vpc = ctx.store.vpns, vpc_of(ctx, own)
    there = vpns.connections_of(gateway_id=own.id)
    if any(one.customer_id == other.id for one in there):
        raise invalid(
            f"The vpn connection with customer gateway id {other.id} and vpn gateway id {own.id} already existed!"
        )
    for cidr in other.cidrs:
        if overlap(vpc.cidr, cidr):
            raise invalid(
                f"The subnets of customer gateway {other.id}'s subnet {cidr} is overlapped with VPC cidr {vpc.cidr}!"
            )
    most = int(ctx.store.setting(CONNECTIONS_PER_GATEWAY))
    if len(there) >= most:
        raise invalid(f"There are too many VPN connections with current VPN gateway! The limit is {most}")
    for one in there:
        held = vpns.customers[one.customer_id]
        for cidr in other.cidrs:
            taken = next((old for old in held.cidrs if overlap(cidr, old)), "")
            if taken:
                raise invalid(
                    f"The new connection's remote subnet {cidr} is overlapped with existed VPN connection to customer"
                    f" gateway {held.name}'s subnet {taken}"
                )


def delete(ctx: Context, params: Params) -> Answer:
    del ctx.store.vpns.connections[_connection(ctx, params).id]
    return {"success": True}


def reset(ctx: Context, params: Params) -> Answer:
    held = _connection(ctx, params)
    if held.state == PENDING:
        raise invalid("Site to site VPN connection with specified id is currently Pending, unable to Disconnect!")
    held.start()
    return {"vpnconnection": _fields(ctx, held)}


def list_connections(ctx: Context, params: Params) -> Answer:
    if params.text("id"):
        _connection(ctx, params)
    found = of_vpc(ctx, params, ctx.store.vpns.connections, lambda held: held.gateway_id)
    return ctx.page(params, "vpnconnection", [_fields(ctx, held) for held in found])


def for_routers(store: Store) -> list[dict[str, Any]]:
    """What the lab's routers are to set up, keys included: one entry per connection that is not being made."""
    found = []
    for held in store.vpns.connections.values():
        vpc = store.resources[store.vpns.gateways[held.gateway_id].vpc_id]
        found.append(
            {
                "id": held.id,
                "state": held.state,
                "passive": held.passive,
                "name": store.vpns.customers[held.customer_id].name,
                "vpc": vpc.name,
                "publicip": getattr(vpc, "public_ip", ""),
                "localcidr": getattr(vpc, "cidr", ""),
                **store.vpns.customers[held.customer_id].settings,
            }
        )
    return [one for one in found if one["state"] != PENDING]


def report_state(store: Store, connection_id: str, state: object) -> bool:
    """Take a router's word for how a tunnel is; False for one that is not there and for no state."""
    held = store.vpns.connections.get(connection_id)
    if held is None or not isinstance(state, str) or state not in STATES:
        return False
    held.state = state
    return True


def _is_connection(ctx: Context, params: Params) -> None:
    _connection(ctx, params)


CHECKS = {"deleteVpnConnection": _is_connection, "resetVpnConnection": _is_connection}
HANDLERS = {
    "deleteVpnConnection": delete,
    "resetVpnConnection": reset,
    "listVpnConnections": list_connections,
}
CREATORS = {"createVpnConnection": create}
