# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto behind TLS with authentication on, and one planner run as a module makes it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    ScopeState,
    Wanted,
    parse_entries,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.security_group import SecurityGroups
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.session import AwsSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer, module_lab_server, start_server

__all__ = ["module_lab_server"]

KEY, SECRET, REGION, USER = (
    "AKIASTOREAAAAAAAAAAA",
    "lab-secret-0123456789-0123456789-01234567",
    "eu-west-2",
    "service-store",
)
STORE = "store-a"
TODAY = datetime.date(2026, 1, 1)
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CONFIG: dict[str, Any] = {
    "region": REGION,
    "users": [
        {"name": USER, "access_key_id": KEY, "secret_access_key": SECRET, "policies": {"all": EVERYTHING}},
        {"name": "nobody", "access_key_id": "AKIANOBODYAAAAAAAAAA", "secret_access_key": SECRET},
    ],
    "security_groups": [{"name": "api"}, {"name": "db"}, {"name": "twice"}, {"name": "twice"}],
    "network_acls": [{"name": "subnets"}],
    "vpcs": ["home", "other"],
}
FAST = Retry(4, base_s=0.001)


def credential(key: str = KEY, secret: str = SECRET) -> Credential:
    return Credential("acme-aws", "aws", {"access_key_id": key}, {"secret_access_key": secret})


def session(url: str, ca_file: str | None, key: str = KEY, secret: str = SECRET, **more: Any) -> AwsSession:
    endpoints = dict.fromkeys(("ec2", "sts", "iam", "s3"), url)
    options = {"region": REGION, "retry": FAST, "timeout_s": 60.0, **more}
    return AwsSession(credential(key, secret), Access(endpoints=endpoints, ca_file=ca_file, **options))


def scope(name: str = "api", **more: str) -> Scope:
    return Scope("security_group", name=name, **more)


class Account:
    """A session and its adapter, with what a module does around them."""

    def __init__(self, made: AwsSession) -> None:
        self.session = made
        self.adapter = SecurityGroups(made, STORE)

    def read(self, name: str = "api") -> ScopeState:
        return self.adapter.read_allowlists([scope(name)])[scope(name)]

    def bring(self, *entries: Mapping[str, Any], purge: str = "own", name: str = "api") -> list[Change]:
        """Plan and apply the wanted entries; returns what was changed."""
        state = self.read(name)
        wanted = Wanted(state.scope, parse_entries(entries, "entries"), purge)
        changes = plan(state, wanted, STORE, self.adapter.limits, TODAY).changes
        return list(self.adapter.apply_allowlist(state, changes))

    def lines(self, name: str = "api") -> list[str]:
        return sorted(str(item) for item in self.read(name).held)

    def calls(self) -> dict[str, int]:
        return {name.removeprefix("ec2."): count for name, count in self.session.calls.by_name().items()}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what needs moto, whose EC2 takes seconds to load, out of ``make test-fast``."""
    for item in items:
        if "moto" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """One server for all of these tests: loading moto's EC2 takes seconds."""
    started = start_server("aws", CONFIG, tmp_path_factory.mktemp("moto"), args=["--which", "moto"])
    yield started
    started.stop()


@pytest.fixture
def server(moto: LabServer) -> LabServer:
    moto.reset()
    return moto


@pytest.fixture
def account(server: LabServer) -> Account:
    return Account(session(server.url, server.ca_file))


@pytest.fixture
def faults(server: LabServer) -> Iterator[FaultProxy]:
    # The server's own authority signs the proxy's certificate too, so that one ca_file fits both.
    cert, key = issue(make_ca(Path(server.ca_file).parent), ["faults"], ["127.0.0.1"])
    with FaultProxy(server.url, server.ca_file, str(cert), str(key)) as proxy:
        yield proxy
