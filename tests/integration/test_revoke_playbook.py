# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook revoke: one key dies at its provider and leaves the store, and nobody else loses one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential, parse
from ansible_collections.strategic.service_store.plugins.module_utils.provider.connect import access_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.purpose import probe
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from tests.contract.accounts import SLOW, STARTERS
from tests.contract.accounts.base import CloudAccount
from tests.support.leaks import assert_nothing_leaked
from tests.support.module import run_module
from tests.support.playbook import Run
from tests.support.servers import StartServer
from tests.support.site import HIDDEN, Site

pytestmark = pytest.mark.slow
OPERATOR = {
    "name": "revocation-test",
    "store_servers": [{"name": "s1", "host": "127.0.0.1", "public_address": "192.0.2.1"}],
}
#: Nothing is stored under it, so nothing is asked of the cloud.
SPARE = "acme-spare"


class Leaked(Site):
    """A register with an account whose key is in the store and one without; they share a rotator."""

    def __init__(self, folder: Path, account: CloudAccount) -> None:
        super().__init__(folder, yaml.safe_dump({"service_store": OPERATOR}), {})
        self.account = account
        self.write(account.options)
        self.know("acme-key", account.secret)
        if account.rotator:
            self.know("acme-rotator", account.rotator, purpose="rotator")
        noted = {"credential": "acme-key", "about": "due", "channel": "mail", "secret_store": self.option}
        assert run_module("credential_notice", noted)["changed"]

    def write(self, options: Mapping[str, Any]) -> None:
        """Write the register with these connection options of the account."""
        rotation = {"rotation": {"rotator": "acme-rotator"}} if self.account.rotator else {}
        shared = {"provider": self.account.provider, **rotation, **options}
        access = [{"method": "api_source_restriction", "store_servers": ["s1"]}]
        accounts = [
            {"name": name, "credential": key, "access": access, **shared}
            for name, key in (("acme-one", "acme-key"), ("acme-two", SPARE))
        ]
        (self.register / "acme.yml").write_text(yaml.safe_dump({"customer": "acme", "cloud_accounts": accounts}))

    def know(self, name: str, fields: Mapping[str, str], **known: str) -> None:
        """Store a key as registration does, with what its probe told of it."""
        given = replace(parse(name, self.account.provider, fields), meta=known)
        self.put(name, self.account.provider, fields, 0, known={**known, **self.probed(given)})

    def probed(self, credential: Credential) -> Mapping[str, str]:
        """Make the call by which a key proves itself, and return what it told."""
        found = provider(self.account.provider)
        options = {"provider": self.account.provider, "credential": credential.name, "retries": 0}
        session = found.open(credential, access_of({**options, **self.account.options}))
        return probe(found, session, credential).remember

    def dead(self, fields: Mapping[str, str], **known: str) -> bool:
        """Return whether the provider refuses a key."""
        try:
            self.probed(replace(parse("any", self.account.provider, fields), meta=known))
        except ProviderError as exc:
            assert exc.kind == "bad_key", exc
            return True
        return False

    def revoke(self, *arguments: str, loud: bool = True) -> Run:
        return self.run("revoke", *arguments, loud=loud)

    def evidence(self) -> list[dict[str, Any]]:
        """Return what the archive holds of the account, in its order."""
        return [
            json.loads(path.read_text()) for path in sorted(self.register.glob("archive/acme-one-revocation-*.json"))
        ]

    def assert_kept_secret(self, *runs: Run) -> None:
        """Fail where a run has shown a secret, or left one anywhere but in the store."""
        fields = {**self.account.secret, **self.account.rotator}
        secrets = {fields[name] for name in HIDDEN & set(fields)} | {self.store_key}
        assert len(secrets) > 1
        assert_nothing_leaked(self.folder, runs, secrets)


@pytest.fixture
def site(request: pytest.FixtureRequest, lab_server: StartServer, tmp_path: Path) -> Iterator[Leaked]:
    account = STARTERS[request.param](lab_server, tmp_path / "cloud")
    yield Leaked(tmp_path / "site", account)
    account.faults.__exit__(None, None, None)


def changed(run: Run) -> dict[str, int]:
    """Return how many tasks changed something, by account."""
    return {name: int(number) for name, number in re.findall(r"(acme-\w+)\s+: ok=\d+\s+changed=(\d+)", run.output)}


def states(told: dict[str, Any]) -> dict[str, str]:
    return {row["what"]: row["state"] for row in told["subjects"]["acme-one"]}


