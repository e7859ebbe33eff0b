# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels as swanctl's files, and what ``swanctl --list-sas`` says of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .tunnel import CloudTunnel, Running

#: In front of the names of connections and files, which are the agent's alone.
PREFIX = "lab-"
_IKE = re.compile(r"^(?P<name>\S+): #\d+, (?P<state>\w+)")
_CHILD = re.compile(r"^  \S+: #\d+, reqid \d+, (?P<state>\w+)")
_BYTES = re.compile(r"^    (?P<way>in|out) +\S+,? +.*?(?P<bytes>\d+) bytes")
_ON_DPD = {"restart": "restart", "clear": "clear", "none": "clear"}


def connection_name(tunnel: CloudTunnel) -> str:
    return PREFIX + tunnel.name


def file(tunnel: CloudTunnel) -> str:
    """The content of a tunnel's file, its key included; ValueError for a value that would leave its place in it."""
    for value in (tunnel.key, tunnel.local_id, tunnel.peer_id, *tunnel.ike, *tunnel.esp):
        if any(char in value for char in '"\\\r\n'):
            raise ValueError(f"tunnel {tunnel.name}: a value has a quote, a backslash or a line break")
    name = connection_name(tunnel)
    ids = tunnel.local_id or tunnel.address, tunnel.peer_id or tunnel.peer
    # A rekeying starts before the lifetime is over, as with every provider.
    return f"""\
connections {{
    {name} {{
        version = {tunnel.version}
        local_addrs = {tunnel.address}
        remote_addrs = {tunnel.peer}
        proposals = {", ".join(tunnel.ike)}
        rekey_time = {tunnel.ike_lifetime_s * 9 // 10}s
        reauth_time = 0s
        dpd_delay = {0 if tunnel.dpd_action == "none" else tunnel.dpd_delay_s}s
        keyingtries = 0
        unique = replace
        mobike = no
        local {{
            auth = psk
            id = "{ids[0]}"
        }}
        remote {{
            auth = psk
            id = "{ids[1]}"
        }}
        children {{
            {name} {{
                mode = tunnel
                local_ts = {", ".join(tunnel.inside)}
                remote_ts = {", ".join(tunnel.outside)}
                esp_proposals = {", ".join(tunnel.esp)}
                rekey_time = {tunnel.esp_lifetime_s * 9 // 10}s
                life_time = {tunnel.esp_lifetime_s}s
                start_action = {"start" if tunnel.initiate else "none"}
                close_action = none
                dpd_action = {_ON_DPD[tunnel.dpd_action]}
            }}
        }}
    }}
}}
secrets {{
    ike-{name} {{
        id-1 = "{ids[0]}"
        id-2 = "{ids[1]}"
        secret = "{tunnel.key}"
    }}
}}
"""


def running(text: str) -> Mapping[str, Running]:
    """The security associations of ``swanctl --list-sas``, by connection.

    Of several of one connection the best counts: one takes over from the other while it is renewed.
    """
    found: dict[str, Running] = {}
    name, child = "", False
    for line in text.splitlines():
        ike, sa, count = _IKE.match(line), _CHILD.match(line), _BYTES.match(line)
        if ike:
            name, child = ike["name"], False
            known = found.get(name, Running())
            found[name] = Running(known.up, known.connecting or ike["state"] == "CONNECTING", *_sums(known))
        elif sa and name:
            child = sa["state"] in ("INSTALLED", "REKEYING", "REKEYED")
            known = found[name]
            found[name] = Running(known.up or child, known.connecting, *_sums(known))
        elif count and child:
            known = found[name]
            more = int(count["bytes"])
            both = (more, 0) if count["way"] == "in" else (0, more)
            found[name] = Running(known.up, known.connecting, known.bytes_in + both[0], known.bytes_out + both[1])
    return found


def _sums(known: Running) -> tuple[int, int]:
    return known.bytes_in, known.bytes_out
