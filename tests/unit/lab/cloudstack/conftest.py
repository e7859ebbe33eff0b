# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator per file, called with the real client library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cs
import pytest
import requests

from tests.support.servers import LabServer, lab_server, module_lab_server

__all__ = ["lab_server", "module_lab_server"]

CONFIG: dict[str, Any] = {
    "job_delay_s": 0.01,
    "roles": {
        "Customer": {"type": "User"},
        "Read only": {"type": "User", "allow": ["list*", "query*"], "deny": ["*"]},
        "Delegate": {"type": "User", "allow": ["listConfigurations", "updateConfiguration"]},
    },
    "accounts": [
        {
            "name": "provider-staff",
            "role": "Root Admin",
            "users": [{"username": "staff", "apikey": "k-staff", "secretkey": "s-staff"}],
        },
        {
            "name": "initech",
            "domain": "ROOT/initech",
            "role": "Customer",
            "users": [{"username": "store", "apikey": "k-initech", "secretkey": "s-initech"}],
            "security_groups": [
                {
                    "name": "web",
                    "ingress": [{"protocol": "tcp", "startport": 22, "endport": 22, "cidrlist": ["192.0.2.9/32"]}],
                }
            ],
            "public_ips": [{"ipaddress": "198.51.100.7"}],
            "network_acl_lists": [{"name": "edge"}],
        },
        {
            "name": "umbrella",
            "domain": "ROOT/umbrella",
            "users": [{"username": "store", "apikey": "k-umbrella", "secretkey": "s-umbrella"}],
            "vpcs": [{"name": "red", "cidr": "10.8.0.0/16"}, {"name": "white", "cidr": "10.9.0.0/16"}],
        },
        {
            "name": "off",
            "users": [{"username": "gone", "apikey": "k-off", "secretkey": "s-off", "state": "disabled"}],
        },
    ],
}

Client = Callable[..., cs.CloudStack]


@pytest.fixture(scope="module")
def running(module_lab_server: Callable[..., LabServer]) -> LabServer:
    return module_lab_server("cloudstack", CONFIG)


@pytest.fixture
def server(running: LabServer) -> Iterator[LabServer]:
    running.reset()
    yield running
    assert [call for call in running.calls() if call["unknown_params"]] == []


@pytest.fixture
def client(server: LabServer) -> Client:
    """``client("initech")`` is a client with that account's key; options go to the library."""

    def make(account: str = "initech", **options: Any) -> cs.CloudStack:
        session = requests.Session()
        session.trust_env = False
        given = {"key": f"k-{account}", "secret": f"s-{account}", "method": "post", **options}
        return cs.CloudStack(
            f"{server.url}/client/api",
            verify=server.ca_file,
            session=session,
            poll_interval=0.01,
            job_timeout=60,
            timeout=60,
            **given,
        )

    return make
