# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site-to-site VPN as the cloud keeps it: customer gateways, the VPCs' gateways and connections.

What is checked and in which words follows Site2SiteVpnManagerImpl and NetUtils of Apache CloudStack 4.18.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import INTERNAL, ApiError, invalid

PENDING, CONNECTING, CONNECTED = "Pending", "Connecting", "Connected"
DISCONNECTED, ERROR = "Disconnected", "Error"
STATES = frozenset({PENDING, CONNECTING, CONNECTED, DISCONNECTED, ERROR})
CONNECTIONS_PER_GATEWAY = "site2site.vpn.vpngateway.connection.limit"
SUBNETS_PER_CUSTOMER = "site2site.vpn.customergateway.subnets.limit"
#: What the columns of the table s2s_customer_gateway hold.
COLUMNS = {"ikepolicy": 30, "esppolicy": 30, "cidrlist": 200}
MOST_LIFETIME_S = 86400
_CIPHERS = frozenset({"3des", "aes128", "aes192", "aes256"})
_HASHES = frozenset({"md5", "sha1", "sha256", "sha384", "sha512"})
_GROUPS = frozenset(f"modp{bits}" for bits in (1024, 1536, 2048, 3072, 4096, 6144, 8192))
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)


@dataclass
class CustomerGateway:
    """`settings` are the API's own fields, from `gateway` to `ikeversion`, the key among them."""

    id: str
    account_id: str
    name: str
    settings: dict[str, Any]

    @property
    def cidrs(self) -> list[str]:
        return str(self.settings["cidrlist"]).split(",")


@dataclass
class VpnGateway:
    id: str
    account_id: str
    vpc_id: str


@dataclass
class Connection:
    id: str
    account_id: str
    gateway_id: str
    customer_id: str
    passive: bool
    created: str
    state: str = PENDING

    def start(self) -> None:
        """The router is configured; whether the tunnel is really up its next check tells (`/_lab/vpn`)."""
        if self.state == CONNECTING:
            raise invalid(
                "Site to site VPN connection with specified connectionId not in correct state(pending or disconnected)"
                " to process!"
            )
        self.state = DISCONNECTED if self.passive else CONNECTED


@dataclass
class Vpns:
    customers: dict[str, CustomerGateway] = field(default_factory=dict)
    gateways: dict[str, VpnGateway] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

    def connections_of(self, **ids: str) -> list[Connection]:
        return [one for one in self.connections.values() if all(getattr(one, k) == v for k, v in ids.items())]


def check_settings(settings: Mapping[str, Any], most_subnets: int) -> None:
    """Refuse what a customer gateway cannot have; a text that is too long is the database's to refuse."""
    gateway, cidrs = str(settings["gateway"]), str(settings["cidrlist"])
    if not (_is_ipv4(gateway) or _DOMAIN.fullmatch(gateway)):
        raise invalid(f"The customer gateway ip/Domain {gateway} is invalid!")
    if not all(_is_cidr(cidr) for cidr in cidrs.split(",")):
        raise invalid(f"The customer gateway peer cidr list {cidrs} contains an invalid cidr!")
    for kind in ("ike", "esp"):
        policy = str(settings[f"{kind}policy"])
        if not valid_policy(kind, policy):
            more = "  Verify the required Diffie Hellman (DH) group is specified." if kind == "ike" else ""
            raise invalid(f"The customer gateway {kind.upper()} policy {policy} is invalid!{more}")
        lifetime = int(settings[f"{kind}lifetime"])
        if lifetime > MOST_LIFETIME_S:
            raise invalid(f"The {kind.upper()} lifetime {lifetime} of vpn connection is invalid!")
    _check_subnets(cidrs.split(","), most_subnets)
    if settings["ikeversion"] not in {"ike", "ikev1", "ikev2"}:
        raise invalid(f"The customer gateway IKE version {settings['ikeversion']} is invalid!")
    if any(char in str(settings["ipsecpsk"]) for char in '"\r\n'):
        raise invalid("The customer gateway IPsec preshared key has a newline or a double quote!")
    for column, most in COLUMNS.items():
        if len(str(settings[column])) > most:
            raise ApiError(INTERNAL, f"DB Exception on: Data too long for column '{column}'")


def _check_subnets(cidrs: Sequence[str], most: int) -> None:
    if len(cidrs) > most:
        raise invalid(f"Too many subnets of customer gateway! The limit is {most}")
    for index, one in enumerate(cidrs):
        for other in cidrs[index + 1 :]:
            if overlap(one, other):
                raise invalid(
                    f"The subnet of customer gateway {one} is overlapped with another subnet {other} of customer"
                    " gateway!"
                )


def valid_policy(kind: str, text: str) -> bool:
    """`cipher-hash;group`, several behind commas; the group may be left out for ESP alone."""
    for policy in text.split(","):
        algorithms, _semicolon, group = policy.partition(";")
        cipher, _dash, digest = algorithms.partition("-")
        if cipher not in _CIPHERS or digest not in _HASHES:
            return False
        if group not in _GROUPS and (group or kind == "ike"):
            return False
    return True


def overlap(one: str, other: str) -> bool:
    return ipaddress.IPv4Network(one, strict=False).overlaps(ipaddress.IPv4Network(other, strict=False))


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return False
    return "/" in text
