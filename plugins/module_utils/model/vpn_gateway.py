# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's end of a site-to-site tunnel: what is wanted of it, from the definition that our own end is made of."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .entry import parse_cidr
from .invalid import InvalidValue
from .scope import Scope
from .tunnel import ANY, End, Tunnel
from .tunnel_spec import parse_tunnel

#: What a gateway does with a tunnel whose peer is silent, in the words most providers use.
DPD_ACTIONS = ("restart", "clear", "none")
#: One prefix for a whole side that is wider than the widest private network would let strangers in.
WIDEST_PREFIX = 8
#: With the number of a tunnel behind it, it is a name that the role ``ipsec`` takes.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,36}[a-z0-9]")


@dataclass(frozen=True)
class VpnGateway:
    """What is wanted of the cloud's end.

    ``scope`` is what it attaches to, such as a VPC or a router. ``tunnel`` is the connection as our own end has it,
    without the other end's address, which the provider gives; its proposals and times hold for both ends. ``networks``
    are the prefixes behind the cloud's end. ``keys`` are the names of the pre-shared keys in the secret store, one per
    tunnel, and ``inside_cidrs`` the tunnels' own link networks where they are chosen. ``own`` are the options that one
    provider alone has.
    """

    name: str
    scope: Scope
    tunnel: Tunnel
    networks: tuple[str, ...]
    keys: tuple[str, ...]
    inside_cidrs: tuple[str, ...] = ()
    dpd_timeout_s: int = 30
    dpd_action: str = "restart"
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def peer(self) -> End:
        """Return our end: its outer address and its IKE identity."""
        return self.tunnel.local

    @property
    def peer_networks(self) -> tuple[str, ...]:
        """Return the prefixes behind our end: the named store servers.

        With covering selectors it is the narrowest one that also holds our gateway: both ends must agree on them.
        """
        cidrs = tuple(source.cidr for source in self.tunnel.sources)
        if self.tunnel.selectors == "exact":
            return cidrs
        found = ipaddress.IPv4Network(self.peer.inside_address)
        while not all(ipaddress.IPv4Network(cidr).subnet_of(found) for cidr in cidrs):
            found = found.supernet()
        return (str(found),)

    @property
    def tunnel_names(self) -> tuple[str, ...]:
        """Return the names of the tunnels that have a key."""
        return tunnel_names(self.name, len(self.keys))


@dataclass(frozen=True)
class TunnelEnd:
    """One tunnel at the provider: its outer address and identity, its link network, and how it is.

    ``status`` is ``up``, ``down`` or ``unknown`` where the provider does not tell; ``detail`` is what it says besides.
    ``accepts`` are the algorithms that it takes in strongSwan's spelling, with ``ikev1`` where it takes that, and
    ``fingerprint`` names its pre-shared key; both are empty where the provider does not tell.
    """

    name: str
    address: str
    identity: str = ""
    inside_cidr: str = ""
    status: str = "unknown"
    detail: str = ""
    accepts: tuple[str, ...] = ()
    fingerprint: str = ""

    def facts(self) -> dict[str, Any]:
        """Return the end as results show it."""
        return {**vars(self), "identity": self.identity or self.address, "accepts": list(self.accepts)}


def check_name(where: str, value: Any) -> str:
    """Return a gateway's name when the provider and our own end can both bear it; raises InvalidValue."""
    name = str(value or "")
    if not _NAME.fullmatch(name):
        raise InvalidValue(where, name, "is no name; write 2 to 38 lower case letters, digits and '-', a letter first")
    return name


def tunnel_names(name: str, count: int) -> tuple[str, ...]:
    """Return what a gateway's tunnels are called, here and as connections of our own end."""
    return (name,) if count == 1 else tuple(f"{name}-{number}" for number in range(1, count + 1))


def parse_wanted(
    params: Mapping[str, Any], kinds: Sequence[str], tunnels: int, own: Mapping[str, Any] | None = None
) -> VpnGateway:
    """Make what is wanted of a module's options, before any connection; raises InvalidValue.

    ``kinds`` are the provider's kinds of scope, ``tunnels`` how many of a connection's tunnels have a key of
    their own.
    """
    name = check_name("name", params.get("name"))
    tunnel = _tunnel(name, params.get("tunnel") or {})
    wanted = VpnGateway(
        name=name,
        scope=Scope.parse(params["scope"], kinds),
        tunnel=tunnel,
        networks=_networks(params.get("networks"), tunnel),
        keys=_keys(params.get("pre_shared_keys") or (), tunnels),
        inside_cidrs=tuple(
            parse_cidr(f"inside_cidrs[{index}]", cidr) for index, cidr in enumerate(params.get("inside_cidrs") or ())
        ),
        dpd_timeout_s=30 if params.get("dpd_timeout_s") is None else int(params["dpd_timeout_s"]),
        dpd_action=str(params.get("dpd_action") or "restart"),
        own=dict(own or {}),
    )
    _refuse(wanted)
    return wanted


def connections(wanted: VpnGateway, ends: Sequence[TunnelEnd], account: str) -> list[dict[str, Any]]:
    """Return the tunnels as the role ``ipsec`` takes them at our end, without a secret.

    Tunnels that have no outer address yet are left out.
    """
    ours = wanted.tunnel
    return [
        {
            "name": end.name,
            "kind": "site",
            "account": account,
            "description": ours.description,
            "local": {
                "address": ours.local.address,
                "id": ours.local.identity,
                "inside_address": ours.local.inside_address,
            },
            "remote": {
                "address": end.address,
                "id": end.identity or end.address,
                "inside_address": ours.remote.inside_address,
            },
            "sources": [{"name": source.name, "address": source.cidr} for source in ours.sources],
            "targets": [
                {"name": target.name, "address": target.host, "port": target.port, "protocol": target.protocol}
                for target in ours.targets
            ],
            "api_side": "remote",
            "initiate": True,
            "selectors": ours.selectors,
            "ike_proposals": list(ours.ike_proposals),
            "esp_proposals": list(ours.esp_proposals),
            **vars(ours.timing),
        }
        for end in ends
        if end.address
    ]


