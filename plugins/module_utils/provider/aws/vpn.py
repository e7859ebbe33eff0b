# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Site-to-Site VPN as the cloud's end of a tunnel, on a VPC's virtual private gateway or a transit gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...model.plan import Change
from ...model.scope import Scope
from ...model.vpn_gateway import VpnGateway
from ...model.vpn_plan import Part, PartKind, VpnState, VpnTraits
from ..base import Vpn
from .session import AwsSession
from .vpn_apply import Writer
from .vpn_read import (
    CONNECTION,
    CUSTOMER,
    GATEWAY,
    KINDS,
    PROPAGATION,
    ROUTE,
    TRANSIT_ROUTE,
    TUNNEL,
    Found,
    Reader,
)
from .vpn_terms import KEY, TERMS, check, cover, told_key, wanted_settings

#: "Modify VPN tunnel options": the tunnel is interrupted for up to several minutes. "Modify the target gateway" and
#: "Modify VPN connection options" say the same of both tunnels for a brief period.
_OUTAGE_S = 180
#: A connection takes 50 tags ("Tag your Amazon EC2 resources"), not all of which are for the marks of routes.
_MOST_ROUTES = 40
#: Changes that AWS takes without replacing the tunnel's endpoint are none of these; it does not say which they are.
_TUNNEL = frozenset({term.setting for term in TERMS} | {KEY})
TRAITS = VpnTraits(
    kinds=(
        PartKind(CUSTOMER, shared=True),
        PartKind(GATEWAY, frozenset({"attached to"}), {"remove": None}, shared=True),
        PartKind(
            CONNECTION,
            frozenset({"customer gateway", "gateway", "our networks", "its networks", "first tunnel"}),
            {
                **dict.fromkeys(("customer gateway", "gateway", "our networks", "its networks"), _OUTAGE_S),
                "remove": None,
            },
        ),
        PartKind(TUNNEL, _TUNNEL, dict.fromkeys(_TUNNEL, _OUTAGE_S), within=CONNECTION),
        PartKind(ROUTE, within=CONNECTION),
        # Not within the connection, since anybody's routes may lead there: each has a mark of its own.
        PartKind(TRANSIT_ROUTE),
        PartKind(PROPAGATION, frozenset({"propagates"}), shared=True),
    ),
    scopes=tuple(KINDS),
    tunnels=2,
    tells_keys=True,
)


class AwsVpn:
    """One gateway of an account; ``keys`` are the pre-shared keys by their name in the secret store."""

    def __init__(self, session: AwsSession, store: str, keys: Mapping[str, str], hide: Callable[..., None]) -> None:
        self._session, self._store = session, store
        self._keys, self._hide = dict(keys), hide
        self._reader = Reader(session, store, list(self._keys.values()))
        self._wait_up_s = 600.0

    def read_vpn(self, name: str, scope: Scope) -> VpnState:
        """Read with one call for each kind of object; the keys that EC2 tells are hidden."""
        state = self._reader.read(name, scope)
        found: Found = state.extra
        for connection in found.connections:
            options = (connection.get("Options") or {}).get("TunnelOptions") or ()
            self._hide(*(told_key(tunnel) for tunnel in options))
        return state

    def parts_vpn(self, wanted: VpnGateway, state: VpnState) -> tuple[Part, ...]:
        """Return the parts that are wanted."""
        found: Found = state.extra
        self._wait_up_s = float(wanted.own.get("wait_up_s", self._wait_up_s))
        names = wanted.tunnel_names
        settings = {
            "customer gateway": wanted.peer.address,
            "gateway": found.home,
            "routing": "static",
            "our networks": cover(wanted.peer_networks),
            "its networks": cover(wanted.networks),
            **({"first tunnel": state.ends[0].address} if state.ends else {}),
        }
        parts = [self._shared(state, CUSTOMER, wanted.peer.address, {})]
        if not found.transit:
            parts.append(self._shared(state, GATEWAY, found.home, {"attached to": found.home}))
        parts.append(Part(CONNECTION, wanted.name, settings, own=True, tunnels=names))
        parts += self._tunnels(wanted)
        parts += self._routes(wanted, state)
        return tuple(parts)

    def apply_vpn(self, state: VpnState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes, one tunnel at a time."""
        writer = Writer(self._session, self._store, self._reader, state, list(self._keys.values()), self._wait_up_s)
        yield from writer.apply(changes)

    def _shared(self, state: VpnState, kind: str, name: str, settings: dict[str, object]) -> Part:
        found: Found = state.extra
        now = state.part(kind, name)
        users = tuple(now.settings.get("users", ())) if now else ()
        return Part(kind, name, {**settings, "users": tuple(sorted({*users, found.name}))}, own=True)

    def _tunnels(self, wanted: VpnGateway) -> Iterator[Part]:
        settings = wanted_settings(wanted)
        for index, (name, key) in enumerate(zip(wanted.tunnel_names, wanted.keys)):
            link = {"inside cidr": wanted.inside_cidrs[index]} if index < len(wanted.inside_cidrs) else {}
            held = {KEY: fingerprint(self._keys[key])}
            yield Part(TUNNEL, name, {**settings, **link, **held}, own=True, tunnels=(name,))

    def _routes(self, wanted: VpnGateway, state: VpnState) -> Iterator[Part]:
        found: Found = state.extra
        tables = self._route_tables(wanted, found)
        if found.transit:
            _check_marks(len(tables) * len(wanted.peer_networks))
            for table in tables:
                for cidr in wanted.peer_networks:
                    yield Part(TRANSIT_ROUTE, f"{table} {cidr}", own=True)
            return
        for cidr in wanted.peer_networks:
            yield Part(ROUTE, cidr, own=True)
        for table in tables:
            yield self._shared(state, PROPAGATION, table, {"propagates": True})

    def _route_tables(self, wanted: VpnGateway, found: Found) -> Sequence[str]:
        """Return the tables that are named, or the main one; raises ProviderError for one that is not there."""
        field = "TransitGatewayRouteTableId" if found.transit else "RouteTableId"
        there = [str(table[field]) for table in found.tables]
        named = wanted.own.get("route_tables")
        if named is None:
            return [str(table[field]) for table in found.tables if _is_main(table, found.transit)]
        for table in named:
            if table not in there:
                raise ProviderError(
                    "aws", f"route by the table {table}", f"{found.home} has no such table", "not_found"
                )
        return list(dict.fromkeys(named))


def _check_marks(routes: int) -> None:
    if routes > _MOST_ROUTES:
        why = f"it takes {routes} routes, and a connection's tags can mark {_MOST_ROUTES}"
        hint = "name networks in place of single servers in tunnel.sources, or fewer tables in aws.route_tables"
        raise ProviderError("aws", "route by the transit gateway's tables", why, "invalid", hint=hint)


def _is_main(table: Mapping[str, object], transit: bool) -> bool:
    if transit:
        return bool(table.get("DefaultAssociationRouteTable"))
    associations = table.get("Associations") or ()
    return any(item.get("Main") for item in associations) if isinstance(associations, list) else False


VPN = Vpn(open=AwsVpn, check=check, traits=TRAITS)
