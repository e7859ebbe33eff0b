# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suite of vpn_gateway must know of a provider, and what is really there, asked by plain calls.

A new provider adds one function here and one line to SITES.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.openstack import Account

from .accounts import aws, azure, cloudstack, openstack
from .accounts.base import CloudAccount

#: Of every object of the cloud's end its kind and what is said of it, without ids and without keys.
Seen = list[tuple[str, str]]


@dataclass(frozen=True)
class VpnSite:
    """A place at a provider for the cloud's end of a tunnel.

    ``tunnels`` is how many keys a connection takes, ``least_reads`` the calls of a run that changes nothing, signing in
    left out. ``look()`` lists all there is; ``held_keys()`` returns the keys that the provider has, first tunnel first,
    and ``change_key(key)`` changes that of the last tunnel as somebody else would; both None where it does not tell.
    ``report_up()`` makes the gateway's tunnels up, where the provider does not say so by itself.
    ``at_once`` are the options by which a tunnel that is up is changed without another one that carries the traffic.
    ``add_foreign()`` makes a gateway, and a connection of another name, as somebody else would. ``make_call`` is the
    call that makes the connection. ``own`` are options that a run without choices needs, ``proposals`` two that
    the provider takes. ``keeps_connection`` says whether a connection stays the same with other algorithms.
    """

    scope: Mapping[str, str]
    unknown_scope: Mapping[str, str]
    tunnels: int
    least_reads: int
    make_call: str
    look: Callable[[], Seen]
    add_foreign: Callable[[], None]
    held_keys: Callable[[], list[str]] | None = None
    change_key: Callable[[str], None] | None = None
    report_up: Callable[[], Any] = lambda: None
    at_once: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    proposals: tuple[str, str] = ("aes256-sha256-ecp256", "aes256-sha384-ecp384")
    keeps_connection: bool = True


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


def openstack_router(account: CloudAccount) -> VpnSite:
    """Return a router of Neutron."""
    neutron = openstack.of_vpn(account)
    connections = "/v2.0/vpn/ipsec-site-connections"

    def held() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = neutron.call("GET", connections)["ipsec_site_connections"]
        return found

    def change_key(key: str) -> None:
        (one,) = held()
        neutron.call("PUT", f"{connections}/{one['id']}", {"ipsec_site_connection": {"psk": key}})

    return VpnSite(
        scope={"kind": "router", "name": "vpn-home"},
        unknown_scope={"kind": "router", "name": "nowhere"},
        tunnels=1,
        # The router, its ports, the subnets, and the five collections of VPNaaS.
        least_reads=8,
        make_call=f"POST {connections}",
        look=lambda: sorted(openstack_objects(neutron)),
        add_foreign=lambda: _add_foreign_tunnel(neutron),
        held_keys=lambda: [one["psk"] for one in held()],
        change_key=change_key,
        keeps_connection=False,
    )


def openstack_objects(neutron: Account) -> Iterator[tuple[str, str]]:
    """Yield all that a VPN is made of in Neutron, with what it refers to instead of ids."""
    said: dict[str, str] = {}
    for path, key in openstack.VPN_KEYS:
        for one in neutron.call("GET", f"/v2.0/vpn/{path}")[key]:
            kept = {name: said.get(str(value), value) for name, value in one.items() if name not in ("id", "psk")}
            said[one["id"]] = str(sorted(kept.items(), key=lambda item: item[0]))
            yield path, said[one["id"]]


