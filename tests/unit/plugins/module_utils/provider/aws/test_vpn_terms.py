# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel's options in EC2's words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.vpn_terms import (
    accepts,
    check,
    cover,
    request,
    told_key,
    told_settings,
    wanted_settings,
)
from lab.clouds.aws import vpn_options

from .vpn_hand import TUNNEL


def wanted(tunnel: Any = None, own: Any = None, **more: Any) -> Any:
    params = {
        "name": "acme",
        "scope": {"kind": "vpc", "name": "home"},
        "tunnel": {**TUNNEL, **(tunnel or {})},
        "pre_shared_keys": ["one", "two"],
        **more,
    }
    return parse_wanted(params, ("vpc",), 2, own)


def test_the_defaults_of_our_end_are_what_ec2_is_asked_for() -> None:
    asked = request(wanted_settings(wanted({"ike_proposals": None})), "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U")
    assert asked["IKEVersions"] == [{"Value": "ikev2"}]
    assert asked["Phase1EncryptionAlgorithms"] == [{"Value": "AES256"}, {"Value": "AES256-GCM-16"}]
    assert asked["Phase1IntegrityAlgorithms"] == [{"Value": "SHA2-256"}, {"Value": "SHA2-384"}]
    assert asked["Phase1DHGroupNumbers"] == asked["Phase2DHGroupNumbers"] == [{"Value": 19}, {"Value": 20}]
    assert (asked["Phase1LifetimeSeconds"], asked["Phase2LifetimeSeconds"]) == (14400, 3600)
    assert vpn_options.wrong_with(asked) == ""


def test_what_was_asked_for_is_what_is_told() -> None:
    own = {"replay_window_packets": 256, "rekey_margin_s": 300, "rekey_fuzz_percent": 50, "lifecycle_control": True}
    settings = wanted_settings(wanted(own={**own, "startup_action": "start"}))
    told = told_settings(vpn_options.as_answered(request(settings, "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U")))
    assert {name: told[name] for name in settings} == settings
    assert told["key"].startswith("sha256:") and settings["replay window"] == 256


def test_an_aead_cipher_alone_leaves_no_weak_integrity_open() -> None:
    settings = wanted_settings(wanted({"esp_proposals": ["aes256gcm16-ecp384"]}))
    assert settings["esp integrity"] == ("SHA2-256",)


def test_a_key_that_is_kept_elsewhere_is_not_told() -> None:
    assert told_key({"PreSharedKey": "****"}) == told_key({}) == ""
    assert "key" not in told_settings({"PreSharedKey": "****"})


def test_what_ec2_leaves_out_is_its_default() -> None:
    told = told_settings({"Phase1DHGroupNumbers": []})
    assert told["ike versions"] == ("ikev1", "ikev2") and 2 in told["ike groups"] and 5 in told["esp groups"]
    assert {"ikev1", "sha1", "modp1024", "modp1536"} <= set(accepts({}))


@pytest.mark.parametrize(
    ("cidrs", "covered"),
    [
        pytest.param(["10.20.0.11/32"], "10.20.0.11/32", id="one"),
        pytest.param(["10.20.0.10/32", "10.20.0.11/32"], "10.20.0.10/31", id="neighbours"),
        pytest.param(["10.20.0.11/32", "10.20.0.12/32"], "10.20.0.8/29", id="close"),
        pytest.param(["10.20.0.0/16", "10.20.3.4/32"], "10.20.0.0/16", id="inside"),
    ],
)
def test_one_prefix_covers_all(cidrs: list[str], covered: str) -> None:
    assert cover(cidrs) == covered


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        pytest.param(
            {"tunnel": {"ike_proposals": ["chacha20poly1305-prfsha256-ecp256"]}},
            "tunnel.ike_proposals[0]",
            "chacha20poly1305, which AWS does not have",
            id="cipher",
        ),
        pytest.param(
            {"tunnel": {"esp_proposals": ["aes256-sha256-curve25519"]}},
            "tunnel.esp_proposals[0]",
            "curve25519, which AWS does not have",
            id="group",
        ),
        pytest.param({"tunnel": {"ike_rekey_s": 86400}}, "tunnel.ike_rekey_s", "between 900 and 28800", id="ike life"),
        pytest.param({"tunnel": {"esp_rekey_s": 7200}}, "tunnel.esp_rekey_s", "between 900 and 3600", id="esp life"),
        pytest.param({"dpd_timeout_s": 20}, "dpd_timeout_s", "between 30 and 3600", id="dpd"),
        pytest.param(
            {"own": {"replay_window_packets": 32}}, "aws.replay_window_packets", "between 64 and 2048", id="replay"
        ),
        pytest.param(
            {"tunnel": {"esp_rekey_s": 900}, "own": {"rekey_margin_s": 451}},
            "aws.rekey_margin_s",
            "more than half of tunnel.esp_rekey_s",
            id="margin",
        ),
        pytest.param(
            {"tunnel": {"local": {"address": "2001:db8::1"}}}, "tunnel.local.address", "is IPv6", id="ipv6 peer"
        ),
        pytest.param(
            {"tunnel": {"local": {"address": "198.51.100.10", "id": "us"}}}, "tunnel.local.id", "leave it out", id="id"
        ),
        pytest.param({"tunnel": {"remote": {"id": "them"}}}, "tunnel.remote.id", "cannot be chosen", id="remote id"),
        pytest.param(
            {"tunnel": {"sources": [{"name": "a", "address": "10.20.0.11"}, {"name": "b", "address": "192.168.1.1"}]}},
            "tunnel.sources",
            "would open the tunnel to 0.0.0.0/0",
            id="our networks far apart",
        ),
        pytest.param(
            {"networks": ["10.60.0.0/16", "11.0.0.0/24"]},
            "networks",
            "would open the tunnel to 10.0.0.0/7",
            id="its networks far apart",
        ),
        pytest.param(
            {"tunnel": {"ike_rekey_s": 3600, "esp_rekey_s": 3600}},
            "tunnel.esp_rekey_s",
            "not less than",
            id="equal lives",
        ),
        pytest.param({"inside_cidrs": ["169.254.10.0/30"] * 2}, "inside_cidrs[1]", "the other tunnel", id="same link"),
        pytest.param({"inside_cidrs": ["10.0.0.0/30"]}, "inside_cidrs[0]", "no /30 of 169.254", id="link"),
        pytest.param({"inside_cidrs": ["169.254.1.0/30"]}, "inside_cidrs[0]", "AWS leaves free", id="reserved link"),
    ],
)
def test_what_aws_does_not_have_is_refused(more: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words) as refused:
        check(wanted(**more))
    assert refused.value.where == where


def test_networks_that_one_private_network_holds_are_covered_by_it() -> None:
    sources = [{"name": "a", "address": "172.16.0.11"}, {"name": "b", "address": "172.31.0.11"}]
    check(wanted({"sources": sources}, networks=["10.60.0.0/16", "10.200.0.0/16"]))
    check(wanted({"targets": [{"name": "a", "address": "16.1.1.1", "port": 443}]}, networks=["16.0.0.0/6"]))


def test_what_fits_is_not_refused() -> None:
    check(wanted(inside_cidrs=["169.254.10.0/30", "169.254.11.0/30"]))
