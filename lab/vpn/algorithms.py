# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Algorithms in the words of the clouds' APIs, as strongSwan spells them. Pure; an unknown word raises KeyError."""

from __future__ import annotations

from collections.abc import Sequence

#: Groups by their number (IANA "Internet Key Exchange Version 2 Parameters").
GROUPS = {
    1: "modp768",
    2: "modp1024",
    5: "modp1536",
    14: "modp2048",
    15: "modp3072",
    16: "modp4096",
    17: "modp6144",
    18: "modp8192",
    19: "ecp256",
    20: "ecp384",
    21: "ecp521",
    22: "modp1024s160",
    23: "modp2048s224",
    24: "modp2048s256",
    31: "curve25519",
}
_AWS_CIPHERS = {"AES128": "aes128", "AES256": "aes256", "AES128-GCM-16": "aes128gcm16", "AES256-GCM-16": "aes256gcm16"}
_AWS_HASHES = {"SHA1": "sha1", "SHA2-256": "sha256", "SHA2-384": "sha384", "SHA2-512": "sha512"}
_AZURE_CIPHERS = {
    "DES3": "3des",
    "AES128": "aes128",
    "AES192": "aes192",
    "AES256": "aes256",
    "GCMAES128": "aes128gcm16",
    "GCMAES192": "aes192gcm16",
    "GCMAES256": "aes256gcm16",
}
_AZURE_HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
_AZURE_GROUPS = {
    **{"DHGroup1": 1, "DHGroup2": 2, "DHGroup14": 14, "DHGroup2048": 14, "DHGroup24": 24, "ECP256": 19, "ECP384": 20},
    **{"PFS1": 1, "PFS2": 2, "PFS14": 14, "PFS2048": 14, "PFS24": 24},
}
_NEUTRON_GROUPS = {f"group{number}": name for number, name in GROUPS.items()}


def is_aead(cipher: str) -> bool:
    return "gcm" in cipher or "ccm" in cipher


def proposals(ciphers: Sequence[str], hashes: Sequence[str], groups: Sequence[str], *, ike: bool) -> tuple[str, ...]:
    """Proposals that hold every combination: one for the ciphers that authenticate by themselves, one for the others.

    An IKE_SA with the former takes the hashes as its pseudo-random functions.
    """
    found = []
    for aead in (True, False):
        kept = [cipher for cipher in ciphers if is_aead(cipher) == aead]
        rest = [f"prf{name}" for name in hashes] if aead else list(hashes)
        if kept:
            found.append("-".join([*kept, *(rest if ike or not aead else ()), *groups]))
    return tuple(found)


def aws(options: dict[str, list[dict[str, object]]], phase: int) -> tuple[str, ...]:
    """The proposals of a tunnel's options; a list that is left out holds all that EC2 knows by default."""
    ciphers = _values(options, f"Phase{phase}EncryptionAlgorithms") or list(_AWS_CIPHERS)
    hashes = _values(options, f"Phase{phase}IntegrityAlgorithms") or list(_AWS_HASHES)
    groups = _values(options, f"Phase{phase}DHGroupNumbers") or [2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]
    return proposals(
        [_AWS_CIPHERS[str(name)] for name in ciphers],
        [_AWS_HASHES[str(name)] for name in hashes],
        [GROUPS[int(str(number))] for number in groups],
        ike=phase == 1,
    )


def _values(options: dict[str, list[dict[str, object]]], name: str) -> list[object]:
    return [item["Value"] for item in options.get(name) or ()]


def azure(policy: dict[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The proposals of IKE and of ESP of an IPsec policy."""
    group = GROUPS[_AZURE_GROUPS[str(policy["dhGroup"])]]
    forward = policy["pfsGroup"]
    # PFSMM is the group of IKE again.
    again = [] if forward == "None" else [group if forward == "PFSMM" else GROUPS[_AZURE_GROUPS[str(forward)]]]
    cipher = _AZURE_CIPHERS[str(policy["ipsecEncryption"])]
    hashes = [] if is_aead(cipher) else [_AZURE_HASHES[str(policy["ipsecIntegrity"])]]
    main = [_AZURE_CIPHERS[str(policy["ikeEncryption"])]], [_AZURE_HASHES[str(policy["ikeIntegrity"])]]
    return proposals(*main, [group], ike=True), proposals([cipher], hashes, again, ike=False)


def cloudstack(policy: str) -> tuple[str, ...]:
    """The proposals of a customer gateway's policy: ``aes256-sha256;modp3072``, several behind commas."""
    return tuple(one.strip().replace(";", "-") for one in policy.split(","))


def neutron(policy: dict[str, object], *, ike: bool) -> tuple[str, ...]:
    """The proposal of an IKE or IPsec policy, as neutron-vpnaas's driver for strongSwan translates it."""
    cipher = str(policy["encryption_algorithm"]).replace("aes-", "aes", 1).replace("-", "")
    hashes = [str(policy["auth_algorithm"])]
    return proposals([cipher], hashes, [_NEUTRON_GROUPS[str(policy["pfs"])]], ike=ike)
