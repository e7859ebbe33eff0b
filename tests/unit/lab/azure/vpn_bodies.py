# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual network with a VPN gateway in it, as bodies of PUT."""

from __future__ import annotations

from typing import Any

from tests.unit.lab.azure.conftest import STORE, Http

NETWORK = f"{STORE}/providers/Microsoft.Network"
HOME = f"{NETWORK}/virtualNetworks/home"
GATEWAY = f"{NETWORK}/virtualNetworkGateways/hub"
ADDRESS = f"{NETWORK}/publicIPAddresses/hub"
PEER = f"{NETWORK}/localNetworkGateways/store"
CONNECTION = f"{NETWORK}/connections/acme"
KEY = "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U"
POLICY: dict[str, Any] = {
    "saLifeTimeSeconds": 3600,
    "saDataSizeKilobytes": 102400000,
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "ikeEncryption": "GCMAES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "pfsGroup": "ECP384",
}


def body(**properties: Any) -> dict[str, Any]:
    return {"location": "westeurope", "tags": {"team": "x"}, "properties": properties}


def gateway(**more: Any) -> dict[str, Any]:
    entry = {"publicIPAddress": {"id": ADDRESS}, "subnet": {"id": f"{HOME}/subnets/GatewaySubnet"}}
    given = {
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
        "ipConfigurations": [{"name": "default", "properties": entry}],
    }
    return body(**{**given, **more})


def connection(**more: Any) -> dict[str, Any]:
    given = {
        "connectionType": "IPsec",
        "connectionProtocol": "IKEv2",
        "virtualNetworkGateway1": {"id": GATEWAY, "properties": {}},
        "localNetworkGateway2": {"id": PEER, "properties": {}},
        "sharedKey": KEY,
        "ipsecPolicies": [POLICY],
        "usePolicyBasedTrafficSelectors": True,
        "trafficSelectorPolicies": [
            {"localAddressRanges": ["10.60.1.10/32"], "remoteAddressRanges": ["10.20.0.11/32"]},
        ],
        "dpdTimeoutSeconds": 30,
    }
    return body(**{**given, **more})


def lay_out(http: Http) -> None:
    """Make all that a connection needs, and the connection."""
    subnets = [{"name": "GatewaySubnet", "properties": {"addressPrefix": "10.60.255.0/27"}}]
    space = {"addressPrefixes": ["10.60.0.0/16"]}
    address = {**body(publicIPAllocationMethod="Static"), "sku": {"name": "Standard"}}
    peer = body(gatewayIpAddress="198.51.100.10", localNetworkAddressSpace={"addressPrefixes": ["10.20.0.11/32"]})
    for path, given in (
        (HOME, body(addressSpace=space, subnets=subnets)),
        (ADDRESS, address),
        (GATEWAY, gateway()),
        (PEER, peer),
        (CONNECTION, connection()),
    ):
        answer = http.arm("PUT", path, given)
        assert answer.status_code == 201, answer.text
