# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation as loud as Ansible can be, on every provider: no key of before or after and no rotator's is shown or left.

The playbook's other promises (what is due, shared rotators) are in test_rotate_playbook.py, on one provider; check mode
and diff mode of the module are in tests/contract/test_rotation.py, on every provider.
"""

from __future__ import annotations

import base64
import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS, parse
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.contract.accounts import SLOW, STARTERS
from tests.contract.accounts.base import CloudAccount
from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.servers import StartServer

pytestmark = pytest.mark.slow
#: One in `make test`, all in `make test-long`.
SAMPLE = "aws"
PROVIDERS = [
    pytest.param(
        name,
        marks=[*([pytest.mark.openstack] if name in SLOW else []), *([pytest.mark.long] if name != SAMPLE else [])],
    )
    for name in sorted(STARTERS)
]
HIDDEN = {name for fields in FIELDS.values() for form in fields.forms for name in form.secret}
WRONG = "canary-wrong-Nw58Q7vLrW3cYjN1pHs6DfA0uEo5KiBtQ8"
OPERATOR = {
    "name": "leak-test",
    "store_servers": [{"name": "s1", "host": "127.0.0.1", "public_address": "192.0.2.1"}],
}
LOUD = {
    "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit,strategic.service_store.rollout_report",
    "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
    "ANSIBLE_KEEP_REMOTE_FILES": "1",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
}


class Site:
    """A register with one account, whose credential and rotator are in an encrypted file."""

    def __init__(self, folder: Path, account: CloudAccount) -> None:
        self.folder, self.account = folder, account
        register = folder / "register"
        register.mkdir(parents=True)
        (register / "service_store.yml").write_text(yaml.safe_dump({"service_store": OPERATOR}))
        own = {"customer": "acme", "cloud_accounts": [self.registered()]}
        (register / "acme.yml").write_text(yaml.safe_dump(own))
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        key = folder.parent / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        path = str(folder / "secrets.json")
        self.option = {"type": "encrypted_file", "path": path, "auth": {"key_file": str(key)}}
        self.store = open_store(self.option, lambda *values: None)
        self.put("acme-key", account.secret)
        if account.rotator:
            self.put("acme-rotator", account.rotator)

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

    def put(self, name: str, fields: dict[str, str]) -> None:
        """Store a key that was registered yesterday."""
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        record = parse(name, self.account.provider, fields).record()
        self.store.put(name, {**record, "meta": {"registered_at": then.strftime("%Y-%m-%dT%H:%M:%SZ")}})

    def rotate(self) -> Run:
        """Run the playbook rotate, whatever the key's age."""
        env = {
            **LOUD,
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.folder / "facts"),
            "ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"),
            "JUNIT_OUTPUT_DIR": str(self.folder / "junit"),
            "SERVICE_STORE_REPORT_FOLDER": str(self.folder / "report"),
        }
        loud = ["-i", str(self.folder / "service_store.inventory.yml"), "-vvvv", "--diff"]
        variables = {"service_store_secret_store": self.option, "service_store_rotate_now": True}
        return run_playbook("strategic.service_store.rotate", self.folder, *loud, variables=variables, env=env)

    def secrets(self) -> set[str]:
        """Return every secret that the store has now, in credentials and journals."""
        return set(secrets_in([dict(self.store.get(name)) for name in self.store.names()]))


def secrets_in(node: object) -> Iterator[str]:
    """Yield the values of all secret fields, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from [value] if name in HIDDEN and isinstance(value, str) else secrets_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from secrets_in(item)


@pytest.fixture(params=PROVIDERS)
def site(request: pytest.FixtureRequest, lab_server: StartServer, tmp_path: Path) -> Iterator[Site]:
    account = STARTERS[request.param](lab_server, tmp_path / "cloud")
    yield Site(tmp_path / "site", account)
    account.faults.__exit__(None, None, None)


def test_a_rotation_shows_and_leaves_no_secret_of_before_or_after(site: Site) -> None:
    known = site.secrets()
    runs = [site.rotate()]
    fresh = site.secrets() - known
    assert len(fresh) == 1 and runs[0].status == 0, runs[0].output[-3000:]
    if site.account.rotator:
        site.put("acme-rotator", {**site.account.rotator, **dict.fromkeys(HIDDEN & set(site.account.rotator), WRONG)})
        runs.append(site.rotate())
        assert runs[-1].status != 0, runs[-1].output[-3000:]
    written = {text for secret in known | fresh | {WRONG} for text in spellings(secret)}
    for run in runs:
        assert not [text for text in written if text in run.output]
        assert not [line for line in run.command_lines if any(text in line for text in written)]
    for path, content in left_behind(site.folder):
        assert not [text for text in written if text.encode() in content], path
