# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel's options in EC2's words: what is wanted, what is told, and what a change sends.

Names, values and limits: EC2 API Reference, "ModifyVpnTunnelOptionsSpecification"; what holds where nothing was asked
for: AWS Site-to-Site VPN User Guide, "VPN tunnel options".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...model.invalid import InvalidValue
from ...model.ipsec_proposal import AEAD, Algorithms, algorithms
from ...model.vpn_gateway import WIDEST_PREFIX, VpnGateway
from ...model.vpn_refusal import refuse_names
from ..vpn_key import told_fingerprint

_CIPHERS = {
    "aes128": "AES128",
    "aes256": "AES256",
    "aes128gcm16": "AES128-GCM-16",
    "aes256gcm16": "AES256-GCM-16",
}
_INTEGRITY = {"sha1": "SHA1", "sha256": "SHA2-256", "sha384": "SHA2-384", "sha512": "SHA2-512"}
#: IANA, "Transform Type 4 - Key Exchange Method Transform IDs", in strongSwan's spelling.
_GROUPS = {
    "modp1024": 2,
    "modp1536": 5,
    "modp2048": 14,
    "modp3072": 15,
    "modp4096": 16,
    "modp6144": 17,
    "modp8192": 18,
    "ecp256": 19,
    "ecp384": 20,
    "ecp521": 21,
    "modp1024s160": 22,
    "modp2048s224": 23,
    "modp2048s256": 24,
}
_TOKENS: Mapping[Any, str] = {
    value: token for named in (_CIPHERS, _INTEGRITY, _GROUPS) for token, value in named.items()
}
_ALL_GROUPS = (2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24)


@dataclass(frozen=True)
class Term:
    """One option: how results call it, how requests and answers spell it, and what holds where nobody asked."""

    setting: str
    asked: str
    default: Any = None
    answered: str = ""

    @property
    def told_as(self) -> str:
        """Return its name in answers."""
        return self.answered or self.asked


TERMS = (
    Term("ike versions", "IKEVersions", ("ikev1", "ikev2"), "IkeVersions"),
    Term("ike encryption", "Phase1EncryptionAlgorithms", tuple(sorted(_CIPHERS.values()))),
    Term("ike integrity", "Phase1IntegrityAlgorithms", tuple(sorted(_INTEGRITY.values()))),
    Term("ike groups", "Phase1DHGroupNumbers", _ALL_GROUPS),
    Term("ike lifetime (s)", "Phase1LifetimeSeconds", 28800),
    Term("esp encryption", "Phase2EncryptionAlgorithms", tuple(sorted(_CIPHERS.values()))),
    Term("esp integrity", "Phase2IntegrityAlgorithms", tuple(sorted(_INTEGRITY.values()))),
    Term("esp groups", "Phase2DHGroupNumbers", tuple(sorted((*_ALL_GROUPS, 5)))),
    Term("esp lifetime (s)", "Phase2LifetimeSeconds", 3600),
    Term("dpd timeout (s)", "DPDTimeoutSeconds", 30, "DpdTimeoutSeconds"),
    Term("dpd action", "DPDTimeoutAction", "clear", "DpdTimeoutAction"),
    Term("startup action", "StartupAction", "add"),
    Term("rekey margin (s)", "RekeyMarginTimeSeconds", 270),
    Term("rekey fuzz (%)", "RekeyFuzzPercentage", 100),
    Term("replay window", "ReplayWindowSize", 1024),
    Term("lifecycle control", "EnableTunnelLifecycleControl", False),
    Term("inside cidr", "TunnelInsideCidr"),
)
KEY = "key"
#: By options of the module for AWS alone.
_OWN = {
    "startup_action": "startup action",
    "rekey_margin_s": "rekey margin (s)",
    "rekey_fuzz_percent": "rekey fuzz (%)",
    "replay_window_packets": "replay window",
    "lifecycle_control": "lifecycle control",
}
#: "VPN tunnel options": the least and the most of what is a number.
_LIMITS = {
    "ike lifetime (s)": ("tunnel.ike_rekey_s", 900, 28800),
    "esp lifetime (s)": ("tunnel.esp_rekey_s", 900, 3600),
    "dpd timeout (s)": ("dpd_timeout_s", 30, 3600),
    "rekey margin (s)": ("aws.rekey_margin_s", 60, 1800),
    "rekey fuzz (%)": ("aws.rekey_fuzz_percent", 0, 100),
    "replay window": ("aws.replay_window_packets", 64, 2048),
}
_LINKS = ipaddress.IPv4Network("169.254.0.0/16")
_RESERVED = {f"169.254.{third}.0/30" for third in range(6)} | {"169.254.169.252/30"}


