# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several clouds' ends of a tunnel cannot have, refused in the same words before any connection."""

from __future__ import annotations

import ipaddress

from .invalid import InvalidValue
from .vpn_gateway import VpnGateway


def refuse_names(wanted: VpnGateway, cloud: str) -> None:
    """Refuse IKE identities, and IPv6, with a cloud that knows both ends by their IPv4 addresses; raises InvalidValue.

    ``cloud`` is its name as it is spelled in texts, such as CloudStack.
    """
    peer, theirs = wanted.peer, wanted.tunnel.remote.identity
    if ipaddress.ip_address(peer.address).version != 4:
        mend = f"is IPv6; {cloud}'s gateways take our end's IPv4 address"
        raise InvalidValue("tunnel.local.address", peer.address, mend)
    if peer.identity != peer.address:
        mend = f"is not the address {peer.address}, by which {cloud} knows our end; leave it out"
        raise InvalidValue("tunnel.local.id", peer.identity, mend)
    if theirs:
        mend = f"cannot be chosen with {cloud}, whose end is known by its address; leave it out"
        raise InvalidValue("tunnel.remote.id", theirs, mend)


def refuse_links(wanted: VpnGateway, cloud: str) -> None:
    """Refuse link networks with a cloud whose tunnels have none; raises InvalidValue."""
    if wanted.inside_cidrs:
        mend = f"cannot be had of {cloud}, whose tunnels have no link networks; leave it out"
        raise InvalidValue("inside_cidrs", ", ".join(wanted.inside_cidrs), mend)
