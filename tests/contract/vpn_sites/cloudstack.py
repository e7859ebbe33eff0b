# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC of CloudStack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..accounts import cloudstack
from ..accounts.base import CloudAccount
from .base import VpnSite


def cloudstack_vpc(account: CloudAccount) -> VpnSite:
    """Return a VPC of CloudStack."""
    api = cloudstack.client(account.server.url, account.server.ca_file)

    def customer() -> dict[str, Any]:
        (one,) = api.listVpnCustomerGateways(keyword="acme-vpn")["vpncustomergateway"]
        return dict(one)

    def change_key(key: str) -> None:
        held = customer()
        names = ("id", "name", "gateway", "cidrlist", "ikepolicy", "esppolicy", "ikelifetime", "esplifetime", "dpd")
        more = ("forceencap", "splitconnections", "ikeversion")
        fields = {name: str(held[name]).lower() for name in (*names, *more)}
        api.updateVpnCustomerGateway(**fields, ipsecpsk=key, fetch_result=True)

    def report_up() -> None:
        (one,) = api.listVpnConnections()["vpnconnection"]
        account.server.lab("POST", f"vpn/{one['id']}", {"state": "Connected"})

    def add_foreign() -> None:
        (vpc,) = api.listVPCs(name="vpn-other")["vpc"]
        gateway = api.createVpnGateway(vpcid=vpc["id"], fetch_result=True)["vpngateway"]
        theirs = api.createVpnCustomerGateway(
            name="theirs",
            gateway="192.0.2.77",
            cidrlist="10.99.0.0/24",
            ipsecpsk="SomebodyElsesKey.1234567890abcdef",
            ikepolicy="aes128-sha1;modp1536",
            esppolicy="aes128-sha1",
            fetch_result=True,
        )["vpncustomergateway"]
        api.createVpnConnection(s2svpngatewayid=gateway["id"], s2scustomergatewayid=theirs["id"], fetch_result=True)

    return VpnSite(
        scope={"kind": "vpc", "name": "vpn-home"},
        unknown_scope={"kind": "vpc", "name": "nowhere"},
        tunnels=1,
        # VPCs, VPN gateways, customer gateways and connections.
        least_reads=4,
        make_call="createVpnConnection",
        look=lambda: sorted(cloudstack_objects(api)),
        add_foreign=add_foreign,
        held_keys=lambda: [str(customer()["ipsecpsk"])],
        change_key=change_key,
        report_up=report_up,
        proposals=("aes256-sha256-modp3072", "aes256-sha384-modp4096"),
    )


def cloudstack_objects(api: Any) -> Iterator[tuple[str, str]]:
    """Yield all that a VPN is made of in CloudStack, and every mark on a VPC."""
    for one in api.listVPCs().get("vpc", ()):
        for tag in one["tags"]:
            yield "vpc", f"{one['name']} {tag['key']}={tag['value']}"
    for one in api.listVpnGateways().get("vpngateway", ()):
        yield "gateway", str(one["vpcname"])
    hidden = {"id", "ipsecpsk", "created", "s2svpngatewayid", "s2scustomergatewayid"}
    for command, kind in (
        ("listVpnCustomerGateways", "vpncustomergateway"),
        ("listVpnConnections", "vpnconnection"),
    ):
        for one in getattr(api, command)().get(kind, ()):
            yield kind, str(sorted((key, value) for key, value in one.items() if key not in hidden))
