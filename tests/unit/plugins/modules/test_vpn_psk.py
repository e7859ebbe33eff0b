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


def test_of_a_key_that_is_not_there_check_mode_knows_nothing(option: dict[str, Any]) -> None:
    predicted = run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option}, check=True)
    assert predicted["changed"] and not {"fingerprint", "rotation"} & set(predicted)


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


def keys(option: dict[str, Any]) -> dict[str, str]:
    return dict(open_store(option, lambda *values: None).get("globex-vpn")["secrets"])


def step(option: dict[str, Any], state: str, **more: Any) -> dict[str, Any]:
    """Take one step of a rotation: check mode foretells it, and a second run changes nothing."""
    run = {name: more.pop(name) for name in ("check",) if name in more}
    arguments = {"name": "globex-vpn", "state": state, "secret_store": option, **more}
    return run_module("vpn_psk", arguments, diff=True, **run)


def test_a_rotation_goes_from_a_successor_to_the_new_key_alone(option: dict[str, Any]) -> None:
    old = run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})["fingerprint"]
    results = []
    for state in ("next", "switched", "retired"):
        predicted, done, again = step(option, state, check=True), step(option, state), step(option, state)
        assert [predicted["changed"], done["changed"], again["changed"]] == [True, True, False]
        assert predicted["rotation"] == done["rotation"] == again["rotation"]
        assert state == "next" or {**predicted, "diff": 0} == {**done, "diff": 0}
        results.append(done)
        held = keys(option)
        assert not [key for key in held.values() if key in json.dumps([predicted, done, again])]
    begun, switched, retired = results
    new = begun["next_fingerprint"]
    assert begun["fingerprint"] == old and begun["rotation"] == "next" and begun["strength_bits"] >= 256
    assert (switched["fingerprint"], switched["previous_fingerprint"]) == (new, old)
    assert "next_fingerprint" not in switched and switched["rotation"] == "switched"
    assert retired["fingerprint"] == new and "previous_fingerprint" not in retired and retired["rotation"] == "none"
    assert list(keys(option)) == ["psk"]
    assert old in begun["diff"][0]["before"] and new in switched["diff"][0]["after"]


def test_a_retired_key_does_not_come_back(option: dict[str, Any], tmp_path: Path) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_from": written(tmp_path, GOOD), "secret_store": option})
    for state in ("next", "switched", "retired"):
        step(option, state)
    with pytest.raises(ModuleFailed, match="rule reuse"):
        step(option, "next", secret_from=written(tmp_path, GOOD))
    assert list(keys(option)) == ["psk"]


def test_a_received_successor_passes_the_same_gate_and_waits_beside_the_key(
    option: dict[str, Any], tmp_path: Path
) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_from": written(tmp_path, GOOD), "secret_store": option})
    with pytest.raises(ModuleFailed, match="is the key in use"):
        step(option, "next", secret_from=written(tmp_path, GOOD))
    with pytest.raises(ModuleFailed, match="rule min_length"):
        step(option, "next", secret_from=written(tmp_path, "k7Vq2mXwR9tB"))
    predicted = step(option, "next", secret_from=written(tmp_path, NEXT), check=True)
    done = step(option, "next", secret_from=written(tmp_path, NEXT))
    assert predicted == done and done["changed"]
    assert not step(option, "next", secret_from=written(tmp_path, NEXT))["changed"]
    assert keys(option) == {"psk": GOOD, "psk_next": NEXT}


def test_a_successor_is_made_again_on_demand(option: dict[str, Any]) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})
    first, second = step(option, "next"), step(option, "next", renew=True)
    assert second["changed"] and first["next_fingerprint"] != second["next_fingerprint"]
    assert first["fingerprint"] == second["fingerprint"]


def test_only_a_key_of_some_age_gets_a_successor(option: dict[str, Any]) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})
    young = step(option, "next", max_age_days=30)
    assert not young["changed"] and young["rotation"] == "none"
    store = open_store(option, lambda *values: None)
    record = store.get("globex-vpn")
    store.put("globex-vpn", {**record, "meta": {"made_at": "2020-01-01T00:00:00Z"}})
    assert step(option, "next", max_age_days=30)["changed"]
    # The age is that of the key and not of the switch.
    assert step(option, "switched")["changed"] and step(option, "retired")["changed"]
    assert not step(option, "next", max_age_days=30)["changed"]


def test_a_key_whose_age_nobody_knows_is_due(option: dict[str, Any]) -> None:
    open_store(option, lambda *values: None).put("globex-vpn", {"version": 1, "kind": "psk", "secrets": {"psk": GOOD}})
    assert step(option, "next", max_age_days=30)["changed"]


@pytest.mark.parametrize(
    ("before", "arguments", "told"),
    [
        pytest.param((), {"state": "next"}, "has no key to change; make one with state: present", id="no key"),
        pytest.param(("present", "next"), {"renew": True}, "is being changed", id="renew meanwhile"),
        pytest.param(
            ("present", "next", "switched"),
            {"state": "next", "renew": True},
            "take state: retired first",
            id="too soon",
        ),
        pytest.param((), {"max_age_days": 3}, "is for state: next alone", id="age of nothing"),
        pytest.param((), {"state": "next", "max_age_days": 0}, "the least is 1", id="no age"),
    ],
)
def test_a_step_out_of_turn_is_refused_and_changes_nothing(
    option: dict[str, Any], before: tuple[str, ...], arguments: dict[str, Any], told: str
) -> None:
    for state in before:
        step(option, state)
    held = keys(option) if before else {}
    with pytest.raises(ModuleFailed, match=told) as failed:
        run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option, **arguments})
    assert not failed.value.result["changed"]
    assert (keys(option) if before else {}) == held


def test_absent_takes_the_successor_along(option: dict[str, Any]) -> None:
    for state in ("present", "next"):
        step(option, state)
    gone = step(option, "absent")
    assert gone["changed"] and "successor" in gone["diff"][0]["before"]
    assert open_store(option, lambda *values: None).names() == ()


def test_present_takes_a_key_that_is_being_changed_as_it_is(option: dict[str, Any]) -> None:
    for state in ("present", "next", "switched"):
        step(option, state)
        assert not step(option, "present")["changed"]
