# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel's definition in Azure's words, there and back, and what Azure cannot express."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.ipsec_proposal import weakness
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import VpnGateway, parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.vpn_terms import (
    POLICY,
    accepts,
    check,
    request,
    told_settings,
    wanted_settings,
)
from tests.unit.lab.azure.test_schema import load

TUNNEL: dict[str, Any] = {
    "local": {"address": "198.51.100.10"},
    "sources": [{"name": "store-1", "address": "10.20.0.11"}, {"name": "store-2", "address": "10.20.0.12"}],
    "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
}


def wanted(tunnel: dict[str, Any] | None = None, own: dict[str, Any] | None = None, **more: Any) -> VpnGateway:
    params = {
        "name": "acme",
        "scope": {"kind": "virtual_network_gateway", "name": "hub", "parent": "store"},
        "tunnel": {**TUNNEL, **(tunnel or {})},
        "pre_shared_keys": ["acme"],
        **more,
    }
    return parse_wanted(params, ("virtual_network_gateway",), 1, own)


def policy(**tunnel: Any) -> tuple[Any, ...]:
    found = wanted_settings(wanted(tunnel))
    return tuple(found[name] for name in list(POLICY.values())[:6])


@pytest.mark.parametrize(
    ("ike", "esp", "names"),
    [
        pytest.param(
            None, None, ("GCMAES256", "SHA384", "ECP384", "GCMAES256", "GCMAES256", "ECP384"), id="our defaults"
        ),
        pytest.param(
            ["aes256-sha384-ecp384"],
            ["aes256-sha256-ecp256"],
            ("AES256", "SHA384", "ECP384", "AES256", "SHA256", "ECP256"),
            id="no AEAD",
        ),
        pytest.param(
            ["aes128gcm16-prfsha256-ecp256"],
            ["aes192gcm16-ecp256-noesn"],
            ("GCMAES128", "SHA256", "ECP256", "GCMAES192", "GCMAES192", "ECP256"),
            id="other lengths",
        ),
        pytest.param(
            ["aes256gcm16-prfsha512-curve25519", "aes256-sha256-prfsha256-modp3072-ecp256"],
            ["chacha20poly1305-ecp384", "aes256-sha512-ecp384", "aes256gcm16-ecp521-ecp384"],
            ("AES256", "SHA256", "ECP256", "GCMAES256", "GCMAES256", "ECP384"),
            id="the first that Azure has",
        ),
    ],
)
def test_proposals_become_one_policy(ike: Any, esp: Any, names: tuple[str, ...]) -> None:
    assert policy(ike_proposals=ike, esp_proposals=esp) == names


@pytest.mark.parametrize(
    ("tunnel", "more", "option", "words"),
    [
        pytest.param(
            {"ike_proposals": ["aes256gcm16-prfsha384-curve25519"]}, {}, "tunnel.ike_proposals", "no group", id="group"
        ),
        pytest.param(
            {"ike_proposals": ["aes192gcm16-prfsha384-ecp384"]}, {}, "tunnel.ike_proposals", "no cipher", id="gcm192"
        ),
        pytest.param({"ike_proposals": ["aes256-sha512-ecp384"]}, {}, "tunnel.ike_proposals", "PRF", id="sha512"),
        pytest.param({"ike_proposals": ["aes256-sha256-prfsha384-ecp384"]}, {}, "tunnel.ike", "PRF", id="prf"),
        pytest.param({"esp_proposals": ["aes256-sha384-ecp384"]}, {}, "tunnel.esp_proposals", "integrity", id="esp"),
        pytest.param({"esp_proposals": ["aes256gcm16-ecp384-esn"]}, {}, "tunnel.esp_proposals", "sequence", id="esn"),
        pytest.param({"ike_rekey_s": 28801}, {}, "tunnel.ike_rekey_s", "28800", id="ike lifetime"),
        pytest.param({"esp_rekey_s": 299}, {}, "tunnel.esp_rekey_s", "300", id="esp lifetime"),
        pytest.param({}, {"own": {"esp_rekey_kb": 1023}}, "azure.esp_rekey_kb", "1024", id="esp data"),
        pytest.param({}, {"dpd_timeout_s": 3601}, "dpd_timeout_s", "3600", id="dpd"),
        pytest.param({}, {"dpd_action": "none"}, "dpd_action", "restart or clear", id="dpd action"),
        pytest.param(
            {"local": {"address": "198.51.100.10", "id": "gw.example"}},
            {},
            "tunnel.local.id",
            "not the address",
            id="id",
        ),
        pytest.param({"local": {"address": "2001:db8::10"}}, {}, "tunnel.local.address", "IPv4", id="IPv6"),
        pytest.param({"remote": {"id": "azure.example"}}, {}, "tunnel.remote.id", "address", id="remote id"),
        pytest.param({}, {"inside_cidrs": ["169.254.10.0/30"]}, "inside_cidrs", "link networks", id="inside"),
    ],
)
def test_what_azure_cannot_express_is_refused_by_option_and_mend(
    tunnel: dict[str, Any], more: dict[str, Any], option: str, words: str
) -> None:
    with pytest.raises(InvalidValue, match=words) as refused:
        check(wanted(tunnel, **more))
    assert refused.value.where.startswith(option)


