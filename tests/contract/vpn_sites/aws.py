# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC of EC2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..accounts import aws
from ..accounts.base import CloudAccount
from .base import VpnSite


def aws_vpc(account: CloudAccount) -> VpnSite:
    """Return a VPC of EC2."""
    ec2 = aws.client(account.server.url, account.server.ca_file)

    def tunnels() -> tuple[str, list[dict[str, Any]]]:
        (one,) = [item for item in ec2.describe_vpn_connections()["VpnConnections"] if item["State"] == "available"]
        return one["VpnConnectionId"], one["Options"]["TunnelOptions"]

    def change_key(key: str) -> None:
        connection, held = tunnels()
        ec2.modify_vpn_tunnel_options(
            VpnConnectionId=connection,
            VpnTunnelOutsideIpAddress=held[-1]["OutsideIpAddress"],
            TunnelOptions={"PreSharedKey": key},
        )

    def report_up() -> None:
        up = {one["OutsideIpAddress"]: {"status": "UP"} for one in tunnels()[1]}
        account.server.lab("POST", "vpn", {"tunnels": up})

    def add_foreign() -> None:
        (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["vpn-other"]}])["Vpcs"]
        gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc["VpcId"])
        customer = ec2.create_customer_gateway(Type="ipsec.1", IpAddress="192.0.2.77", BgpAsn=65000)
        ec2.create_vpn_connection(
            Type="ipsec.1",
            CustomerGatewayId=customer["CustomerGateway"]["CustomerGatewayId"],
            VpnGatewayId=gateway,
            TagSpecifications=[{"ResourceType": "vpn-connection", "Tags": [{"Key": "Name", "Value": "theirs"}]}],
        )

    return VpnSite(
        scope={"kind": "vpc", "name": "vpn-home"},
        unknown_scope={"kind": "vpc", "name": "nowhere"},
        tunnels=2,
        # The VPC, its route tables, customer gateways, VPN gateways and connections.
        least_reads=5,
        make_call="CreateVpnConnection",
        look=lambda: sorted(aws_objects(ec2)),
        add_foreign=add_foreign,
        held_keys=lambda: [one["PreSharedKey"] for one in tunnels()[1]],
        change_key=change_key,
        report_up=report_up,
        # Nobody brings the changed tunnel up again here.
        at_once={"aws": {"wait_up_s": 0}},
    )


def aws_objects(ec2: Any) -> Iterator[tuple[str, str]]:
    """Yield all that a VPN is made of in EC2, and every mark on anything of a VPC."""
    live = {"pending", "available", "modifying"}
    customers = {one["CustomerGatewayId"]: one for one in ec2.describe_customer_gateways()["CustomerGateways"]}
    for one in customers.values():
        if one["State"] in live:
            yield "customer gateway", f"{one['IpAddress']} {_tags(one)}"
    for one in ec2.describe_vpn_gateways()["VpnGateways"]:
        if one["State"] in live:
            states = [item["State"] for item in one["VpcAttachments"]]
            yield "gateway", f"{states} {_tags(one)}"
    for one in ec2.describe_vpn_connections()["VpnConnections"]:
        if one["State"] in live:
            options = one["Options"]
            routes = sorted(item["DestinationCidrBlock"] for item in one.get("Routes", ()))
            networks = f"{options['LocalIpv4NetworkCidr']} {options['RemoteIpv4NetworkCidr']}"
            end = customers[one["CustomerGatewayId"]]["IpAddress"]
            yield "connection", f"{end} {networks} {routes} {options['StaticRoutesOnly']} {_tags(one)}"
            for tunnel in options["TunnelOptions"]:
                said = {key: value for key, value in tunnel.items() if key not in ("OutsideIpAddress", "PreSharedKey")}
                said.pop("TunnelInsideCidr")
                yield "tunnel", str(sorted(said.items(), key=lambda item: item[0]))
    for one in ec2.describe_route_tables()["RouteTables"]:
        if one["PropagatingVgws"] or _tags(one):
            yield "route table", f"{len(one['PropagatingVgws'])} {_tags(one)}"


def _tags(item: Mapping[str, Any]) -> list[str]:
    return sorted(tag["Key"] for tag in item.get("Tags", ()))
