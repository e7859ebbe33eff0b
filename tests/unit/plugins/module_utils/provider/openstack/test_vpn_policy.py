# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals in strongSwan's spelling as Neutron's policies, and back."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.ipsec_proposal import (
    ESP_DEFAULT,
    IKE_DEFAULT,
    weakness,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack import vpn_policy


@pytest.mark.parametrize(
    ("proposal", "cipher", "digest", "group"),
    [
        ("aes256gcm16-prfsha384-ecp384", "aes-256-gcm-16", "sha384", "group20"),
        ("aes128-sha256-modp3072", "aes-128", "sha256", "group15"),
        ("aes256-sha512-prfsha512-ecp521", "aes-256", "sha512", "group21"),
        ("aes192ctr-sha384-x25519", "aes-192-ctr", "sha384", "group31"),
        ("aes256-aes128-sha256-curve448-modp4096", "aes-256", "sha256", "group16"),
    ],
)
def test_an_ike_proposal_as_neutron_says_it(proposal: str, cipher: str, digest: str, group: str) -> None:
    policy = vpn_policy.ike_policy([proposal], 14400)
    assert vpn_policy.body(policy) == {
        "ike_version": "v2",
        "encryption_algorithm": cipher,
        "auth_algorithm": digest,
        "pfs": group,
        "lifetime": {"units": "seconds", "value": 14400},
    }
    assert vpn_policy.words(policy) == f"v2 {cipher} {digest} {group} 14400 s"


@pytest.mark.parametrize(
    "proposal",
    [
        "chacha20poly1305-prfsha256-ecp256",
        "aes256-sha256-curve448",
        # Neutron's one hash cannot be two.
        "aes256-sha256-prfsha384-ecp256",
    ],
)
def test_what_neutron_cannot_say_is_left_out_or_refused(proposal: str) -> None:
    usable = "aes256-sha256-ecp256"
    assert vpn_policy.ike_policy([proposal, usable], 60) == vpn_policy.ike_policy([usable], 60)
    with pytest.raises(InvalidValue, match="none that Neutron can express") as refused:
        vpn_policy.ike_policy([proposal], 60)
    assert "tunnel.ike_proposals" in str(refused.value) and proposal in str(refused.value)


def test_extended_sequence_numbers_alone_are_not_possible() -> None:
    policy = vpn_policy.ipsec_policy(["aes256gcm16-ecp384-esn", "aes128gcm16-ecp256-esn-noesn"], 3600)
    assert policy["encryption_algorithm"] == "aes-128-gcm-16"
    with pytest.raises(InvalidValue, match=r"tunnel\.esp_proposals"):
        vpn_policy.ipsec_policy(["aes256gcm16-ecp384-esn"], 3600)


def test_a_policy_reads_back_as_it_was_written() -> None:
    for policy in (vpn_policy.ike_policy(IKE_DEFAULT, 14400), vpn_policy.ipsec_policy(ESP_DEFAULT, 3600)):
        more = {"id": "1", "name": "x", "description": "", "phase1_negotiation_mode": "main"}
        assert vpn_policy.read({**vpn_policy.body(policy), **more}) == policy


def test_the_default_proposals_are_accepted_as_strong_ones() -> None:
    ike, ipsec = vpn_policy.ike_policy(IKE_DEFAULT, 1), vpn_policy.ipsec_policy(ESP_DEFAULT, 1)
    # The hash beside an AEAD cipher of ESP is none that is used.
    assert vpn_policy.accepts(ike, ipsec) == ("aes256gcm16", "ecp384", "sha384")


def made_by_others(**more: Any) -> vpn_policy.Policy:
    item = {"encryption_algorithm": "aes-256", "auth_algorithm": "sha256", "pfs": "group19", **more}
    return vpn_policy.read({**item, "lifetime": {"units": "seconds", "value": 3600}})


@pytest.mark.parametrize(
    ("more", "weak"),
    [
        ({"ike_version": "v1"}, ["ikev1"]),
        ({"encryption_algorithm": "3des"}, ["3des"]),
        ({"encryption_algorithm": "aes-128-gcm-8"}, ["aes128gcm8"]),
        ({"auth_algorithm": "sha1"}, ["sha1"]),
        ({"auth_algorithm": "aes-xcbc"}, ["aesxcbc"]),
        ({"pfs": "group2"}, ["modp1024"]),
        ({"pfs": "group14"}, ["modp2048"]),
        ({"pfs": "group26"}, ["ecp224"]),
        ({"ike_version": "v2"}, []),
    ],
)
def test_weak_algorithms_of_others_are_told(more: dict[str, str], weak: list[str]) -> None:
    accepted = vpn_policy.accepts(made_by_others(**more), made_by_others(transform_protocol="esp"))
    assert [token for token in accepted if weakness(token)] == weak


def test_headers_alone_encrypt_nothing() -> None:
    accepted = vpn_policy.accepts(made_by_others(), made_by_others(transform_protocol="ah"))
    assert [token for token in accepted if weakness(token)] == ["null"]
