# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals as Neutron's policies: one cipher, one hash, one group each, in Neutron's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...model.invalid import InvalidValue
from ...model.ipsec_proposal import AEAD, algorithms

Policy = Mapping[str, Any]

# Networking API, ikepolicies and ipsecpolicies (neutron_lib.api.definitions.vpn, vpn_aes_ctr). GCM, CTR and the groups
# above 14 came with VPNaaS 2025.1 (its migration b18aab30fddc); an older one refuses them.
_CIPHERS = {f"aes{bits}": f"aes-{bits}" for bits in (128, 192, 256)}
_CIPHERS |= {f"aes{bits}gcm16": f"aes-{bits}-gcm-16" for bits in (128, 192, 256)}
_CIPHERS |= {f"aes{bits}ctr": f"aes-{bits}-ctr" for bits in (128, 192, 256)}
_GROUPS = {
    "modp3072": "group15",
    "modp4096": "group16",
    "modp6144": "group17",
    "modp8192": "group18",
    "ecp256": "group19",
    "ecp384": "group20",
    "ecp521": "group21",
    "x25519": "group31",
    "curve25519": "group31",
}
# What else a connection may have that others made (RFC 2409, 3526, 5114, 6954).
_OTHER_GROUPS = {
    "group2": "modp1024",
    "group5": "modp1536",
    "group14": "modp2048",
    "group22": "modp1024s160",
    "group23": "modp2048s224",
    "group24": "modp2048s256",
    "group25": "ecp192",
    "group26": "ecp224",
    "group27": "ecp224bp",
    "group28": "ecp256bp",
    "group29": "ecp384bp",
    "group30": "ecp512bp",
}
_TOKENS = {theirs: ours for ours, theirs in (*_CIPHERS.items(), *_GROUPS.items())}
_TOKENS |= _OTHER_GROUPS
_NAMES = (
    *("ike_version", "transform_protocol", "encapsulation_mode"),
    *("encryption_algorithm", "auth_algorithm", "pfs"),
)
_COMBINED = ("-gcm-", "-ccm-")


def ike_policy(proposals: Sequence[str], lifetime_s: int) -> Policy:
    """Return the IKE policy of the first proposal that Neutron can express; raises InvalidValue where it can none."""
    return {"ike_version": "v2", **_first("tunnel.ike_proposals", proposals, True), "lifetime_s": lifetime_s}


def ipsec_policy(proposals: Sequence[str], lifetime_s: int) -> Policy:
    """Return the IPsec policy of the first proposal that Neutron can express; raises InvalidValue."""
    found = _first("tunnel.esp_proposals", proposals, False)
    return {"transform_protocol": "esp", "encapsulation_mode": "tunnel", **found, "lifetime_s": lifetime_s}


def read(item: Mapping[str, Any]) -> Policy:
    """Return the policy of either kind that Neutron shows."""
    lifetime = item.get("lifetime") or {}
    return {**{name: item[name] for name in _NAMES if item.get(name)}, "lifetime_s": int(lifetime.get("value") or 0)}


def body(policy: Policy) -> dict[str, Any]:
    """Return the policy as Neutron takes it."""
    kept = {name: value for name, value in policy.items() if name != "lifetime_s"}
    return {**kept, "lifetime": {"units": "seconds", "value": policy["lifetime_s"]}}


def words(policy: Policy) -> str:
    """Return the policy as the name of a part: v2 aes-256-gcm-16 sha384 group20 14400 s."""
    kept = [str(value) for name, value in policy.items() if name != "lifetime_s"]
    return f"{' '.join(kept)} {policy['lifetime_s']} s"


def accepts(ike: Policy, ipsec: Policy) -> tuple[str, ...]:
    """Return the algorithms of both policies in strongSwan's spelling, with ``ikev1`` where that is the version."""
    found = {"ikev1"} if ike.get("ike_version") == "v1" else set()
    for policy in (ike, ipsec):
        cipher = str(policy.get("encryption_algorithm", ""))
        found |= {_token(cipher), _token(str(policy.get("pfs", "")))}
        # In ESP such a cipher authenticates by itself, and the policy's hash has no use.
        if policy is ike or not any(word in cipher for word in _COMBINED):
            found.add(_token(str(policy.get("auth_algorithm", ""))))
    if ipsec.get("transform_protocol") == "ah":
        found.add("null")
    return tuple(sorted(found - {""}))


def _token(theirs: str) -> str:
    return _TOKENS.get(theirs, theirs.replace("-", ""))


def _first(where: str, proposals: Sequence[str], ike: bool) -> Policy:
    found = next((policy for text in proposals if (policy := _policy(text, ike))), None)
    if found is None:
        like = "aes256gcm16-prfsha384-ecp384" if ike else "aes256gcm16-ecp384"
        mend = (
            f"hold none that Neutron can express (AES with 128, 192 or 256 bits, SHA-2, a group of 15 to 21 or 31); "
            f"add one like {like}"
        )
        raise InvalidValue(where, ", ".join(proposals), mend)
    return found


def _policy(proposal: str, ike: bool) -> Policy | None:
    """Return the policy of a proposal, of its best algorithms; None where Neutron has none such."""
    tokens = proposal.split("-")
    found = algorithms(proposal)
    cipher = next((token for token in found.ciphers if token in _CIPHERS), "")
    group = next((token for token in found.groups if token in _GROUPS), "")
    digest = _hash(cipher, found.integrity, found.prf, ike)
    if not cipher or not group or not digest or ("esn" in tokens and "noesn" not in tokens):
        return None
    return {"encryption_algorithm": _CIPHERS[cipher], "auth_algorithm": digest, "pfs": _GROUPS[group]}


def _hash(cipher: str, integrity: Sequence[str], prf: Sequence[str], ike: bool) -> str:
    """Return the hash, which serves for integrity and as PRF alike; "" where those are two."""
    if cipher in AEAD:
        # Neutron wants a hash all the same; the agents' strongSwan makes the PRF of it, and leaves it out in ESP.
        return prf[0].removeprefix("prf") if ike and prf else "" if ike else "sha256"
    if not integrity or (ike and prf and f"prf{integrity[0]}" not in prf):
        return ""
    return integrity[0]
