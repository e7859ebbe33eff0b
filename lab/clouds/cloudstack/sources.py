# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which addresses an account may call: api.allowed.source.cidr.list."""

from __future__ import annotations

import ipaddress


def source_allowed(address: str, cidr_list: str) -> bool:
    """Whether address lies in one of the comma-separated networks; what cannot be parsed matches nothing."""
    peer = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = getattr(peer, "ipv4_mapped", None)
    peer = mapped or peer
    return any(_contains(text, peer) for text in "".join(cidr_list.split()).split(",") if text)


def _contains(text: str, peer: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return peer.version == network.version and peer in network


def is_cidr(text: str) -> bool:
    """CloudStack wants a prefix length; it takes host bits as they are."""
    if "/" not in text:
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
