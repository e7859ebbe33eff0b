# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway of a virtual network, where this store makes it: with a public IP address, for several tunnels at once.

A network has one VPN gateway, which Azure takes most of an hour to make, so gateways of the store share it: each puts
its mark on it and on its address, and the last that goes takes both away. One that somebody else made is only used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.vpn_plan import Part, VpnState
from .vpn_read import GATEWAY, PUBLIC_IP, SKU, Found, gateway_subnet, mended

#: "About gateway SKUs": the smallest of those of which new gateways are made.
DEFAULT_SKU = "VpnGw1AZ"


def wanted_home(found: Found, state: VpnState, own: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the gateway and its address as this gateway needs them; none where somebody else made the gateway.

    Raises ProviderError (invalid) where there is no place for it.
    """
    if found.network is None:
        return
    now = [part for part in state.parts if part.kind in (GATEWAY, PUBLIC_IP)]
    if found.gateway is not None and not any(part.kind == GATEWAY and part.settings.get("users") for part in now):
        return
    if gateway_subnet(found.network) is None:
        why = "it has no subnet GatewaySubnet"
        hint = "add one to the network, of /27 or larger, which Azure keeps for gateways"
        raise ProviderError("azure", f"make a gateway in the network {found.place.name}", why, "invalid", hint=hint)
    addresses = [part.name for part in now if part.kind == PUBLIC_IP] or [found.name]
    for name in addresses:
        yield _shared(state, PUBLIC_IP, name, found, {})
    sku = {SKU: str(own.get("gateway_sku") or DEFAULT_SKU)} if found.gateway is None or own.get("gateway_sku") else {}
    yield _shared(state, GATEWAY, found.gateway_name, found, sku)


def _shared(state: VpnState, kind: str, name: str, found: Found, settings: Mapping[str, Any]) -> Part:
    now = state.part(kind, name)
    users = tuple(now.settings.get("users", ())) if now else ()
    settings = {**settings, **mended(state, kind, name), "users": tuple(sorted({*users, found.name}))}
    return Part(kind, name, settings, own=True)


def gateway_properties(found: Found, part: Part, address: str) -> dict[str, Any]:
    """Return the body's properties for a new gateway; ``address`` is the id of its public IP address."""
    subnet = gateway_subnet(found.home) or {}
    where = {
        "privateIPAllocationMethod": "Dynamic",
        "publicIPAddress": {"id": address},
        "subnet": {"id": subnet.get("id", "")},
    }
    return {
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "sku": {"name": part.settings[SKU], "tier": part.settings[SKU]},
        "activeActive": False,
        "enableBgp": False,
        "ipConfigurations": [{"name": "default", "properties": where}],
    }
