# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every secret store promises, whatever is behind it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.openbao import vault_option

Opener = Callable[[], Any]


@pytest.fixture(params=["encrypted_file", "vault"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    if request.param == "vault":
        option = vault_option(request.getfixturevalue("openbao"), tmp_path)
    else:
        key = tmp_path / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        option = {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(key)}}
    return lambda: open_store(option, lambda *values: None)


def kind(call: Callable[[], Any]) -> str:
    with pytest.raises(SecretStoreError) as caught:
        call()
    return caught.value.kind


def test_what_is_put_is_got_by_another_opening(opener: Opener) -> None:
    opener().put("acme", {"a": [1, {"b": "ü"}]})
    assert opener().get("acme") == {"a": [1, {"b": "ü"}]}


def test_versions_count_up_and_an_absent_record_has_none(opener: Opener) -> None:
    store = opener()
    assert store.version("acme") == 0
    first = store.put("acme", {"n": 1})
    assert store.put("acme", {"n": 2}) == first + 1 == store.version("acme")


def test_a_missing_record_is_not_found_and_says_what_is_there(opener: Opener) -> None:
    store = opener()
    store.put("acme", {})
    with pytest.raises(SecretStoreError, match="there is no such record; it holds acme") as caught:
        store.get("globex")
    assert caught.value.kind == "not_found"


def test_a_write_that_expects_another_version_writes_nothing(opener: Opener) -> None:
    store = opener()
    version = store.put("acme", {"n": 1}, expect=0)
    assert kind(lambda: store.put("acme", {"n": 2}, expect=0)) == "conflict"
    assert kind(lambda: store.put("acme", {"n": 2}, expect=version + 1)) == "conflict"
    assert store.get("acme") == {"n": 1}
    assert store.put("acme", {"n": 2}, expect=version) == version + 1


def test_a_deleted_record_is_gone_and_can_be_made_again(opener: Opener) -> None:
    store = opener()
    store.put("acme", {"n": 1})
    assert store.delete("acme") is True
    assert store.delete("acme") is False
    assert kind(lambda: store.get("acme")) == "not_found"
    assert store.version("acme") == 0
    store.put("acme", {"n": 2}, expect=0)
    assert store.get("acme") == {"n": 2}


def test_names_are_sorted(opener: Opener) -> None:
    store = opener()
    assert store.names() == ()
    for name in ("b", "a", "c.d_e-f"):
        store.put(name, {})
    assert store.names() == ("a", "b", "c.d_e-f")


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a b", ".a"])
def test_a_name_that_some_backend_cannot_keep_is_refused_by_all(opener: Opener, name: str) -> None:
    assert kind(lambda: opener().put(name, {})) == "invalid"