@pytest.mark.parametrize("site", ["aws"], indirect=True)
def test_a_key_that_leaked_dies_in_one_run_and_no_other_account_loses_one(site: Leaked) -> None:
    wide = site.revoke()
    assert wide.status != 0 and "service_store_revoke_accounts: is not set, so nothing was done" in wide.output
    assert "acme-one, acme-two" in wide.output and "-e service_store_revoke_accounts=2" in wide.output

    archive = site.register / "archive"
    archive.write_text("in the way")
    blocked = site.revoke("--limit", "acme-one")
    assert blocked.status != 0 and "acme-key" in site.store.names() and not site.dead(site.account.secret)
    archive.unlink()

    key = site.account.secret["access_key_id"]
    gone = site.revoke("--limit", "acme-one")
    assert gone.status == 0 and site.store.names() == () and site.dead(site.account.secret), gone.output[-4000:]
    (told,) = site.evidence()
    assert told["complete"] and told["finished_at"] and told["keys"] == ["acme-key"]
    assert set(states(told).values()) == {"removed"}
    assert set(states(told)) == {f"key {key}", "record acme-key", "notices about acme-key"}
    assert "a signed call is refused" in told["text"] and "temporary credentials" in told["text"]
    site.assert_kept_secret(wide, blocked, gone)


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(name, marks=[pytest.mark.long, *([pytest.mark.openstack] if name in SLOW else [])])
        for name in sorted(STARTERS)
    ],
    indirect=True,
)
def test_at_every_provider_a_key_dies_and_a_run_that_failed_is_gone_on_with(site: Leaked) -> None:
    arguments = ["--limit", "acme-one"]
    if site.account.rotator:
        vague = site.revoke(*arguments, loud=False)
        assert vague.status != 0 and "service_store_revoke_key: is not set, so nothing was done" in vague.output
        assert "the credential acme-key (-e service_store_revoke_key=credential) and" in vague.output
        arguments += ["-e", "service_store_revoke_key=credential"]
    checked = site.revoke(*arguments, "--check")
    assert checked.status == 0 and "Would be removed" in checked.output, checked.output[-4000:]
    assert re.search(r"acme-one: key \S.* at " + site.account.provider, checked.output)
    assert "acme-one: record acme-key at encrypted_file" in checked.output and changed(checked)["acme-one"] > 0
    assert "acme-key" in site.store.names() and not site.dead(site.account.secret) and site.evidence() == []

    endpoints = dict.fromkeys(site.account.options["endpoints"], "https://127.0.0.1:9/nobody")
    site.write({**site.account.options, "endpoints": endpoints})
    failed = site.revoke(*arguments)
    assert failed.status != 0 and "acme-key" in site.store.names(), failed.output[-4000:]
    (told,) = site.evidence()
    assert not told["complete"] and states(told) == {"credential acme-key": "remained"}

    site.write(site.account.options)
    gone = site.revoke(*arguments)
    assert gone.status == 0 and "acme-key" not in site.store.names(), gone.output[-4000:]
    assert site.dead(site.account.secret)
    (told,) = site.evidence()
    assert told["complete"] and set(states(told).values()) == {"removed"} and len(states(told)) == 3

    again = site.revoke(*arguments)
    assert again.status == 0 and changed(again) == {"acme-one": 0} and site.evidence() == [told]
    assert "the store has no such record" in again.output
    site.assert_kept_secret(checked, failed, gone, again)


@pytest.mark.long
@pytest.mark.parametrize("site", ["cloudstack"], indirect=True)
def test_a_rotator_that_others_use_dies_when_their_number_is_said(site: Leaked) -> None:
    rotator = ["--limit", "acme-one", "-e", "service_store_revoke_key=rotator"]
    few = site.revoke(*rotator)
    assert few.status != 0 and "acme-rotator is used by acme-one, acme-two" in few.output, few.output[-3000:]
    assert "acme-rotator" in site.store.names()
    gone = site.revoke(*rotator, "-e", "service_store_revoke_accounts=2")
    assert gone.status == 0 and site.store.names() == ("acme-key", "acme-key.notice"), gone.output[-4000:]
    (told,) = site.evidence()
    assert told["complete"] and states(told)["record acme-rotator"] == "removed" and told["keys"] == ["acme-rotator"]
    assert site.dead(site.account.rotator, purpose="rotator") and not site.dead(site.account.secret)


@pytest.mark.long
@pytest.mark.parametrize("site", ["azure"], indirect=True)
def test_a_rotator_that_may_not_end_itself_keeps_its_record_and_the_run_fails(site: Leaked) -> None:
    """It does not own its own application, so that Graph does not let it delete its own secret."""
    arguments = ["-e", "service_store_revoke_key=rotator", "-e", "service_store_revoke_accounts=2"]
    failed = site.revoke("--limit", "acme-one", *arguments)
    assert failed.status != 0 and "acme-rotator" in site.store.names(), failed.output[-4000:]
    (told,) = site.evidence()
    assert not told["complete"] and states(told)["credential acme-rotator"] == "remained"
    assert not site.dead(site.account.rotator, purpose="rotator")


@pytest.mark.long
@pytest.mark.openstack
@pytest.mark.parametrize("site", ["openstack"], indirect=True)
def test_a_users_password_is_forgotten_and_every_run_fails_until_its_owner_is_said_to_have_changed_it(
    site: Leaked,
) -> None:
    arguments = ["--limit", "acme-one", "-e", "service_store_revoke_key=rotator"]
    arguments += ["-e", "service_store_revoke_accounts=2"]
    checked = site.revoke(*arguments, "--check")
    assert checked.status == 0 and "acme-rotator" in site.store.names(), checked.output[-4000:]
    gone = site.revoke(*arguments)
    assert gone.status != 0 and "change the password, or delete the key" in gone.output, gone.output[-4000:]
    assert site.store.names() == ("acme-key", "acme-key.notice")
    (told,) = site.evidence()
    assert states(told) == {"record acme-rotator": "removed", "credential acme-rotator": "asked"}
    again = site.revoke(*arguments)
    assert again.status != 0 and changed(again) == {"acme-one": 0} and site.evidence() == [told]
    assert not told["complete"] and "-e service_store_revoke_ended=true" in again.output
    said = site.revoke(*arguments, "-e", "service_store_revoke_ended=true")
    assert said.status == 0, said.output[-4000:]
    (told,) = site.evidence()
    assert told["complete"] and states(told)["credential acme-rotator"] == "removed"
    site.assert_kept_secret(checked, gone, again, said)
