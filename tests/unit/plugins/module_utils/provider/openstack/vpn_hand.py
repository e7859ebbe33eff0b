# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project of the real Neutron with a router, and one cloud's end of a tunnel run as a module runs it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.vpn import vpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.vpn import CloudEnd

if TYPE_CHECKING:
    from .conftest import Cloud

NAME, PROJECT, STORE = "globex-vpn", "tunnels", "store-a"
KEY, NEW_KEY = "fM3kTx5WrV0hJ6tXw2KzR9gNvD4mQs7Lp", "Y1bUe8FiMaC3kTx5WrV0hJ6tXw2KzR9gNv"
VPN = "/v2.0/vpn"
COLLECTIONS = {
    "vpnservices": "vpnservices",
    "ikepolicies": "ikepolicies",
    "ipsecpolicies": "ipsecpolicies",
    "endpoint-groups": "endpoint_groups",
    "ipsec-site-connections": "ipsec_site_connections",
}
WANTED: dict[str, Any] = {
    "name": NAME,
    "scope": {"kind": "router", "name": "main"},
    "tunnel": {
        "local": {"address": "198.51.100.10"},
        "sources": [
            {"name": "store-1", "address": "10.20.0.11"},
            {"name": "store-2", "address": "10.20.0.12"},
        ],
        "targets": [{"name": "api", "address": "10.42.0.10", "port": 443}],
    },
    "networks": ["10.42.0.0/24"],
    "pre_shared_keys": ["key"],
}


class VpnHand:
    """One project, seen by the product and by somebody else who works in it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.accounts[PROJECT]
        self.hidden: list[str] = []

    def end(self, key: str = KEY, store: str = STORE, tunnel: Mapping[str, Any] | None = None, **more: Any) -> CloudEnd:
        """One run's view; tunnel and more replace what WANTED says."""
        params = {**WANTED, **more, "tunnel": {**WANTED["tunnel"], **(tunnel or {})}}
        capability = vpn()
        traits = capability.traits
        wanted = parse_wanted(params, traits.scopes, traits.tunnels, params.get("openstack"))
        capability.check(wanted)
        self.session = self.cloud.session(PROJECT, workers=4)
        adapter = capability.open(self.session, store, {"key": key}, self._hide)
        return CloudEnd(params["name"], Scope.parse(params["scope"], traits.scopes), wanted, adapter, capability, "x")

    def planned(self, absent: bool = False, adopt: bool = False, **options: Any) -> Plan:
        return self.end(**options).plan(absent, adopt)

    def bring(self, absent: bool = False, adopt: bool = False, stop: int | None = None, **options: Any) -> list[str]:
        """Plan and apply; returns the changes in words. With stop it is killed after so many changes."""
        end = self.end(**options)
        plan = end.plan(absent, adopt)
        if stop is not None:
            list(itertools.islice(end._adapter.apply_vpn(end.state, plan.changes), stop))
            return []
        done: list[Change] = []
        end.apply(plan, done.append)
        self.last = end
        return [f"{change.action} {change.key}" for change in done]

    def held(self, collection: str) -> list[dict[str, Any]]:
        """What there is of one kind, as its owner sees it."""
        found: list[dict[str, Any]] = self.account.call("GET", f"{VPN}/{collection}")[COLLECTIONS[collection]]
        return found

    def counts(self) -> list[int]:
        return [len(self.held(collection)) for collection in COLLECTIONS]

    def make(self, path: str, kind: str, **body: Any) -> dict[str, Any]:
        """Make an object by somebody else's hand."""
        made: dict[str, Any] = self.account.call("POST", path, {kind: body})[kind]
        return made

    def writes(self) -> list[str]:
        return [name for name in self.cloud.faults.operations() if not name.startswith("GET ")]

    def _hide(self, *values: str | None) -> None:
        self.hidden += [value for value in values if value]


def by_hand(tunnels: VpnHand, **more: Any) -> dict[str, Any]:
    """A connection of the gateway's name that somebody else made, with IKEv1 and a small group."""
    crypto = {"encryption_algorithm": "aes-256", "auth_algorithm": "sha256", "pfs": "group2"}
    router = tunnels.account.made["routers"]["main"]
    service = tunnels.make(f"{VPN}/vpnservices", "vpnservice", name="theirs", router_id=router["id"])
    ike = tunnels.make(f"{VPN}/ikepolicies", "ikepolicy", name="theirs", ike_version="v1", **crypto)
    ipsec = tunnels.make(f"{VPN}/ipsecpolicies", "ipsecpolicy", name="theirs", **crypto)
    groups = f"{VPN}/endpoint-groups"
    local = tunnels.make(groups, "endpoint_group", name="theirs", type="subnet", endpoints=[router["subnet_id"]])
    peer = tunnels.make(groups, "endpoint_group", name="theirs", type="cidr", endpoints=["10.20.0.0/24"])
    body = {
        "name": NAME,
        "description": "made by hand, ticket T-1",
        "peer_address": "198.51.100.10",
        "peer_id": "198.51.100.10",
        "psk": "somebody-elses-own-key-of-this-tunnel",
        "vpnservice_id": service["id"],
        "ikepolicy_id": ike["id"],
        "ipsecpolicy_id": ipsec["id"],
        "local_ep_group_id": local["id"],
        "peer_ep_group_id": peer["id"],
    }
    return tunnels.make(f"{VPN}/ipsec-site-connections", "ipsec_site_connection", **{**body, **more})


def key_fingerprint(key: str = KEY) -> str:
    return fingerprint(key)
