# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does to a VPC's end of a tunnel what the module does, and what somebody else of the account does."""

from __future__ import annotations

from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_plan import VpnState
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.vpn import VPN
from ansible_collections.strategic.service_store.plugins.module_utils.provider.vpn import CloudEnd

from .test_vpn_terms import KEY, TUNNEL

HOME = {"kind": "vpc", "name": "vpc"}


class Runner:
    """Does what the module does, with one gateway; ``hidden`` is what it kept out of results."""

    def __init__(self, session: CloudStackSession, name: str = "acme", store: str = "store-a", **more: Any) -> None:
        self.session = session
        self.hidden: list[str] = []
        tunnel = {**TUNNEL, "targets": [{"name": "api", "address": "10.1.1.10", "port": 443}], **more.pop("tunnel", {})}
        own = more.pop("own", None)
        params = {"name": name, "scope": HOME, "tunnel": tunnel, "pre_shared_keys": ["psk"], **more}
        self.wanted = parse_wanted(params, ("vpc",), 1, own)
        self.adapter = VPN.open(session, store, {"psk": KEY}, lambda *values: self.hidden.extend(values))
        self.end = CloudEnd(name, Scope("vpc", name="vpc"), self.wanted, self.adapter, VPN, "account")
        self.done: list[str] = []

    def plan(self, **how: bool) -> Plan:
        return self.end.plan(**how)

    def apply(self, **how: bool) -> list[str]:
        """Plan and apply; return what was done, in words."""
        made = self.plan(**how)
        self.done = []
        self.end.apply(made, lambda change: self.done.append(change.describe()))
        return self.done

    def state(self) -> VpnState:
        return self.adapter.read_vpn(self.wanted.name, self.wanted.scope)


def customer(api: CloudStackSession, name: str = "acme", **more: Any) -> str:
    fields = {
        "gateway": "198.51.100.10",
        "cidrlist": "10.20.0.11/32,10.20.0.12/32",
        "ikepolicy": "aes256-sha256;modp3072",
        "esppolicy": "aes256-sha256;modp3072",
        "ikelifetime": 14400,
        "ikeversion": "ikev2",
        "dpd": "true",
        "ipsecpsk": KEY,
    }
    made = api.run_job("make", "createVpnCustomerGateway", **{**fields, "name": name, **more})
    return str(made["vpncustomergateway"]["id"])


def gateway(api: CloudStackSession, name: str = "vpc") -> str:
    (vpc,) = api.list_all("look", "listVPCs", name=name)
    return str(api.run_job("make", "createVpnGateway", vpcid=vpc["id"])["vpngateway"]["id"])


def connection(api: CloudStackSession, own: str, other: str) -> None:
    api.run_job("make", "createVpnConnection", s2svpngatewayid=own, s2scustomergatewayid=other, passive="true")


def tags(api: CloudStackSession) -> list[str]:
    (vpc,) = api.list_all("look", "listVPCs", name="vpc")
    return sorted(f"{tag['key']}={tag['value']}" for tag in vpc["tags"])


def held(api: CloudStackSession) -> list[int]:
    """How many gateways, customer gateways and connections there are."""
    return [
        len(api.list_all("look", command))
        for command in ("listVpnGateways", "listVpnCustomerGateways", "listVpnConnections")
    ]
