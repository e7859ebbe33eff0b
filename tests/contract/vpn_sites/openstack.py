# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router of Neutron."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.openstack import Account

from ..accounts import openstack
from ..accounts.base import CloudAccount
from .base import VpnSite


def openstack_router(account: CloudAccount) -> VpnSite:
    """Return a router of Neutron."""
    neutron = openstack.of_vpn(account)
    connections = "/v2.0/vpn/ipsec-site-connections"

    def held() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = neutron.call("GET", connections)["ipsec_site_connections"]
        return found

    def change_key(key: str) -> None:
        (one,) = held()
        neutron.call("PUT", f"{connections}/{one['id']}", {"ipsec_site_connection": {"psk": key}})

    return VpnSite(
        scope={"kind": "router", "name": "vpn-home"},
        unknown_scope={"kind": "router", "name": "nowhere"},
        tunnels=1,
        # The router, its ports, the subnets, and the five collections of VPNaaS.
        least_reads=8,
        make_call=f"POST {connections}",
        look=lambda: sorted(openstack_objects(neutron)),
        add_foreign=lambda: _add_foreign_tunnel(neutron),
        held_keys=lambda: [one["psk"] for one in held()],
        change_key=change_key,
        keeps_connection=False,
    )


def openstack_objects(neutron: Account) -> Iterator[tuple[str, str]]:
    """Yield all that a VPN is made of in Neutron, with what it refers to instead of ids."""
    said: dict[str, str] = {}
    for path, key in openstack.VPN_KEYS:
        for one in neutron.call("GET", f"/v2.0/vpn/{path}")[key]:
            kept = {name: said.get(str(value), value) for name, value in one.items() if name not in ("id", "psk")}
            said[one["id"]] = str(sorted(kept.items(), key=lambda item: item[0]))
            yield path, said[one["id"]]


def _add_foreign_tunnel(neutron: Account) -> None:
    router = neutron.made["routers"]["vpn-other"]

    def make(path: str, kind: str, **body: Any) -> str:
        made = neutron.call("POST", f"/v2.0/vpn/{path}", {kind: {"name": "theirs", **body}})
        return str(made[kind]["id"])

    make(
        "ipsec-site-connections",
        "ipsec_site_connection",
        vpnservice_id=make("vpnservices", "vpnservice", router_id=router["id"]),
        # Neutron 29's own default, SHA-1, is one that its database no longer has.
        ikepolicy_id=make("ikepolicies", "ikepolicy", auth_algorithm="sha256"),
        ipsecpolicy_id=make("ipsecpolicies", "ipsecpolicy", auth_algorithm="sha256"),
        local_ep_group_id=make("endpoint-groups", "endpoint_group", type="subnet", endpoints=[router["subnet_id"]]),
        peer_ep_group_id=make("endpoint-groups", "endpoint_group", type="cidr", endpoints=["10.9.0.0/24"]),
        peer_address="192.0.2.77",
        peer_id="192.0.2.77",
        psk="SomebodyElsesKey.1234567890abcdef",
    )
