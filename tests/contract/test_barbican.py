# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is Barbican's own: claims of dead writers, secrets of others, Keystone and its catalog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store import barbican
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.ca import make_ca
from tests.support.barbican import Barbican
from tests.support.skipping import Skipping

pytestmark = pytest.mark.openstack


@pytest.fixture
def option(barbican_server: Barbican, tmp_path: Path) -> dict[str, Any]:
    return barbican_server.option(tmp_path)


def opened(option: dict[str, Any]) -> Any:
    return open_store(option, lambda *values: None)


def kind(call: Callable[[], Any]) -> str:
    with pytest.raises(SecretStoreError) as caught:
        call()
    return caught.value.kind


def claim(store: Any, name: str, number: int) -> str:
    """Lay down what a writer leaves that dies before its payload."""
    made: str = store._client.create("test", f"{store._path}/{name}", store._mark, str(number))
    return made


def test_a_dead_writers_claim_is_not_read_and_is_cleared_away(
    option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Skipping(factor=5.0)
    monkeypatch.setattr(barbican, "time", clock)
    store = opened(option)
    store.put("acme", {"n": 1})
    dead = claim(store, "acme", 2)
    assert (store.get("acme"), store.version("acme")) == ({"n": 1}, 1)
    begun = clock.monotonic()
    assert store.put("acme", {"n": 2}, expect=1) == 2
    assert clock.monotonic() - begun > barbican.LEASE_S
    # Should it live after all, it is told that it lost.
    assert store._client.fill("test", dead, "{}") is False
    assert store.get("acme") == {"n": 2}


def test_a_claim_of_a_new_record_is_no_record(option: dict[str, Any]) -> None:
    store = opened(option)
    claim(store, "acme", 1)
    assert store.names() == () and store.version("acme") == 0
    assert kind(lambda: store.get("acme")) == "not_found"


def test_only_the_last_two_versions_are_kept(option: dict[str, Any]) -> None:
    store = opened(option)
    for n in range(1, 5):
        store.put("acme", {"n": n})
    assert sorted(version.number for version in store._versions("acme")) == [3, 4]


def test_a_store_whose_path_looks_alike_is_another_store(option: dict[str, Any]) -> None:
    opened({**option, "path": "a_b"}).put("x_y", {"n": 1})
    other = opened({**option, "path": "aXb"})
    assert other.names() == () and other.version("x_y") == 0
    assert opened({**option, "path": "a_b"}).version("xXy") == 0


def test_a_record_too_long_for_barbican_is_refused_and_leaves_nothing(option: dict[str, Any]) -> None:
    store = opened(option)
    assert kind(lambda: store.put("acme", {"pad": "x" * 30000})) == "invalid"
    assert store._versions("acme") == []
    assert store.put("acme", {"n": 1}) == 1


def test_the_secret_of_the_application_credential_is_hidden(option: dict[str, Any], barbican_server: Barbican) -> None:
    hidden: list[str] = []
    open_store(option, lambda *values: hidden.extend(values))
    assert barbican_server.account.secret["application_credential_secret"] in hidden


def test_what_cannot_be_used_is_said(option: dict[str, Any], tmp_path: Path) -> None:
    other = make_ca(tmp_path / "other")
    auth = option["auth"]
    assert kind(lambda: opened({**option, "auth": {**auth, "ca_file": str(other.cert_path)}}).names()) == "tls"
    with pytest.raises(SecretStoreError, match="catalog has no key-manager in Nowhere"):
        opened({**option, "region": "Nowhere"}).names()
    with pytest.raises(InvalidInput, match="is not https"):
        opened({**option, "url": "http://127.0.0.1:5000"})
    (tmp_path / "credential").write_text("canary-13-secret", encoding="utf-8")
    with pytest.raises(SecretStoreError, match="is no JSON with application_credential_id") as caught:
        opened(option)
    assert "canary" not in str(caught.value)
    (tmp_path / "credential").chmod(0o644)
    assert kind(lambda: opened(option)) == "unsafe"
