# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenBao's real server as the lab runs it: TLS, an identity that is not root, sealed and opened again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.openbao import Client, OpenBaoError, unseal
from tests.support.servers import LabServer, StartServer

MOUNT = "service-store"


@pytest.fixture(scope="module")
def secrets_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openbao") / "secrets.json"


@pytest.fixture(scope="module")
def server(module_lab_server: StartServer, secrets_file: Path) -> LabServer:
    return module_lab_server("openbao", {"mount": MOUNT, "secrets_file": str(secrets_file)}, module="lab.openbao")


@pytest.fixture
def secrets(server: LabServer, secrets_file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(secrets_file.read_text())
    return found


@pytest.fixture
def operator(server: LabServer, secrets: dict[str, Any]) -> Client:
    return Client(server.url, server.ca_file, secrets["token"])


def test_the_operators_token_reads_and_writes_its_mount_and_nothing_else(operator: Client) -> None:
    operator.call("POST", f"{MOUNT}/data/acme-aws", {"data": {"a": "b"}})
    assert operator.call("GET", f"{MOUNT}/data/acme-aws")["data"]["data"] == {"a": "b"}
    with pytest.raises(OpenBaoError, match="403"):
        operator.call("GET", "sys/mounts")


def test_an_approle_logs_in_to_the_same_rights(server: LabServer, secrets: dict[str, Any]) -> None:
    client = Client(server.url, server.ca_file)
    login = {"role_id": secrets["role_id"], "secret_id": secrets["secret_id"]}
    client.token = client.call("POST", "auth/approle/login", login)["auth"]["client_token"]
    client.call("POST", f"{MOUNT}/data/by-role", {"data": {}})


def test_sealed_it_answers_nothing_and_opens_with_its_key(
    server: LabServer, secrets: dict[str, Any], operator: Client
) -> None:
    operator.call("POST", f"{MOUNT}/data/kept", {"data": {"a": "b"}})
    root = Client(server.url, server.ca_file, secrets["root_token"])
    root.call("PUT", "sys/seal")
    with pytest.raises(OpenBaoError, match="503 .*sealed"):
        operator.call("GET", f"{MOUNT}/data/kept")
    unseal(root, secrets["unseal_keys"])
    assert operator.call("GET", f"{MOUNT}/data/kept")["data"]["data"] == {"a": "b"}


def test_its_secrets_are_its_owners_alone(secrets_file: Path, secrets: dict[str, Any]) -> None:
    assert secrets_file.stat().st_mode & 0o777 == 0o600


def test_another_authority_is_not_trusted(server: LabServer, tmp_path: Path) -> None:
    from lab.ca import make_ca

    with pytest.raises(OpenBaoError, match="CERTIFICATE_VERIFY_FAILED"):
        Client(server.url, str(make_ca(tmp_path).cert_path)).call("GET", "sys/health")
