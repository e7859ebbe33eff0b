# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A removal that is killed half way, in stores that remove a record in two steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store import (
    aws_client,
    encrypted_file,
    vault_client,
)
from tests.support.module import ModuleFailed, run_module

from .stores import BACKENDS, Backend


def killed_at(patch: pytest.MonkeyPatch, client: Any, operation: str) -> None:
    real = client.call

    def call(self: Any, doing: str, what: Any, *more: Any, **arguments: Any) -> Any:
        if getattr(what, "__name__", what) == operation:
            os._exit(9)
        return real(self, doing, what, *more, **arguments)

    patch.setattr(client, "call", call)


def killed_at_the_second_write(patch: pytest.MonkeyPatch) -> None:
    real, writes = encrypted_file.EncryptedFile.write, []

    def write(self: Any, content: Any) -> None:
        writes.append(1)
        if len(writes) == 2:
            os._exit(9)
        real(self, content)

    patch.setattr(encrypted_file.EncryptedFile, "write", write)


#: What has to be killed for a removal to stop between its two steps: where calls go out, and the call.
STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "vault": lambda patch: killed_at(patch, vault_client.VaultClient, "delete_metadata_and_all_versions"),
    "aws_secrets_manager": lambda patch: killed_at(patch, aws_client.AwsClient, "delete_secret"),
    "encrypted_file": killed_at_the_second_write,
}


def kill_removal(kind: str, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store two records and be killed while the first of them is removed."""
    backend.open().put("globex", {"n": 1})
    version = backend.open().put("acme", {"n": 1}, expect=0)
    if (child := os.fork()) == 0:
        try:
            STEPS[kind](monkeypatch)
            backend.open().delete("acme", expect=version)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.fixture(params=sorted(STEPS))
def killed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = BACKENDS[request.param](request, tmp_path)
    kill_removal(request.param, backend, monkeypatch)
    return backend


def test_the_record_is_gone_and_what_is_left_of_it_is_told(killed: Backend) -> None:
    store = killed.open()
    assert store.version("acme") == 0
    with pytest.raises(SecretStoreError) as caught:
        store.get("acme")
    assert caught.value.kind == "not_found"
    assert "it holds globex." in str(caught.value)
    assert store.remnant("acme") and store.remnant("globex") is None and store.remnant("never") is None


def test_the_next_removal_finishes_it(killed: Backend) -> None:
    assert killed.open().delete("acme") is False
    store = killed.open()
    assert store.remnant("acme") is None and store.names() == ("globex",)
    assert store.put("acme", {"n": 2}, expect=0) > 0


def test_a_removal_that_expects_no_record_finishes_it_too(killed: Backend) -> None:
    assert killed.open().delete("acme", expect=0) is False
    assert killed.open().remnant("acme") is None and killed.open().names() == ("globex",)


def test_absent_clears_what_a_killed_removal_left_and_then_changes_nothing(killed: Backend) -> None:
    arguments = {"state": "absent", "provider": "aws", "credential": "acme", "secret_store": killed.option}
    predicted, first, second = (
        run_module("cloud_credential", arguments, check=check, diff=True) for check in (True, False, False)
    )
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and killed.open().remnant("acme") is None


def test_absent_of_a_key_clears_it_too(killed: Backend) -> None:
    arguments = {"state": "absent", "name": "acme", "secret_store": killed.option}
    predicted, first, second = (
        run_module("vpn_psk", arguments, check=check, diff=True) for check in (True, False, False)
    )
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"] and killed.open().remnant("acme") is None


def test_what_is_left_of_one_record_does_not_hide_the_others(killed: Backend) -> None:
    secret = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "x" * 40}
    killed.open().put("initech", parse("initech", "aws", secret).record())
    found = run_module("cloud_credential_info", {"secret_store": killed.option})
    assert [row["name"] for row in found["credentials"]] == ["initech"]
    with pytest.raises(ModuleFailed, match="could not read acme: there is no such record") as failed:
        run_module("cloud_credential_info", {"secret_store": killed.option, "names": ["acme"]})
    assert failed.value.result["error"]["kind"] == "not_found"


@pytest.mark.parametrize("kind", ["vault", "aws_secrets_manager"])
def test_a_new_record_waits_for_the_end_of_a_removal(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    backend = BACKENDS[kind](request, tmp_path)
    kill_removal(kind, backend, monkeypatch)
    with pytest.raises(SecretStoreError, match="removal was begun.*state: absent") as caught:
        backend.open().put("acme", {"n": 2}, expect=0)
    assert caught.value.kind == "conflict" and backend.open().version("acme") == 0
