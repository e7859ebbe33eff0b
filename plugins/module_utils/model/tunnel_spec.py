# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the definition of a tunnel as operators write it, and refuses what could not work or would not be safe."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .acl import parse_endpoints, parse_host, parse_sources
from .entry import parse_cidr
from .invalid import InvalidValue
from .ipsec_proposal import ESP_DEFAULT, IKE_DEFAULT, parse_proposals
from .tunnel import ANY, End, Timing, Tunnel
from .tunnel_auth import ANYONE, Auth, parse_auth

_NAME = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
_IDENTITY = re.compile(r"[A-Za-z0-9@._:=, -]{1,128}")
#: Every client of a server whose certificate names a host below this domain.
_WILDCARD = re.compile(r"\*(\.[A-Za-z0-9-]{1,63})+")
#: Pools larger than this are no list of known clients.
WIDEST_POOL = 22
#: RFC 4301 gateways and RFC 8221 guidance leave this to policy: an online attacker must not guess, an offline one
#: (IKEv2 PSK is open to it when somebody poses as the responder) needs more than 100 bits.
PSK_LENGTH, PSK_DISTINCT = 20, 10


def parse_tunnels(values: Sequence[Any] | None, where: str) -> tuple[Tunnel, ...]:
    """Return the tunnels in the order given; names are unique."""
    found: dict[str, Tunnel] = {}
    for index, value in enumerate(values or ()):
        tunnel = parse_tunnel(value, f"{where}[{index}]")
        if tunnel.name in found:
            raise InvalidValue(
                f"{where}[{index}].name", tunnel.name, "is used twice; give each connection its own name"
            )
        found[tunnel.name] = tunnel
    for index, tunnel in enumerate(found.values()):
        if tunnel.standby_for:
            _refuse_standby(tunnel, found, f"{where}[{index}]")
    _refuse_two_eap(tuple(found.values()), where)
    return tuple(found.values())


def parse_tunnel(raw: Mapping[str, Any], where: str) -> Tunnel:
    """Make a tunnel of one connection of the role ``ipsec``; raises InvalidValue."""
    name = str(raw.get("name") or "")
    if not _NAME.fullmatch(name):
        raise InvalidValue(
            f"{where}.name",
            name,
            "is no name; write 2 to 40 lower case letters, digits and '-', a letter first",
        )
    kind = _choice(f"{where}.kind", raw.get("kind") or "site", ("site", "client", "server"))
    side = "local" if kind == "server" else "remote"
    api_side = _choice(
        f"{where}.api_side", raw.get("api_side") or side, ("local", "remote") if kind == "site" else (side,)
    )
    initiate = raw.get("initiate")
    auth = parse_auth(raw.get("auth"), f"{where}.auth", kind)
    tunnel = Tunnel(
        name=name,
        kind=kind,
        local=_end(raw.get("local"), f"{where}.local"),
        remote=_end(raw.get("remote"), f"{where}.remote", auth if kind == "server" else None),
        targets=parse_endpoints(raw.get("targets"), f"{where}.targets"),
        ike_proposals=parse_proposals(f"{where}.ike_proposals", raw.get("ike_proposals"), IKE_DEFAULT),
        esp_proposals=parse_proposals(f"{where}.esp_proposals", raw.get("esp_proposals"), ESP_DEFAULT),
        sources=parse_sources(raw.get("sources"), f"{where}.sources"),
        pool=_pool(raw.get("pool"), f"{where}.pool"),
        api_side=api_side,
        initiate=kind == "client"
        or (kind == "site" and (api_side == "remote" if initiate is None else bool(initiate))),
        selectors=_choice(f"{where}.selectors", raw.get("selectors") or "exact", ("exact", "covering")),
        timing=Timing(**{key: int(raw[key]) for key in ("dpd_delay_s", "ike_rekey_s", "esp_rekey_s") if raw.get(key)}),
        account=str(raw.get("account") or ""),
        description=" ".join(str(raw.get("description") or "").split()),
        auth=auth,
        standby_for=str(raw.get("standby_for") or ""),
    )
    _refuse(tunnel, where)
    return tunnel


def psk_problem(secret: str) -> str:
    """Return in words why a pre-shared key must not be used, or an empty text; never quotes the key."""
    if any(not 32 <= ord(char) < 127 for char in secret):
        return "holds characters other than printable ASCII, which ends encode differently"
    if len(secret) < PSK_LENGTH:
        return f"has {len(secret)} characters, fewer than {PSK_LENGTH}"
    if len(set(secret)) < PSK_DISTINCT:
        return f"has fewer than {PSK_DISTINCT} different characters"
    return ""


def _end(raw: Any, where: str, clients: Auth | None = None) -> End:
    """Return one end; ``clients`` is how those of a server prove themselves, where it is their end."""
    value = raw if isinstance(raw, Mapping) else {}
    address = str(value.get("address") or ANY).strip()
    if address != ANY:
        address = parse_host(f"{where}.address", address, names_allowed=True)
    identity = str(value.get("id") or ("" if address == ANY else address)).strip()
    if clients and clients.method == "eap" and not identity:
        identity = ANYONE
    elif not identity:
        raise InvalidValue(
            f"{where}.id", identity, "is needed where the address may change; write a name both ends use"
        )
    elif clients and clients.method == "certificate" and _WILDCARD.fullmatch(identity):
        pass
    elif not _IDENTITY.fullmatch(identity):
        raise InvalidValue(f"{where}.id", identity, "is no IKE identity; write an address, a name or user@name")
    inside = str(value.get("inside_address") or "")
    return End(
        address,
        identity,
        _ipv4(parse_host(f"{where}.inside_address", inside, False), where) if inside else "",
    )


