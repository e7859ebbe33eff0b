# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that was killed while the store removed a record: neither rotation nor revocation stops at what it left."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import Journal
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation_journal import JournalFile
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.base import SecretStore
from tests.support.module import run_module

from .stores import BACKENDS, Backend
from .test_secret_store_removal import STEPS

NOW = datetime.datetime(2026, 11, 22, 4, 30, tzinfo=datetime.UTC)
OLD = Credential("acme", "aws", {"access_key_id": "AKIAOLD"}, {"secret_access_key": "canary-old"})
JOURNAL = Journal("creating", "store-1", written(NOW), written(NOW), "AKIAOLD", ("AKIAOLD",), OLD)


@pytest.fixture(params=sorted(STEPS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](request, tmp_path)


def killed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, removal: Callable[[], Any]) -> None:
    """Run a removal in a child that is killed between its two steps."""
    if (child := os.fork()) == 0:
        try:
            STEPS[request.node.callspec.params["backend"]](monkeypatch)
            removal()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def journal_of(store: SecretStore) -> JournalFile:
    opened = JournalFile(store, "acme", lambda *values: None, lambda: NOW, lambda point: None, 60.0)
    opened.read()
    return opened


def test_the_next_rotation_writes_its_journal_all_the_same(
    backend: Backend, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = journal_of(backend.open())
    first.write(JOURNAL)
    killed(request, monkeypatch, lambda: journal_of(backend.open()).remove())
    store = backend.open()
    assert store.version("acme.rotation") == 0 and store.remnant("acme.rotation")
    following = journal_of(store)
    assert following.present is None
    following.write(JOURNAL)
    assert store.get("acme.rotation")["label"] == "store-1"
    following.remove()
    assert store.version("acme.rotation") == 0 and store.remnant("acme.rotation") is None


def test_the_next_revocation_removes_what_is_left_of_both_records_and_then_nothing(
    backend: Backend, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = backend.open()
    for name, record in {"acme.rotation": JOURNAL.record(), "acme": OLD.record()}.items():
        version = store.put(name, record, expect=0)
        killed(request, monkeypatch, lambda name=name, version=version: backend.open().delete(name, expect=version))
    left = [name for name in ("acme.rotation", "acme") if store.remnant(name)]
    assert "acme" in left
    arguments = {"state": "revoked", "provider": "aws", "region": "eu-west-2", "credential": "acme"}
    arguments |= {"secret_store": backend.option}
    predicted, first, second = (
        run_module("cloud_credential", arguments, check=check, diff=True) for check in (True, False, False)
    )
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and [row["what"] for row in first["revocation"]["places"]] == left
    assert first["revocation"]["revoked"] and not predicted["revocation"]["revoked"]
    assert not [name for name in ("acme.rotation", "acme") if backend.open().remnant(name)]
