# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A notice is claimed once per state, channel and day; the notice's words agree with what is checked."""

from __future__ import annotations

import base64
import multiprocessing
import os
import re
import shutil
from pathlib import Path
from typing import Any

import jinja2
import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model import secret_kinds
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.encrypted_file import EncryptedFile
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module

TEMPLATE = Path(__file__).resolve().parents[4] / "playbooks" / "templates" / "notice.txt.j2"


@pytest.fixture
def option(tmp_path: Path) -> dict[str, Any]:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    return {"type": "encrypted_file", "path": str(tmp_path / "store.json"), "auth": {"key_file": str(key)}}


def claim(option: dict[str, Any], *, check: bool = False, **more: str) -> dict[str, Any]:
    given = {"credential": "acme", "about": "due", "channel": "mail", "secret_store": option, **more}
    found = run_module("credential_notice", given, check=check, diff=True)
    assert found.get("claimed", found["changed"]) is found["changed"]
    return found


def test_a_notice_is_claimed_once_per_state_and_channel(option: dict[str, Any]) -> None:
    assert claim(option, check=True)["changed"] and not open_store(option, lambda *values: None).names()
    first = claim(option)
    assert first["changed"] and re.fullmatch(r"\d{4}-\d\d-\d\d-[0-9a-f]{16}", first["id"])
    again = claim(option)
    assert not again["changed"] and again["id"] == first["id"]
    assert claim(option, channel="webhook")["changed"] and claim(option, about="overdue")["changed"]
    assert not claim(option, channel="webhook")["changed"]
    assert open_store(option, lambda *values: None).names() == ("acme.notice",)


def test_a_notice_that_was_not_sent_is_taken_back(option: dict[str, Any]) -> None:
    claim(option)
    assert claim(option, state="released")["changed"]
    assert not claim(option, state="released")["changed"]
    assert claim(option)["changed"]


def test_the_notes_of_a_credential_can_be_forgotten(option: dict[str, Any]) -> None:
    claim(option)
    given = {"credential": "acme", "state": "absent", "secret_store": option}
    assert run_module("credential_notice", given, check=True)["changed"]
    assert run_module("credential_notice", given)["changed"]
    assert not open_store(option, lambda *values: None).names()
    assert not run_module("credential_notice", given)["changed"]
    with pytest.raises(ModuleFailed, match="about, channel"):
        run_module("credential_notice", {"credential": "acme", "secret_store": option})


def test_forgetting_clears_what_a_killed_removal_left(option: dict[str, Any]) -> None:
    store = open_store(option, lambda *values: None)
    claim(option)
    shutil.copy(option["path"], option["path"] + ".saved")
    store.delete("acme.notice")
    shutil.copy(option["path"] + ".saved", option["path"] + ".bak")
    assert store.remnant("acme.notice")
    given = {"credential": "acme", "state": "absent", "secret_store": option}
    predicted, first, second = (
        run_module("credential_notice", given, check=check, diff=True) for check in (True, False, False)
    )
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and store.remnant("acme.notice") is None


def test_notes_that_are_empty_by_now_are_forgotten_too(option: dict[str, Any]) -> None:
    claim(option)
    claim(option, state="released")
    given = {"credential": "acme", "state": "absent", "secret_store": option}
    assert run_module("credential_notice", given)["changed"]
    assert not open_store(option, lambda *values: None).names()


def test_forgetting_leaves_what_was_noted_meanwhile(option: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    claim(option)
    noted = {"kind": "notice", "sent": {"webhook": {"about": "due", "day": "2026-01-01"}}}
    real = EncryptedFile.delete

    def meanwhile(self: EncryptedFile, name: str, expect: int | None = None) -> bool:
        self.put(name, noted)
        return real(self, name, expect)

    monkeypatch.setattr(EncryptedFile, "delete", meanwhile)
    with pytest.raises(ModuleFailed, match="could not delete acme.notice: .*somebody changed it") as failed:
        run_module("credential_notice", {"credential": "acme", "state": "absent", "secret_store": option})
    assert failed.value.result["error"]["kind"] == "conflict"
    assert open_store(option, lambda *values: None).get("acme.notice") == noted


def test_what_was_noted_on_another_day_is_no_claim_of_today(option: dict[str, Any]) -> None:
    store = open_store(option, lambda *values: None)
    store.put("acme.notice", {"kind": "notice", "sent": {"mail": {"about": "due", "day": "2026-01-01"}}})
    assert not claim(option, state="released")["changed"]
    found = claim(option)
    assert found["changed"] and "2026-01-01" in found["diff"][0]["before"]


def test_a_record_of_another_kind_is_left_alone(option: dict[str, Any]) -> None:
    open_store(option, lambda *values: None).put("acme.notice", {"kind": "psk"})
    with pytest.raises(ModuleFailed, match="is no record of notices"):
        claim(option)


def _claimed(option: dict[str, Any], number: int, results: Any) -> None:
    results.put((number % 2, claim(option, channel=f"channel-{number % 2}")["changed"]))


@pytest.mark.slow
def test_of_several_runs_at_once_one_claims_each_channel(option: dict[str, Any]) -> None:
    claim(option, channel="other")
    fork = multiprocessing.get_context("spawn")
    results = fork.Queue()
    runs = [fork.Process(target=_claimed, args=(option, number, results)) for number in range(4)]
    for run in runs:
        run.start()
    found = sorted(results.get(timeout=300) for _run in runs)
    for run in runs:
        run.join()
    assert found == [(0, False), (0, True), (1, False), (1, True)]


def test_the_notice_tells_the_length_that_is_checked() -> None:
    text = TEMPLATE.read_text()
    found = re.search(r"set characters = (\{.*\})", text)
    usual = re.search(r"default\((\d+)\) }} characters at least", text)
    assert found and usual
    named = {name: int(number) for name, number in re.findall(r"'(\w+)': (\d+)", found[1])}
    for provider, fields in FIELDS.items():
        (field,) = fields.secret
        assert named.get(provider, int(usual[1])) == secret_kinds.FIELDS[field].min_length, provider


def rendered(**more: Any) -> str:
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["bool"] = bool
    dates = {"due_at": "2026-11-01T00:00:00Z", "overdue_at": "2026-11-15T00:00:00Z", "expires_at": ""}
    key = {"name": "acme-aws", "fingerprint": "sha256:1f0c", "state": "due", **dates}
    names = {"inventory_hostname": "acme-prod", "service_store_name": "store", "service_store_customer": "acme"}
    given = {"service_store_key": key, "service_store_notify_policy": {}, "service_store_provider": "aws", **names}
    return environment.from_string(TEMPLATE.read_text()).render({**given, **more})


def test_a_key_that_is_replaced_by_itself_asks_for_nothing_while_it_is_due() -> None:
    assert "Nothing for now" not in rendered()
    assert "Nothing for now: store replaces this key by itself" in rendered(service_store_notify_rotates=True)
    late = {"name": "acme-aws", "fingerprint": "", "state": "overdue", "due_at": "", "overdue_at": "", "expires_at": ""}
    assert "Nothing for now" not in rendered(service_store_notify_rotates=True, service_store_key=late)


def test_the_policy_stands_in_words() -> None:
    policy = {"max_age_days": 30, "warn_before_days": 5, "grace_days": 0, "lifetime_days": 40}
    text = rendered(service_store_notify_policy=policy)
    assert "30 days old at most. It is replaced in the 5 days before" in text and "40 characters at least" in text
    assert "deleted as soon as the new one works" in text and "valid for 40 days" in text
    assert "kept for 7 days" in rendered()
