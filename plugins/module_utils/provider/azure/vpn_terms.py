# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection's settings in Azure's words: what is wanted, what is told, and what a write sends.

Names and limits: "About cryptographic requirements and Azure VPN gateways", "VPN Gateway FAQ" and the published ARM
schema of Microsoft.Network. A policy is whole or refused, and a connection takes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...model.invalid import InvalidValue
from ...model.ipsec_proposal import AEAD, algorithms
from ...model.vpn_gateway import VpnGateway
from ...model.vpn_refusal import refuse_links, refuse_names

#: Of a proposal Azure's names, or none and in words why.
Express = Callable[[str], tuple[tuple[str, ...], str]]
KEY = "key"
#: The properties of a policy, and how results call them.
POLICY = {
    "ikeEncryption": "ike encryption",
    "ikeIntegrity": "ike integrity",
    "dhGroup": "ike group",
    "ipsecEncryption": "esp encryption",
    "ipsecIntegrity": "esp integrity",
    "pfsGroup": "esp group",
    "saLifeTimeSeconds": "esp lifetime (s)",
    "saDataSizeKilobytes": "esp lifetime (KB)",
}
PROTOCOL, MODE, DPD, SELECTING, SELECTORS = (
    "protocol",
    "mode",
    "dpd timeout (s)",
    "policy-based selectors",
    "selectors",
)
_CIPHERS = {
    "aes128": "AES128",
    "aes192": "AES192",
    "aes256": "AES256",
    "aes128gcm16": "GCMAES128",
    "aes192gcm16": "GCMAES192",
    "aes256gcm16": "GCMAES256",
}
#: GCM with 192 bits is for ESP alone.
_IKE_CIPHERS = {token: name for token, name in _CIPHERS.items() if token != "aes192gcm16"}
_IKE_INTEGRITY = {"sha256": "SHA256", "sha384": "SHA384"}
_ESP_INTEGRITY = {"sha256": "SHA256"}
_GROUPS = {"ecp256": "ECP256", "ecp384": "ECP384"}
#: In strongSwan's spelling, the weak ones too, for the audit. "None" of a group is no forward secrecy.
_TOKENS = {
    **{name: token for known in (_CIPHERS, _IKE_INTEGRITY, _GROUPS) for token, name in known.items()},
    "DES": "des",
    "DES3": "3des",
    "MD5": "md5",
    "SHA1": "sha1",
    "DHGroup1": "modp768",
    "DHGroup2": "modp1024",
    "DHGroup14": "modp2048",
    "DHGroup2048": "modp2048",
    "DHGroup24": "modp2048s256",
    "PFS1": "modp768",
    "PFS2": "modp1024",
    "PFS14": "modp2048",
    "PFS2048": "modp2048",
    "PFS24": "modp2048s256",
    "None": "null",
}
#: "Default IPsec/IKE parameters": what a connection without a policy takes.
_DEFAULT = ("3des", "aes128", "aes256", "aes256gcm16", "modp1024", "nopfs", "sha1", "sha256")
#: What starts the tunnel: both ends, or our end alone.
_MODES = {"restart": "Default", "clear": "ResponderOnly"}
_IKE_LIFETIME_S = 28_800
_DATA_KB = 102_400_000
_LIMITS = {
    "esp lifetime (s)": ("tunnel.esp_rekey_s", 300, 172_799),
    "esp lifetime (KB)": ("azure.esp_rekey_kb", 1024, 2_147_483_647),
    DPD: ("dpd_timeout_s", 9, 3600),
}


def wanted_settings(wanted: VpnGateway) -> dict[str, Any]:
    """Return the settings of the connection; raises InvalidValue for what Azure cannot express."""
    tunnel = wanted.tunnel
    ike = _first("tunnel.ike_proposals", tunnel.ike_proposals, _ike, "aes256gcm16-prfsha384-ecp384")
    esp = _first("tunnel.esp_proposals", tunnel.esp_proposals, _esp, "aes256gcm16-ecp384")
    found: dict[str, Any] = {
        **dict(zip(("ike encryption", "ike integrity", "ike group"), ike)),
        **dict(zip(("esp encryption", "esp integrity", "esp group"), esp)),
        "esp lifetime (s)": tunnel.timing.esp_rekey_s,
        "esp lifetime (KB)": int(wanted.own.get("esp_rekey_kb", _DATA_KB)),
        PROTOCOL: "IKEv2",
        MODE: _MODES.get(wanted.dpd_action, ""),
        DPD: wanted.dpd_timeout_s,
        SELECTING: True,
        SELECTORS: tuple(sorted(_pair(here, there) for here in wanted.networks for there in wanted.peer_networks)),
    }
    for setting, (where, least, most) in _LIMITS.items():
        if not least <= found[setting] <= most:
            raise InvalidValue(where, found[setting], f"is not between {least} and {most}, which Azure takes")
    return found


def check(wanted: VpnGateway) -> None:
    """Refuse what Azure cannot express, before any connection; raises InvalidValue."""
    wanted_settings(wanted)
    tunnel = wanted.tunnel
    if wanted.dpd_action not in _MODES:
        mend = "cannot be had of Azure, which clears a dead tunnel; write restart or clear"
        raise InvalidValue("dpd_action", wanted.dpd_action, mend)
    if tunnel.timing.ike_rekey_s > _IKE_LIFETIME_S:
        mend = f"is longer than {_IKE_LIFETIME_S}, after which Azure renews the IKE_SA whatever is asked; shorten it"
        raise InvalidValue("tunnel.ike_rekey_s", tunnel.timing.ike_rekey_s, mend)
    refuse_names(wanted, "Azure")
    refuse_links(wanted, "Azure")


