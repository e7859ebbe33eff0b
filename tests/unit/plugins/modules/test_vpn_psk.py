# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vpn_psk makes a key once, and shows it nowhere."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.encrypted_file import EncryptedFile
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module


@pytest.fixture
def option(tmp_path: Path) -> dict[str, Any]:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    return {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(key)}}


def test_a_key_is_made_once_and_never_shown(option: dict[str, Any]) -> None:
    arguments = {"name": "globex-vpn", "secret_store": option}
    predicted = run_module("vpn_psk", arguments, check=True, diff=True)
    first = run_module("vpn_psk", arguments, diff=True)
    second = run_module("vpn_psk", arguments, diff=True)
    assert predicted["changed"] and first["changed"] and not second["changed"]
    assert predicted["diff"] == first["diff"]
    assert first["fingerprint"] == second["fingerprint"]
    assert first["strength_bits"] >= 256
    key = open_store(option, lambda *values: None).get("globex-vpn")["secrets"]["psk"]
    assert key not in json.dumps([predicted, first, second])


def test_absent_removes_it(option: dict[str, Any]) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})
    gone = {"name": "globex-vpn", "state": "absent", "secret_store": option}
    assert run_module("vpn_psk", gone)["changed"]
    assert not run_module("vpn_psk", gone)["changed"]
    assert open_store(option, lambda *values: None).names() == ()


def test_absent_clears_what_a_killed_removal_left(option: dict[str, Any]) -> None:
    store = open_store(option, lambda *values: None)
    run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})
    shutil.copy(option["path"], option["path"] + ".saved")
    store.delete("globex-vpn")
    shutil.copy(option["path"] + ".saved", option["path"] + ".bak")
    assert store.remnant("globex-vpn")
    gone = {"name": "globex-vpn", "state": "absent", "secret_store": option}
    predicted, first, second = (run_module("vpn_psk", gone, check=check, diff=True) for check in (True, False, False))
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and store.remnant("globex-vpn") is None


def test_absent_leaves_a_key_that_was_renewed_meanwhile(
    option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})
    renewed = {"version": 1, "kind": "psk", "secrets": {"psk": NEXT}}
    real = EncryptedFile.delete

    def meanwhile(self: EncryptedFile, name: str, expect: int | None = None) -> bool:
        self.put(name, renewed)
        return real(self, name, expect)

    monkeypatch.setattr(EncryptedFile, "delete", meanwhile)
    with pytest.raises(ModuleFailed, match="could not delete globex-vpn: .*somebody changed it") as failed:
        run_module("vpn_psk", {"name": "globex-vpn", "state": "absent", "secret_store": option})
    assert failed.value.result["error"]["kind"] == "conflict" and not failed.value.result["changed"]
    assert open_store(option, lambda *values: None).get("globex-vpn") == renewed


def test_a_name_that_was_reserved_for_a_bundle_is_no_hindrance(option: dict[str, Any]) -> None:
    store = open_store(option, lambda *values: None)
    reserved = {"version": 1, "kind": "reserved", "secrets": {}, "meta": {}}
    store.put("globex-vpn", reserved)
    arguments = {"name": "globex-vpn", "secret_store": option}
    predicted, first, second = (
        run_module("vpn_psk", arguments, check=check, diff=True) for check in (True, False, False)
    )
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and store.get("globex-vpn")["kind"] == "psk"
    store.put("globex-vpn", reserved)
    gone = run_module("vpn_psk", {**arguments, "state": "absent"}, diff=True)
    assert gone["changed"] and "reserved" in gone["diff"][0]["before"] and "fingerprint" not in gone
    assert store.names() == ()


@pytest.mark.parametrize("length", [31, 65])
def test_a_length_that_is_unsafe_or_that_a_provider_refuses_is_refused(option: dict[str, Any], length: int) -> None:
    with pytest.raises(ModuleFailed, match=f"length: {length} is not between 32"):
        run_module("vpn_psk", {"name": "n", "length": length, "secret_store": option})


def written(folder: Path, key: str) -> dict[str, str]:
    path = folder / "received.psk"
    path.write_text(key + "\n", encoding="utf-8")
    path.chmod(0o600)
    return {"file": str(path)}


GOOD, NEXT = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua", "Hw5nJx1KtR8gBvD4mQs2LpY9cUe6XiMa"


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        pytest.param("Tunnel-Password-2026-Tunnel-Password", "dictionary", id="words"),
        pytest.param("k7Vq2mXwR9tB", "min_length", id="short"),
        pytest.param(GOOD + "+/", "alphabet", id="what AWS refuses"),
        pytest.param(GOOD + "Globex", "names", id="the customer's name"),
    ],
)
def test_a_weak_key_is_not_taken_over(option: dict[str, Any], tmp_path: Path, key: str, rule: str) -> None:
    arguments = {"name": "globex-vpn", "secret_from": written(tmp_path, key), "secret_store": option}
    with pytest.raises(ModuleFailed, match=f"secret_from.file: is refused: .*rule {rule}") as failed:
        run_module("vpn_psk", arguments)
    assert key not in json.dumps(failed.value.result)
    assert open_store(option, lambda *values: None).names() == ()


def test_a_received_key_is_taken_over_once_and_a_replaced_one_does_not_come_back(
    option: dict[str, Any], tmp_path: Path
) -> None:
    def give(key: str, **more: Any) -> dict[str, Any]:
        arguments = {"name": "globex-vpn", "secret_from": written(tmp_path, key), "secret_store": option}
        return run_module("vpn_psk", arguments, diff=True, **more)

    predicted, first, second = give(GOOD, check=True), give(GOOD), give(GOOD)
    assert predicted["diff"] == first["diff"] and first["changed"] and not second["changed"]
    assert give(NEXT)["changed"]
    with pytest.raises(ModuleFailed, match="rule reuse"):
        give(GOOD)
    record = open_store(option, lambda *values: None).get("globex-vpn")
    assert record["secrets"] == {"psk": NEXT} and GOOD not in json.dumps(record)


def test_a_provider_that_takes_more_is_given_more(option: dict[str, Any], tmp_path: Path) -> None:
    source = written(tmp_path, GOOD + "+/")
    arguments = {"name": "globex-vpn", "secret_from": source, "providers": ["azure"], "secret_store": option}
    assert run_module("vpn_psk", arguments)["changed"]


def test_renew_makes_another_key(option: dict[str, Any]) -> None:
    arguments = {"name": "globex-vpn", "secret_store": option}
    first = run_module("vpn_psk", arguments)
    second = run_module("vpn_psk", {**arguments, "renew": True})
    assert second["changed"] and second["fingerprint"] != first["fingerprint"]


def test_a_record_of_something_else_is_not_taken_for_a_key(option: dict[str, Any]) -> None:
    open_store(option, lambda *values: None).put("acme", {"version": 1, "secrets": {"secret_key": "x"}})
    with pytest.raises(ModuleFailed, match="is no pre-shared key"):
        run_module("vpn_psk", {"name": "acme", "secret_store": option})
    with pytest.raises(ModuleFailed, match="is no pre-shared key"):
        run_module("vpn_psk", {"name": "acme", "state": "absent", "secret_store": option})
    assert open_store(option, lambda *values: None).names() == ("acme",)
