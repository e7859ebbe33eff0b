# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPsec proposals: modern ones pass, everything else is refused with a reason."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.ipsec_proposal import (
    ESP_DEFAULT,
    IKE_DEFAULT,
    parse_proposals,
)


@pytest.mark.parametrize("default", [IKE_DEFAULT, ESP_DEFAULT], ids=["ike", "esp"])
def test_the_defaults_pass_their_own_check(default: tuple[str, ...]) -> None:
    assert parse_proposals("p", default, default) == default
    assert parse_proposals("p", None, default) == default
    assert parse_proposals("p", [], default) == default


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        pytest.param("3des-sha256-ecp256", IKE_DEFAULT, "holds 3des, which has blocks of 64 bits", id="3des"),
        pytest.param("aes128-sha1-modp3072", IKE_DEFAULT, "holds sha1, which is withdrawn", id="sha1"),
        pytest.param("aes128-md5-modp3072", IKE_DEFAULT, "holds md5, which is broken", id="md5"),
        pytest.param(
            "aes256-sha256-modp1024", IKE_DEFAULT, "holds modp1024, which is a group of less than", id="small group"
        ),
        pytest.param("aes256-sha256-modp2048s256", ESP_DEFAULT, "holds modp2048s256", id="group with a subgroup"),
        pytest.param("null-sha256-ecp256", ESP_DEFAULT, "does not encrypt", id="null"),
        pytest.param("default", ESP_DEFAULT, "leaves the choice to the installed version", id="default"),
        pytest.param("aes256gcm16-ecp384", IKE_DEFAULT, "has no PRF", id="ike without prf"),
        pytest.param("aes256gcm16", ESP_DEFAULT, "has no key exchange group", id="esp without forward secrecy"),
        pytest.param("aes256-ecp256", ESP_DEFAULT, "has no integrity algorithm", id="no integrity"),
        pytest.param("sha256-ecp256", ESP_DEFAULT, "has no cipher", id="no cipher"),
        pytest.param("rot13-sha256-ecp256", IKE_DEFAULT, "is not known to be strong", id="unknown"),
        pytest.param("aes256gcm16-prfsha256-ecp256", ESP_DEFAULT, "holds prfsha256", id="prf in esp"),
    ],
)
def test_weak_unknown_and_incomplete_are_refused_with_a_reason(text: str, kind: tuple[str, ...], why: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_proposals("ike_proposals", ["aes256-sha256-ecp256", text], kind)
    assert f"ike_proposals[1]: {text} " in str(error.value)
    assert why in str(error.value)


def test_case_and_spaces_do_not_matter() -> None:
    assert parse_proposals("p", [" AES256-SHA512-ECP521 "], ESP_DEFAULT) == ("aes256-sha512-ecp521",)
