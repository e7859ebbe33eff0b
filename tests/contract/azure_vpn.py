# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's end of a tunnel for its own tests: an empty subscription, somebody else's hand in it, and a race with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model import vpn_plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.session import AzureSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.vpn import TRAITS, AzureVpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access

from .accounts import RunningAccounts, azure
from .accounts.base import CloudAccount
from .conftest import Store
from .test_vpn_gateway import KEYS, NAME, NAMES, TUNNEL, Gateway
from .vpn_sites import VpnSite

LOCATION = "westeurope"


def gateway_at(site: Callable[[CloudAccount], VpnSite], accounts: RunningAccounts, folder: Path) -> Gateway:
    """Return a gateway at a place of the emptied subscription."""
    account = accounts.get("azure")
    account.reset()
    account.faults.reset()
    store = Store(account, folder)
    store.keep("account", account.secret)
    return Gateway(store, site(account))


def caller(gateway: Gateway, group: str = azure.GROUP) -> Callable[..., Any]:
    """Return calls of Microsoft.Network as somebody else of the subscription makes them: method, path, body."""
    server = gateway.account.server

    def made(method: str, path: str, body: Any = None) -> Any:
        return azure.call(server.url, server.ca_file, method, group, path, body)

    return made


def add_bare_connection(call: Callable[..., Any], name: str = NAME, at: str = "hub") -> None:
    """Make a connection as the portal does it: without a policy."""
    space = {"addressPrefixes": ["10.20.0.0/16"]}
    local = {"gatewayIpAddress": "198.51.100.10", "localNetworkAddressSpace": space}
    made = call("PUT", f"localNetworkGateways/{name}", {"location": LOCATION, "properties": local})
    properties = {
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": f"{azure.NETWORK}/virtualNetworkGateways/{at}", "properties": {}},
        "localNetworkGateway2": {"id": made["id"], "properties": {}},
        "routingWeight": 7,
    }
    call("PUT", f"connections/{name}", {"location": LOCATION, "tags": {"team": "theirs"}, "properties": properties})


class Race:
    """An adapter whose reading and writing somebody else comes between."""

    def __init__(self, gateway: Gateway) -> None:
        options = gateway.account.options
        access = Access(options["endpoints"], ca_file=options["ca_file"], retry=Retry(3, sleep=lambda _s: None))
        session = AzureSession(parse("account", "azure", azure.SECRET), access)
        keys = {NAMES[0]: KEYS[0]}
        self.adapter = AzureVpn(session, "service-store", keys, lambda *values: None)
        self.scope = dict(gateway.site.scope)
        self.state = self.adapter.read_vpn(NAME, Scope.parse(self.scope, TRAITS.scopes))

    def write(self, **more: Any) -> None:
        given = {"name": NAME, "scope": self.scope, "tunnel": TUNNEL, "pre_shared_keys": [NAMES[0]], **more}
        wanted = parse_wanted(given, TRAITS.scopes, TRAITS.tunnels)
        changes = vpn_plan.plan(NAME, self.state, self.adapter.parts_vpn(wanted, self.state), TRAITS).changes
        assert list(self.adapter.apply_vpn(self.state, changes)) == list(changes)