def _pool(value: Any, where: str) -> str:
    if not value:
        return ""
    network = ipaddress.ip_network(_ipv4(parse_cidr(where, value), where))
    if network.prefixlen < WIDEST_POOL:
        raise InvalidValue(where, value, f"is wider than /{WIDEST_POOL}; give as many addresses as there are clients")
    return str(network)


def _ipv4(text: str, where: str) -> str:
    if ":" in text:
        raise InvalidValue(where, text, "is IPv6, which this role carries outside a tunnel only; use IPv4 inside")
    return text


def _choice(where: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise InvalidValue(where, value, f"is not possible here; write {' or '.join(choices)}")
    return str(value)


def _refuse(tunnel: Tunnel, where: str) -> None:
    """Refuse what each value by itself does not show."""
    if not tunnel.targets:
        raise InvalidValue(f"{where}.targets", [], "names no API endpoint; a tunnel to everything is not made")
    for index, target in enumerate(tunnel.targets):
        _ipv4(target.host, f"{where}.targets[{index}].address")
    for index, source in enumerate(tunnel.sources):
        _ipv4(source.cidr, f"{where}.sources[{index}].address")
    if tunnel.kind == "site" and not tunnel.sources:
        raise InvalidValue(f"{where}.sources", [], "names no store server; name those that may use the tunnel")
    if tunnel.kind == "server" and not tunnel.pool:
        raise InvalidValue(f"{where}.pool", "", "is needed for kind server; write a small prefix such as 10.99.0.0/28")
    if tunnel.initiate and tunnel.remote.address == ANY:
        raise InvalidValue(
            f"{where}.remote.address", "", "is needed by the end that initiates; write the peer's address"
        )
    if tunnel.local.identity == tunnel.remote.identity:
        raise InvalidValue(f"{where}.remote.id", tunnel.remote.identity, "is also the local id; each end needs its own")
    if tunnel.selectors == "covering":
        _refuse_cover(tunnel, where)
    _refuse_overlap(tunnel, where)


def _refuse_standby(tunnel: Tunnel, found: Mapping[str, Tunnel], where: str) -> None:
    """Refuse a second tunnel that could not carry what the first does, or would fail with it."""
    place, first = f"{where}.standby_for", found.get(tunnel.standby_for)
    if first is None or first is tunnel or tunnel.kind != "site" or first.kind != "site":
        raise InvalidValue(place, tunnel.standby_for, "is not another connection of kind site in this list; name one")
    if first.standby_for:
        raise InvalidValue(place, first.name, f"stands by itself; name the first tunnel, {first.standby_for}")
    if first.remote.address == tunnel.remote.address and first.local.address == tunnel.local.address:
        raise InvalidValue(f"{where}.remote.address", tunnel.remote.address, f"is that of {first.name}; write another")
    # charon tells peers apart by their identities, and ends the connection of one that comes twice.
    if first.remote.identity == tunnel.remote.identity and first.local.identity == tunnel.local.identity:
        raise InvalidValue(f"{where}.remote.id", tunnel.remote.identity, f"is that of {first.name}; write another")
    for name in ("api_side", "sources", "targets", "selectors"):
        if getattr(first, name) != getattr(tunnel, name):
            raise InvalidValue(f"{where}.{name}", tunnel.name, f"differs from {first.name}; give both the same {name}")
    if first.local_selectors != tunnel.local_selectors or first.remote_selectors != tunnel.remote_selectors:
        raise InvalidValue(
            f"{where}.selectors",
            tunnel.name,
            f"cover other addresses than {first.name}; give both ends' inside_address",
        )


def _refuse_two_eap(tunnels: Sequence[Tunnel], where: str) -> None:
    """Refuse two lists of users at one host: charon knows one list, and would let each user into both."""
    servers = [
        (index, item) for index, item in enumerate(tunnels) if item.kind == "server" and item.auth.method == "eap"
    ]
    if len(servers) > 1:
        index, item = servers[1]
        raise InvalidValue(
            f"{where}[{index}].auth.method",
            "eap",
            f"is that of {servers[0][1].name} too, whose users could use {item.name}; write certificate or psk for one",
        )


def _refuse_cover(tunnel: Tunnel, where: str) -> None:
    ends = [("local", tunnel.local), ("remote", tunnel.remote)]
    if tunnel.kind != "site":
        ends = [item for item in ends if item[0] == tunnel.api_side]
    for name, end in ends:
        if not end.inside_address:
            raise InvalidValue(
                f"{where}.{name}.inside_address",
                "",
                "is needed with selectors: covering; write that gateway's address there",
            )


def _refuse_overlap(tunnel: Tunnel, where: str) -> None:
    """Refuse an outer address inside the networks of the tunnel: its packet filter would cut IKE itself."""
    inner = [item for item in (*tunnel.local_selectors, *tunnel.far) if item != "dynamic" and item]
    for name, end in (("local", tunnel.local), ("remote", tunnel.remote)):
        for item in inner:
            if _holds(item, end.address):
                raise InvalidValue(f"{where}.{name}.address", end.address, f"lies in {item}, which the tunnel carries")


def _holds(item: str, address: str) -> bool:
    try:
        outer = ipaddress.ip_address(address)
    except ValueError:
        return False
    if "-" in item:
        first, last = (ipaddress.ip_address(part) for part in item.split("-"))
        return outer.version == 4 and int(first) <= int(outer) <= int(last)
    return outer in ipaddress.ip_network(item)
