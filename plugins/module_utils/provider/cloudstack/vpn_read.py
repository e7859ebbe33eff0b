# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a site-to-site VPN of a VPC is made of.

CloudStack takes no tags on VPN gateways, customer gateways and connections (ResourceObjectType), and they have no
description. So the marks are tags of the VPC: per gateway of ours ``svcstore-vpn-<part> <name>`` with the store as its
value. They are set before the part is made and go after it, as those of allowlists do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProviderError
from ...model.scope import Scope
from ...model.vpn_gateway import TunnelEnd
from ...model.vpn_plan import Part, VpnState
from . import marks
from .session import CloudStackSession
from .vpn_terms import KEY, accepts, told_key, told_settings

MARK, GATEWAY, CUSTOMER, CONNECTION = "mark", "gateway", "customer gateway", "connection"
#: What bears a mark, and how the keys of its tags begin.
PREFIXES = {
    GATEWAY: "svcstore-vpn-gateway ",
    CUSTOMER: "svcstore-vpn-customer ",
    CONNECTION: "svcstore-vpn-connection ",
}
Item = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What was read. ``neighbours`` are the other connections of the VPC's gateway; no item holds a key.

    ``elsewhere`` says that the customer gateway serves a connection of another VPC.
    """

    name: str
    vpc: Item
    gateway: Item | None = None
    customer: Item | None = None
    connection: Item | None = None
    neighbours: Sequence[Item] = ()
    elsewhere: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Reads with one call for each kind of object."""

    def __init__(self, session: CloudStackSession, store: str) -> None:
        self._session, self._store = session, store

    def read(self, name: str, scope: Scope) -> tuple[VpnState, str]:
        """Return what there is by that name, and the pre-shared key that CloudStack tells, "" for none."""
        wanted = {"id": scope.id} if scope.id else {"name": scope.name}
        vpc = self._pick(scope, self._session.list_if_any("list VPCs", "listVPCs", **wanted))
        gateway = next(iter(self.gateways(str(vpc["id"]))), None)
        customer = self.customer(name)
        found = self._found(name, vpc, gateway, customer, self.connections())
        return self._state(found, customer), told_key(customer or {})

    def gateways(self, vpc_id: str) -> Sequence[Item]:
        """Return a VPC's VPN gateway, which is one or none."""
        return self._session.list_all("list VPN gateways", "listVpnGateways", vpcid=vpc_id)

    def customer(self, name: str) -> Item | None:
        """Return the account's customer gateway of that name, with its key."""
        found = self._session.list_all("list customer gateways", "listVpnCustomerGateways", keyword=name)
        return next((item for item in found if item.get("name") == name), None)

    def connections(self) -> Sequence[Item]:
        """Return the account's connections, without their keys."""
        found = self._session.list_all("list VPN connections", "listVpnConnections")
        return [_without_key(item) for item in found]

    def _pick(self, scope: Scope, vpcs: Sequence[Item]) -> Item:
        provider, doing = self._session.provider, f"read {scope}"
        key, value = ("id", scope.id) if scope.id else ("name", scope.name)
        found = [vpc for vpc in vpcs if str(vpc.get(key)) == value]
        if not found:
            raise ProviderError(provider, doing, "this account has none of that name or id", "not_found")
        if len(found) > 1:
            names = ", ".join(sorted(str(vpc["id"]) for vpc in found))
            why = f"the name stands for {names}"
            raise ProviderError(provider, doing, why, "invalid", hint="give the VPC's id")
        return found[0]

    def _found(
        self, name: str, vpc: Item, gateway: Item | None, customer: Item | None, connections: Sequence[Item]
    ) -> Found:
        here = [one for one in connections if gateway and one["s2svpngatewayid"] == gateway["id"]]
        ours = [one for one in connections if customer and one["s2scustomergatewayid"] == customer["id"]]
        own = [one for one in ours if one in here]
        return Found(
            name,
            vpc,
            gateway,
            _without_key(customer) if customer else None,
            own[0] if own else None,
            [one for one in here if one not in own],
            len(ours) > len(own),
            marks.tags_of(vpc),
        )

    def _state(self, found: Found, customer: Item | None) -> VpnState:
        name, tunnels = found.name, (found.name,) if found.connection else ()
        marked = marked_kinds(found, self._store)
        parts = []
        if marked:
            parts.append(Part(MARK, name, {"on": marked}, str(found.vpc["id"]), own=True))
        if found.gateway:
            # As long as somebody else uses it, it is nobody's to remove.
            alone = users(found, self._store) == {name} and not found.neighbours
            parts.append(Part(GATEWAY, str(found.vpc["name"]), {}, str(found.gateway["id"]), own=alone))
        if customer:
            settings = told_settings(customer)
            parts.append(Part(CUSTOMER, name, settings, str(customer["id"]), CUSTOMER in marked, tunnels))
        if found.connection:
            settings = connection_settings(found.connection)
            ref = str(found.connection["id"])
            parts.append(Part(CONNECTION, name, settings, ref, CONNECTION in marked, tunnels))
        ref = str(found.connection["id"]) if found.connection else ""
        return VpnState(ref, tuple(parts), _ends(found, customer), found)


def connection_settings(connection: Item) -> dict[str, Any]:
    """Return the settings of a connection; ``error`` is for one that CloudStack could not set up."""
    told = {"passive": bool(connection["passive"])} if connection.get("passive") is not None else {}
    return {**told, "error": connection.get("state") == "Error"}


def mark_key(kind: str, name: str) -> str:
    """Return the key of the tag that marks a part."""
    return f"{PREFIXES[kind]}{name}"


def marked_kinds(found: Found, store: str) -> tuple[str, ...]:
    """Return what bears this gateway's mark."""
    return tuple(sorted(kind for kind in PREFIXES if found.tags.get(mark_key(kind, found.name)) == store))


def users(found: Found, store: str) -> set[str]:
    """Return the gateways of this store that use the VPC's VPN gateway; none where somebody else made it."""
    prefix = PREFIXES[GATEWAY]
    return {key[len(prefix) :] for key, value in found.tags.items() if key.startswith(prefix) and value == store}


def _ends(found: Found, customer: Item | None) -> tuple[TunnelEnd, ...]:
    if not (found.connection and found.gateway and customer):
        return ()
    state = str(found.connection.get("state") or "")
    return (
        TunnelEnd(
            found.name,
            str(found.gateway["publicip"]),
            status="up" if state == "Connected" else "down" if state else "unknown",
            detail=state,
            accepts=accepts(customer),
            fingerprint=str(told_settings(customer).get(KEY, "")),
        ),
    )


def _without_key(item: Item) -> Item:
    return {key: value for key, value in item.items() if key != "ipsecpsk"}