def told_settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a connection as Azure told its properties."""
    policies = properties.get("ipsecPolicies") or ()
    policy = policies[0] if policies else {}
    pairs = {
        _pair(here, there)
        for item in properties.get("trafficSelectorPolicies") or ()
        for here in item.get("localAddressRanges") or ()
        for there in item.get("remoteAddressRanges") or ()
    }
    return {
        **{setting: policy.get(name, "(Azure's default)") for name, setting in POLICY.items()},
        PROTOCOL: str(properties.get("connectionProtocol") or "IKEv2"),
        MODE: str(properties.get("connectionMode") or "Default"),
        DPD: int(properties.get("dpdTimeoutSeconds") or 45),
        SELECTING: bool(properties.get("usePolicyBasedTrafficSelectors")),
        SELECTORS: tuple(sorted(pairs)),
    }


def accepts(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the algorithms that a connection takes, in strongSwan's spelling, for the audit."""
    found = set() if properties.get("ipsecPolicies") else set(_DEFAULT)
    for policy in properties.get("ipsecPolicies") or ():
        named = [str(policy.get(name)) for name in POLICY if name not in ("pfsGroup", "saLifeTimeSeconds")]
        found |= {_TOKENS.get(value, value.lower()) for value in named if not value.isdigit()}
        group = str(policy.get("pfsGroup"))
        # With PFSMM the group of the IKE_SA, which is among them, serves again.
        if group != "PFSMM":
            found.add("nopfs" if group == "None" else _TOKENS.get(group, group.lower()))
    if str(properties.get("connectionProtocol")).lower() == "ikev1":
        found.add("ikev1")
    return tuple(sorted(found))


def request(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a write for settings, those of a connection's own ends left out."""
    here, there = (sorted(set(side)) for side in zip(*(text.split(" - ") for text in settings[SELECTORS])))
    return {
        "connectionType": "IPsec",
        "connectionProtocol": settings[PROTOCOL],
        "connectionMode": settings[MODE],
        "dpdTimeoutSeconds": settings[DPD],
        "ipsecPolicies": [{name: settings[setting] for name, setting in POLICY.items()}],
        "usePolicyBasedTrafficSelectors": settings[SELECTING],
        "trafficSelectorPolicies": [{"localAddressRanges": here, "remoteAddressRanges": there}],
    }


def _pair(here: str, there: str) -> str:
    return f"{here} - {there}"


def _first(where: str, proposals: Sequence[str], express: Express, example: str) -> tuple[str, ...]:
    """Return the best proposal that Azure has: it takes one, and our end offers them all."""
    reasons = []
    for text in proposals:
        found, why = express(text)
        if found:
            return found
        reasons.append(f"{text} {why}")
    mend = f"hold none that Azure has ({'; '.join(reasons)}); add {example}"
    raise InvalidValue(where, ", ".join(proposals), mend)


def _ike(text: str) -> tuple[tuple[str, ...], str]:
    """Return encryption, integrity and group of an IKE proposal, or why Azure does not have it.

    With an AEAD cipher the integrity algorithm is the PRF; else the PRF is that of the integrity algorithm.
    """
    parts = algorithms(text)
    hashes = {token.removeprefix("prf") for token in parts.prf}
    if set(parts.ciphers) & AEAD:
        integrity = [one for one in reversed(_IKE_INTEGRITY) if one in hashes]
    else:
        integrity = [one for one in parts.integrity if one in _IKE_INTEGRITY and (not hashes or one in hashes)]
    return _picked(
        (parts.ciphers, _IKE_CIPHERS, "cipher"),
        (integrity, _IKE_INTEGRITY, "integrity algorithm and PRF"),
        (parts.groups, _GROUPS, "group"),
    )


def _esp(text: str) -> tuple[tuple[str, ...], str]:
    """Return encryption, integrity and group of an ESP proposal, or why Azure does not have it."""
    parts, tokens = algorithms(text), text.split("-")
    if "esn" in tokens and "noesn" not in tokens:
        return (), "asks for extended sequence numbers alone"
    cipher = next((one for one in parts.ciphers if one in _CIPHERS), "")
    if cipher in AEAD:
        # Azure names GCM twice, as the integrity algorithm as well.
        return _picked(([cipher], _CIPHERS, "cipher"), ([cipher], _CIPHERS, "cipher"), (parts.groups, _GROUPS, "group"))
    return _picked(
        (parts.ciphers, _CIPHERS, "cipher"),
        (parts.integrity, _ESP_INTEGRITY, "integrity algorithm"),
        (parts.groups, _GROUPS, "group"),
    )


def _picked(*wanted: tuple[Sequence[str], Mapping[str, str], str]) -> tuple[tuple[str, ...], str]:
    """Return Azure's name of the first token of each kind that it has; or, in words, of which kind it has none."""
    found = []
    for tokens, known, what in wanted:
        names = [known[token] for token in tokens if token in known]
        if not names:
            return (), f"names no {what} of Azure's: {', '.join(known)}"
        found.append(names[0])
    return tuple(found), ""
