# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One definition of a tunnel, from which either end is made: what our end does, the other end mirrors."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Any

from .acl import Endpoint, Source
from .tunnel_auth import Auth

#: What the other end of each kind is.
MIRROR = {"site": "site", "client": "server", "server": "client"}
#: How strongSwan writes "whatever address the peer has" and "the virtual address the peer was given".
ANY = "%any"
DYNAMIC = "dynamic"


@dataclass(frozen=True)
class End:
    """One end: its outer address, its IKE identity and, where it has one, its address in the network behind it."""

    address: str
    identity: str
    inside_address: str = ""


@dataclass(frozen=True)
class Timing:
    """Seconds: how often a peer is asked for a sign of life, and when keys are renewed."""

    dpd_delay_s: int = 5
    ike_rekey_s: int = 14400
    esp_rekey_s: int = 3600


@dataclass(frozen=True)
class Tunnel:
    """A connection as seen from its local end. ``api_side`` says behind which end the API endpoints are."""

    name: str
    kind: str
    local: End
    remote: End
    targets: tuple[Endpoint, ...]
    ike_proposals: tuple[str, ...]
    esp_proposals: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    pool: str = ""
    api_side: str = "remote"
    initiate: bool = True
    selectors: str = "exact"
    timing: Timing = Timing()
    account: str = ""
    description: str = ""
    auth: Auth = Auth()
    standby_for: str = ""

    def mirrored(self) -> Tunnel:
        """Return the same tunnel as seen from the other end."""
        kind = MIRROR[self.kind]
        # Two ends of a site both starting would make two SAs; a server cannot call a client at all.
        initiate = not self.initiate if kind == "site" else kind == "client"
        api_side = "local" if self.api_side == "remote" else "remote"
        mirror = replace(self, kind=kind, local=self.remote, remote=self.local, api_side=api_side, initiate=initiate)
        return replace(mirror, auth=self.auth.mirrored())

    @property
    def callers(self) -> tuple[Source, ...]:
        """Return who may call through the tunnel; behind a client or server that is whoever the pool serves."""
        if self.kind != "site" and self.pool:
            return (Source(self.pool, f"virtual addresses of {self.name}"),)
        return self.sources

    def _store_selectors(self) -> tuple[str, ...]:
        if self.kind != "site":
            return (DYNAMIC,)
        end = self.local if self.api_side == "remote" else self.remote
        return self._cover(tuple(source.cidr for source in self.sources), end)

    def _api_selectors(self) -> tuple[str, ...]:
        end = self.remote if self.api_side == "remote" else self.local
        return self._cover(tuple(dict.fromkeys(f"{target.host}/32" for target in self.targets)), end)

    def _cover(self, cidrs: tuple[str, ...], end: End) -> tuple[str, ...]:
        """Return the selectors, or the one range which also covers the gateway's own inside address."""
        if self.selectors == "exact":
            return cidrs
        networks = [ipaddress.IPv4Network(cidr) for cidr in cidrs]
        inside = ipaddress.IPv4Address(end.inside_address)
        first = min([inside, *(network.network_address for network in networks)])
        last = max([inside, *(network.broadcast_address for network in networks)])
        return (f"{first}-{last}",)

    @property
    def local_selectors(self) -> tuple[str, ...]:
        """Return this end's traffic selectors (RFC 7296, 2.9)."""
        return self._store_selectors() if self.api_side == "remote" else self._api_selectors()

    @property
    def remote_selectors(self) -> tuple[str, ...]:
        """Return the other end's traffic selectors."""
        return self._api_selectors() if self.api_side == "remote" else self._store_selectors()

    @property
    def far(self) -> tuple[str, ...]:
        """Return the addresses behind the other end, all of whose traffic the packet filter judges."""
        if self.remote_selectors == (DYNAMIC,):
            return (self.pool,)
        return self.remote_selectors

    def allowed(self, protocol: str) -> tuple[str, ...]:
        """Return the elements of the packet filter's set: ``source . endpoint . port``; a client is its own source."""
        targets = [target for target in self.targets if target.protocol == protocol]
        if self.kind == "client":
            return tuple(f"{target.host} . {target.port}" for target in targets)
        return tuple(
            f"{source.cidr.split('/32')[0]} . {target.host} . {target.port}"
            for source in self.callers
            for target in targets
        )

    def view(self) -> dict[str, Any]:
        """Return what templates need, as plain data; it never holds a secret."""
        return {
            **{name: getattr(self, name) for name in ("name", "kind", "pool", "api_side", "initiate", "selectors")},
            "account": self.account or self.name,
            "description": self.description,
            "local": vars(self.local).copy(),
            "remote": vars(self.remote).copy(),
            "local_selectors": list(self.local_selectors),
            "remote_selectors": list(self.remote_selectors),
            "far": list(self.far),
            "allowed": {name: list(self.allowed(name)) for name in ("tcp", "udp")},
            "callers": [source.view() for source in self.callers],
            "sources": [source.view() for source in self.sources],
            "targets": [target.view() for target in self.targets],
            "ike_proposals": list(self.ike_proposals),
            "esp_proposals": list(self.esp_proposals),
            "timing": vars(self.timing).copy(),
            "auth": self.auth.view(self.kind, self.initiate),
            "standby_for": self.standby_for,
            "table": "service_store_ipsec_" + self.name.replace("-", "_"),
        }
