# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of the contract suite: one server per provider for the whole run, reset before each test."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support import tables
from tests.support.barbican import Barbican
from tests.support.barbican import start as start_barbican
from tests.support.module import run_module
from tests.support.openbao import MOUNT, OpenBao
from tests.support.servers import LabServer, starter

from .accounts import SLOW, STARTERS, RunningAccounts
from .accounts.base import CloudAccount
from .stores import AWS_CONFIG

PROVIDERS = [
    pytest.param(name, marks=[pytest.mark.openstack] if name in SLOW else [], id=name) for name in sorted(STARTERS)
]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    tables.show(terminalreporter)


@pytest.fixture(scope="session")
def running_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAccounts]:
    with starter(tmp_path_factory) as start:
        accounts = RunningAccounts(start, tmp_path_factory.mktemp)
        yield accounts
        accounts.close()


@pytest.fixture(params=PROVIDERS)
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    return running_accounts.get(request.param)


@pytest.fixture
def account(running: CloudAccount) -> CloudAccount:
    running.reset()
    running.faults.reset()
    return running


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """The real OpenBao server, for the whole run."""
    secrets_file = tmp_path_factory.mktemp("openbao") / "secrets.json"
    config = {"mount": MOUNT, "secrets_file": str(secrets_file)}
    with starter(tmp_path_factory) as start:
        yield OpenBao(start("openbao", config, module="lab.openbao"), secrets_file)


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """moto with authentication on, for its secrets and keys."""
    with starter(tmp_path_factory) as start:
        yield start("aws", AWS_CONFIG, args=["--which", "moto"])


@pytest.fixture(scope="session")
def barbican_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Barbican]:
    """The real Barbican behind a real Keystone, for the whole run."""
    with starter(tmp_path_factory) as start:
        yield start_barbican(start)


def _file(folder: Path) -> dict[str, Any]:
    """Return the option for an encrypted file with a new key."""
    key = folder / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    return {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}


class Store:
    """Runs modules with the account's options and a secret store that holds its credential."""

    def __init__(self, account: CloudAccount, folder: Path, option: dict[str, Any] | None = None) -> None:
        """``option`` opens another store than a file in ``folder``."""
        self.account = account
        self.option = option or _file(folder)
        self.opened = open_store(self.option, lambda *values: None)

    def keep(self, name: str, secret: Any) -> None:
        """Put a credential into the store without a probe."""
        hidden = [field for field in secret if "secret" in field or field == "password"]
        public = {field: value for field, value in secret.items() if field not in hidden}
        secrets = {field: secret[field] for field in hidden}
        record = {"version": 1, "provider": self.account.provider, "public": public, "secrets": secrets}
        self.opened.put(name, record)

    def options(self, **more: Any) -> dict[str, Any]:
        """Return a module's arguments for the account."""
        base = {"provider": self.account.provider, "credential": "account", "secret_store": self.option, "retries": 3}
        return {**base, **self.account.options, **more}

    def run(self, module: str, *, check: bool = False, diff: bool = False, **more: Any) -> dict[str, Any]:
        """Run one module of the collection."""
        return run_module(module, self.options(**more), check=check, diff=diff)

    def apply(self, *entries: Any, purge: str = "own", check: bool = False, **more: Any) -> dict[str, Any]:
        """Bring the first scope to these entries."""
        lists = [{"scope": dict(self.account.scopes[0]), "entries": list(entries), "purge": purge}]
        return self.run("access_allowlist", check=check, diff=True, allowlists=lists, **more)

    def held(self) -> set[str]:
        """Return the entries of the first scope, as the info module shows them."""
        lists = [{"scope": dict(self.account.scopes[0])}]
        got = self.run("access_allowlist_info", allowlists=lists)["allowlists"][0]["entries"]
        return {f"{row['cidr']} {row['protocol']}/{row['ports']}" for row in got}


def entries_told(failed: Mapping[str, Any]) -> list[str]:
    """Return what a failed run says it changed, as ``changed`` must, too; marks of what was not made left out."""
    applied = list(failed.get("applied", ()))
    assert failed["changed"] is bool(applied)
    return [line for line in applied if not line.startswith("mark ")]


@pytest.fixture
def store(account: CloudAccount, tmp_path: Path) -> Store:
    made = Store(account, tmp_path)
    made.keep("account", account.secret)
    return made