@given(
    st.lists(st.integers(1, 254), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(1, 254), min_size=1, max_size=5, unique=True),
    st.integers(300, 14_400),
    st.integers(10, 3600),
    st.sampled_from(["restart", "clear"]),
)
def test_what_is_sent_reads_back_as_what_is_wanted(
    ours: list[int], theirs: list[int], esp_s: int, dpd_s: int, action: str
) -> None:
    tunnel = {
        "sources": [{"name": f"s{number}", "address": f"10.20.0.{number}"} for number in ours],
        "targets": [{"name": f"t{number}", "address": f"10.60.0.{number}", "port": 443} for number in theirs],
        "esp_rekey_s": esp_s,
    }
    settings = wanted_settings(wanted(tunnel, dpd_timeout_s=dpd_s, dpd_action=action))
    assert told_settings(request(settings)) == settings
    assert not any(weakness(token) for token in accepts(request(settings)))


@pytest.mark.parametrize(
    ("properties", "weak"),
    [
        pytest.param({}, {"3des", "modp1024", "nopfs", "sha1"}, id="Azure's default"),
        pytest.param({"connectionProtocol": "IKEv1"}, {"3des", "modp1024", "nopfs", "sha1", "ikev1"}, id="IKEv1"),
        pytest.param({"ipsecPolicies": [{"ikeEncryption": "DES3"}]}, {"3des"}, id="3des"),
        pytest.param({"ipsecPolicies": [{"ikeIntegrity": "MD5"}]}, {"md5"}, id="md5"),
        pytest.param({"ipsecPolicies": [{"dhGroup": "DHGroup24"}]}, {"modp2048s256"}, id="group 24"),
        pytest.param({"ipsecPolicies": [{"ipsecEncryption": "None"}]}, {"null"}, id="no encryption"),
        pytest.param({"ipsecPolicies": [{"pfsGroup": "None"}]}, {"nopfs"}, id="no forward secrecy"),
        pytest.param({"ipsecPolicies": [{"pfsGroup": "PFS2"}]}, {"modp1024"}, id="weak forward secrecy"),
        pytest.param({"ipsecPolicies": [{"pfsGroup": "PFSMM"}]}, set(), id="the group of IKE again"),
    ],
)
def test_weak_policies_are_found(properties: dict[str, Any], weak: set[str]) -> None:
    strong = request(wanted_settings(wanted()))["ipsecPolicies"][0]
    policies = [{**strong, **policy} for policy in properties.get("ipsecPolicies", ())]
    found = accepts({**properties, "ipsecPolicies": policies})
    assert {token for token in found if weakness(token)} == weak


def test_what_is_sent_satisfies_the_published_schema() -> None:
    network, common = load()
    registry: Registry[Any] = Registry().with_resources(
        (document["id"].rstrip("#"), Resource(document, DRAFT4)) for document in (network, common)
    )
    definition = f"{network['id'].rstrip('#')}#/definitions/VirtualNetworkGatewayConnectionPropertiesFormat"
    validator = jsonschema.Draft4Validator({"$ref": definition}, registry=registry)
    sent = request(wanted_settings(wanted()))
    validator.validate({**sent, "virtualNetworkGateway1": {"id": "/subscriptions/...", "properties": {}}})
    assert set(sent) <= set(network["definitions"]["VirtualNetworkGatewayConnectionPropertiesFormat"]["properties"])
    assert not validator.is_valid(sent)
