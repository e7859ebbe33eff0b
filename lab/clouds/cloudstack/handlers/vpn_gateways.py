# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a site-to-site VPN: the VPC's gateway, and the customer gateway, which describes the other end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..context import Answer, Context
from ..errors import invalid
from ..params import Params, not_found
from ..store import VPC, Vpc, new_id
from ..vpns import (
    PENDING,
    SUBNETS_PER_CUSTOMER,
    Connection,
    CustomerGateway,
    VpnGateway,
    check_settings,
)

Held = TypeVar("Held", VpnGateway, Connection)
_SETTINGS: dict[str, Any] = {
    "gateway": "",
    "cidrlist": "",
    "ipsecpsk": "",
    "ikepolicy": "",
    "esppolicy": "",
    "ikelifetime": 86400,
    "esplifetime": 3600,
    "dpd": False,
    "forceencap": False,
    "splitconnections": False,
    "ikeversion": "ike",
}


def customer(ctx: Context, params: Params, name: str = "id") -> CustomerGateway:
    held = ctx.store.vpns.customers.get(params.text(name) or "")
    if held is None:
        raise not_found(ctx.command, name, params.text(name) or "")
    ctx.check_access(held.account_id)
    return held


def gateway(ctx: Context, params: Params, name: str = "id") -> VpnGateway:
    held = ctx.store.vpns.gateways.get(params.text(name) or "")
    if held is None:
        raise not_found(ctx.command, name, params.text(name) or "")
    ctx.check_access(held.account_id)
    return held


def vpc_of(ctx: Context, held: VpnGateway) -> Vpc:
    vpc = ctx.store.resources[held.vpc_id]
    assert isinstance(vpc, Vpc)
    return vpc


def _customer_fields(ctx: Context, held: CustomerGateway) -> Answer:
    return {"id": held.id, "name": held.name, **held.settings, **ctx.owner_fields(held.account_id)}


def _settings(ctx: Context, params: Params) -> dict[str, Any]:
    """What a call asks for; an update, too, puts back to its default whatever it leaves out."""
    given = {name: params.values[name] for name in _SETTINGS if params.values.get(name) is not None}
    settings = {**_SETTINGS, **given}
    check_settings(settings, int(ctx.store.setting(SUBNETS_PER_CUSTOMER)))
    return settings


def _free_name(ctx: Context, params: Params, account_id: str, own_id: str = "") -> str:
    name = params.text("name") or f"VPN-{params.text('gateway')}"
    taken = {one.name for one in ctx.store.vpns.customers.values() if one.account_id == account_id and one.id != own_id}
    if name in taken:
        raise invalid(f"The customer gateway with name {name} already existed!")
    return name


def create_customer(ctx: Context, params: Params) -> Answer:
    owner = ctx.owner(params)
    settings = _settings(ctx, params)
    held = CustomerGateway(new_id(), owner.id, _free_name(ctx, params, owner.id), settings)
    ctx.store.vpns.customers[held.id] = held
    return {"vpncustomergateway": _customer_fields(ctx, held)}


def update_customer(ctx: Context, params: Params) -> Answer:
    """Connections that use it are stopped and started again, apart from those that are being made."""
    held = customer(ctx, params)
    settings = _settings(ctx, params)
    held.name, held.settings = _free_name(ctx, params, held.account_id, held.id), settings
    for connection in ctx.store.vpns.connections_of(customer_id=held.id):
        if connection.state != PENDING:
            connection.start()
    return {"vpncustomergateway": _customer_fields(ctx, held)}


def delete_customer(ctx: Context, params: Params) -> Answer:
    held = customer(ctx, params)
    if ctx.store.vpns.connections_of(customer_id=held.id):
        raise invalid(
            f"Unable to delete VPN customer gateway with id {held.id} because there is still related VPN connections!"
        )
    del ctx.store.vpns.customers[held.id]
    return {"success": True}


def list_customers(ctx: Context, params: Params) -> Answer:
    if params.text("id"):
        customer(ctx, params)
    shown = ctx.listed_accounts(params)
    found = [
        _customer_fields(ctx, held)
        for held in ctx.store.vpns.customers.values()
        if held.account_id in shown
        and params.text("id") in (None, held.id)
        and (params.text("keyword") or "").lower() in held.name.lower()
    ]
    return ctx.page(params, "vpncustomergateway", found)


def _gateway_fields(ctx: Context, held: VpnGateway) -> Answer:
    vpc = vpc_of(ctx, held)
    owner = ctx.owner_fields(held.account_id)
    return {
        "id": held.id,
        "publicip": vpc.public_ip,
        "vpcid": vpc.id,
        "vpcname": vpc.name,
        "fordisplay": True,
        **owner,
    }


def create_gateway(ctx: Context, params: Params) -> tuple[str, Callable[[], Answer]]:
    vpc = ctx.resource(VPC, "vpcid", params.text("vpcid"))
    if any(held.vpc_id == vpc.id for held in ctx.store.vpns.gateways.values()):
        raise invalid(f"The VPN gateway of VPC {vpc.id} already existed!")
    held = VpnGateway(new_id(), vpc.account_id, vpc.id)
    ctx.store.vpns.gateways[held.id] = held
    return held.id, lambda: {"vpngateway": _gateway_fields(ctx, held)}


def delete_gateway(ctx: Context, params: Params) -> Answer:
    held = gateway(ctx, params)
    if ctx.store.vpns.connections_of(gateway_id=held.id):
        raise invalid(f"Unable to delete VPN gateway {held.id} because there is still related VPN connections!")
    del ctx.store.vpns.gateways[held.id]
    return {"success": True}


def of_vpc(ctx: Context, params: Params, all_held: Mapping[str, Held], gateway_of: Callable[[Held], str]) -> list[Held]:
    """Those that a list command asks for with `id` and `vpcid`, in the order in which they were made."""
    if params.text("vpcid"):
        ctx.resource(VPC, "vpcid", params.text("vpcid"))
    shown = ctx.listed_accounts(params)
    return [
        held
        for held in all_held.values()
        if held.account_id in shown
        and params.text("id") in (None, held.id)
        and params.text("vpcid") in (None, ctx.store.vpns.gateways[gateway_of(held)].vpc_id)
    ]


def list_gateways(ctx: Context, params: Params) -> Answer:
    if params.text("id"):
        gateway(ctx, params)
    found = of_vpc(ctx, params, ctx.store.vpns.gateways, lambda held: held.id)
    return ctx.page(params, "vpngateway", [_gateway_fields(ctx, held) for held in found])


def _is_customer(ctx: Context, params: Params) -> None:
    customer(ctx, params)


def _is_gateway(ctx: Context, params: Params) -> None:
    gateway(ctx, params)


CHECKS = {
    "updateVpnCustomerGateway": _is_customer,
    "deleteVpnCustomerGateway": _is_customer,
    "deleteVpnGateway": _is_gateway,
}
HANDLERS = {
    "createVpnCustomerGateway": create_customer,
    "updateVpnCustomerGateway": update_customer,
    "deleteVpnCustomerGateway": delete_customer,
    "listVpnCustomerGateways": list_customers,
    "deleteVpnGateway": delete_gateway,
    "listVpnGateways": list_gateways,
}
CREATORS = {"createVpnGateway": create_gateway}
