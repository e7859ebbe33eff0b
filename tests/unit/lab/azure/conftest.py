# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator per test file, and a small client that speaks to it as any HTTP client would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.support.servers import LabServer, lab_server, module_lab_server

__all__ = ["lab_server", "module_lab_server"]

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
READER = "22222222-2222-4222-8222-222222222223"
EXPIRED = "22222222-2222-4222-8222-222222222224"
SUBSCRIPTION = "33333333-3333-4333-8333-333333333333"
SECRET = "lab-secret-0123456789"
FOREIGN = {
    "access": "Allow",
    "direction": "Inbound",
    "priority": 100,
    "protocol": "Tcp",
    "sourceAddressPrefix": "198.51.100.1",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "22",
    "description": "made by the customer",
}
CONFIG: dict[str, Any] = {
    "tenants": [
        {
            "id": TENANT,
            "display_name": "acme",
            "applications": [
                {
                    "client_id": CLIENT,
                    "display_name": "store",
                    "secrets": [{"value": SECRET}],
                    "roles": [
                        {"role": "Network Contributor", "scope": f"/subscriptions/{SUBSCRIPTION}"},
                        {
                            "role": "Contributor",
                            "scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/scratch",
                        },
                    ],
                    "graph_permissions": ["Policy.ReadWrite.ConditionalAccess", "Application.ReadWrite.All"],
                },
                {
                    "client_id": READER,
                    "display_name": "auditor",
                    "secrets": [{"value": SECRET}],
                    "roles": [{"role": "Reader", "scope": f"/subscriptions/{SUBSCRIPTION}"}],
                },
                {
                    "client_id": EXPIRED,
                    "display_name": "old",
                    "secrets": [{"value": SECRET, "expires": "2020-01-01T00:00:00Z"}],
                },
            ],
        }
    ],
    "subscriptions": [
        {
            "id": SUBSCRIPTION,
            "display_name": "acme prod",
            "tenant_id": TENANT,
            "resource_groups": [
                {
                    "name": "store",
                    "network_security_groups": [{"name": "api", "rules": [{"name": "foreign", **FOREIGN}]}],
                }
            ],
        }
    ],
}
STORE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/store"
NSGS = f"{STORE}/providers/Microsoft.Network/networkSecurityGroups"


@dataclass
class Http:
    """Plain calls against the emulator."""

    server: LabServer

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.server.ca_file

    def token(
        self,
        client: str = CLIENT,
        secret: str = SECRET,
        resource: str = "",
        tenant: str = TENANT,
        **more: str,
    ) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret,
            "scope": f"{self.server.url}{resource}/.default",
            **more,
        }
        return self.session.post(f"{self.server.url}/{tenant}/oauth2/v2.0/token", data=form, timeout=60)

    def bearer(self, client: str = CLIENT, resource: str = "") -> dict[str, str]:
        return {"Authorization": "Bearer " + self.token(client, resource=resource).json()["access_token"]}

    def arm(
        self,
        method: str,
        path: str,
        body: Any = None,
        client: str = CLIENT,
        headers: dict[str, str] | None = None,
        version: str | None = "2025-07-01",
    ) -> requests.Response:
        return self.session.request(
            method,
            self.server.url + path,
            json=body,
            params={"api-version": version} if version else {},
            headers={**self.bearer(client), **(headers or {})},
            timeout=60,
        )

    def graph(self, method: str, path: str, body: Any = None, client: str = CLIENT) -> requests.Response:
        return self.session.request(
            method,
            f"{self.server.url}/graph/v1.0/{path}",
            json=body,
            headers=self.bearer(client, "/graph"),
            timeout=60,
        )


@pytest.fixture(scope="module")
def server(module_lab_server: Any) -> LabServer:
    started: LabServer = module_lab_server("azure", CONFIG)
    return started


@pytest.fixture
def http(server: LabServer) -> Iterator[Http]:
    server.reset()
    yield Http(server)
