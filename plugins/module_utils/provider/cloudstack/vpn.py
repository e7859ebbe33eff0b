# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site-to-site VPN of a CloudStack VPC as the cloud's end of a tunnel."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...model.plan import Change
from ...model.scope import Scope
from ...model.vpn_gateway import VpnGateway
from ...model.vpn_plan import Part, PartKind, VpnState, VpnTraits
from ..base import Vpn
from .session import CloudStackSession
from .vpn_apply import Writer
from .vpn_read import CONNECTION, CUSTOMER, GATEWAY, MARK, Found, Reader, marked_kinds, users
from .vpn_terms import KEY, TERMS, check, wanted_settings

#: CloudStack stops the connection on the VPC's router and starts it again, which is two runs of its configuration; then
#: our end starts the tunnel anew.
_OUTAGE_S = 60
_CUSTOMER = frozenset({*(term.setting for term in TERMS), KEY})
TRAITS = VpnTraits(
    kinds=(
        PartKind(MARK, frozenset({"on"})),
        PartKind(GATEWAY, shared=True),
        PartKind(CUSTOMER, _CUSTOMER, dict.fromkeys(_CUSTOMER, _OUTAGE_S)),
        PartKind(CONNECTION, frozenset({"error"}), {"remove": None}),
    ),
    scopes=("vpc",),
    tells_keys=True,
)


class CloudStackVpn:
    """One gateway of an account; ``keys`` are the pre-shared keys by their name in the secret store."""

    def __init__(
        self, session: CloudStackSession, store: str, keys: Mapping[str, str], hide: Callable[..., None]
    ) -> None:
        self._session, self._store, self._keys, self._hide = session, store, dict(keys), hide
        self._reader = Reader(session, store)

    def read_vpn(self, name: str, scope: Scope) -> VpnState:
        """Read with one call for each kind of object; the key that CloudStack tells is hidden."""
        state, key = self._reader.read(name, scope)
        if key:
            self._hide(key)
        return state

    def parts_vpn(self, wanted: VpnGateway, state: VpnState) -> tuple[Part, ...]:
        """Return the parts that are wanted; raises ProviderError for what cannot be beside what is there."""
        found: Found = state.extra
        self._refuse(wanted, found)
        name, tunnels = wanted.name, wanted.tunnel_names
        customer = {**wanted_settings(wanted), KEY: fingerprint(self._keys[wanted.keys[0]])}
        connection = {"passive": bool(wanted.own.get("passive", True))}
        if found.connection:
            # Whether CloudStack can set it up is not known before it is there.
            connection["error"] = False
        parts = (
            Part(GATEWAY, str(found.vpc["name"]), own=True),
            Part(CUSTOMER, name, customer, own=True, tunnels=tunnels),
            Part(CONNECTION, name, connection, own=True, tunnels=tunnels),
        )
        on = self._to_mark(found)
        return (Part(MARK, name, {"on": on}, own=True), *parts) if on else parts

    def apply_vpn(self, state: VpnState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes in their order; each is waited for before the next."""
        writer = Writer(self._session, self._store, self._reader, state, list(self._keys.values()))
        for change in changes:
            writer.make(change)
            yield change

    def _to_mark(self, found: Found) -> tuple[str, ...]:
        """Return what bears this gateway's mark, or is to: its own, and the VPC's gateway where this store made it."""
        marked = marked_kinds(found, self._store)
        there = {GATEWAY: found.gateway, CUSTOMER: found.customer, CONNECTION: found.connection}
        joins = {GATEWAY} if users(found, self._store) else set()
        return tuple(sorted(kind for kind, item in there.items() if item is None or kind in marked or kind in joins))

    def _refuse(self, wanted: VpnGateway, found: Found) -> None:
        """Refuse, before anything is made, what CloudStack refuses only when half of it is there."""
        doing = f"make {wanted.name} for {wanted.scope}"

        def refused(why: str, hint: str) -> ProviderError:
            return ProviderError(self._session.provider, doing, why, "invalid", hint=hint)

        if found.elsewhere and not found.connection:
            why = f"the account's customer gateway {wanted.name} serves another VPC"
            raise refused(why, "choose another name; those of customer gateways are the account's, not the VPC's")
        whole = ipaddress.IPv4Network(str(found.vpc["cidr"]))
        for cidr in wanted.networks:
            if not ipaddress.IPv4Network(cidr).subnet_of(whole):
                raise refused(f"{cidr} is not in the VPC's network {whole}", "name networks of the VPC in networks")
        for cidr in wanted.peer_networks:
            network = ipaddress.IPv4Network(cidr)
            if network.overlaps(whole):
                why = f"{cidr}, which is behind our end, overlaps the VPC's network {whole}"
                raise refused(why, "give the store servers addresses that the VPC does not have")
            for one in found.neighbours:
                taken = [part.strip() for part in str(one.get("cidrlist") or "").split(",") if part.strip()]
                if any(network.overlaps(ipaddress.IPv4Network(part, strict=False)) for part in taken):
                    why = f"{cidr} is behind the VPC's connection {one['id']} to {one.get('gateway')} already"
                    raise refused(
                        why, "a network can be behind one connection; take that one's sources out or remove it"
                    )


VPN = Vpn(open=CloudStackVpn, check=check, traits=TRAITS)
