# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated CloudStack with a customer, its provider's staff, and a fault proxy in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from lab.faults import FaultProxy
from tests.support.servers import LabServer, module_lab_server

__all__ = ["module_lab_server"]

CONFIG: dict[str, Any] = {
    "job_delay_s": 0,
    "roles": {
        "Customer": {"type": "User"},
        "Reader": {"type": "User", "allow": ["listConfigurations"]},
        "Delegate": {"type": "User", "allow": ["listConfigurations", "updateConfiguration"]},
        "Limited": {"type": "User", "deny": ["createVpnConnection"]},
    },
    "accounts": [
        {
            "name": "initech",
            "domain": "ROOT/initech",
            "role": "Customer",
            "users": [{"username": "store", "apikey": "k-initech", "secretkey": "s-initech"}],
            "security_groups": [
                {
                    "name": "web",
                    "ingress": [{"protocol": "tcp", "startport": 22, "endport": 22, "cidrlist": ["192.0.2.9/32"]}],
                    "egress": [{"protocol": "all", "cidrlist": ["0.0.0.0/0"]}],
                },
                {"name": "db"},
            ],
            "public_ips": [
                {
                    "ipaddress": "198.51.100.7",
                    "rules": [
                        {
                            "protocol": "tcp",
                            "startport": 22,
                            "endport": 22,
                            "cidrlist": ["192.0.2.9/32", "192.0.2.10/32", "192.0.2.11/32"],
                            "tags": {"team": "ops"},
                        }
                    ],
                },
                {"ipaddress": "198.51.100.8"},
            ],
            "vpcs": [{"name": "vpc", "cidr": "10.1.0.0/16"}, {"name": "vpc-2", "cidr": "10.2.0.0/16"}],
            "network_acl_lists": [
                {
                    "name": "tier",
                    "items": [
                        {
                            "number": 1,
                            "protocol": "tcp",
                            "startport": 22,
                            "endport": 22,
                            "cidrlist": ["192.0.2.9/32", "192.0.2.10/32"],
                        },
                        {"number": 5, "protocol": "all", "action": "Deny"},
                    ],
                },
                {"name": "empty"},
                {"name": "twice", "id": "5d0e7c7e-0000-4000-8000-000000000001"},
                {"name": "twice", "id": "5d0e7c7e-0000-4000-8000-000000000002"},
            ],
        },
        *(
            {
                "name": name,
                "role": role,
                "users": [{"username": "store", "apikey": f"k-{name}", "secretkey": f"s-{name}"}],
            }
            for name, role in (("umbrella", "Customer"), ("reader", "Reader"), ("delegate", "Delegate"))
        ),
        {
            "name": "limited",
            "role": "Limited",
            "users": [{"username": "store", "apikey": "k-limited", "secretkey": "s-limited"}],
            "vpcs": [{"name": "vpc", "cidr": "10.1.0.0/16"}],
        },
        {
            "name": "staff",
            "role": "Root Admin",
            "users": [{"username": "admin", "apikey": "k-staff", "secretkey": "s-staff"}],
        },
    ],
}

Open = Callable[..., CloudStackSession]


@pytest.fixture(scope="module")
def running(module_lab_server: Callable[..., LabServer]) -> LabServer:
    return module_lab_server("cloudstack", CONFIG)


@pytest.fixture
def server(running: LabServer) -> Iterator[LabServer]:
    running.reset()
    yield running
    assert [call for call in running.calls() if call["unknown_params"]] == []


@pytest.fixture
def faults(server: LabServer) -> Iterator[FaultProxy]:
    (cert,) = Path(server.ca_file).parent.glob("localhost*.pem")
    with FaultProxy(server.url, server.ca_file, str(cert), str(cert.with_suffix(".key"))) as proxy:
        yield proxy


def credential(account: str, secret: str = "", *, registered: bool = False) -> Credential:
    meta = {"registered_at": "2026-01-01T00:00:00Z"} if registered else {}
    return Credential(
        account, "cloudstack", {"api_key": f"k-{account}"}, {"secret_key": secret or f"s-{account}"}, meta
    )


@pytest.fixture
def connect(server: LabServer) -> Open:
    """``connect("initech", url=faults.url, timeout_s=1)`` opens a session whose retries do not wait."""

    def make(account: str = "initech", *, url: str = "", given: Credential | None = None, **access: Any) -> Any:
        quick = {"ca_file": server.ca_file, "retry": Retry(2, sleep=lambda _seconds: None), "timeout_s": 60, **access}
        return CloudStackSession(given or credential(account), Access({"api": url or server.url}, **quick))

    return make


@pytest.fixture
def api(connect: Open) -> CloudStackSession:
    """Somebody else of the same account."""
    return connect()


@pytest.fixture
def said(server: LabServer, api: CloudStackSession) -> Iterator[Any]:
    """``said("Error")`` is the router's word for how the one connection is."""

    def say(state: str) -> None:
        (one,) = api.list_all("look", "listVpnConnections")
        server.lab("POST", f"vpn/{one['id']}", {"state": state})

    yield say
