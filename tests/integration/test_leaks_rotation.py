# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation as loud as Ansible can be, whole, killed or refused: no key of before or after is shown or left anywhere.

A killed run ends by SIGKILL while it waits for the provider: once when that has made the new key and this store knows
nothing of it, once when the new key is in the journal or the store. The run after it repairs what it finds.

A whole rotation in `make test`, and the playbook's other promises, are in test_rotate_playbook.py; check mode and diff
mode of the module are in tests/contract/test_rotation.py, on every provider.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import SUFFIX
from tests.contract.accounts import SLOW, STARTERS
from tests.contract.accounts.base import CloudAccount
from tests.contract.bench import certificate
from tests.contract.rotating import CREATES
from tests.support.held import HoldingProxy
from tests.support.leaks import assert_nothing_leaked
from tests.support.playbook import Run
from tests.support.servers import StartServer
from tests.support.site import HIDDEN, Site

pytestmark = pytest.mark.slow
WRONG = "canary-wrong-Nw58Q7vLrW3cYjN1pHs6DfA0uEo5KiBtQ8"
OPERATOR = {
    "name": "leak-test",
    "store_servers": [{"name": "s1", "host": "127.0.0.1", "public_address": "192.0.2.1"}],
}
#: What the answer to the call that makes a key says of its secret.
MADE = {
    "aws": r"<SecretAccessKey>([^<]+)<",
    "azure": r'"secretText": ?"([^"]+)"',
    "cloudstack": r'"secretkey": ?"([^"]+)"',
}


class OneAccount(Site):
    """A register with one account, whose credential and rotator are in the store."""

    def __init__(self, folder: Path, account: CloudAccount) -> None:
        self.account = account
        own = {"customer": "acme", "cloud_accounts": [self.registered()]}
        super().__init__(folder, yaml.safe_dump({"service_store": OPERATOR}), {"acme": yaml.safe_dump(own)})
        self.put("acme-key", account.provider, account.secret, 1)
        if account.rotator:
            self.put("acme-rotator", account.provider, account.rotator, 1)

    def registered(self) -> dict[str, object]:
        """Return the account as the register names it."""
        rotation = {"rotator": "acme-rotator"} if self.account.rotator else {}
        return {
            "name": "acme-one",
            "provider": self.account.provider,
            "credential": "acme-key",
            "rotation": {"grace_days": 7, **rotation},
            "access": [{"method": "api_source_restriction", "store_servers": ["s1"]}],
            **self.account.options,
        }

    def rotate(self, proxy: HoldingProxy | None = None) -> Run:
        """Rotate, whatever the key's age; with a proxy, kill the run when that holds an answer."""
        kill = {"kill_when": proxy.holds.is_set} if proxy else {}
        return self.run("rotate", variables={"service_store_rotate_now": True}, **kill)

    def refused(self) -> Run:
        """Rotate with a rotator that the provider refuses."""
        wrong = dict.fromkeys(HIDDEN & set(self.account.rotator), WRONG)
        self.put("acme-rotator", self.account.provider, {**self.account.rotator, **wrong}, 1)
        return self.rotate()


@pytest.fixture
def account(request: pytest.FixtureRequest, lab_server: StartServer, tmp_path: Path) -> Iterator[CloudAccount]:
    started = STARTERS[request.param](lab_server, tmp_path / "cloud")
    yield started
    started.faults.__exit__(None, None, None)


@dataclass
class Held:
    """An account behind a proxy that holds one answer, and a pattern for the secrets in its answers."""

    site: OneAccount
    proxy: HoldingProxy
    pattern: str

    def made(self) -> set[str]:
        """Return the secret of every key that the provider has made, known to the store or lost."""
        return {found for body in self.proxy.answers for found in re.findall(self.pattern, body.decode())}


@pytest.fixture
def held(account: CloudAccount, tmp_path: Path) -> Iterator[Held]:
    operation, pattern = CREATES[account.provider], MADE[account.provider]
    cert = certificate(account, "holding")
    with HoldingProxy(account.faults.url, account.server.ca_file, *cert, operation=operation) as proxy:
        urls = json.dumps(account.options["endpoints"]).replace(account.faults.url, proxy.url)
        behind = replace(account, options={**account.options, "endpoints": json.loads(urls)})
        yield Held(OneAccount(tmp_path / "site", behind), proxy, pattern)


@pytest.mark.long
@pytest.mark.parametrize(
    "account",
    [pytest.param(name, marks=[pytest.mark.openstack] if name in SLOW else []) for name in sorted(STARTERS)],
    indirect=True,
)
def test_a_rotation_shows_and_leaves_no_secret_of_before_or_after(account: CloudAccount, tmp_path: Path) -> None:
    site = OneAccount(tmp_path / "site", account)
    known = site.secrets()
    runs = [site.rotate()]
    fresh = site.secrets() - known
    assert len(fresh) == 1 and runs[0].status == 0, runs[0].output[-3000:]
    if account.rotator:
        runs.append(site.refused())
        assert runs[-1].status != 0, runs[-1].output[-3000:]
    assert_nothing_leaked(site.folder, runs, {*known, *fresh, WRONG, site.store_key})


#: In `make test` the one that finds most in the store; in `make test-long` all.
@pytest.mark.parametrize(
    "account, calls_later",
    [
        pytest.param("cloudstack", 1, id="cloudstack-the new key is stored"),
        pytest.param("cloudstack", 0, id="cloudstack-the new key is lost", marks=pytest.mark.long),
        pytest.param("aws", 1, id="aws-the new key is in the journal", marks=pytest.mark.long),
        pytest.param("aws", 0, id="aws-the new key is lost", marks=pytest.mark.long),
        pytest.param("azure", 1, id="azure-the new key is in the journal", marks=pytest.mark.long),
        pytest.param("azure", 0, id="azure-the new key is lost", marks=pytest.mark.long),
    ],
    indirect=["account"],
)
def test_a_killed_rotation_and_its_repair_leave_no_secret(held: Held, calls_later: int) -> None:
    site, old = held.site, held.site.secrets()
    held.proxy.hold(calls_later)
    killed = site.rotate(held.proxy)
    held.proxy.let_go()
    assert killed.status == -9 and held.proxy.holds.is_set(), killed.output[-3000:]
    (lost,) = held.made()
    assert f"acme-key{SUFFIX}" in site.store.names() and (lost in site.secrets()) == bool(calls_later)
    assert_nothing_leaked(site.folder, [killed], {*old, lost, site.store_key})

    repaired = site.rotate()
    assert repaired.status == 0, repaired.output[-3000:]
    made = held.made()
    assert len(made & site.secrets()) == 1 and len(made) == 2 - calls_later
    assert_nothing_leaked(site.folder, [killed, repaired], {*old, *made, site.store_key})
