# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is in anything a run prints, stores, caches or starts, whether it succeeds, fails or is told to be loud."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as serial
from cryptography.hazmat.primitives.asymmetric import x25519

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import run_module
from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.servers import StartServer

API_KEY = "canary-api-key-2c5f0b1d"
CANARY = "canary+secret/key=8d1f4e7a0b3c"
WRONG = "canary+wrong/key=00ff11ee22dd"
PSK_PATTERN = "canary-psk"
CONFIG = {
    "job_delay_s": 0,
    "accounts": [
        {
            "name": "acme",
            "users": [{"username": "store", "apikey": API_KEY, "secretkey": CANARY}],
            "security_groups": [{"name": "store-api"}],
        }
    ],
}
REGISTER = """\
customer: acme
cloud_accounts:
  - name: acme-cs
    provider: cloudstack
    endpoints: {{api: "{url}/client/api"}}
    ca_file: {ca_file}
    credential: acme-cs
    access:
      - method: allowlist
        scopes:
          - scope: {{kind: security_group, name: store-api}}
            entries: [{{store_servers: [store-1], ports: 443, owner: team}}]
"""
OPERATOR = """\
service_store:
  name: leak-test
  store_servers: [{name: store-1, host: 127.0.0.1, public_address: 192.0.2.11}]
"""
#: Everything loud at once: every result on the terminal, JUnit files, a fact cache, a log file.
LOUD = {
    "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit,strategic.service_store.rollout_report",
    "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
    "ANSIBLE_KEEP_REMOTE_FILES": "1",
    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
}


class Site:
    """An operator's folder with a register, a secret store and one account at the emulator."""

    def __init__(self, folder: Path, url: str, ca_file: str) -> None:
        self.folder = folder
        register = folder / "register"
        register.mkdir()
        (register / "service_store.yml").write_text(OPERATOR)
        (register / "acme.yml").write_text(REGISTER.format(url=url, ca_file=ca_file))
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        # The operator's own secret files lie outside of what a run may leave behind.
        self.private = folder.parent / f"{folder.name}-private"
        self.private.mkdir(mode=0o700)
        self.write("key", base64.b64encode(os.urandom(32)).decode())
        self.give(CANARY)
        self.store = {
            "type": "encrypted_file",
            "path": str(folder / "secrets.json"),
            "auth": {"key_file": str(self.private / "key")},
        }

    def write(self, name: str, text: str) -> None:
        path = self.private / name
        path.write_text(text)
        path.chmod(0o600)

    def give(self, secret: str) -> None:
        """Lay a new credential where the playbook onboard looks for it."""
        self.write("acme-cs.json", json.dumps({"api_key": API_KEY, "secret_key": secret}))

    def run(self, playbook: str, *arguments: str, kill_at: str = "", **more: str) -> Run:
        """Run a playbook as loudly as Ansible can; ``more`` goes into its environment."""
        variables = {
            "service_store_secret_store": self.store,
            "service_store_credentials_dir": str(self.private),
            "service_store_rendered_dir": str(self.folder / "rendered"),
        }
        env = {
            **LOUD,
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.folder / "facts"),
            "ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"),
            "JUNIT_OUTPUT_DIR": str(self.folder / "junit"),
            "SERVICE_STORE_REPORT_FOLDER": str(self.folder / "report"),
            **more,
        }
        loud = ["-i", str(self.folder / "service_store.inventory.yml"), "-vvvv", "--diff", *arguments]
        return run_playbook(playbook, self.folder, *loud, variables=variables, env=env, kill_at=kill_at)


@pytest.fixture
def site(lab_server: StartServer, tmp_path: Path) -> Site:
    server = lab_server("cloudstack", CONFIG, tmp_path / "server")
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(folder, server.url, server.ca_file)


def assert_nothing_leaked(site: Site, runs: list[Run], secrets: list[str]) -> None:
    known = {spelling for secret in secrets for spelling in spellings(secret)}
    for run in runs:
        assert not [text for text in known if text in run.output], run.output[-3000:]
        assert not [line for line in run.command_lines if any(text in line for text in known)]
    for path, content in left_behind(site.folder):
        assert not [text for text in known if text.encode() in content], path


