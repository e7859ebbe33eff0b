# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret reaches the one it is sealed to, for what it is bound to, and nobody and nothing else."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
import pytest
from cryptography.hazmat.primitives import serialization as serial
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module

PSK = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua"
BINDING = {"customer": "globex", "account": "globex-vpn", "purpose": "psk"}


@dataclass(frozen=True)
class Side:
    """Somebody's folder with a secret store, and the two halves of a key."""

    folder: Path
    option: dict[str, Any]

    @property
    def store(self) -> Any:
        return open_store(self.option, lambda *values: None)


def private(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


def side(folder: Path) -> Side:
    folder.mkdir()
    key = private(folder / "store.key", base64.b64encode(os.urandom(32)))
    return Side(folder, {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}})


@pytest.fixture
def sender(tmp_path: Path) -> Side:
    made = side(tmp_path / "sender")
    record = {"version": 1, "kind": "psk", "secrets": {"psk": PSK}, "meta": {"earlier_secrets": {"salt": "00"}}}
    made.store.put("globex-vpn", record)
    return made


@pytest.fixture
def reader(tmp_path: Path) -> Side:
    return side(tmp_path / "reader")


def pem_keys(folder: Path) -> tuple[str, Path]:
    key = x25519.X25519PrivateKey.generate()
    public = key.public_key().public_bytes(serial.Encoding.PEM, serial.PublicFormat.SubjectPublicKeyInfo)
    hidden = key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption())
    return public.decode(), private(folder / "hpke.key", hidden)


def raw_keys(folder: Path) -> tuple[str, Path]:
    key = x25519.X25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return public, private(folder / "hpke.raw", base64.b64encode(key.private_bytes_raw()))


def age_keys(folder: Path) -> tuple[str, Path]:
    identity = pyrage.x25519.Identity.generate()
    text = f"# created: 2026-11-22T00:00:00Z\n# public key: {identity.to_public()}\n{identity}\n"
    return str(identity.to_public()), private(folder / "age.key", text)


def ssh_keys(folder: Path) -> tuple[str, Path]:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serial.Encoding.OpenSSH, serial.PublicFormat.OpenSSH)
    hidden = key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.OpenSSH, serial.NoEncryption())
    return public.decode(), private(folder / "id_ed25519", hidden)


KINDS = [
    pytest.param("hpke", pem_keys, id="hpke, PEM"),
    pytest.param("hpke", raw_keys, id="hpke, base64"),
    pytest.param("age", age_keys, id="age"),
    pytest.param("age", ssh_keys, id="age to an SSH key"),
]
Keys = Callable[[Path], tuple[str, Path]]


def seal(sender: Side, method: str, public: str, *, check: bool = False, **more: Any) -> dict[str, Any]:
    recipient = {"name": "network@globex.example", "public_key": public}
    arguments = {"name": "globex-vpn", "path": str(bundle(sender)), "method": method, "recipient": recipient}
    return run_module(
        "secret_handover", {**arguments, **BINDING, "secret_store": sender.option, **more}, check=check, diff=True
    )


def bundle(sender: Side) -> Path:
    return sender.folder / "bundle"


def unseal(sender: Side, reader: Side, key: Path, *, check: bool = False, **more: Any) -> dict[str, Any]:
    arguments = {"state": "opened", "name": "vpn", "path": str(bundle(sender)), "key_file": str(key), **BINDING}
    return run_module("secret_handover", {**arguments, "secret_store": reader.option, **more}, check=check, diff=True)


@pytest.mark.parametrize(("method", "keys"), KINDS)
def test_it_goes_from_one_store_to_the_other_and_shows_itself_nowhere(
    sender: Side, reader: Side, method: str, keys: Keys
) -> None:
    public, key = keys(reader.folder)
    results = [seal(sender, method, public, check=True), seal(sender, method, public), seal(sender, method, public)]
    assert [result["changed"] for result in results] == [True, True, False]
    assert results[0]["diff"] == results[1]["diff"] and results[1]["receipt"] == results[2]["receipt"]
    opened = [unseal(sender, reader, key, check=True)]
    assert reader.store.names() == ()
    opened += [unseal(sender, reader, key), unseal(sender, reader, key)]
    assert [result["changed"] for result in opened] == [True, True, False]
    assert opened[0]["diff"] == opened[1]["diff"]
    record = reader.store.get("vpn")
    assert record["secrets"] == {"psk": PSK} and "earlier_secrets" not in record["meta"]
    files = [path.read_bytes() for path in (*sender.folder.iterdir(), *reader.folder.iterdir())]
    assert not [content for content in [json.dumps(results + opened).encode(), *files] if PSK.encode() in content]


