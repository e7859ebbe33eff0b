# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the register declares of an account's paths, as far as a report shows it; pure.

What comes in is whatever the inventory calls an account, so nothing of its shape is taken for granted: what is not
understood is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import records

TUNNELS = {"site_to_site_vpn": ("gateway", "peer", "-site"), "ipsec_proxy": ("proxy_host", "server", "-client")}


@dataclass(frozen=True)
class Tunnel:
    """A tunnel between a host of ours (``through``) and the other end; ``api`` are the endpoints behind it."""

    name: str
    through: str = ""
    servers: tuple[str, ...] = ()
    peer: str = ""
    remote: str = ""
    api: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guard:
    """A list at the provider or in front of the API, and the hosts or addresses that it lets in."""

    what: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """Endpoints are ``host:port``; those behind a tunnel are among them."""

    endpoints: tuple[str, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()
    guards: tuple[Guard, ...] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """The endpoints to which no tunnel leads."""
        inside = {item for tunnel in self.tunnels for item in tunnel.api}
        return tuple(item for item in self.endpoints if item not in inside)


def declared(name: str, account: Mapping[str, Any]) -> Declared:
    """Return what an account of the register, which the inventory calls ``name``, declares of its paths."""
    methods = [item for item in _list(account.get("access")) if isinstance(item, Mapping)]
    tunnels = tuple(_tunnels(name, methods))
    found = [_url(url) for url in _mapping(account.get("endpoints")).values()]
    found += _api(account.get("api_hosts"))
    found += [item for tunnel in tunnels for item in tunnel.api]
    return Declared(tuple(dict.fromkeys(filter(None, found))), tunnels, tuple(_guards(methods)))


def _tunnels(account: str, methods: list[Mapping[str, Any]]) -> Iterator[Tunnel]:
    """As the register names them: by the account, and by the method too where it has several."""
    own = [method for method in methods if _text(method.get("method")) in TUNNELS]
    for method in own:
        through, other, suffix = TUNNELS[_text(method["method"])]
        cloud = _mapping(method.get("cloud_gateway"))
        if _text(cloud.get("state")) == "absent":
            continue
        name = _text(cloud.get("name")) or (account + suffix if len(own) > 1 else account)
        peer = _mapping(method.get(other))
        keys = _list(cloud.get("pre_shared_keys"))
        # The cloud numbers the tunnels of one connection.
        for each in [f"{name}-{number}" for number in range(1, len(keys) + 1)] if len(keys) > 1 else [name]:
            yield Tunnel(
                name=each,
                through=_text(method.get(through)),
                servers=_texts(method.get("store_servers")),
                peer=_text(peer.get("name")) or (_scope(cloud.get("scope")) if cloud else ""),
                remote=_text(peer.get("address")),
                api=tuple(_api(method.get("api"))),
            )


def _guards(methods: list[Mapping[str, Any]]) -> Iterator[Guard]:
    for method in methods:
        for item in _list(method.get("scopes")):
            entries = [_mapping(entry) for entry in _list(_mapping(item).get("entries"))]
            sources = [source for entry in entries for source in (*_texts(entry.get("store_servers")), *_cidr(entry))]
            yield Guard(_scope(_mapping(item).get("scope")), tuple(dict.fromkeys(sources)))
        front = _mapping(method.get("api_front"))
        if front:
            sources = [*_texts(front.get("store_servers")), *_texts(front.get("addresses"))]
            yield Guard(f"API front {_text(front.get('name'))}", tuple(dict.fromkeys(sources)))
        if method.get("method") == "api_source_restriction":
            sources = [*_texts(method.get("store_servers")), *_texts(method.get("addresses"))]
            yield Guard("source restriction", tuple(dict.fromkeys(sources)))


def _cidr(entry: Mapping[str, Any]) -> tuple[str, ...]:
    found = _text(entry.get("cidr"))
    return (found,) if found else ()


def _scope(value: Any) -> str:
    return records.scope_name(value) or ""


def _api(value: Any) -> list[str]:
    rows = [_mapping(item) for item in _list(value)]
    return [_pair(_text(row.get("address")), _text(row.get("port"))) for row in rows if row.get("address")]


def _url(value: Any) -> str:
    try:
        parts = urlsplit(_text(value))
        return _pair(parts.hostname or "", str(parts.port or 443)) if parts.hostname else ""
    except ValueError:
        return ""


def _pair(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _text(value: Any) -> str:
    return records.text(value) or ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(records.texts(value) or ())


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
