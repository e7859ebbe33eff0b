# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Algorithms in each API's words are proposals that strongSwan knows."""

from __future__ import annotations

import pytest

from lab.vpn import algorithms

AWS = {
    "Phase1EncryptionAlgorithms": [{"Value": "AES256-GCM-16"}, {"Value": "AES128"}],
    "Phase1IntegrityAlgorithms": [{"Value": "SHA2-256"}, {"Value": "SHA2-384"}],
    "Phase1DHGroupNumbers": [{"Value": 20}, {"Value": 14}],
    "Phase2EncryptionAlgorithms": [{"Value": "AES256-GCM-16"}],
    "Phase2IntegrityAlgorithms": [{"Value": "SHA2-256"}],
    "Phase2DHGroupNumbers": [{"Value": 19}],
}
POLICY = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "ECP384",
}


def test_lists_of_aws_become_one_proposal_with_and_one_without_its_own_integrity() -> None:
    assert algorithms.aws(AWS, 1) == (
        "aes256gcm16-prfsha256-prfsha384-ecp384-modp2048",
        "aes128-sha256-sha384-ecp384-modp2048",
    )
    assert algorithms.aws(AWS, 2) == ("aes256gcm16-ecp256",)


def test_a_tunnel_of_aws_without_options_takes_what_is_weak_too() -> None:
    aead, plain = algorithms.aws({}, 1)
    assert aead.startswith("aes128gcm16-aes256gcm16-prfsha1-")
    assert "-modp1024-" in plain and plain.startswith("aes128-aes256-sha1-")


@pytest.mark.parametrize(
    ("changes", "ike", "esp"),
    [
        ({}, "aes256-sha384-ecp384", "aes256gcm16-ecp384"),
        ({"pfsGroup": "None"}, "aes256-sha384-ecp384", "aes256gcm16"),
        ({"pfsGroup": "PFSMM", "dhGroup": "DHGroup14"}, "aes256-sha384-modp2048", "aes256gcm16-modp2048"),
        ({"ikeEncryption": "GCMAES256"}, "aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384"),
        (
            {"ipsecEncryption": "AES256", "ipsecIntegrity": "SHA256", "pfsGroup": "PFS24"},
            "aes256-sha384-ecp384",
            "aes256-sha256-modp2048s256",
        ),
    ],
    ids=["gcm", "no-pfs", "pfs-of-ike", "ike-gcm", "cbc"],
)
def test_a_policy_of_azure_is_one_proposal_each(changes: dict[str, str], ike: str, esp: str) -> None:
    assert algorithms.azure({**POLICY, **changes}) == ((ike,), (esp,))


def test_a_policy_of_cloudstack_has_its_group_behind_a_semicolon() -> None:
    assert algorithms.cloudstack("aes256-sha256;modp3072,aes128-sha1") == ("aes256-sha256-modp3072", "aes128-sha1")


@pytest.mark.parametrize(
    ("cipher", "ike", "esp"),
    [
        ("aes-256-gcm-16", "aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384"),
        ("aes-256-ctr", "aes256ctr-sha384-ecp384", "aes256ctr-sha384-ecp384"),
        ("aes-256", "aes256-sha384-ecp384", "aes256-sha384-ecp384"),
    ],
)
def test_a_policy_of_neutron_is_one_proposal(cipher: str, ike: str, esp: str) -> None:
    policy = {"encryption_algorithm": cipher, "auth_algorithm": "sha384", "pfs": "group20"}
    assert algorithms.neutron(policy, ike=True) == (ike,)
    assert algorithms.neutron(policy, ike=False) == (esp,)


def test_an_unknown_word_is_not_guessed_at() -> None:
    with pytest.raises(KeyError, match="DES"):
        algorithms.azure({**POLICY, "ikeEncryption": "DES"})
