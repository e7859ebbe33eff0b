# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX injects into a job, read as a secret store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse_record
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

RECORD = {
    "version": 1,
    "provider": "cloudstack",
    "public": {"api_key": "k"},
    "secrets": {"secret_key": "canary-77-secret"},
}


@pytest.fixture(autouse=True)
def injected_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "injected"
    path.write_text(json.dumps({"name": "acme", **RECORD}), encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("SERVICE_STORE_AWX_FILE", str(path))
    return path


def opened(**option: Any) -> Any:
    return open_store({"type": "awx", **option}, lambda *values: None)


def failure(call: Callable[[], Any]) -> SecretStoreError:
    with pytest.raises(SecretStoreError) as caught:
        call()
    return caught.value


def test_files_and_variables_of_several_credentials_are_one_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SERVICE_STORE_AWX_RECORD_AWS", json.dumps({"name": "globex", **RECORD}))
    extra = tmp_path / "extra"
    extra.write_text(json.dumps({"initech": RECORD, "umbrella": RECORD}), encoding="utf-8")
    extra.chmod(0o600)
    store = opened(path=str(extra))
    assert store.names() == ("acme", "globex", "initech", "umbrella")
    assert all(store.get(name) == RECORD and store.version(name) == 1 for name in store.names())


def test_a_missing_record_is_not_found() -> None:
    assert opened().version("globex") == 0
    assert failure(lambda: opened().get("globex")).kind == "not_found"


@pytest.mark.parametrize("call", [lambda store: store.put("acme", {}), lambda store: store.delete("acme")])
def test_what_would_change_it_is_refused(call: Callable[[Any], Any]) -> None:
    refused = failure(lambda: call(opened()))
    assert refused.kind == "read_only"
    assert "AWX's credentials are read-only here. Next: change the credential in AWX" in str(refused)


def test_a_file_that_others_can_read_is_refused(injected_file: Path) -> None:
    injected_file.chmod(0o644)
    assert failure(opened).kind == "unsafe"


@pytest.mark.parametrize("text", ["no json: canary-77-secret", '["canary-77-secret"]', '{"acme": "canary-77-secret"}'])
def test_what_is_no_record_is_refused_without_showing_it(injected_file: Path, text: str) -> None:
    injected_file.write_text(text, encoding="utf-8")
    refused = failure(opened)
    assert refused.kind == "damaged" and "SERVICE_STORE_AWX_FILE" in str(refused)
    assert "canary" not in str(refused)


def test_one_name_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_STORE_AWX_RECORD", json.dumps({"acme": RECORD}))
    refused = failure(opened)
    assert refused.kind == "invalid"
    assert "SERVICE_STORE_AWX_FILE and SERVICE_STORE_AWX_RECORD both hold acme" in str(refused)


def test_nothing_injected_is_an_empty_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVICE_STORE_AWX_FILE")
    assert opened().names() == ()


def test_the_shipped_credential_type_makes_a_record_of_any_text(injected_file: Path) -> None:
    shipped = Path(__file__).parents[5] / "extensions" / "awx" / "credential_types" / "cloudstack.yml"
    template = yaml.safe_load(shipped.read_text(encoding="utf-8"))["injectors"]["file"]["template"]
    secret = 'q"uote\\{{ x }}'
    # AWX renders injectors with this class, without escaping.
    made = ImmutableSandboxedEnvironment().from_string(template)
    injected_file.write_text(made.render(record="acme", api_key="k", secret_key=secret), encoding="utf-8")
    assert parse_record("acme", opened().get("acme")).secrets == {"secret_key": secret}