@pytest.mark.parametrize(("method", "keys"), KINDS[1:3])
def test_the_receipts_of_both_sides_say_the_same(sender: Side, reader: Side, method: str, keys: Keys) -> None:
    public, key = keys(reader.folder)
    given = seal(sender, method, public)["receipt"]
    told = unseal(sender, reader, key)["receipt"]
    assert given == json.loads(Path(f"{bundle(sender)}.receipt.json").read_text())
    assert told == json.loads(Path(f"{bundle(sender)}.opened.json").read_text())
    assert given["bundle_sha256"] == hashlib.sha256(bundle(sender).read_bytes()).hexdigest()
    assert {**given, "recipient": ""} == {name: value for name, value in told.items() if name != "opened_at"}
    assert given["recipient"] == "network@globex.example" and BINDING.items() <= given.items()
    for path in (bundle(sender), Path(f"{bundle(sender)}.receipt.json")):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("method", "keys"), KINDS[1:3])
@pytest.mark.parametrize("name", list(BINDING))
def test_it_opens_for_nothing_else(sender: Side, reader: Side, method: str, keys: Keys, name: str) -> None:
    public, key = keys(reader.folder)
    seal(sender, method, public)
    with pytest.raises(ModuleFailed, match=f"is bound to the {name} '{BINDING[name]}', not to 'other'"):
        unseal(sender, reader, key, **{name: "other"})
    assert reader.store.names() == ()


@pytest.mark.parametrize(("method", "keys"), KINDS[1:3])
def test_another_key_does_not_open_it(sender: Side, reader: Side, method: str, keys: Keys, tmp_path: Path) -> None:
    public, _key = keys(reader.folder)
    seal(sender, method, public)
    _public, other = keys(tmp_path)
    with pytest.raises(ModuleFailed, match="does not open with this key"):
        unseal(sender, reader, other)


@pytest.mark.parametrize(("name", "value"), [("account", "other"), ("expires_at", "2099-01-01T00:00:00Z")])
def test_a_binding_that_was_changed_on_its_way_does_not_open(sender: Side, reader: Side, name: str, value: str) -> None:
    public, key = pem_keys(reader.folder)
    seal(sender, "hpke", public)
    whole = json.loads(bundle(sender).read_text())
    whole["binding"][name] = value
    bundle(sender).write_text(json.dumps(whole))
    with pytest.raises(ModuleFailed, match="or its binding was"):
        unseal(sender, reader, key, **({name: value} if name in BINDING else {}))


@pytest.mark.parametrize(("method", "keys"), KINDS[1:3])
def test_an_expired_bundle_is_refused_and_made_again(
    sender: Side, reader: Side, method: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, key = keys(reader.folder)
    seal(sender, method, public, ttl_s=60)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=61)
    monkeypatch.setattr(Context, "now", lambda self: later)
    with pytest.raises(ModuleFailed, match="has expired at"):
        unseal(sender, reader, key)
    assert seal(sender, method, public, ttl_s=60)["changed"]
    assert unseal(sender, reader, key)["changed"]


def test_another_secret_reader_or_use_makes_another_bundle(sender: Side, reader: Side, tmp_path: Path) -> None:
    public, _key = pem_keys(reader.folder)
    seal(sender, "hpke", public)
    assert seal(sender, "hpke", pem_keys(tmp_path)[0])["changed"]
    assert seal(sender, "hpke", public, purpose="test")["changed"]
    assert not seal(sender, "hpke", public, purpose="test")["changed"]
    sender.store.put("globex-vpn", {"version": 1, "kind": "psk", "secrets": {"psk": PSK[::-1]}})
    assert seal(sender, "hpke", public, purpose="test")["changed"]
    assert seal(sender, "hpke", public, purpose="test", renew=True)["changed"]
    bundle(sender).write_text(bundle(sender).read_text()[:-40])
    assert seal(sender, "hpke", public, purpose="test")["changed"]


