# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack's VPN connections: what the VPC's router would be told.

The router's script (configure.py of the system virtual machine) writes one connection of strongSwan for each, goes by
its own address, and starts what is not passive. Changes stop and start the connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import algorithms
from .https import Https
from .tunnel import CloudTunnel, Running

# "ike" lets the peer choose; strongSwan's 0 does the same.
_VERSIONS = {"ike": 0, "ikev1": 1, "ikev2": 2}


class CloudStack:
    """The emulator, which tells its routers more than its callers."""

    def __init__(self, server: Https) -> None:
        self._server = server
        self._states: dict[str, str] = {}

    def read(self) -> Sequence[CloudTunnel]:
        found = self._server.call("GET", "/_lab/vpn")
        self._states = {one["id"]: one["state"] for one in found}
        return [tunnel(one) for one in found]

    def report(self, states: Mapping[str, Running]) -> None:
        for ref, state in states.items():
            said = "Connected" if state.up else "Disconnected"
            if self._states.get(ref) != said:
                self._server.call("POST", f"/_lab/vpn/{ref}", {"state": said})


def tunnel(one: Mapping[str, Any]) -> CloudTunnel:
    """A connection as the emulator tells it to routers. Pure."""
    return CloudTunnel(
        cloud="cloudstack",
        ref=one["id"],
        address=one["publicip"],
        peer=one["gateway"],
        key=one["ipsecpsk"],
        ike=algorithms.cloudstack(one["ikepolicy"]),
        esp=algorithms.cloudstack(one["esppolicy"]),
        inside=(one["localcidr"],),
        outside=tuple(str(one["cidrlist"]).split(",")),
        initiate=not one["passive"],
        version=_VERSIONS[one["ikeversion"]],
        # The router's own: dpddelay=30, dpdtimeout=120.
        dpd_delay_s=30,
        dpd_action="restart" if one["dpd"] else "none",
        ike_lifetime_s=int(one["ikelifetime"]),
        esp_lifetime_s=int(one["esplifetime"]),
    )
