# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's VPN connections: two tunnels each, as DescribeVpnConnections and DescribeCustomerGateways tell them.

"Tunnel options for your AWS Site-to-Site VPN connection": AWS goes by the tunnel's outside address, takes whatever of
the lists the peer proposes, and by default answers alone. A change of a tunnel's options ends that tunnel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import algorithms
from .https import Https
from .tunnel import CloudTunnel, Running

_LIVE = ("available", "modifying")


class Aws:
    """EC2 of one region."""

    def __init__(self, server: Https, url: str, region: str, secret: Mapping[str, str], ca_file: Path) -> None:
        import boto3
        from botocore.config import Config

        self._server = server
        self._ec2: Any = boto3.client(
            "ec2",
            region_name=region,
            endpoint_url=url,
            verify=str(ca_file),
            aws_access_key_id=secret["access_key_id"],
            aws_secret_access_key=secret["secret_access_key"],
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )
        self._shown: dict[str, str] = {}

    def read(self) -> Sequence[CloudTunnel]:
        live = [one for one in self._ec2.describe_vpn_connections()["VpnConnections"] if one["State"] in _LIVE]
        self._shown = {said["OutsideIpAddress"]: said["Status"] for one in live for said in one.get("VgwTelemetry", ())}
        if not live:
            return []
        found = self._ec2.describe_customer_gateways()["CustomerGateways"]
        peers = {one["CustomerGatewayId"]: one["IpAddress"] for one in found}
        return [tunnel for one in live for tunnel in tunnels(one, peers[one["CustomerGatewayId"]])]

    def report(self, states: Mapping[str, Running]) -> None:
        said = {
            ref: {"status": "UP" if state.up else "DOWN", "message": "" if state.up else "IPSEC IS DOWN"}
            for ref, state in states.items()
            if self._shown.get(ref) != ("UP" if state.up else "DOWN")
        }
        if said:
            self._server.call("POST", "/_lab/vpn", {"tunnels": said})


def tunnels(connection: Mapping[str, Any], peer: str) -> list[CloudTunnel]:
    """A connection's tunnels; peer is the customer gateway's address. Pure."""
    options = connection["Options"]
    return [_tunnel(one, options, peer) for one in options["TunnelOptions"]]


def _tunnel(one: Mapping[str, Any], options: Mapping[str, Any], peer: str) -> CloudTunnel:
    versions = [item["Value"] for item in one.get("IkeVersions") or ()]
    return CloudTunnel(
        cloud="aws",
        ref=one["OutsideIpAddress"],
        address=one["OutsideIpAddress"],
        peer=peer,
        key=one["PreSharedKey"],
        ike=algorithms.aws(dict(one), 1),
        esp=algorithms.aws(dict(one), 2),
        # "Local" is the customer's side in EC2's words.
        inside=(options["RemoteIpv4NetworkCidr"],),
        outside=(options["LocalIpv4NetworkCidr"],),
        initiate=one.get("StartupAction") == "start",
        version={"ikev1": 1, "ikev2": 2}[versions[0]] if len(versions) == 1 else 0,
        # AWS asks every 10 s, and gives up after the timeout.
        dpd_delay_s=10,
        dpd_action=one.get("DpdTimeoutAction") or "clear",
        ike_lifetime_s=int(one.get("Phase1LifetimeSeconds") or 28800),
        esp_lifetime_s=int(one.get("Phase2LifetimeSeconds") or 3600),
    )