@pytest.mark.parametrize(
    ("method", "recipient", "mend"),
    [
        ("hpke", None, "recipient: has no key"),
        ("hpke", {"public_key": "age1x"}, "recipient.public_key: is no X25519 public key"),
        ("age", {"public_key": "age1x"}, "recipient.public_key: is no recipient of age"),
        ("hpke", {"public_key_file": "/nonexistent/key"}, "recipient.public_key_file: .* cannot be read"),
    ],
)
def test_a_key_that_is_none_is_refused(sender: Side, method: str, recipient: Any, mend: str) -> None:
    with pytest.raises(ModuleFailed, match=mend):
        seal(sender, method, "", recipient=recipient)
    assert not bundle(sender).exists()


def test_a_private_key_is_not_taken_for_a_public_one(sender: Side, reader: Side) -> None:
    _public, key = pem_keys(reader.folder)
    with pytest.raises(ModuleFailed, match="holds a private key") as failed:
        seal(sender, "hpke", "", recipient={"public_key_file": str(key)})
    assert key.read_text().splitlines()[1] not in json.dumps(failed.value.result)


def test_a_key_file_that_others_can_read_is_refused(sender: Side, reader: Side) -> None:
    public, key = pem_keys(reader.folder)
    seal(sender, "hpke", public)
    key.chmod(0o644)
    with pytest.raises(ModuleFailed, match="others can get at it"):
        unseal(sender, reader, key)


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"format": "strategic.service_store.handover/1"}'])
def test_a_file_that_is_no_bundle_is_refused(sender: Side, reader: Side, text: str) -> None:
    _public, key = pem_keys(reader.folder)
    bundle(sender).write_text(text)
    with pytest.raises(ModuleFailed, match="path: .*holds no bundle"):
        unseal(sender, reader, key)


def test_an_age_file_of_somebody_else_is_refused(sender: Side, reader: Side) -> None:
    public, key = age_keys(reader.folder)
    foreign = pyrage.encrypt(b"hello", [pyrage.x25519.Recipient.from_str(public)], armored=True)
    bundle(sender).write_bytes(foreign)
    with pytest.raises(ModuleFailed, match="was sealed by something else"):
        unseal(sender, reader, key)


def test_a_key_that_openssl_makes_serves(sender: Side, reader: Side) -> None:
    key, public = reader.folder / "openssl.key", reader.folder / "openssl.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", str(key)], check=True)
    subprocess.run(["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public)], check=True)
    key.chmod(0o600)
    seal(sender, "hpke", "", recipient={"public_key_file": str(public)})
    assert (
        unseal(sender, reader, key)["fingerprint"]
        == seal(sender, "hpke", "", recipient={"public_key_file": str(public)})["fingerprint"]
    )


def test_vpn_psk_takes_a_key_over_from_a_bundle(sender: Side, reader: Side) -> None:
    public, key = pem_keys(reader.folder)
    given = seal(sender, "hpke", public)
    source = {"sealed": {"file": str(bundle(sender)), "key_file": str(key), "customer": "globex"}}
    arguments = {"name": "globex-vpn", "secret_from": source, "secret_store": reader.option}
    first, second = run_module("vpn_psk", arguments), run_module("vpn_psk", arguments)
    assert first["changed"] and not second["changed"] and first["fingerprint"] == given["fingerprint"]
    with pytest.raises(ModuleFailed, match="is bound to the account 'globex-vpn', not to 'other'"):
        run_module("vpn_psk", {**arguments, "name": "other"})


def test_of_a_key_that_is_being_changed_a_bundle_holds_one(sender: Side, reader: Side) -> None:
    public, key = pem_keys(reader.folder)
    alone = seal(sender, "hpke", public)
    with pytest.raises(ModuleFailed, match="successor: .*no key is being changed"):
        seal(sender, "hpke", public, successor=True)
    begun = run_module("vpn_psk", {"name": "globex-vpn", "state": "next", "secret_store": sender.option})
    # The bundle with the present key is good still.
    assert not seal(sender, "hpke", public)["changed"]
    made = seal(sender, "hpke", public, successor=True)
    assert made["fingerprint"] == begun["next_fingerprint"] != alone["fingerprint"]
    assert unseal(sender, reader, key)["fingerprint"] == begun["next_fingerprint"]
    assert list(reader.store.get("vpn")["secrets"]) == ["psk"]
