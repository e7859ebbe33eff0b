# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is in anything a run prints, stores, caches or starts, whether it succeeds, fails or is told to be loud."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as serial
from cryptography.hazmat.primitives.asymmetric import x25519

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.leaks import assert_kept, assert_nothing_leaked
from tests.support.module import run_module
from tests.support.servers import LabServer, StartServer
from tests.support.site import Site

API_KEY = "canary-api-key-2c5f0b1d"
CANARY = "canary+secret/key=8d1f4e7a0b3c"
WRONG = "canary+wrong/key=00ff11ee22dd"
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


@pytest.fixture(scope="module")
def server(module_lab_server: StartServer) -> LabServer:
    return module_lab_server("cloudstack", CONFIG)


@pytest.fixture
def site(server: LabServer, tmp_path: Path) -> Site:
    server.reset()
    register = REGISTER.format(url=server.url, ca_file=server.ca_file)
    made = Site(tmp_path / "site", OPERATOR, {"acme": register})
    give(made, CANARY)
    return made


def give(site: Site, secret: str) -> None:
    """Lay a new credential where the playbook onboard looks for it."""
    site.keep("acme-cs.json", json.dumps({"api_key": API_KEY, "secret_key": secret}))


def test_a_loud_run_that_works_leaves_no_secret(site: Site) -> None:
    onboard = site.run("onboard")
    assert onboard.status == 0, onboard.output[-3000:]
    access = site.run("access")
    assert access.status == 0, access.output[-3000:]
    assert_nothing_leaked(site.folder, [onboard, access], [CANARY, site.store_key])
    assert_kept(site.folder)
    assert site.store.get("acme-cs")["secrets"] == {"secret_key": CANARY}


def test_a_loud_run_that_fails_leaves_no_secret_and_no_trace(site: Site) -> None:
    give(site, WRONG)
    refused = site.run("onboard")
    assert refused.status != 0 and "bad_key" in refused.output
    assert_nothing_leaked(site.folder, [refused], [WRONG])
    assert site.store.names() == ()


def test_a_loud_run_that_is_killed_leaves_no_secret(site: Site) -> None:
    killed = site.run("onboard", kill_at="AnsiballZ_cloud_credential.py")
    assert killed.status == -9, killed.output[-3000:]
    assert_nothing_leaked(site.folder, [killed], [CANARY, site.store_key])
    assert site.run("onboard", loud=False).status == 0


def test_a_key_that_the_customer_sealed_is_registered_and_nowhere_in_the_clear(site: Site, tmp_path: Path) -> None:
    key = x25519.X25519PrivateKey.generate()
    pem = key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption())
    site.keep("handover.key", pem.decode())
    theirs = {**site.option, "path": str(tmp_path / "theirs.json")}
    given = parse("acme-cs", "cloudstack", {"api_key": API_KEY, "secret_key": CANARY})
    open_store(theirs, lambda *values: None).put("acme-cs", given.record())
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    bundle = {"name": "acme-cs", "path": str(site.private / "acme-cs.sealed"), "customer": "acme", "account": "acme-cs"}
    recipient = {"name": "store", "public_key": public}
    run_module("secret_handover", {**bundle, "purpose": "registration", "recipient": recipient, "secret_store": theirs})

    both = site.run("onboard")
    assert both.status != 0 and "remove the older one of the two" in both.output
    (site.private / "acme-cs.json").unlink()
    locked = site.run("onboard")
    assert locked.status != 0 and "name the private key that opens it" in locked.output
    opens = ["-e", f"service_store_handover_key_file={site.private / 'handover.key'}"]
    onboard = site.run("onboard", *opens)
    assert onboard.status == 0, onboard.output[-3000:]
    assert site.store.get("acme-cs")["secrets"] == {"secret_key": CANARY}
    again = site.run("onboard", *opens)
    assert again.status == 0 and "changed=0" in again.output
    audit = site.run("audit", env={"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"})
    assert '"plays"' in audit.output, audit.output[-3000:]
    assert_nothing_leaked(site.folder, [both, locked, onboard, again, audit], [CANARY, pem.decode()])


def test_an_unexpected_option_next_to_a_secret_does_not_show_it(site: Site) -> None:
    given = {"api_key": API_KEY, "secret_key": CANARY, "secret_kye": "x"}
    options = {"provider": "cloudstack", "credential": "acme-cs", "secret": "{{ given }}", "secret_store": site.option}
    tasks = [{"strategic.service_store.cloud_credential": options}]
    playbook = site.folder / "mistake.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    # What is an argument stands in the module's temporary file, which goes unless it is kept on purpose.
    failed = site.run(
        str(playbook),
        *["-e", f"@{site.keep('given.json', json.dumps({'given': given}))}"],
        env={"ANSIBLE_KEEP_REMOTE_FILES": "0"},
    )
    assert failed.status != 0 and "secret_kye" in failed.output, failed.output[-3000:]
    assert_nothing_leaked(site.folder, [failed], [CANARY])
