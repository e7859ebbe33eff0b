# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several clouds cannot have is refused by each of them, in the same words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import VpnGateway, parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Vpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import capability, provider

CLOUDS = {"aws": "AWS", "azure": "Azure", "cloudstack": "CloudStack"}
WITHOUT_LINKS = {"azure": "Azure", "openstack": "Neutron", "cloudstack": "CloudStack"}
ADDRESS = "198.51.100.10"
#: Of the groups that are strong enough CloudStack has these, and Azure the others.
PROPOSALS = ("aes256-sha256-modp3072", "aes256-sha256-ecp256")


def wanted(vpn: Vpn, tunnel: dict[str, Any], **more: Any) -> VpnGateway:
    proposal = PROPOSALS[0 if vpn.traits.scopes == ("vpc",) else 1]
    given = {
        "name": "acme",
        "scope": {"kind": vpn.traits.scopes[0], "name": "home", "parent": "group"},
        "tunnel": {
            "local": {"address": ADDRESS},
            "sources": [{"name": "store-1", "address": "10.20.0.11"}],
            "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
            "ike_proposals": [proposal],
            "esp_proposals": [proposal],
            **tunnel,
        },
        "pre_shared_keys": ["one", "two"][: vpn.traits.tunnels],
        **more,
    }
    return parse_wanted(given, vpn.traits.scopes, vpn.traits.tunnels)


def of(name: str) -> Vpn:
    found: Vpn = capability(provider(name), "vpn")()
    return found


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize(
    ("tunnel", "where", "words"),
    [
        pytest.param(
            {"local": {"address": "2001:db8::1"}},
            "tunnel.local.address",
            "is IPv6; {cloud}'s gateways take our end's IPv4 address",
            id="IPv6",
        ),
        pytest.param(
            {"local": {"address": ADDRESS, "id": "us"}},
            "tunnel.local.id",
            "is not the address {address}, by which {cloud} knows our end; leave it out",
            id="our id",
        ),
        pytest.param(
            {"remote": {"id": "them"}},
            "tunnel.remote.id",
            "cannot be chosen with {cloud}, whose end is known by its address; leave it out",
            id="its id",
        ),
    ],
)
def test_clouds_that_know_ends_by_address_refuse_names(
    name: str, tunnel: dict[str, Any], where: str, words: str
) -> None:
    vpn = of(name)
    vpn.check(wanted(vpn, {}))
    with pytest.raises(InvalidValue) as refused:
        vpn.check(wanted(vpn, tunnel))
    assert (refused.value.where, refused.value.mend) == (where, words.format(cloud=CLOUDS[name], address=ADDRESS))


@pytest.mark.parametrize("name", WITHOUT_LINKS)
def test_clouds_without_link_networks_refuse_them(name: str) -> None:
    vpn = of(name)
    vpn.check(wanted(vpn, {}))
    with pytest.raises(InvalidValue) as refused:
        vpn.check(wanted(vpn, {}, inside_cidrs=["169.254.10.0/30"]))
    mend = f"cannot be had of {WITHOUT_LINKS[name]}, whose tunnels have no link networks; leave it out"
    assert (refused.value.where, refused.value.mend) == ("inside_cidrs", mend)