def _add_foreign_tunnel(neutron: Account) -> None:
    router = neutron.made["routers"]["vpn-other"]

    def make(path: str, kind: str, **body: Any) -> str:
        made = neutron.call("POST", f"/v2.0/vpn/{path}", {kind: {"name": "theirs", **body}})
        return str(made[kind]["id"])

    make(
        "ipsec-site-connections",
        "ipsec_site_connection",
        vpnservice_id=make("vpnservices", "vpnservice", router_id=router["id"]),
        # Neutron 29's own default, SHA-1, is one that its database no longer has.
        ikepolicy_id=make("ikepolicies", "ikepolicy", auth_algorithm="sha256"),
        ipsecpolicy_id=make("ipsecpolicies", "ipsecpolicy", auth_algorithm="sha256"),
        local_ep_group_id=make("endpoint-groups", "endpoint_group", type="subnet", endpoints=[router["subnet_id"]]),
        peer_ep_group_id=make("endpoint-groups", "endpoint_group", type="cidr", endpoints=["10.9.0.0/24"]),
        peer_address="192.0.2.77",
        peer_id="192.0.2.77",
        psk="SomebodyElsesKey.1234567890abcdef",
    )


def azure_gateway(account: CloudAccount) -> VpnSite:
    """Return a virtual network gateway of Azure, which somebody else made and others use as well."""

    def call(method: str, path: str, body: Any = None) -> Any:
        return azure.call(account.server.url, account.server.ca_file, method, azure.GROUP, path, body)

    def add_foreign() -> None:
        hub = call("GET", "virtualNetworkGateways/hub")
        space = {"addressPrefixes": ["10.99.0.0/24"]}
        local = {"gatewayIpAddress": "192.0.2.77", "localNetworkAddressSpace": space}
        made = call("PUT", "localNetworkGateways/theirs", {"location": hub["location"], "properties": local})
        properties = {
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": hub["id"], "properties": {}},
            "localNetworkGateway2": {"id": made["id"], "properties": {}},
        }
        call("PUT", "connections/theirs", {"location": hub["location"], "properties": properties})

    def change_key(key: str) -> None:
        call("PUT", "connections/acme-vpn/sharedkey", {"value": key})

    return VpnSite(
        scope={"kind": "virtual_network_gateway", "name": "hub", "parent": azure.GROUP},
        unknown_scope={"kind": "virtual_network_gateway", "name": "nowhere", "parent": azure.GROUP},
        tunnels=1,
        # The gateway, its public address, the local network gateway, the connection and its key.
        least_reads=5,
        make_call=f"PUT {azure.NETWORK}/connections/acme-vpn",
        look=lambda: sorted(azure_objects(call)),
        add_foreign=add_foreign,
        held_keys=lambda: [call("GET", "connections/acme-vpn/sharedkey")["value"]],
        change_key=change_key,
        report_up=lambda: account.server.lab("POST", "vpn", {"connection": "acme-vpn", "status": "Connected"}),
    )


def azure_network(account: CloudAccount) -> VpnSite:
    """Return a virtual network of Azure without a gateway, which the store makes."""
    site = azure_gateway(account)
    return dataclasses.replace(
        site,
        scope={"kind": "virtual_network", "name": "empty", "parent": azure.GROUP},
        unknown_scope={"kind": "virtual_network", "name": "nowhere", "parent": azure.GROUP},
        # The network besides.
        least_reads=6,
    )


def azure_objects(call: Callable[[str, str], Any]) -> Iterator[tuple[str, str]]:
    """Yield every connection, local network gateway, gateway and public address, those laid out from the start not."""
    for kind in ("connections", "localNetworkGateways", "virtualNetworkGateways", "publicIPAddresses"):
        for one in call("GET", kind)["value"]:
            said = {key: value for key, value in one["properties"].items() if key != "resourceGuid"}
            if one["name"] != "hub":
                yield kind, f"{one['name']} {sorted(one['tags'])} {sorted(said.items())}"


SITES: dict[str, tuple[str, Callable[[CloudAccount], VpnSite]]] = {
    "aws-vpc": ("aws", aws_vpc),
    "cloudstack-vpc": ("cloudstack", cloudstack_vpc),
    "openstack-router": ("openstack-vpn", openstack_router),
    "azure-gateway": ("azure", azure_gateway),
    "azure-network": ("azure", azure_network),
}
