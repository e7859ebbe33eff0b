# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudStack has words for, what it is sent, and what is refused before any connection."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.vpn_terms import (
    accepts,
    check,
    request,
    told_settings,
    wanted_settings,
)

CBC = "aes256-sha256-modp3072"
TUNNEL: dict[str, Any] = {
    "local": {"address": "198.51.100.10"},
    "sources": [{"name": "store-2", "address": "10.20.0.12"}, {"name": "store-1", "address": "10.20.0.11"}],
    "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
    "ike_proposals": [CBC],
    "esp_proposals": [CBC],
}
KEY = "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U"


def wanted(own: dict[str, Any] | None = None, tunnel: dict[str, Any] | None = None, **more: Any) -> Any:
    params = {"name": "acme", "scope": {"kind": "vpc", "name": "home"}, "pre_shared_keys": ["acme"], **more}
    return parse_wanted({**params, "tunnel": {**TUNNEL, **(tunnel or {})}}, ("vpc",), 1, own)


def test_a_definition_is_sent_in_cloudstacks_words() -> None:
    settings = wanted_settings(wanted({"split_connections": True}))
    assert request(settings, KEY) == {
        "gateway": "198.51.100.10",
        "cidrlist": "10.20.0.11/32,10.20.0.12/32",
        "ikeversion": "ikev2",
        "ikepolicy": "aes256-sha256;modp3072",
        "ikelifetime": 14400,
        "esppolicy": "aes256-sha256;modp3072",
        "esplifetime": 3600,
        "dpd": "true",
        "splitconnections": "true",
        "forceencap": "false",
        "ipsecpsk": KEY,
    }


def test_what_was_sent_is_told_as_what_was_wanted_and_the_key_by_its_fingerprint() -> None:
    settings = wanted_settings(wanted())
    held: dict[str, Any] = request(settings, KEY)
    held.update({name: held[name] == "true" for name in ("dpd", "splitconnections", "forceencap")})
    told = told_settings({**held, "cidrlist": "10.20.0.12/32, 10.20.0.11/32"})
    assert told == {**settings, "key": fingerprint(KEY)}
    assert KEY not in str(told)


def test_what_an_older_server_does_not_tell_is_not_compared() -> None:
    assert set(told_settings({"gateway": "198.51.100.10", "dpd": False})) == {"peer", "dead peer detection"}


@pytest.mark.parametrize(
    ("proposals", "policy"),
    [
        (["aes128-sha512-modp8192"], "aes128-sha512;modp8192"),
        (["aes256-sha256-prfsha256-modp3072"], "aes256-sha256;modp3072"),
        (["aes256gcm16-prfsha384-ecp384", "aes256-sha384-modp4096", CBC], "aes256-sha384;modp4096"),
    ],
    ids=["plain", "the hash's own prf", "the first that it has words for"],
)
def test_proposals_that_cloudstack_has_words_for(proposals: list[str], policy: str) -> None:
    assert request(wanted_settings(wanted(tunnel={"ike_proposals": proposals})), KEY)["ikepolicy"] == policy


@pytest.mark.parametrize(
    ("tunnel", "more", "where", "words"),
    [
        ({"ike_proposals": None}, {}, "tunnel.ike_proposals[0]", "holds aes256gcm16, which CloudStack does not have"),
        ({"esp_proposals": ["aes256-sha256-ecp256"]}, {}, "tunnel.esp_proposals[0]", f"holds ecp256.*write {CBC}"),
        ({"esp_proposals": [f"{CBC}-esn"]}, {}, "tunnel.esp_proposals[0]", "holds esn"),
        ({"ike_proposals": ["aes256-sha256-prfsha512-modp3072"]}, {}, "tunnel.ike_proposals[0]", "holds prfsha512"),
        ({"ike_proposals": ["aes256ctr-sha256-modp3072"]}, {}, "tunnel.ike_proposals[0]", "holds aes256ctr"),
        ({"ike_proposals": [f"aes128-{CBC}"]}, {}, "tunnel.ike_proposals[0]", "several algorithms of one kind"),
        ({"local": {"address": "2001:db8::1"}}, {}, "tunnel.local.address", "is IPv6"),
        (
            {"local": {"address": "198.51.100.10", "id": "us"}},
            {},
            "tunnel.local.id",
            "by which CloudStack knows",
        ),
        ({"remote": {"id": "them"}}, {}, "tunnel.remote.id", "cannot be chosen"),
        ({"ike_rekey_s": 90000}, {}, "tunnel.ike_rekey_s", "longer than CloudStack's 86400"),
        ({}, {"inside_cidrs": ["169.254.10.0/30"]}, "inside_cidrs", "no link networks"),
        ({}, {"dpd_action": "clear"}, "dpd_action", "write restart or none"),
        (
            {"sources": [{"name": f"s{n}", "address": f"10.20.100.{n}"} for n in range(100, 115)]},
            {},
            "tunnel.sources",
            "where CloudStack keeps 200",
        ),
    ],
)
def test_what_cloudstack_cannot_express_is_refused(
    tunnel: dict[str, Any], more: dict[str, Any], where: str, words: str
) -> None:
    given = wanted(tunnel=tunnel, **more)
    with pytest.raises(InvalidValue, match=words) as refused:
        check(given)
    assert refused.value.where == where


def test_an_audit_sees_what_a_customer_gateway_takes() -> None:
    held = {"ikepolicy": "3des-md5;modp1024", "esppolicy": "aes256-sha256", "ikeversion": "ike"}
    assert accepts(held) == ("3des", "aes256", "ikev1", "md5", "modp1024", "sha256")
    assert accepts({**held, "ikepolicy": "aes256-sha256;modp3072", "ikeversion": "ikev2"}) == (
        "aes256",
        "modp3072",
        "sha256",
    )
