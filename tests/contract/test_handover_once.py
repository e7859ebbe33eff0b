# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrapped secret opens once, so nothing that could have been known before uses it up."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.encrypted_file import EncryptedFile
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.vault_wrap import Wrapping
from tests.support.module import ModuleFailed, run_module
from tests.support.openbao import OpenBao, vault_option

PSK = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua"
WEAK = "Password-Password-Password-Password-2026"
BOUND = {"customer": "globex", "account": "globex-vpn", "purpose": "psk"}


class Sides:
    """The sender's store on the server with a key in it, a wrapped bundle of it, and the reader's store."""

    def __init__(self, openbao: OpenBao, folder: Path) -> None:
        self.folder = folder
        self.option = vault_option(openbao, folder)
        (folder / "store.key").write_bytes(base64.b64encode(os.urandom(32)))
        (folder / "store.key").chmod(0o600)
        self.own = {
            "type": "encrypted_file",
            "path": str(folder / "s.json"),
            "auth": {"key_file": str(folder / "store.key")},
        }

    @property
    def store(self) -> Any:
        return open_store(self.own, lambda *values: None)

    def wrap(self, secret: str = PSK, **more: Any) -> dict[str, Any]:
        record = {"version": 1, "kind": "psk", "secrets": {"psk": secret}}
        open_store(self.option, lambda *values: None).put("vpn", record)
        arguments = {"name": "vpn", "path": str(self.folder / "bundle"), "method": "vault_wrap", "ttl_s": 600, **BOUND}
        return run_module("secret_handover", {**arguments, "secret_store": self.option, **more})

    def open(self, *, check: bool = False, **more: Any) -> dict[str, Any]:
        vault = {"auth": {"ca_file": self.option["auth"]["ca_file"]}}
        arguments = {"state": "opened", "name": "vpn", "path": str(self.folder / "bundle"), "vault": vault, **BOUND}
        return run_module("secret_handover", {**arguments, "secret_store": self.own, **more}, check=check, diff=True)

    def is_unspent(self) -> bool:
        return bool(self.wrap()["status"] == "sealed")


@pytest.fixture
def sides(openbao: OpenBao, tmp_path: Path) -> Sides:
    made = Sides(openbao, tmp_path)
    made.wrap()
    return made


def refused(sides: Sides, says: str, **more: Any) -> dict[str, Any]:
    with pytest.raises(ModuleFailed, match=says) as failed:
        sides.open(**more)
    assert not failed.value.result["changed"]
    return failed.value.result


def test_a_store_that_is_read_only_does_not_use_it_up(sides: Sides) -> None:
    for check in (True, False):
        result = refused(sides, "it is read-only", secret_store={"type": "awx"}, check=check)
        assert result["error"]["kind"] == "read_only"
    assert sides.is_unspent() and sides.open()["changed"]


def test_a_store_that_cannot_be_written_does_not_use_it_up(sides: Sides) -> None:
    refused(sides, "does not exist", secret_store={**sides.own, "path": str(sides.folder / "absent" / "s.json")})
    assert sides.is_unspent() and sides.open()["changed"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"name": "a b"}, "has other characters"),
        ({"secret_policy": {"words_file": "/nonexistent/words"}}, "secret_policy.words_file: .* cannot be read"),
        ({"secret_policy": {"min_length": 65}}, "secret_policy.min_length: 65 is more than max_length"),
    ],
)
def test_a_mistake_in_the_task_does_not_use_it_up(sides: Sides, more: dict[str, Any], says: str) -> None:
    refused(sides, says, **more)
    assert sides.is_unspent() and sides.open()["changed"]