def _tunnel(name: str, raw: Mapping[str, Any]) -> Tunnel:
    """Return our end of the tunnel; the other end's address is not known yet."""
    remote = dict(raw.get("remote") or {})
    identity = str(remote.get("id") or "")
    # The identity stands in for what the provider will give, so that the rest is checked as the role checks it.
    filled = {
        **{key: value for key, value in raw.items() if value is not None},
        "name": name,
        "kind": "site",
        "api_side": "remote",
        "initiate": False,
        "remote": {**remote, "address": None, "id": identity or f"cloud-end-of-{name}"},
    }
    tunnel = parse_tunnel(filled, "tunnel")
    if tunnel.local.address == ANY or not _is_address(tunnel.local.address):
        mend = "is no address; the cloud's gateway needs our end's public address, such as 198.51.100.10"
        raise InvalidValue("tunnel.local.address", "" if tunnel.local.address == ANY else tunnel.local.address, mend)
    return replace(tunnel, remote=replace(tunnel.remote, identity=identity))


def _networks(values: Sequence[Any] | None, tunnel: Tunnel) -> tuple[str, ...]:
    """Return the prefixes behind the cloud's end; without any, the addresses of the API's endpoints."""
    hosts = tuple(dict.fromkeys(f"{target.host}/32" for target in tunnel.targets))
    if not values:
        return hosts
    found = tuple(dict.fromkeys(parse_cidr(f"networks[{index}]", value) for index, value in enumerate(values)))
    for index, cidr in enumerate(found):
        network = ipaddress.ip_network(cidr)
        if network.version != 4 or network.prefixlen == 0:
            raise InvalidValue(f"networks[{index}]", cidr, "is not possible; name the IPv4 networks of the endpoints")
        for source in tunnel.sources:
            if network.overlaps(ipaddress.ip_network(source.cidr)):
                mend = f"overlaps {source.cidr}, which is behind our end; name the cloud's own networks"
                raise InvalidValue(f"networks[{index}]", cidr, mend)
        # The cloud would send the tunnel's own packets into the tunnel.
        if ipaddress.ip_address(tunnel.local.address) in network:
            mend = f"holds tunnel.local.address {tunnel.local.address}; name the cloud's own networks"
            raise InvalidValue(f"networks[{index}]", cidr, mend)
    for host in hosts:
        if not any(ipaddress.IPv4Network(host).subnet_of(ipaddress.IPv4Network(cidr)) for cidr in found):
            mend = f"hold none that {host.partition('/')[0]} of tunnel.targets is in; add it"
            raise InvalidValue("networks", ", ".join(found), mend)
    return found


def _keys(values: Sequence[str], tunnels: int) -> tuple[str, ...]:
    names = tuple(str(value) for value in values)
    if len(names) != tunnels:
        mend = f"are {len(names)} names where this provider's connection has {tunnels} tunnels; name a key for each"
        raise InvalidValue("pre_shared_keys", ", ".join(names) or "(none)", mend)
    if len(set(names)) < len(names):
        raise InvalidValue("pre_shared_keys", ", ".join(names), "name one key twice; give each tunnel its own")
    return names


def _refuse(wanted: VpnGateway) -> None:
    """Refuse what each value by itself does not show."""
    if len(wanted.inside_cidrs) > len(wanted.keys):
        mend = f"are more than the {len(wanted.keys)} tunnels that have a key"
        raise InvalidValue("inside_cidrs", ", ".join(wanted.inside_cidrs), mend)
    if wanted.tunnel.selectors == "covering":
        _refuse_wide(wanted)
    delay = wanted.tunnel.timing.dpd_delay_s
    if wanted.dpd_timeout_s < 2 * delay:
        mend = f"is less than twice tunnel.dpd_delay_s ({delay}), so that one lost packet would end the tunnel"
        raise InvalidValue("dpd_timeout_s", wanted.dpd_timeout_s, mend)
    if wanted.dpd_action not in DPD_ACTIONS:
        raise InvalidValue("dpd_action", wanted.dpd_action, f"is none of {', '.join(DPD_ACTIONS)}")
    timing = wanted.tunnel.timing
    if timing.esp_rekey_s > timing.ike_rekey_s:
        mend = f"is longer than ike_rekey_s ({timing.ike_rekey_s}); renew the inner keys at least as often"
        raise InvalidValue("tunnel.esp_rekey_s", timing.esp_rekey_s, mend)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _refuse_wide(wanted: VpnGateway) -> None:
    """Refuse one prefix for our gateway and all store servers that would take in what has no business in the tunnel."""
    (cidr,) = wanted.peer_networks
    network = ipaddress.IPv4Network(cidr)
    why = ""
    if network.prefixlen < WIDEST_PREFIX:
        why = f"wider than a /{WIDEST_PREFIX}"
    elif ipaddress.ip_address(wanted.peer.address) in network:
        why = f"which holds tunnel.local.address {wanted.peer.address}"
    else:
        held = [one for one in wanted.networks if network.overlaps(ipaddress.ip_network(one))]
        why = f"which overlaps {held[0]} at the cloud" if held else ""
    if why:
        mend = (
            f"would open the tunnel to {cidr}, {why}; bring tunnel.local.inside_address and tunnel.sources into one "
            "network, or write exact"
        )
        raise InvalidValue("tunnel.selectors", "covering", mend)
