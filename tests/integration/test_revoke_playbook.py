# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook revoke: one key dies at its provider and leaves the store, and nobody else loses one."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import (
    FIELDS,
    Credential,
    parse,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.connect import access_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.purpose import probe
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.contract.accounts import SLOW, STARTERS
from tests.contract.accounts.base import CloudAccount
from tests.support.module import run_module
from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.servers import StartServer

pytestmark = pytest.mark.slow
OPERATOR = {
    "name": "revocation-test",
    "store_servers": [{"name": "s1", "host": "127.0.0.1", "public_address": "192.0.2.1"}],
}
HIDDEN = {name for fields in FIELDS.values() for form in fields.forms for name in form.secret}
#: Nothing is stored under it, so nothing is asked of the cloud.
SPARE = "acme-spare"


class Site:
    """A register with an account whose key is in the store and one without; they share a rotator."""

    def __init__(self, folder: Path, account: CloudAccount) -> None:
        self.folder, self.account = folder, account
        self.register = folder / "register"
        self.register.mkdir(parents=True)
        (self.register / "service_store.yml").write_text(yaml.safe_dump({"service_store": OPERATOR}))
        self.write(account.options)
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        key = folder.parent / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        path = str(folder / "secrets.json")
        self.option = {"type": "encrypted_file", "path": path, "auth": {"key_file": str(key)}}
        self.store = open_store(self.option, lambda *values: None)
        self.put("acme-key", account.secret)
        if account.rotator:
            self.put("acme-rotator", account.rotator, purpose="rotator")
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

    def put(self, name: str, fields: Mapping[str, str], **known: str) -> None:
        """Store a key as registration does, with what its probe told of it."""
        given = replace(parse(name, self.account.provider, fields), meta=known)
        record = {**given.record(), "meta": {**known, "registered_at": "2026-01-01T00:00:00Z", **self.probed(given)}}
        self.store.put(name, record)

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

    def run(self, *arguments: str) -> Run:
        env = {"ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"), "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        loud = ["-i", str(self.folder / "service_store.inventory.yml"), "-v", "--diff", *arguments]
        variables = {"service_store_secret_store": self.option}
        playbook = "strategic.service_store.revoke"
        return run_playbook(playbook, self.folder, *loud, variables=variables, env=env, watch=False)

    def evidence(self) -> list[dict[str, Any]]:
        """Return what the archive holds of the account, in its order."""
        return [
            json.loads(path.read_text()) for path in sorted(self.register.glob("archive/acme-one-revocation-*.json"))
        ]


@pytest.fixture
def site(request: pytest.FixtureRequest, lab_server: StartServer, tmp_path: Path) -> Iterator[Site]:
    account = STARTERS[request.param](lab_server, tmp_path / "cloud")
    yield Site(tmp_path / "site", account)
    account.faults.__exit__(None, None, None)


def changed(run: Run) -> dict[str, int]:
    """Return how many tasks changed something, by account."""
    return {name: int(number) for name, number in re.findall(r"(acme-\w+)\s+: ok=\d+\s+changed=(\d+)", run.output)}


def states(told: dict[str, Any]) -> dict[str, str]:
    return {row["what"]: row["state"] for row in told["subjects"]["acme-one"]}


def shown(site: Site, *runs: Run) -> list[str]:
    """Return the secrets that the runs have shown, or left anywhere but in the store."""
    fields = {**site.account.secret, **site.account.rotator}
    secrets = [one for name in HIDDEN & set(fields) for one in spellings(fields[name])]
    left = [content for _path, content in left_behind(site.folder)]
    return [one for one in secrets if any(one in run.output for run in runs) or any(one.encode() in it for it in left)]


@pytest.mark.parametrize("site", ["aws"], indirect=True)
def test_a_key_that_leaked_dies_in_one_run_and_no_other_account_loses_one(site: Site) -> None:
    wide = site.run()
    assert wide.status != 0 and "service_store_revoke_accounts: is not set, so nothing was done" in wide.output
    assert "acme-one, acme-two" in wide.output and "-e service_store_revoke_accounts=2" in wide.output

    key = site.account.secret["access_key_id"]
    gone = site.run("--limit", "acme-one")
    assert gone.status == 0 and site.store.names() == () and site.dead(site.account.secret), gone.output[-4000:]
    (told,) = site.evidence()
    assert told["complete"] and told["finished_at"] and told["keys"] == ["acme-key"]
    assert set(states(told).values()) == {"removed"}
    assert set(states(told)) == {f"key {key}", "record acme-key", "notices about acme-key"}
    assert "a signed call is refused" in told["text"] and "temporary credentials" in told["text"]
    assert not shown(site, wide, gone)


