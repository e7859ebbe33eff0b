# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's own clients work against the emulator: azure-identity and azure-mgmt-network."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.support.servers import LabServer
from tests.unit.lab.azure.conftest import CLIENT, SECRET, SUBSCRIPTION, TENANT, Http

pytest.importorskip("azure.mgmt.network")
pytestmark = pytest.mark.slow  # importing azure-mgmt-network alone takes three to five seconds


@pytest.fixture
def client(server: LabServer) -> Any:
    from azure.identity import ClientSecretCredential
    from azure.mgmt.network import NetworkManagementClient

    server.reset()
    shared = {"connection_verify": server.ca_file, "use_env_settings": False, "retry_total": 0}
    credential = ClientSecretCredential(
        TENANT, CLIENT, SECRET, authority=server.url, disable_instance_discovery=True, **shared
    )
    return NetworkManagementClient(
        credential, SUBSCRIPTION, base_url=server.url, credential_scopes=[server.url + "/.default"], **shared
    )


def rule(priority: int) -> dict[str, Any]:
    return {
        "access": "Allow",
        "direction": "Inbound",
        "priority": priority,
        "protocol": "Tcp",
        "sourceAddressPrefix": "192.0.2.1",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "443",
    }


def test_the_network_client_reads_writes_and_deletes(client: Any) -> None:
    group = client.network_security_groups.get("store", "api")
    assert [r.name for r in group.properties.security_rules] == ["foreign"]
    made = client.security_rules.begin_create_or_update("store", "api", "mine", {"properties": rule(101)}).result()
    assert (made.name, made.properties.provisioning_state) == ("mine", "Succeeded")
    client.security_rules.begin_delete("store", "api", "foreign").result()
    assert [r.name for r in client.security_rules.list("store", "api")] == ["mine"]
    new = client.network_security_groups.begin_create_or_update("store", "new", {"location": "westeurope"}).result()
    assert len(new.properties.default_security_rules) == 6
    client.network_security_groups.begin_delete("store", "new").result()
    assert [n.name for n in client.network_security_groups.list_all()] == ["api"]


def test_the_network_client_knows_ip_groups(client: Any) -> None:
    given = {"location": "westeurope", "properties": {"ipAddresses": ["192.0.2.1"]}}
    made = client.ip_groups.begin_create_or_update("store", "one", given).result()
    assert made.properties.ip_addresses == ["192.0.2.1"]
    assert [group.name for group in client.ip_groups.list_by_resource_group("store")] == ["one"]
    client.ip_groups.begin_delete("store", "one").result()
    assert list(client.ip_groups.list()) == []


def test_the_network_client_sees_an_old_etag_refused(client: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    group = client.network_security_groups.get("store", "api")
    client.security_rules.begin_create_or_update("store", "api", "mine", {"properties": rule(101)}).result()
    with pytest.raises(HttpResponseError) as refused:
        client.network_security_groups.begin_create_or_update(
            "store", "api", group, headers={"If-Match": group.etag}
        ).result()
    assert refused.value.status_code == 412


def test_many_clients_at_once_lose_nothing(http: Http) -> None:
    from tests.unit.lab.azure.conftest import NSGS

    def put(number: int) -> None:
        Http(http.server).arm("PUT", f"{NSGS}/api/securityRules/r{number}", {"properties": rule(200 + number)})

    threads = [threading.Thread(target=put, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(http.arm("GET", f"{NSGS}/api").json()["properties"]["securityRules"]) == 17
