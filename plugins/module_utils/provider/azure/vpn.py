# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure VPN Gateway as the cloud's end of a tunnel: a connection with an IPsec policy of its own, always."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Callable

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...model.plan import Change
from ...model.scope import Scope
from ...model.vpn_gateway import VpnGateway
from ...model.vpn_plan import Part, PartKind, VpnState, VpnTraits
from ..base import Vpn
from .session import AzureSession
from .vpn_apply import Writer
from .vpn_home import wanted_home
from .vpn_read import CONNECTION, GATEWAY, KINDS, LOCAL, PROVISIONING, PUBLIC_IP, Found, Reader, mended, place_name
from .vpn_terms import DPD, KEY, MODE, POLICY, SELECTING, SELECTORS, check, wanted_settings

#: Azure puts no number to it: the tunnel is negotiated anew once the write is done, as after a reset.
_OUTAGE_S = 60
_RENEGOTIATED = frozenset({*POLICY.values(), MODE, DPD, SELECTING, SELECTORS, KEY, "local network gateway", "bgp"})
TRAITS = VpnTraits(
    kinds=(
        PartKind(PUBLIC_IP, frozenset({PROVISIONING}), shared=True),
        PartKind(GATEWAY, frozenset({PROVISIONING}), shared=True),
        PartKind(
            LOCAL,
            frozenset({"address", "networks", PROVISIONING}),
            dict.fromkeys(("address", "networks"), _OUTAGE_S),
        ),
        # "VPN Gateway FAQ": the protocol of a connection cannot be changed, nor the gateway that it belongs to.
        PartKind(
            CONNECTION,
            _RENEGOTIATED | {PROVISIONING},
            {**dict.fromkeys(_RENEGOTIATED, _OUTAGE_S), "remove": None},
        ),
    ),
    scopes=tuple(KINDS),
    tells_keys=True,
)


class AzureVpn:
    """One gateway of a subscription; ``keys`` are the pre-shared keys by their name in the secret store."""

    def __init__(self, session: AzureSession, store: str, keys: Mapping[str, str], hide: Callable[..., None]) -> None:
        self._session, self._store, self._keys = session, store, dict(keys)
        self._reader = Reader(session, store, hide, bool(keys))

    def read_vpn(self, name: str, scope: Scope) -> VpnState:
        """Read with one call for each resource, and one for the key."""
        return self._reader.read(name, scope)

    def parts_vpn(self, wanted: VpnGateway, state: VpnState) -> tuple[Part, ...]:
        """Return the parts that are wanted; raises ProviderError (invalid) for a gateway that takes no policy."""
        found: Found = state.extra
        _refuse_gateway(found)
        names = tuple(end.name for end in state.ends)
        peer = {
            "address": wanted.peer.address,
            "networks": tuple(sorted(wanted.peer_networks)),
            **mended(state, LOCAL, wanted.name),
        }
        connection = {
            **wanted_settings(wanted),
            "gateway": place_name(found.gateway_path),
            "local network gateway": place_name(found.local_path),
            "bgp": False,
            **mended(state, CONNECTION, wanted.name),
            KEY: fingerprint(self._keys[wanted.keys[0]]),
        }
        return (
            *wanted_home(found, state, wanted.own),
            Part(LOCAL, wanted.name, peer, own=True, tunnels=names),
            Part(CONNECTION, wanted.name, connection, own=True, tunnels=names),
        )

    def apply_vpn(self, state: VpnState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes."""
        yield from Writer(self._session, self._store, self._reader, state, list(self._keys.values())).apply(changes)


def _refuse_gateway(found: Found) -> None:
    """Refuse a gateway whose connections take no policy of their own: Azure's default has 3DES, SHA-1 and MODP1024."""
    if found.gateway is None:
        return
    properties = found.gateway["properties"]
    sku = str((properties.get("sku") or {}).get("name") or "")
    kinds = (properties.get("gatewayType"), properties.get("vpnType"))
    if kinds == ("Vpn", "RouteBased") and sku != "Basic":
        return
    why = f"it is {kinds[0]}, {kinds[1]}, SKU {sku}, and takes no IPsec policy, so that weak algorithms would be in use"
    hint = "give a route-based VPN gateway of the SKU VpnGw1AZ or higher"
    raise ProviderError("azure", f"use the virtual network gateway {found.gateway_name}", why, "invalid", hint=hint)


VPN = Vpn(open=AzureVpn, check=check, traits=TRAITS)
