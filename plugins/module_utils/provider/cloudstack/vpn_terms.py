# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer gateway in CloudStack's words: what is wanted, what is told, and what a change sends.

Names and forms: CloudStack API 4.18, "createVpnCustomerGateway", and the Administrator's Guide, "Creating and Updating
a VPN Customer Gateway". A policy is written ``aes256-sha256;modp3072``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ...model.invalid import InvalidValue
from ...model.ipsec_proposal import algorithms
from ...model.vpn_gateway import VpnGateway
from ...model.vpn_refusal import refuse_links, refuse_names
from ..vpn_key import told_fingerprint

KEY = "key"
EXAMPLE = "aes256-sha256-modp3072"
_CIPHERS = frozenset({"aes128", "aes192", "aes256"})
_HASHES = frozenset({"sha256", "sha384", "sha512"})
_GROUPS = frozenset({"modp3072", "modp4096", "modp6144", "modp8192"})
#: The Administrator's Guide gives them as the most, and in one day.
_MOST_LIFETIME_S = 86400
#: The column of the networks in CloudStack's database; one of a policy has 30, which is one proposal.
_MOST_NETWORK_CHARS = 200


def _networks(value: Any) -> tuple[str, ...]:
    return tuple(sorted(part.strip() for part in str(value).split(",") if part.strip()))


def _proposals(value: Any) -> tuple[str, ...]:
    return tuple(part.strip().replace(";", "-") for part in str(value).split(",") if part.strip())


def _policies(value: Sequence[str]) -> str:
    return ",".join(";".join(proposal.rsplit("-", 1)) for proposal in value)


@dataclass(frozen=True)
class Term:
    """One setting: how results call it, how CloudStack does, and how each value is told from the other's."""

    setting: str
    field: str
    told: Callable[[Any], Any]
    asked: Callable[[Any], Any] = lambda value: value


TERMS = (
    Term("peer", "gateway", str),
    Term("peer networks", "cidrlist", _networks, ",".join),
    Term("ike version", "ikeversion", str),
    Term("ike proposals", "ikepolicy", _proposals, _policies),
    Term("ike lifetime (s)", "ikelifetime", int),
    Term("esp proposals", "esppolicy", _proposals, _policies),
    Term("esp lifetime (s)", "esplifetime", int),
    Term("dead peer detection", "dpd", bool),
    Term("split connections", "splitconnections", bool),
    Term("force encapsulation", "forceencap", bool),
)


def check(wanted: VpnGateway) -> None:
    """Refuse what CloudStack cannot express, before any connection; raises InvalidValue."""
    wanted_settings(wanted)
    refuse_names(wanted, "CloudStack")
    refuse_links(wanted, "CloudStack")
    if wanted.dpd_action == "clear":
        mend = "is not possible; CloudStack's gateway restarts the tunnel or does nothing, so write restart or none"
        raise InvalidValue("dpd_action", wanted.dpd_action, mend)
    for name in ("ike_rekey_s", "esp_rekey_s"):
        value = getattr(wanted.tunnel.timing, name)
        if value > _MOST_LIFETIME_S:
            raise InvalidValue(f"tunnel.{name}", value, f"is longer than CloudStack's {_MOST_LIFETIME_S}")
    networks = ",".join(wanted.peer_networks)
    if len(networks) > _MOST_NETWORK_CHARS:
        mend = f"are {len(networks)} characters where CloudStack keeps {_MOST_NETWORK_CHARS}; name fewer or networks"
        raise InvalidValue("tunnel.sources", networks, mend)


def wanted_settings(wanted: VpnGateway) -> dict[str, Any]:
    """Return the settings of a customer gateway without its key; raises InvalidValue for what has no word here."""
    tunnel = wanted.tunnel
    return {
        "peer": wanted.peer.address,
        "peer networks": tuple(sorted(wanted.peer_networks)),
        "ike version": "ikev2",
        "ike proposals": _one("tunnel.ike_proposals", tunnel.ike_proposals),
        "ike lifetime (s)": tunnel.timing.ike_rekey_s,
        "esp proposals": _one("tunnel.esp_proposals", tunnel.esp_proposals),
        "esp lifetime (s)": tunnel.timing.esp_rekey_s,
        "dead peer detection": wanted.dpd_action == "restart",
        "split connections": bool(wanted.own.get("split_connections", False)),
        "force encapsulation": bool(wanted.own.get("force_encapsulation", False)),
    }


def told_settings(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a customer gateway that was read; its key is there as its fingerprint."""
    found = {term.setting: term.told(customer[term.field]) for term in TERMS if customer.get(term.field) is not None}
    key = told_key(customer)
    return {**found, KEY: told_fingerprint(key)} if key else found


def told_key(customer: Mapping[str, Any]) -> str:
    """Return the key that CloudStack tells, "" where it tells none."""
    return str(customer.get("ipsecpsk") or "")


def request(settings: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return all fields of a customer gateway: an update puts back to its default whatever it is not given."""
    asked = {term.field: term.asked(settings[term.setting]) for term in TERMS}
    # The library would write Python's own words for these.
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in asked.items()}
    return {**texts, "ipsecpsk": key}


def accepts(customer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the algorithms that the cloud's end takes, in strongSwan's spelling, for the audit."""
    told = told_settings(customer)
    tokens = {
        token
        for name in ("ike proposals", "esp proposals")
        for proposal in told.get(name, ())
        for token in proposal.split("-")
    }
    # Of "ike" the API says that it takes any version when the peer starts.
    old = set() if told.get("ike version") == "ikev2" else {"ikev1"}
    return tuple(sorted(tokens | old))


def _one(where: str, proposals: Sequence[str]) -> tuple[str, ...]:
    """Return the first proposal that CloudStack has words for, as its policy says it but for the semicolon.

    It keeps no more than one. Our end offers all of them, and each is a strong one.
    """
    for proposal in proposals:
        if not _problem(proposal):
            found = algorithms(proposal)
            return ("-".join((*found.ciphers, *found.integrity, *found.groups)),)
    raise InvalidValue(f"{where}[0]", proposals[0], _problem(proposals[0]))


def _problem(proposal: str) -> str:
    """Return in words why CloudStack cannot have a proposal, "" where it can."""
    found = algorithms(proposal)
    # Without a PRF of its own IKE takes that of the hash, and without a word ESP has no extended sequence numbers.
    said = {f"prf{name}" for name in found.integrity} | {"noesn"}
    for token in proposal.split("-"):
        if token not in _CIPHERS | _HASHES | _GROUPS | said:
            return (
                f"holds {token}, which CloudStack does not have; it has AES-CBC, SHA-2 and the groups modp3072 to "
                f"modp8192, so write {EXAMPLE}"
            )
    if any(len(part) != 1 for part in (found.ciphers, found.integrity, found.groups)):
        return f"names several algorithms of one kind, and CloudStack takes one of each; write {EXAMPLE}"
    return ""