def test_a_loud_run_that_works_leaves_no_secret(site: Site) -> None:
    onboard = site.run("strategic.service_store.onboard")
    assert onboard.status == 0, onboard.output[-3000:]
    access = site.run("strategic.service_store.access")
    assert access.status == 0, access.output[-3000:]
    machine = site.run("strategic.service_store.access", ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    assert machine.status == 0 and '"plays"' in machine.output, machine.output[-3000:]
    key = (site.private / "key").read_text()
    assert_nothing_leaked(site, [onboard, access, machine], [CANARY, key])
    # What was searched is there.
    assert all(any(path.is_file() for path in (site.folder / name).rglob("*")) for name in ("junit", "report", "facts"))
    assert (site.folder / "ansible.log").stat().st_size > 1000
    assert open_store(site.store, lambda *values: None).get("acme-cs")["secrets"] == {"secret_key": CANARY}


def test_a_loud_run_that_fails_leaves_no_secret_and_no_trace(site: Site) -> None:
    site.give(WRONG)
    refused = site.run("strategic.service_store.onboard")
    assert refused.status != 0 and "bad_key" in refused.output
    assert_nothing_leaked(site, [refused], [WRONG])
    assert open_store(site.store, lambda *values: None).names() == ()


def test_a_loud_run_that_is_killed_leaves_no_secret(site: Site) -> None:
    killed = site.run("strategic.service_store.onboard", kill_at="AnsiballZ_cloud_credential.py")
    assert killed.status == -9, killed.output[-3000:]
    assert_nothing_leaked(site, [killed], [CANARY, (site.private / "key").read_text()])
    assert site.run("strategic.service_store.onboard").status == 0


def test_a_key_that_the_customer_sealed_is_registered_and_nowhere_in_the_clear(site: Site, tmp_path: Path) -> None:
    key = x25519.X25519PrivateKey.generate()
    pem = key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption())
    site.write("handover.key", pem.decode())
    theirs = {**site.store, "path": str(tmp_path / "theirs.json")}
    given = parse("acme-cs", "cloudstack", {"api_key": API_KEY, "secret_key": CANARY})
    open_store(theirs, lambda *values: None).put("acme-cs", given.record())
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    bundle = {"name": "acme-cs", "path": str(site.private / "acme-cs.sealed"), "customer": "acme", "account": "acme-cs"}
    recipient = {"name": "store", "public_key": public}
    run_module("secret_handover", {**bundle, "purpose": "registration", "recipient": recipient, "secret_store": theirs})

    both = site.run("strategic.service_store.onboard")
    assert both.status != 0 and "remove the older one of the two" in both.output
    (site.private / "acme-cs.json").unlink()
    locked = site.run("strategic.service_store.onboard")
    assert locked.status != 0 and "name the private key that opens it" in locked.output
    opens = ["-e", f"service_store_handover_key_file={site.private / 'handover.key'}"]
    onboard = site.run("strategic.service_store.onboard", *opens)
    assert onboard.status == 0, onboard.output[-3000:]
    assert open_store(site.store, lambda *values: None).get("acme-cs")["secrets"] == {"secret_key": CANARY}
    again = site.run("strategic.service_store.onboard", *opens)
    assert again.status == 0 and "changed=0" in again.output
    audit = site.run("strategic.service_store.audit")
    assert_nothing_leaked(site, [both, locked, onboard, again, audit], [CANARY, pem.decode()])


def test_an_unexpected_option_next_to_a_secret_does_not_show_it(site: Site) -> None:
    playbook = site.folder / "mistake.yml"
    tasks: list[dict[str, Any]] = [
        {
            "strategic.service_store.cloud_credential": {
                "provider": "cloudstack",
                "credential": "acme-cs",
                "secret": {"api_key": API_KEY, "secret_key": CANARY, "secret_kye": "x"},
                "secret_store": site.store,
            }
        }
    ]
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    failed = site.run(str(playbook))
    playbook.unlink()
    assert failed.status != 0
    # The playbook itself held the secret, so what Ansible prints of its source is not judged; its results are.
    results = [line for line in failed.output.splitlines() if "fatal:" in line or '"msg"' in line]
    assert results and not [line for line in results if CANARY in line]
