# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is Vault's and OpenBao's own: certificates, ways to log in, mounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.ca import make_ca
from lab.openbao import make_kv
from tests.support.openbao import OpenBao, vault_option


def opened(option: dict[str, Any]) -> Any:
    return open_store(option, lambda *values: None)


def kind(option: dict[str, Any]) -> str:
    with pytest.raises(SecretStoreError) as caught:
        opened(option).get("acme")
    return caught.value.kind


@pytest.fixture
def option(openbao: OpenBao, tmp_path: Path) -> dict[str, Any]:
    return vault_option(openbao, tmp_path)


def test_a_certificate_of_another_authority_is_refused(option: dict[str, Any], tmp_path: Path) -> None:
    other = make_ca(tmp_path / "other")
    assert kind({**option, "auth": {**option["auth"], "ca_file": str(other.cert_path)}}) == "tls"


def test_a_token_file_that_others_can_read_is_refused(option: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "token").chmod(0o644)
    assert kind(option) == "unsafe"


def test_an_approle_opens_it_and_its_secret_id_is_hidden(
    openbao: OpenBao, option: dict[str, Any], tmp_path: Path
) -> None:
    secret_id = tmp_path / "secret-id"
    secret_id.write_text(openbao.secrets["secret_id"], encoding="utf-8")
    secret_id.chmod(0o600)
    auth = {
        "role_id": openbao.secrets["role_id"],
        "secret_id_file": str(secret_id),
        "ca_file": option["auth"]["ca_file"],
    }
    hidden: list[str] = []
    open_store({**option, "auth": auth}, lambda *values: hidden.extend(values)).put("acme", {"n": 2})
    assert openbao.secrets["secret_id"] in hidden
    assert opened(option).get("acme") == {"n": 2}


def test_plain_http_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="is not https"):
        opened({**option, "url": option["url"].replace("https", "http")})


def test_a_mount_that_is_not_there_is_named(option: dict[str, Any]) -> None:
    with pytest.raises(SecretStoreError):
        opened({**option, "path": "nowhere/x"}).put("acme", {})


def test_a_record_that_was_deleted_by_hand_can_be_made_again(openbao: OpenBao, option: dict[str, Any]) -> None:
    store = opened(option)
    store.put("acme", {"n": 1})
    mount, _slash, folder = option["path"].partition("/")
    openbao.root().call("DELETE", f"{mount}/data/{folder}/acme")
    assert store.version("acme") == 0
    assert store.put("acme", {"n": 2}, expect=0) == 2
    with pytest.raises(SecretStoreError) as caught:
        store.put("acme", {"n": 3}, expect=0)
    assert caught.value.kind == "conflict"
    assert store.get("acme") == {"n": 2}


def test_a_mount_that_asks_for_a_version_with_every_write_is_told_it(openbao: OpenBao, option: dict[str, Any]) -> None:
    root = openbao.root()
    make_kv(root, "strict")
    try:
        root.call("POST", "strict/config", {"cas_required": True})
        token = root.call("POST", "auth/token/create-orphan", {"policies": ["root"]})["auth"]["client_token"]
        Path(option["auth"]["token_file"]).write_text(token, encoding="utf-8")
        store = opened({**option, "path": "strict/x"})
        assert [store.put("acme", {"n": n}) for n in range(3)] == [1, 2, 3]
        assert store.put("acme", {"n": 3}, expect=3) == 4
    finally:
        root.call("DELETE", "sys/mounts/strict")
