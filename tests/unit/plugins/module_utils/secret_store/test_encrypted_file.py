# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encrypted file: what it keeps, what it refuses, what it survives."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

CANARY = "canary-4f0b7f2e-secret"
RECORD = {"secrets": {"key": CANARY}}


def kind(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SecretStoreError) as caught:
        call(*args, **kwargs)
    return caught.value.kind


def test_nothing_of_a_secret_stands_in_the_files(open_file: Any, tmp_path: Path) -> None:
    store = open_file()
    store.put("acme", RECORD)
    store.put("acme", {"secrets": {"key": "another"}})
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert CANARY.encode() not in content
        assert base64.b64encode(CANARY.encode()) not in content
        assert path.stat().st_mode & 0o077 == 0


def test_a_deleted_secret_is_gone_from_the_backup_too(open_file: Any, tmp_path: Path) -> None:
    store = open_file()
    store.put("acme", RECORD)
    store.put("globex", RECORD)
    assert store.delete("acme") is True
    (tmp_path / "secrets.json.bak").rename(tmp_path / "secrets.json")
    assert open_file().names() == ("globex",)


def test_the_version_before_lives_on_as_backup(open_file: Any, tmp_path: Path) -> None:
    store = open_file()
    store.put("acme", {"n": 1})
    store.put("acme", {"n": 2})
    (tmp_path / "secrets.json.bak").rename(tmp_path / "secrets.json")
    assert open_file().get("acme") == {"n": 1}


@pytest.mark.parametrize("name", ["secrets.json", "store.key"])
def test_a_file_that_others_can_read_is_refused(open_file: Any, tmp_path: Path, name: str) -> None:
    open_file().put("acme", RECORD)
    (tmp_path / name).chmod(0o640)
    with pytest.raises(SecretStoreError, match="has mode 0640, others can get at it. Next: chmod 600") as caught:
        open_file().get("acme")
    assert caught.value.kind == "unsafe"


def test_a_wrong_key_opens_nothing_and_changes_nothing(open_file: Any, key_file: Path, tmp_path: Path) -> None:
    open_file().put("acme", RECORD)
    before = (tmp_path / "secrets.json").read_bytes()
    key_file.write_bytes(base64.b64encode(os.urandom(32)))
    assert kind(open_file().get, "acme") == "locked"
    assert kind(open_file().put, "acme", {}) == "locked"
    assert (tmp_path / "secrets.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", "damaged", id="empty"),
        pytest.param(b"not json", "damaged", id="other"),
        pytest.param(b'{"format": "x"}', "damaged", id="no body"),
    ],
)
def test_a_damaged_file_is_never_taken_for_an_empty_store(
    open_file: Any, tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / "secrets.json").write_bytes(content)
    (tmp_path / "secrets.json").chmod(0o600)
    assert kind(open_file().put, "acme", RECORD) == expected
    assert (tmp_path / "secrets.json").read_bytes() == content


def test_a_body_of_another_file_is_refused(open_file: Any, tmp_path: Path) -> None:
    open_file().put("acme", RECORD)
    path = tmp_path / "secrets.json"
    packed = json.loads(path.read_text())
    packed["id"] = "0" * 32
    path.write_text(json.dumps(packed))
    assert kind(open_file().get, "acme") == "locked"


@pytest.mark.parametrize("problem", ["unnamed", "absent", "short"])
def test_without_a_usable_key_the_store_says_how_to_make_one(
    file_option: dict[str, Any], key_file: Path, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    monkeypatch.delenv("SERVICE_STORE_KEY_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if problem == "unnamed":
        file_option["auth"] = {}
    elif problem == "absent":
        key_file.unlink()
    else:
        key_file.write_text("c2hvcnQ=")
    with pytest.raises(SecretStoreError, match="openssl rand -base64 32"):
        open_store(file_option, lambda *values: None)


def test_the_key_file_may_come_from_the_environment_or_systemd(
    file_option: dict[str, Any], key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_option["auth"] = {}
    monkeypatch.setenv("SERVICE_STORE_KEY_FILE", str(key_file))
    open_store(file_option, lambda *values: None).put("acme", RECORD)
    monkeypatch.delenv("SERVICE_STORE_KEY_FILE")
    key_file.rename(key_file.with_name("service-store-key"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key_file.parent))
    assert open_store(file_option, lambda *values: None).get("acme") == RECORD


def test_fifty_writers_at_once_lose_nothing(open_file: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: open_file().put(f"account-{n}", {"n": n}), range(50)))
    store = open_file()
    assert [store.get(name)["n"] for name in store.names()] == sorted(range(50), key=str)


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(
    open_file: Any, file_option: dict[str, Any], tmp_path: Path
) -> None:
    open_file().put("acme", {"n": 0})
    code = (
        "import json, sys\n"
        "from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store\n"
        "store = open_store(json.loads(sys.argv[1]), lambda *v: None)\n"
        "print('go', flush=True)\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    store.put('acme', {'n': n, 'pad': 'x' * 100000})\n"
    )
    for pause in (0.01, 0.03, 0.05, 0.07):
        command = [sys.executable, "-c", code, json.dumps(file_option)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            try:
                writer.wait(pause)
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
        assert open_file().get("acme")["n"] >= 0
        assert open_file().put("acme", {"n": 0}) > 0


def test_a_writer_killed_between_backup_and_rename_is_cleared_up_after(
    open_file: Any, file_option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file().put("acme", {"n": 0})
    path = file_option["path"]
    real, renames = os.rename, []

    def killed_at_the_second(source: str, target: str) -> None:
        renames.append(target)
        if len(renames) == 2:
            os._exit(9)
        real(source, target)

    if (child := os.fork()) == 0:
        try:
            monkeypatch.setattr(os, "rename", killed_at_the_second)
            open_file().put("acme", {"n": 1})
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert os.path.samefile(path, path + ".bak")
    for n in (2, 3):
        open_file().put("acme", {"n": n})
    assert open_file().get("acme")["n"] == 3
    assert not os.path.samefile(path, path + ".bak")
    assert not [name for name in os.listdir(os.path.dirname(path)) if name.endswith((".old", ".new"))]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({}, "secret_store: is not set"),
        ({"type": "encrypted_file"}, "secret_store.path: is not set"),
        ({"type": "vault"}, "secret_store.url: is not set"),
        ({"type": "barbican"}, "secret_store.url: is not set"),
        ({"type": "other"}, "secret_store.type: other is not known"),
        ({"path": "/x", "kek": {"type": "other"}}, "secret_store.kek.type: other is not known"),
        ({"path": "/x", "kek": {"type": "pkcs11"}}, "secret_store.kek.library: is not set"),
        ({"path": "/x", "kek": {"type": "vault_transit", "key": "k"}}, "secret_store.kek.url: is not set"),
        ({"path": "/x", "kek": {"type": "aws_kms"}}, "secret_store.kek.key: is not set"),
    ],
)
def test_what_a_lookup_leaves_out_is_named(option: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        open_store(option, lambda *values: None)


def test_no_store_at_all_is_said_with_the_option_to_set() -> None:
    with pytest.raises(InvalidInput, match="secret_store: is not set; give {type: encrypted_file"):
        open_store(None, lambda *values: None)