@pytest.mark.long
@pytest.mark.parametrize(
    "site",
    [pytest.param(name, marks=[pytest.mark.openstack] if name in SLOW else []) for name in sorted(STARTERS)],
    indirect=True,
)
def test_at_every_provider_a_key_dies_and_a_run_that_failed_is_gone_on_with(site: Site) -> None:
    arguments = ["--limit", "acme-one"]
    if site.account.rotator:
        vague = site.run(*arguments)
        assert vague.status != 0 and "service_store_revoke_key: is not set, so nothing was done" in vague.output
        assert "the credential acme-key (-e service_store_revoke_key=credential) and" in vague.output
        arguments += ["-e", "service_store_revoke_key=credential"]
    checked = site.run(*arguments, "--check")
    assert checked.status == 0 and "Would be removed" in checked.output, checked.output[-4000:]
    assert re.search(r"acme-one: key \S.* at " + site.account.provider, checked.output)
    assert "acme-one: record acme-key at encrypted_file" in checked.output and changed(checked)["acme-one"] > 0
    assert "acme-key" in site.store.names() and not site.dead(site.account.secret) and site.evidence() == []

    endpoints = dict.fromkeys(site.account.options["endpoints"], "https://127.0.0.1:9/nobody")
    site.write({**site.account.options, "endpoints": endpoints})
    failed = site.run(*arguments)
    assert failed.status != 0 and "acme-key" in site.store.names(), failed.output[-4000:]
    (told,) = site.evidence()
    assert not told["complete"] and states(told) == {"credential acme-key": "remained"}

    site.write(site.account.options)
    gone = site.run(*arguments)
    assert gone.status == 0 and "acme-key" not in site.store.names(), gone.output[-4000:]
    assert site.dead(site.account.secret)
    (told,) = site.evidence()
    assert told["complete"] and set(states(told).values()) == {"removed"} and len(states(told)) == 3

    again = site.run(*arguments)
    assert again.status == 0 and changed(again) == {"acme-one": 0} and site.evidence() == [told]
    assert "the store has no such record" in again.output
    assert not shown(site, checked, failed, gone, again)


@pytest.mark.long
@pytest.mark.parametrize("site", ["cloudstack"], indirect=True)
def test_a_rotator_that_others_use_dies_when_their_number_is_said(site: Site) -> None:
    rotator = ["--limit", "acme-one", "-e", "service_store_revoke_key=rotator"]
    few = site.run(*rotator)
    assert few.status != 0 and "acme-rotator is used by acme-one, acme-two" in few.output, few.output[-3000:]
    assert "acme-rotator" in site.store.names()
    gone = site.run(*rotator, "-e", "service_store_revoke_accounts=2")
    assert gone.status == 0 and site.store.names() == ("acme-key", "acme-key.notice"), gone.output[-4000:]
    (told,) = site.evidence()
    assert told["complete"] and states(told)["record acme-rotator"] == "removed" and told["keys"] == ["acme-rotator"]
    assert site.dead(site.account.rotator, purpose="rotator") and not site.dead(site.account.secret)


@pytest.mark.long
@pytest.mark.parametrize("site", ["azure"], indirect=True)
def test_a_rotator_that_may_not_end_itself_keeps_its_record_and_the_run_fails(site: Site) -> None:
    """It does not own its own application; once it does, or its owner has deleted it, the next run finishes."""
    arguments = ["-e", "service_store_revoke_key=rotator", "-e", "service_store_revoke_accounts=2"]
    failed = site.run("--limit", "acme-one", *arguments)
    assert failed.status != 0 and "acme-rotator" in site.store.names(), failed.output[-4000:]
    (told,) = site.evidence()
    assert not told["complete"] and states(told)["credential acme-rotator"] == "remained"
    assert not site.dead(site.account.rotator, purpose="rotator")


@pytest.mark.long
@pytest.mark.openstack
@pytest.mark.parametrize("site", ["openstack"], indirect=True)
def test_a_users_password_is_forgotten_and_the_run_fails_until_its_owner_has_changed_it(site: Site) -> None:
    arguments = [
        "--limit",
        "acme-one",
        "-e",
        "service_store_revoke_key=rotator",
        "-e",
        "service_store_revoke_accounts=2",
    ]
    gone = site.run(*arguments)
    assert gone.status != 0 and "change the password, or delete the key" in gone.output, gone.output[-4000:]
    assert site.store.names() == ("acme-key", "acme-key.notice")
    (told,) = site.evidence()
    assert states(told) == {"record acme-rotator": "removed", "credential acme-rotator": "asked"}
    again = site.run(*arguments)
    assert again.status == 0 and changed(again) == {"acme-one": 0} and site.evidence() == [told]
