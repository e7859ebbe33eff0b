# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook connect hands a tunnel's key over sealed to whom the register names, and to nobody else.

It is limited to the account, so that it makes and renders and contacts no gateway.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pyrage
import pytest
import yaml
from cryptography.hazmat.primitives import serialization as serial
from cryptography.hazmat.primitives.asymmetric import x25519

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.leaks import LOUD, assert_nothing_leaked, loud_environment
from tests.support.module import ModuleFailed, run_module
from tests.support.playbook import Run, left_behind, run_playbook

pytestmark = pytest.mark.slow
HOST = {"host": "192.0.2.14", "public_address": "192.0.2.14", "store_address": "10.0.0.14"}
OPERATOR = {
    "name": "handover-test",
    "store_servers": [{**HOST, "name": "store-1"}],
    "gateways": [{**HOST, "name": "store-gw"}],
}
API = [{"address": "10.9.0.10", "port": 443}]
TUNNEL = {
    "method": "site_to_site_vpn",
    "gateway": "store-gw",
    "store_servers": ["store-1"],
    "peer": {"name": "os-gw", "address": "192.0.2.20", "psk": "globex-vpn"},
    "api": API,
}
ACCOUNT = {
    "name": "globex-os",
    "provider": "openstack",
    "credential": "globex-os",
    "egress": "store-1",
    "endpoints": {"identity": "https://10.9.0.10/v3"},
    "access": [TUNNEL],
}
BOUND = {"customer": "globex", "account": "globex-vpn", "purpose": "psk"}


def private(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


def store_at(folder: Path) -> dict[str, Any]:
    """Return the option of an empty encrypted file, whose key is outside of the folder that runs leave things in."""
    key = private(folder.parent / f"{folder.name}.key", base64.b64encode(os.urandom(32)))
    return {"type": "encrypted_file", "path": str(folder / "secrets.json"), "auth": {"key_file": key}}


class Site:
    """The operator's folder, and the private key and secret store of the network's staff at the other end."""

    def __init__(self, folder: Path, method: str) -> None:
        self.folder, self.method = folder / "site", method
        self.rendered = self.folder / "rendered"
        self.rendered.mkdir(parents=True)
        (folder / "staff").mkdir()
        self.option, self.theirs = store_at(self.folder), store_at(folder / "staff")
        self.key_file, self.public_key = self.new_key(folder / "handover.key")
        register = self.folder / "register"
        register.mkdir()
        (register / "service_store.yml").write_text(yaml.safe_dump({"service_store": OPERATOR}))
        (self.folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        self.name(self.public_key)

    def new_key(self, path: Path) -> tuple[str, str]:
        """Write a private key; return its path and the public key."""
        if self.method == "age":
            identity = pyrage.x25519.Identity.generate()
            return private(path, f"{identity}\n".encode()), str(identity.to_public())
        made = x25519.X25519PrivateKey.generate()
        pem = made.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption())
        return private(path, pem), base64.b64encode(made.public_key().public_bytes_raw()).decode()

    def name(self, public_key: str) -> None:
        """Write the customer's file; with a public key it names the recipient."""
        recipient = {"name": "noc@globex.example", "public_key": public_key}
        handover = {"handover": {"method": self.method, "recipient": recipient}} if public_key else {}
        text = yaml.safe_dump({"customer": "globex", **handover, "cloud_accounts": [ACCOUNT]})
        (self.folder / "register" / "globex.yml").write_text(text)

    def connect(self, *arguments: str, **variables: Any) -> Run:
        options = ["-i", str(self.folder / "service_store.inventory.yml"), "--limit", "globex-os", *LOUD]
        given = {"service_store_secret_store": self.option, "service_store_rendered_dir": str(self.rendered)}
        playbook = "strategic.service_store.connect"
        env = loud_environment(self.folder)
        return run_playbook(playbook, self.folder, *options, *arguments, variables={**given, **variables}, env=env)

    @property
    def bundle(self) -> Path:
        return self.rendered / "globex-os.psk.sealed"

    @property
    def receipt(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(Path(f"{self.bundle}.receipt.json").read_text())
        return found

    def psk(self) -> str:
        return str(open_store(self.option, lambda *values: None).get("globex-vpn")["secrets"]["psk"])

    def open(self, key_file: str) -> dict[str, Any]:
        """Open the bundle as the staff does."""
        given = {"state": "opened", "name": "store-tunnel", "path": str(self.bundle), "key_file": key_file, **BOUND}
        return run_module("secret_handover", {**given, "secret_store": self.theirs})


@pytest.fixture(params=["age", pytest.param("hpke", marks=pytest.mark.long)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return Site(tmp_path, request.param)


def test_the_key_goes_out_sealed_and_its_recipient_alone_opens_it(site: Site, tmp_path: Path) -> None:
    first = site.connect()
    assert first.status == 0, first.output[-3000:]
    assert site.bundle.stat().st_mode & 0o777 == 0o600
    receipt = site.receipt
    assert {name: receipt[name] for name in BOUND} == BOUND and receipt["method"] == site.method
    assert receipt["recipient"] == "noc@globex.example" and receipt["bundle_sha256"] in first.output

    psk = site.psk()
    assert_nothing_leaked(site.folder, [first], [psk])

    wrong, _public = site.new_key(tmp_path / "wrong.key")
    with pytest.raises(ModuleFailed):
        site.open(wrong)
    opened = site.open(site.key_file)
    assert opened["changed"] and psk not in str(opened)
    theirs = open_store(site.theirs, lambda *values: None).get("store-tunnel")
    assert theirs["secrets"] == {"psk": psk} and not site.open(site.key_file)["changed"]

    before = site.bundle.read_bytes()
    second = site.connect()
    assert second.status == 0 and "changed=0" in second.output and site.bundle.read_bytes() == before


def test_check_mode_tells_of_a_key_that_only_the_real_run_generates(tmp_path: Path) -> None:
    site = Site(tmp_path, "age")
    checked = site.connect("--check")
    assert checked.status == 0, checked.output[-3000:]
    assert "globex-vpn is generated by the real run" in checked.output
    assert not Path(site.option["path"]).exists() and not list(site.rendered.iterdir())


@pytest.mark.long
def test_another_recipient_gets_another_bundle_and_check_mode_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, "hpke")
    assert site.connect().status == 0
    before = site.bundle.read_bytes()
    key_file, public_key = site.new_key(tmp_path / "next.key")
    site.name(public_key)
    checked = site.connect("--check")
    assert checked.status == 0 and "changed=1" in checked.output and site.bundle.read_bytes() == before
    assert site.connect().status == 0
    with pytest.raises(ModuleFailed):
        site.open(site.key_file)
    assert site.open(key_file)["changed"]


def test_where_nobody_is_named_nothing_is_sealed_and_it_is_said(tmp_path: Path) -> None:
    site = Site(tmp_path, "hpke")
    site.name("")
    run = site.connect()
    assert run.status == 0, run.output[-3000:]
    assert "The key globex-vpn is sealed to nobody: name the recipient under handover in" in run.output
    assert not list(site.rendered.glob("*.sealed*"))
    assert not [path for path, content in left_behind(site.folder) if site.psk().encode() in content]
