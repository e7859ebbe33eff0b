# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's site-to-site connections: what a virtual network gateway makes of its connections.

"VPN Gateway FAQ" and "About cryptographic requirements": the gateway goes by its public address; started by the peer it
takes the traffic selectors that the peer proposes, and proposes those of its own policy when it starts by itself. A
new key or policy starts the tunnel anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import algorithms
from .https import Https
from .tunnel import CloudTunnel, Running

_VERSION = "api-version=2025-07-01"
#: What a gateway takes where a connection has no policy: the RouteBased defaults, best first.
_DEFAULT = (
    ("aes256-sha256-sha1-modp1024", "3des-sha1-sha256-modp1024"),
    ("aes256gcm16-aes128gcm16", "aes256-sha256-sha1", "3des-sha1-sha256"),
)
_IKE_LIFETIME_S, _ESP_LIFETIME_S = 28800, 27000
ANY = "0.0.0.0/0"


class Azure:
    """A resource group of one subscription."""

    def __init__(self, server: Https, scope: str, secret: Mapping[str, str], group: str) -> None:
        self._server, self._scope, self._secret = server, scope, secret
        self._here = f"/subscriptions/{secret['subscription_id']}/resourceGroups/{group}/providers/Microsoft.Network"
        self._token, self._until = "", 0.0
        self._shown: dict[str, str] = {}

    def read(self) -> Sequence[CloudTunnel]:
        found = []
        for one in self._get(f"{self._here}/connections")["value"]:
            connection = self._get(one["id"])
            properties = connection["properties"]
            self._shown[connection["name"]] = properties["connectionStatus"]
            gateway = self._get(properties["virtualNetworkGateway1"]["id"])["properties"]
            ways = [item["properties"]["publicIPAddress"]["id"] for item in gateway["ipConfigurations"]]
            addresses = [self._get(way)["properties"]["ipAddress"] for way in ways]
            peer = self._get(properties["localNetworkGateway2"]["id"])["properties"]
            key = self._get(f"{one['id']}/sharedkey")["value"]
            found += [tunnel(connection, address, peer, key) for address in addresses]
        return found

    def report(self, states: Mapping[str, Running]) -> None:
        for ref, state in states.items():
            status = "Connected" if state.up else "Connecting" if state.connecting else "NotConnected"
            if self._shown.get(ref) != status or state.up:
                said = {"ingress": state.bytes_in, "egress": state.bytes_out}
                self._server.call("POST", "/_lab/vpn", {"connection": ref, "status": status, **said})

    def _get(self, path: str) -> Any:
        return self._server.call("GET", f"{path}?{_VERSION}", headers={"Authorization": f"Bearer {self._bearer()}"})

    def _bearer(self) -> str:
        if time.monotonic() > self._until:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._secret["client_id"],
                "client_secret": self._secret["client_secret"],
                "scope": self._scope,
            }
            said = self._server.call("POST", f"/{self._secret['tenant_id']}/oauth2/v2.0/token", form=form)
            # Half its life: a reset of the emulator may end it sooner, but not a slow call.
            self._token, self._until = said["access_token"], time.monotonic() + int(said["expires_in"]) / 2
        return self._token


def tunnel(connection: Mapping[str, Any], address: str, peer: Mapping[str, Any], key: str) -> CloudTunnel:
    """A connection at one of its gateway's addresses; peer is the local network gateway. Pure."""
    properties = connection["properties"]
    ike, esp = algorithms.azure(properties["ipsecPolicies"][0]) if properties["ipsecPolicies"] else _DEFAULT
    initiate = properties["connectionMode"] != "ResponderOnly"
    chosen = properties["trafficSelectorPolicies"]
    policies = chosen if initiate else []
    return CloudTunnel(
        cloud="azure",
        ref=connection["name"],
        address=address,
        peer=peer["gatewayIpAddress"],
        key=key,
        ike=ike,
        esp=esp,
        inside=tuple(dict.fromkeys(cidr for one in policies for cidr in one["localAddressRanges"])) or (ANY,),
        outside=tuple(dict.fromkeys(cidr for one in policies for cidr in one["remoteAddressRanges"])) or (ANY,),
        initiate=initiate,
        version=1 if properties["connectionProtocol"] == "IKEv1" else 2,
        dpd_delay_s=max(1, int(properties["dpdTimeoutSeconds"]) // 3),
        dpd_action="restart" if initiate else "clear",
        ike_lifetime_s=_IKE_LIFETIME_S,
        esp_lifetime_s=int((properties["ipsecPolicies"] or [{}])[0].get("saLifeTimeSeconds") or _ESP_LIFETIME_S),
    )
