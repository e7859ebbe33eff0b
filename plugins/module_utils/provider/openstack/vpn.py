# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's VPNaaS as the cloud's end of a tunnel: policies, a service on a router, endpoint groups, a connection.

A connection keeps its policies for life, a policy cannot be changed while a connection uses it, and the networks of an
endpoint group never can. So these parts are called by what they are: other algorithms are another policy, made before
the connection takes it and removed after. A connection takes other policies by a successor, and one that no agent could
set up is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Callable

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...model.invalid import InvalidValue
from ...model.plan import Change
from ...model.scope import Scope
from ...model.vpn_gateway import VpnGateway
from ...model.vpn_plan import Part, PartKind, VpnState, VpnTraits
from ...model.vpn_refusal import refuse_links
from ..base import Vpn
from . import vpn_policy, vpn_read
from .session import OpenStackSession
from .vpn_read import CONNECTION, IKE, IPSEC, LOCAL, PEER, REPLACED, SERVICE, STATUS, Found
from .vpn_write import Writing

# The agents reload strongSwan, or start Libreswan anew with all tunnels of the router (neutron_vpnaas, device_drivers).
_RESTART_S = 30
_SUCCESSOR_S = 60
_RESTARTING = (
    "peer_address",
    "peer_id",
    "local_id",
    "networks",
    "peer_networks",
    "dpd_action",
    "dpd_interval_s",
    "dpd_timeout_s",
    "initiator",
    "mtu",
    "enabled",
    "key",
)
_POLICIES = ("ike_policy", "ipsec_policy")
_ANEW = (*_POLICIES, STATUS)
_OUTAGES = {**dict.fromkeys(_RESTARTING, _RESTART_S), **dict.fromkeys(_ANEW, _SUCCESSOR_S), "remove": None}
TRAITS = VpnTraits(
    kinds=(
        PartKind(SERVICE, shared=True),
        PartKind(IKE, shared=True),
        PartKind(IPSEC, shared=True),
        PartKind(LOCAL, shared=True),
        PartKind(PEER, shared=True),
        PartKind(CONNECTION, frozenset((*_RESTARTING, *_ANEW)), _OUTAGES),
        PartKind(REPLACED, outages={"remove": _SUCCESSOR_S}),
    ),
    scopes=("router",),
    tells_keys=True,
)
#: Neutron's least MTU for IPv4 (neutron_vpnaas, VpnReferenceValidator), and the largest IPv4 packet (RFC 791).
_MTU = (68, 65535)
_DPD = {"restart": "restart", "clear": "clear", "none": "disabled"}


def check(wanted: VpnGateway) -> None:
    """Refuse what Neutron cannot express; raises InvalidValue."""
    refuse_links(wanted, "Neutron")
    least, most = _MTU
    mtu = wanted.own.get("mtu", least)
    if not least <= mtu <= most:
        raise InvalidValue("openstack.mtu", mtu, f"is not between {least} and {most}; write one such as 1400")
    _policies(wanted)


def vpn() -> Vpn:
    """Return the capability."""
    return Vpn(NeutronVpn, check, TRAITS)


class NeutronVpn:
    """The VPN of a router; ``keys`` holds the one pre-shared key, or none where it is only read or removed."""

    def __init__(
        self, session: OpenStackSession, store: str, keys: Mapping[str, str], hide: Callable[..., None]
    ) -> None:
        self._session, self._store, self._hide = session, store, hide
        self._key = next(iter(keys.values()), "")
        self._name = ""

    def read_vpn(self, name: str, scope: Scope) -> VpnState:
        """Read the router, and each collection once."""
        self._name = name
        return vpn_read.read(self._session, self._store, name, scope, self._hide)

    def parts_vpn(self, wanted: VpnGateway, state: VpnState) -> tuple[Part, ...]:
        """Return the parts that are wanted."""
        found: Found = state.extra
        _refuse(wanted, found)
        networks = tuple(sorted(wanted.networks))
        peers = tuple(sorted(wanted.peer_networks))
        ike, ipsec = _policies(wanted)
        # The end that restarts is ours: what the cloud's end may start by itself reaches whole subnets.
        settings: dict[str, Any] = {
            "peer_address": wanted.peer.address,
            "peer_id": wanted.peer.identity or wanted.peer.address,
            "local_id": wanted.tunnel.remote.identity,
            "ike_policy": vpn_policy.words(ike),
            "ipsec_policy": vpn_policy.words(ipsec),
            "networks": networks,
            "peer_networks": peers,
            "dpd_action": _DPD[wanted.dpd_action],
            "dpd_interval_s": wanted.tunnel.timing.dpd_delay_s,
            "dpd_timeout_s": wanted.dpd_timeout_s,
            "initiator": wanted.own.get("initiator", "response-only"),
            "enabled": True,
            "key": fingerprint(self._key),
        }
        if "mtu" in wanted.own:
            settings["mtu"] = wanted.own["mtu"]
        now = state.part(CONNECTION, wanted.name)
        if now and STATUS in now.settings:
            settings[STATUS] = "ACTIVE"
        return (
            Part(SERVICE, vpn_read.service_name(wanted.scope), own=True),
            Part(IKE, vpn_policy.words(ike), ike, own=True),
            Part(IPSEC, vpn_policy.words(ipsec), ipsec, own=True),
            Part(LOCAL, vpn_read.endpoints_name(networks), own=True),
            Part(PEER, vpn_read.endpoints_name(peers), own=True),
            Part(CONNECTION, wanted.name, settings, own=True, tunnels=(wanted.name,)),
        )

    def apply_vpn(self, state: VpnState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes in their order."""
        stays = not any(change.action == "remove" and change.before.kind == CONNECTION for change in changes)
        writing = Writing(self._session, self._store, self._name, self._key, state, stays)
        for change in changes:
            writing.make(change)
            yield change


def _policies(wanted: VpnGateway) -> tuple[vpn_policy.Policy, vpn_policy.Policy]:
    ours = wanted.tunnel
    ike = vpn_policy.ike_policy(ours.ike_proposals, ours.timing.ike_rekey_s)
    return ike, vpn_policy.ipsec_policy(ours.esp_proposals, ours.timing.esp_rekey_s)


def _refuse(wanted: VpnGateway, found: Found) -> None:
    """Raise ProviderError for what cannot be had beside what was read."""
    doing = f"make the tunnel {wanted.name} of {wanted.scope}"
    if not found.router.get("external_gateway_info"):
        hint = "set one first: openstack router set --external-gateway NETWORK ROUTER"
        raise ProviderError("openstack", doing, "the router has no gateway to the outside", "invalid", hint=hint)
    service = found.service
    if service and service.get("subnet_id"):
        why = f"its VPN service {service['id']} is of the older kind, bound to the subnet {service['subnet_id']}"
        hint = "make that service anew without a subnet; its tunnels then have endpoint groups"
        raise ProviderError("openstack", doing, why, "invalid", hint=hint)
    for cidr in wanted.networks:
        if cidr not in found.subnets:
            why = f"{cidr} is no subnet of this router, and Neutron's tunnels end in whole subnets"
            raise ProviderError("openstack", doing, why, "invalid", hint=f"set networks to {_near(cidr, found)}")


def _near(cidr: str, found: Found) -> str:
    """Return the subnets around a network; without any, all of the router's."""
    inner = ip_network(cidr)
    outer = [each for each in found.subnets if _holds(each, inner)]
    return ", ".join(sorted(outer or found.subnets)) or "a subnet that is attached to it; it has none"


def _holds(outer: str, inner: Any) -> bool:
    network = ip_network(outer)
    return bool(network.version == inner.version and inner.subnet_of(network))