def wanted_settings(wanted: VpnGateway) -> dict[str, Any]:
    """Return the settings that all tunnels share; raises InvalidValue for what EC2 cannot express."""
    tunnel = wanted.tunnel
    ike = [_known(f"tunnel.ike_proposals[{i}]", text) for i, text in enumerate(tunnel.ike_proposals)]
    esp = [_known(f"tunnel.esp_proposals[{i}]", text) for i, text in enumerate(tunnel.esp_proposals)]
    found = {
        "ike versions": ("ikev2",),
        "ike encryption": _names(ike, "ciphers"),
        # With an AEAD cipher EC2's integrity algorithm is the PRF alone.
        "ike integrity": tuple(sorted({*_names(ike, "integrity"), *_names(ike, "prf")})),
        "ike groups": _groups(ike),
        "ike lifetime (s)": tunnel.timing.ike_rekey_s,
        "esp encryption": _names(esp, "ciphers"),
        # An AEAD cipher uses none; EC2 would let SHA-1 stand where nothing is named.
        "esp integrity": _names(esp, "integrity") or ("SHA2-256",),
        "esp groups": _groups(esp),
        "esp lifetime (s)": tunnel.timing.esp_rekey_s,
        "dpd timeout (s)": wanted.dpd_timeout_s,
        "dpd action": wanted.dpd_action,
        **{setting: wanted.own[name] for name, setting in _OWN.items() if name in wanted.own},
    }
    for setting, (where, least, most) in _LIMITS.items():
        if setting in found and not least <= found[setting] <= most:
            raise InvalidValue(where, found[setting], f"is not between {least} and {most}, which AWS takes")
    if found["esp lifetime (s)"] >= found["ike lifetime (s)"]:
        mend = f"is not less than tunnel.ike_rekey_s ({found['ike lifetime (s)']}), as AWS wants it"
        raise InvalidValue("tunnel.esp_rekey_s", found["esp lifetime (s)"], mend)
    margin = found.get("rekey margin (s)", 0)
    if 2 * margin > found["esp lifetime (s)"]:
        raise InvalidValue("aws.rekey_margin_s", margin, "is more than half of tunnel.esp_rekey_s; AWS takes no more")
    return found


def check(wanted: VpnGateway) -> None:
    """Refuse what AWS cannot express, before any connection; raises InvalidValue."""
    wanted_settings(wanted)
    refuse_names(wanted, "AWS")
    _check_cover("tunnel.sources", wanted.peer_networks)
    _check_cover("networks", wanted.networks)
    for index, cidr in enumerate(wanted.inside_cidrs):
        network = ipaddress.ip_network(cidr)
        link = isinstance(network, ipaddress.IPv4Network) and network.prefixlen == 30 and network.subnet_of(_LINKS)
        if not link or cidr in _RESERVED:
            mend = "is no /30 of 169.254.0.0/16 that AWS leaves free; write one such as 169.254.10.0/30"
            raise InvalidValue(f"inside_cidrs[{index}]", cidr, mend)
        if cidr in wanted.inside_cidrs[:index]:
            raise InvalidValue(f"inside_cidrs[{index}]", cidr, "is that of the other tunnel; name another")


def told_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a tunnel as EC2 told its options; the key is there as its fingerprint."""
    found: dict[str, Any] = {}
    for term in TERMS:
        value = options.get(term.told_as)
        if isinstance(value, list):
            value = tuple(sorted(item["Value"] for item in value))
        # EC2 leaves out, or leaves empty, what nobody asked for.
        value = term.default if value is None or value == () else value
        if value is not None:
            found[term.setting] = value
    key = told_key(options)
    return {**found, KEY: told_fingerprint(key)} if key else found


def told_key(options: Mapping[str, Any]) -> str:
    """Return the key that EC2 tells; empty where it keeps the key in Secrets Manager and shows asterisks."""
    key = str(options.get("PreSharedKey") or "")
    return "" if set(key) <= {"*"} else key


def accepts(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the algorithms that a tunnel takes, in strongSwan's spelling, for the audit."""
    told = told_settings(options)
    names = ("ike encryption", "ike integrity", "ike groups", "esp encryption", "esp groups")
    # Where all ESP ciphers are AEAD, nothing uses an integrity algorithm.
    plain = any(_TOKENS.get(value) not in AEAD for value in told["esp encryption"])
    values = [value for name in (*names, *(("esp integrity",) if plain else ())) for value in told[name]]
    tokens = {_TOKENS.get(value, str(value).lower()) for value in values}
    return tuple(sorted(tokens | ({"ikev1"} & set(told["ike versions"]))))


def request(settings: Mapping[str, Any], key: str = "") -> dict[str, Any]:
    """Return settings as a request's options; ``key`` is the pre-shared key itself where it is to be set."""
    found: dict[str, Any] = {}
    for term in TERMS:
        if term.setting in settings:
            value = settings[term.setting]
            found[term.asked] = [{"Value": one} for one in value] if isinstance(value, tuple) else value
    return {**found, "PreSharedKey": key} if key else found


def cover(cidrs: Sequence[str]) -> str:
    """Return the narrowest prefix that holds all: EC2 keeps one for each side of a connection."""
    found = ipaddress.IPv4Network(cidrs[0])
    while not all(ipaddress.IPv4Network(cidr).subnet_of(found) for cidr in cidrs):
        found = found.supernet()
    return str(found)


def _check_cover(where: str, cidrs: Sequence[str]) -> None:
    covered = cover(cidrs)
    if covered not in cidrs and ipaddress.IPv4Network(covered).prefixlen < WIDEST_PREFIX:
        mend = (
            f"are so far apart that AWS, which keeps one network for each side, would open the tunnel to {covered}; "
            f"make a gateway of its own for each group of them that one /{WIDEST_PREFIX} holds"
        )
        raise InvalidValue(where, ", ".join(cidrs), mend)


def _known(where: str, proposal: str) -> Algorithms:
    found = algorithms(proposal)
    for token in (*found.ciphers, *found.groups):
        if token not in _CIPHERS and token not in _GROUPS:
            mend = f"holds {token}, which AWS does not have; it has aes256gcm16, aes256, ecp384, ecp256 and modp3072"
            raise InvalidValue(where, proposal, mend)
    return found


def _names(proposals: Sequence[Algorithms], what: str) -> tuple[str, ...]:
    tokens = {token.removeprefix("prf") for proposal in proposals for token in getattr(proposal, what)}
    return tuple(sorted({**_CIPHERS, **_INTEGRITY}[token] for token in tokens))


def _groups(proposals: Sequence[Algorithms]) -> tuple[int, ...]:
    return tuple(sorted({_GROUPS[token] for proposal in proposals for token in proposal.groups}))
