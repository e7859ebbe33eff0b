# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may go on with a journal: its holder, and others once the holder is dead or its time is over."""

from __future__ import annotations

import base64
import datetime
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import Journal
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation_journal import JournalFile
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module

NOW = datetime.datetime(2026, 11, 22, 4, 30, tzinfo=datetime.UTC)
OLD = Credential("acme", "aws", {"access_key_id": "AKIAOLD"}, {"secret_access_key": "canary-old"})
JOURNAL = Journal("creating", "store-1", written(NOW), written(NOW), "AKIAOLD", ("AKIAOLD",), OLD)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    option = {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(key)}}
    return open_store(option, lambda *values: None)


def opened(store: Any, name: str = "acme", later_s: float = 0.0) -> JournalFile:
    now = NOW + datetime.timedelta(seconds=later_s)
    journal = JournalFile(store, name, lambda *values: None, lambda: now, lambda point: None, 60.0)
    journal.read()
    return journal


def held_by(store: Any, **holder: Any) -> None:
    """Let the journal be held by another run."""
    opened(store).write(JOURNAL)
    record = dict(store.get("acme.rotation"))
    store.put("acme.rotation", {**record, "holder": {**record["holder"], "run": "another", **holder}})


def test_a_run_that_is_alive_keeps_others_away_and_a_finished_one_does_not(store: Any) -> None:
    first = opened(store)
    first.write(JOURNAL)
    with pytest.raises(SecretStoreError, match="another run is rotating it at the same time") as refused:
        opened(store).refuse_held()
    assert refused.value.kind == "conflict"
    first.release()
    opened(store).refuse_held()


def test_a_dead_process_of_this_machine_holds_nothing(store: Any) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    held_by(store, pid=process.pid)
    opened(store).refuse_held()


def test_a_run_on_another_machine_holds_it_until_its_time_is_over(store: Any) -> None:
    held_by(store, host="elsewhere", pid=1)
    with pytest.raises(SecretStoreError, match="on elsewhere, process 1, until 2026-11-22T04:31:00Z at most"):
        opened(store, later_s=59).refuse_held()
    opened(store, later_s=60).refuse_held()


def test_of_two_that_read_one_version_the_second_writer_stops(store: Any) -> None:
    first, second = opened(store), opened(store)
    first.write(JOURNAL)
    with pytest.raises(SecretStoreError) as stopped:
        second.write(JOURNAL)
    assert stopped.value.kind == "conflict"
    second.release()
    assert store.get("acme.rotation")["holder"]["pid"] == os.getpid()


def test_a_journal_that_another_run_has_taken_over_is_not_removed(store: Any) -> None:
    """The first run was held up between its last write and the removal, and its time is over."""
    first = opened(store)
    first.write(JOURNAL)
    second = opened(store, later_s=61)
    second.claim()
    with pytest.raises(SecretStoreError, match="another run is rotating it at the same time") as stopped:
        first.remove()
    assert stopped.value.kind == "conflict" and store.version("acme.rotation")
    second.remove()
    assert not store.version("acme.rotation")


class FromOne:
    """A store that numbers a record's versions from 1 again after its removal, as Vault does."""

    label = "memory"

    def __init__(self) -> None:
        self.records: dict[str, list[Any]] = {}

    def version(self, name: str) -> int:
        return len(self.records.get(name, ()))

    def get(self, name: str) -> Any:
        return self.records[name][-1]

    def put(self, name: str, record: Any, expect: int | None = None) -> int:
        assert expect == self.version(name)
        self.records.setdefault(name, []).append(record)
        return self.version(name)

    def delete(self, name: str, expect: int | None = None) -> None:
        assert expect == self.version(name)
        del self.records[name]


def test_the_journal_of_a_later_rotation_with_the_same_number_is_not_removed() -> None:
    """The first run was held up before the removal, and a whole rotation passed meanwhile."""
    store = FromOne()
    first = opened(store)
    first.write(JOURNAL)
    store.delete("acme.rotation", expect=1)
    opened(store).write(replace(JOURNAL, label="store-2"))
    with pytest.raises(SecretStoreError, match="another run is rotating it at the same time") as stopped:
        first.remove()
    assert stopped.value.kind == "conflict" and store.get("acme.rotation")["label"] == "store-2"


@pytest.mark.parametrize("claimed", [True, False], ids=["its claim ran out", "before it claimed"])
def test_the_journal_of_a_later_rotation_with_the_same_number_is_not_written_over(claimed: bool) -> None:
    """As above, and the first run has more to write than that there is nothing left to do."""
    store = FromOne()
    clock = [NOW]
    opened(store).write(JOURNAL)
    first = JournalFile(store, "acme", lambda *values: None, lambda: clock[0], lambda point: None, 60.0)
    first.read()
    if claimed:
        first.claim()
    clock[0] += datetime.timedelta(hours=1)
    store.delete("acme.rotation", expect=store.version("acme.rotation"))
    other = opened(store)
    other.write(replace(JOURNAL, label="store-2"))
    if claimed:
        other.claim()
    with pytest.raises(SecretStoreError, match="another run is rotating it at the same time") as stopped:
        first.write(replace(JOURNAL, phase="verified"))
    assert stopped.value.kind == "conflict" and store.get("acme.rotation")["label"] == "store-2"


def test_under_a_name_that_leaves_no_room_for_a_journal_there_is_none(store: Any) -> None:
    """A credential that was registered under such a name long ago can still be revoked."""
    assert opened(store, "a" * 119).present is None and opened(store, "a" * 120).present is None


@pytest.mark.parametrize("module", ["cloud_credential", "cloud_credential_rotation"])
def test_a_name_that_leaves_no_room_for_a_journal_is_refused_before_anything_is_asked(
    module: str, store: Any, tmp_path: Path
) -> None:
    option = {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(tmp_path / "key")}}
    arguments: dict[str, Any] = {
        "provider": "cloudstack",
        "credential": "a" * 120,
        "endpoints": {"api": "https://127.0.0.1:9/client/api"},
        "secret_store": option,
    }
    if module == "cloud_credential":
        secret = base64.b64encode(os.urandom(30)).decode()
        arguments["secret"] = {"api_key": "k-initech", "secret_key": secret}
    with pytest.raises(ModuleFailed, match="has 120 characters; at most 119 are allowed") as refused:
        run_module(module, arguments)
    error = refused.value.result["error"]
    assert (error["type"], error["option"]) == ("InvalidInput", "credential") and store.names() == ()
