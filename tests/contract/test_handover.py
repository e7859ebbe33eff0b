# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-time hand-over through a real OpenBao, and credentials that arrive sealed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as serial
from cryptography.hazmat.primitives.asymmetric import x25519

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module
from tests.support.openbao import OpenBao, vault_option

from .accounts.base import CloudAccount
from .conftest import Store

PSK = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua"
BINDING = {"customer": "globex", "account": "globex-vpn", "purpose": "psk"}


@pytest.fixture
def option(openbao: OpenBao, tmp_path: Path) -> dict[str, Any]:
    """The operator's store on the server, with a key in it."""
    made = vault_option(openbao, tmp_path)
    open_store(made, lambda *values: None).put("vpn", {"version": 1, "kind": "psk", "secrets": {"psk": PSK}})
    return made


def wrap(option: dict[str, Any], path: Path, **more: Any) -> dict[str, Any]:
    arguments = {"name": "vpn", "path": str(path), "method": "vault_wrap", "ttl_s": 600, **BINDING}
    return run_module("secret_handover", {**arguments, "secret_store": option, **more}, diff=True)


def open_wrapped(option: dict[str, Any], path: Path, *, check: bool = False, **more: Any) -> dict[str, Any]:
    """Open with nothing but the bundle, the server's authority and a store elsewhere."""
    folder = path.parent / "reader"
    folder.mkdir(exist_ok=True)
    (folder / "store.key").write_text("A" * 43 + "=")
    (folder / "store.key").chmod(0o600)
    auth = {"key_file": str(folder / "store.key")}
    own = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": auth}
    vault = {"auth": {"ca_file": option["auth"]["ca_file"]}}
    arguments = {"state": "opened", "name": "vpn", "path": str(path), "vault": vault, **BINDING, "secret_store": own}
    return run_module("secret_handover", {**arguments, **more}, check=check, diff=True)


def test_a_wrapped_secret_opens_once(option: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    sealed = [wrap(option, path), wrap(option, path)]
    assert [result["changed"] for result in sealed] == [True, False]
    predicted, first, second = (open_wrapped(option, path, check=check) for check in (True, False, False))
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and first["fingerprint"] == sealed[0]["fingerprint"]
    with pytest.raises(ModuleFailed, match="it was opened before, or has expired; it opens once") as failed:
        open_wrapped(option, path, name="elsewhere")
    assert failed.value.result["error"]["kind"] == "spent" and not failed.value.result["changed"]
    assert wrap(option, path)["status"] == "opened" and not wrap(option, path)["changed"]
    assert wrap(option, path, renew=True)["status"] == "sealed"
    assert open_wrapped(option, path, name="elsewhere")["changed"]
    told = json.dumps([*sealed, predicted, first, second, failed.value.result])
    assert PSK not in told and json.loads(path.read_text())["token"] not in told
    assert not [kept for kept in tmp_path.rglob("*") if kept.is_file() and PSK.encode() in kept.read_bytes()]


@pytest.mark.parametrize("name", list(BINDING))
def test_another_account_does_not_use_it_up(option: dict[str, Any], tmp_path: Path, name: str) -> None:
    path = tmp_path / "bundle"
    wrap(option, path)
    with pytest.raises(ModuleFailed, match=f"is bound to the {name}"):
        open_wrapped(option, path, **{name: "other"})
    assert open_wrapped(option, path)["changed"]


def test_a_binding_that_was_changed_on_its_way_is_told(option: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    wrap(option, path)
    whole = json.loads(path.read_text())
    whole["binding"]["account"] = "other"
    path.write_text(json.dumps(whole))
    with pytest.raises(ModuleFailed, match="was changed after it was sealed"):
        open_wrapped(option, path, account="other")


def test_a_token_that_wraps_something_else_is_not_opened(
    openbao: OpenBao, option: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "bundle"
    wrap(option, path)
    whole = json.loads(path.read_text())
    client = openbao.root()
    opener = client._opener
    opener.addheaders = [*opener.addheaders, ("X-Vault-Wrap-TTL", "600")]
    whole["token"] = client.call("GET", "sys/mounts")["wrap_info"]["token"]
    path.write_text(json.dumps(whole))
    with pytest.raises(ModuleFailed, match="wraps something else"):
        open_wrapped(option, path)


def test_the_server_and_the_binding_end_at_the_same_time(
    openbao: OpenBao, option: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "bundle"
    receipt = wrap(option, path, ttl_s=60)["receipt"]
    found = openbao.root().call("PUT", "sys/wrapping/lookup", {"token": json.loads(path.read_text())["token"]})
    assert found["data"]["creation_ttl"] == 60
    sealed_at, expires_at = (
        time.mktime(time.strptime(receipt[name], "%Y-%m-%dT%H:%M:%SZ")) for name in ("sealed_at", "expires_at")
    )
    assert expires_at - sealed_at == 60


def test_a_credential_that_arrives_sealed_is_registered(store: Store, account: CloudAccount, tmp_path: Path) -> None:
    key = x25519.X25519PrivateKey.generate()
    public = key.public_key().public_bytes(serial.Encoding.PEM, serial.PublicFormat.SubjectPublicKeyInfo)
    key_file = tmp_path / "handover.key"
    key_file.write_bytes(key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption()))
    key_file.chmod(0o600)
    arguments = {"name": "account", "path": str(tmp_path / "bundle"), "recipient": {"public_key": public.decode()}}
    bound = {"customer": "acme", "account": "fresh", "purpose": "registration"}
    given = run_module("secret_handover", {**arguments, **bound, "secret_store": store.option})
    sealed = {"file": str(tmp_path / "bundle"), "key_file": str(key_file)}
    with pytest.raises(ModuleFailed, match="is bound to the account 'fresh'"):
        store.run("cloud_credential", credential="other", secret_from={"sealed": sealed})
    first, second = (
        store.run("cloud_credential", credential="fresh", secret_from={"sealed": sealed}) for _unused in range(2)
    )
    assert first["changed"] and not second["changed"]
    assert first["credential"]["fingerprint"] == given["fingerprint"]
    hidden = [value for name, value in account.secret.items() if "secret" in name]
    assert not [value for value in hidden if value in json.dumps([given, first, second])]
