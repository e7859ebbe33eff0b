# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suite of vpn_gateway must know of a provider, and what is really there, asked by plain calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Of every object of the cloud's end its kind and what is said of it, without ids and without keys.
Seen = list[tuple[str, str]]


@dataclass(frozen=True)
class VpnSite:
    """A place at a provider for the cloud's end of a tunnel.

    ``tunnels`` is how many keys a connection takes, ``least_reads`` the calls of a run that changes nothing, signing in
    left out. ``look()`` lists all there is; ``held_keys()`` returns the keys that the provider has, first tunnel first,
    and ``change_key(key)`` changes that of the last tunnel as somebody else would; both None where it does not tell.
    ``report_up()`` makes the gateway's tunnels up, where the provider does not say so by itself.
    ``at_once`` are the options by which a tunnel that is up is changed without another one that carries the traffic.
    ``add_foreign()`` makes a gateway, and a connection of another name, as somebody else would. ``make_call`` is the
    call that makes the connection. ``own`` are options that a run without choices needs, ``proposals`` two that
    the provider takes. ``keeps_connection`` says whether a connection stays the same with other algorithms.
    """

    scope: Mapping[str, str]
    unknown_scope: Mapping[str, str]
    tunnels: int
    least_reads: int
    make_call: str
    look: Callable[[], Seen]
    add_foreign: Callable[[], None]
    held_keys: Callable[[], list[str]] | None = None
    change_key: Callable[[str], None] | None = None
    report_up: Callable[[], Any] = lambda: None
    at_once: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    proposals: tuple[str, str] = ("aes256-sha256-ecp256", "aes256-sha384-ecp384")
    keeps_connection: bool = True