@pytest.mark.parametrize("before", [False, True], ids=["a new name", "a record that is there"])
def test_a_record_that_somebody_writes_meanwhile_does_not_use_it_up(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    other = {"version": 1, "kind": "psk", "secrets": {"psk": PSK[::-1]}}
    if before:
        sides.store.put("vpn", {**other, "secrets": {"psk": PSK.swapcase()}})
    real = Wrapping.unspent

    def meanwhile(self: Wrapping, token: str) -> bool:
        sides.store.put("vpn", other)
        return real(self, token)

    with monkeypatch.context() as patch:
        # The last look of the plan; the write comes after what the plan has read.
        patch.setattr(Wrapping, "unspent", meanwhile)
        assert refused(sides, "somebody changed it at the same time")["error"]["kind"] == "conflict"
    assert sides.store.get("vpn") == other
    assert sides.is_unspent() and sides.open()["changed"]


def test_what_turns_out_wrong_leaves_no_trace_of_the_reservation(sides: Sides) -> None:
    sides.wrap(WEAK)
    refused(sides, "rule dictionary, secret_policy.min_bits")
    assert sides.store.names() == ()


def test_a_weak_one_leaves_the_record_that_is_there(sides: Sides) -> None:
    kept = {"version": 1, "kind": "psk", "secrets": {"psk": PSK[::-1]}}
    sides.store.put("vpn", kept)
    sides.wrap(WEAK)
    refused(sides, "rule dictionary, secret_policy.min_bits")
    assert sides.store.get("vpn") == kept


def killed_while_it_opens(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    if (child := os.fork()) == 0:
        try:
            monkeypatch.setattr(Wrapping, "unwrap", lambda self, token: os._exit(9))
            sides.open()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert sides.store.get("vpn") == {"version": 1, "kind": "reserved", "secrets": {}, "meta": {}}


def test_a_run_that_is_killed_while_it_opens_is_no_hindrance_to_the_next_bundle(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_while_it_opens(sides, monkeypatch)
    predicted, first, second = (sides.open(check=check) for check in (True, False, False))
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and sides.store.get("vpn")["secrets"] == {"psk": PSK}


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("vpn_psk", {"name": "vpn"}),
        ("cloud_credential", {"credential": "vpn", "provider": "aws"}),
    ],
)
def test_a_run_that_is_killed_while_it_opens_leaves_what_absent_removes(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, module: str, arguments: dict[str, Any]
) -> None:
    killed_while_it_opens(sides, monkeypatch)
    arguments = {**arguments, "state": "absent", "secret_store": sides.own}
    predicted, first, second = (run_module(module, arguments, check=check, diff=True) for check in (True, False, False))
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and "reserved" in first["diff"][0]["before"]
    assert sides.store.names() == ()


def test_a_name_that_a_killed_run_has_reserved_can_be_used_for_a_key(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_while_it_opens(sides, monkeypatch)
    first, second = (run_module("vpn_psk", {"name": "vpn", "secret_store": sides.own}) for _run in range(2))
    assert first["changed"] and not second["changed"] and sides.store.get("vpn")["kind"] == "psk"


def test_a_store_that_fails_after_the_opening_says_that_another_bundle_is_needed(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Wrapping.unwrap

    def then_the_disk_is_gone(self: Wrapping, token: str) -> dict[str, Any]:
        found = real(self, token)
        Path(sides.own["path"]).write_text("damaged")
        return found

    monkeypatch.setattr(Wrapping, "unwrap", then_the_disk_is_gone)
    with pytest.raises(ModuleFailed, match="is used up now.*ask for another bundle") as failed:
        sides.open()
    assert PSK not in json.dumps(failed.value.result)


def test_a_write_that_fails_after_the_opening_leaves_no_trace_of_the_reservation(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EncryptedFile.put

    def put(self: EncryptedFile, name: str, record: Any, expect: int | None = None) -> int:
        if record["secrets"]:
            raise SecretStoreError(self.label, f"write {name}", "it is full", kind="down")
        return real(self, name, record, expect)

    with monkeypatch.context() as patch:
        patch.setattr(EncryptedFile, "put", put)
        with pytest.raises(ModuleFailed, match="is used up now.*it is full.*ask for another bundle"):
            sides.open()
    assert sides.store.names() == ()


def test_a_write_that_fails_after_the_opening_leaves_what_somebody_else_has_written(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"version": 1, "kind": "psk", "secrets": {"psk": PSK[::-1]}}
    real = Wrapping.unwrap

    def meanwhile(self: Wrapping, token: str) -> dict[str, Any]:
        sides.store.put("vpn", other)
        return real(self, token)

    monkeypatch.setattr(Wrapping, "unwrap", meanwhile)
    with pytest.raises(ModuleFailed, match="is used up now.*somebody changed it"):
        sides.open()
    assert sides.store.get("vpn") == other
