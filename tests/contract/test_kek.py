# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key-encryption keys: old files, exchange of the key, and what a key that does not fit says."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store import encrypted_file
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module
from tests.support.softhsm import Token, make_token

from . import stores

RECORD = {"secrets": {"key": "canary-5d1c-secret"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.json"


@pytest.fixture
def key_option(path: Path, tmp_path: Path) -> dict[str, Any]:
    return {"path": str(path), "auth": {"key_file": str(stores.write_key(tmp_path / "key"))}}


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Token:
    made = make_token(tmp_path)
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.config))
    made.add_key("kek")
    return made


def opened(option: dict[str, Any]) -> Any:
    return open_store(option, lambda *values: None)


def header(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def rewrap(option: dict[str, Any], previous: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    check = more.pop("check", False)
    given = {"secret_store": option, "previous": previous, **more}
    return run_module("secret_store_rewrap", given, check=check, diff=True)


def write_first_format(path: Path, key: bytes, records: dict[str, Any]) -> None:
    """Write a file as the first format was: the key encrypts the records itself."""
    head = {"format": "strategic.service_store/1", "id": "0" * 32}
    nonce = os.urandom(12)
    clear = json.dumps({"records": records, "last": 7}).encode()
    body = AESGCM(key).encrypt(nonce, clear, json.dumps(head, sort_keys=True).encode())
    packed = {"nonce": base64.b64encode(nonce).decode(), "body": base64.b64encode(body).decode()}
    path.write_text(json.dumps({**head, **packed}))
    path.chmod(0o600)


def test_a_file_of_the_first_format_is_read_and_written_in_the_present_one(
    path: Path, key_option: dict[str, Any]
) -> None:
    key = base64.b64decode(Path(key_option["auth"]["key_file"]).read_text())
    write_first_format(path, key, {"acme": {"version": 7, "record": RECORD}})
    assert opened(key_option).get("acme") == RECORD
    assert header(path)["format"].endswith("/1")
    assert opened(key_option).put("globex", RECORD) == 8
    assert header(path)["format"].endswith("/2")
    assert opened(key_option).get("acme") == RECORD


def test_the_key_file_does_not_encrypt_the_records_itself(path: Path, key_option: dict[str, Any]) -> None:
    opened(key_option).put("acme", RECORD)
    found = header(path)
    head = {name: found[name] for name in ("format", "id", "kek", "wrapped")}
    key = base64.b64decode(Path(key_option["auth"]["key_file"]).read_text())
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(
            base64.b64decode(found["nonce"]), base64.b64decode(found["body"]), json.dumps(head, sort_keys=True).encode()
        )


@pytest.mark.parametrize("field", ["id", "wrapped", "kek"])
def test_a_header_that_was_changed_is_refused(path: Path, key_option: dict[str, Any], field: str) -> None:
    opened(key_option).put("acme", RECORD)
    other = dict(key_option, path=str(path.with_name("other.json")))
    opened(other).put("acme", RECORD)
    found = header(path)
    found[field] = {"type": "file", "key": "x"} if field == "kek" else header(Path(other["path"]))[field]
    path.write_text(json.dumps(found))
    with pytest.raises(SecretStoreError) as caught:
        opened(key_option).get("acme")
    assert caught.value.kind == "locked"


def test_a_key_of_another_kind_is_named(path: Path, key_option: dict[str, Any], token: Token, tmp_path: Path) -> None:
    opened(key_option).put("acme", RECORD)
    with pytest.raises(SecretStoreError, match=r"wrapped by file [0-9a-f]{16}, .* names pkcs11 service-store/kek"):
        opened({"path": str(path), **token.option(tmp_path)}).get("acme")


def to_pkcs11(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    token: Token = request.getfixturevalue("token")
    return token.option(folder)


def to_transit(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    return stores.transit_option(request.getfixturevalue("openbao"), folder, f"to-{folder.name}"[:60])


def to_kms(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    return {k: v for k, v in stores.kms(request, folder).option.items() if k in ("kek", "auth")}


def to_file(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    return {"auth": {"key_file": str(stores.write_key(folder / "next"))}}


@pytest.mark.parametrize("new", [to_pkcs11, to_transit, to_kms, to_file], ids=lambda new: new.__name__)
def test_the_owner_exchanges_the_key_and_the_old_one_opens_nothing(
    request: pytest.FixtureRequest,
    path: Path,
    key_option: dict[str, Any],
    tmp_path: Path,
    new: Callable[[pytest.FixtureRequest, Path], dict[str, Any]],
) -> None:
    store = opened(key_option)
    store.put("acme", RECORD)
    version = store.put("acme", RECORD)
    wanted = {"path": str(path), **new(request, tmp_path)}
    previous = {"auth": key_option["auth"]}

    planned = rewrap(wanted, previous, check=True)
    assert planned["changed"] and opened(key_option).get("acme") == RECORD
    done = rewrap(wanted, previous)
    assert done["changed"] and done["records"] == 1 and done["kek"]["before"].startswith("file ")
    assert (opened(wanted).get("acme"), opened(wanted).version("acme")) == (RECORD, version)
    assert not rewrap(wanted, previous)["changed"] and not rewrap(wanted)["changed"]
    for copy in (path, path.with_name("s.json.bak")):
        copy.replace(path)
        with pytest.raises(SecretStoreError):
            opened(key_option).get("acme")
        assert opened(wanted).get("acme") == RECORD


def test_a_rewrap_killed_before_the_backup_was_replaced_is_finished_by_the_next(
    path: Path, key_option: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(key_option).put("acme", RECORD)
    wanted = {"path": str(path), "auth": {"key_file": str(stores.write_key(tmp_path / "next"))}}
    real, writes = encrypted_file.EncryptedFile.write, []

    def killed_at_the_second(self: Any, content: Any) -> None:
        writes.append(1)
        if len(writes) == 2:
            os._exit(9)
        real(self, content)

    if (child := os.fork()) == 0:
        try:
            monkeypatch.setattr(encrypted_file.EncryptedFile, "write", killed_at_the_second)
            rewrap(wanted, {"auth": key_option["auth"]})
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    backup = path.with_name("s.json.bak")
    assert header(backup)["kek"] != header(path)["kek"]
    assert rewrap(wanted)["changed"]
    assert header(backup)["wrapped"] == header(path)["wrapped"]
    assert not rewrap(wanted)["changed"]


def test_a_new_version_of_a_transit_key_is_taken_up(openbao: Any, path: Path, tmp_path: Path) -> None:
    option = {"path": str(path), **stores.transit_option(openbao, tmp_path, "versions")}
    opened(option).put("acme", RECORD)
    openbao.root().call("POST", "transit/keys/versions/rotate", {})
    assert header(path)["wrapped"].startswith("vault:v1:")
    assert rewrap(option)["changed"] and not rewrap(option)["changed"]
    assert header(path)["wrapped"].startswith("vault:v2:")
    assert opened(option).get("acme") == RECORD


def test_force_gives_a_new_data_key(path: Path, key_option: dict[str, Any]) -> None:
    opened(key_option).put("acme", RECORD)
    before = header(path)["wrapped"]
    assert not rewrap(key_option)["changed"]
    assert rewrap(key_option, force=True)["changed"]
    assert header(path)["wrapped"] != before
    assert opened(key_option).get("acme") == RECORD


def test_without_the_previous_key_nothing_changes(path: Path, key_option: dict[str, Any], tmp_path: Path) -> None:
    opened(key_option).put("acme", RECORD)
    before = path.read_bytes()
    wanted = {"path": str(path), "auth": {"key_file": str(stores.write_key(tmp_path / "next"))}}
    with pytest.raises(ModuleFailed) as caught:
        rewrap(wanted)
    assert "wrapped by file" in caught.value.result["msg"]
    assert path.read_bytes() == before


def test_a_forked_process_uses_the_token_again(path: Path, token: Token, tmp_path: Path) -> None:
    option = {"path": str(path), **token.option(tmp_path)}
    opened(option).put("acme", RECORD)
    if (child := os.fork()) == 0:
        try:
            os._exit(0 if opened(option).get("acme") == RECORD else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_pin_may_come_from_the_environment_and_is_hidden(
    path: Path, token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = {"path": str(path), **token.option(tmp_path)}
    monkeypatch.setenv("SERVICE_STORE_PIN_FILE", option.pop("auth")["pin_file"])
    hidden: list[str] = []
    open_store(option, lambda *values: hidden.extend(values)).put("acme", RECORD)
    assert token.pin in hidden
    (tmp_path / "pin").chmod(0o644)
    with pytest.raises(SecretStoreError, match="has mode 0644"):
        opened(option)


@pytest.mark.parametrize(
    ("kek", "says"),
    [
        ({"key": "nokey"}, "no secret key nokey"),
        ({"token_label": "another"}, "no token another"),
        ({"library": "/usr/lib/softhsm/absent.so"}, "cannot open shared object file"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(
    path: Path, token: Token, tmp_path: Path, kek: dict[str, str], says: str
) -> None:
    option = {"path": str(path), **token.option(tmp_path)}
    option["kek"].update(kek)
    with pytest.raises(SecretStoreError, match=says):
        opened(option).put("acme", RECORD)
    assert not path.exists()


def test_a_deleted_secret_leaves_the_backup_also_when_the_first_delete_was_killed(
    path: Path, key_option: dict[str, Any]
) -> None:
    store = opened(key_option)
    store.put("acme", RECORD)
    store.put("globex", RECORD)
    with store.locked():
        content = store.read()
        del content.records["acme"]
        store.write(content)
    backup = path.with_name("s.json.bak")
    assert "acme" in store.envelope.open(backup.read_bytes()).records
    assert store.delete("acme") is False
    assert "acme" not in store.envelope.open(backup.read_bytes()).records
