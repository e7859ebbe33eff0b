# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every secret store promises, whatever is behind it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError

from .stores import BACKENDS, SLOW, Backend

Opener = Callable[[], Any]
WRITERS = 50
#: Writes versions of one record for ever, in a process of its own.
WRITER = """
import json, sys
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
store = open_store(json.loads(sys.argv[1]), lambda *v: None)
n = 0
while True:
    n += 1
    store.put("acme", {"n": n, "twice": n, "pad": "x" * 10000})
    print(n, flush=True)
"""


NAMES = [
    pytest.param(name, marks=[pytest.mark.openstack] if name in SLOW else [], id=name) for name in sorted(BACKENDS)
]


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](request, tmp_path)


@pytest.fixture
def opener(backend: Backend) -> Opener:
    return backend.open


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


def test_a_removal_that_expects_another_version_removes_nothing(opener: Opener) -> None:
    store = opener()
    assert store.delete("acme", expect=0) is False
    first = store.put("acme", {"n": 1})
    second = store.put("acme", {"n": 2})
    for other in (0, first, second + 1):
        assert kind(lambda other=other: store.delete("acme", expect=other)) == "conflict"
    assert (store.get("acme"), store.version("acme")) == ({"n": 2}, second)
    assert store.delete("acme", expect=second) is True
    assert (store.version("acme"), store.names(), store.remnant("acme")) == (0, (), None)
    assert kind(lambda: store.delete("acme", expect=second)) == "conflict"
    store.put("acme", {"n": 3}, expect=0)
    assert opener().get("acme") == {"n": 3}


@pytest.mark.parametrize("attempt_number", range(3))
def test_of_writers_and_removers_that_expect_the_same_version_one_wins(opener: Opener, attempt_number: int) -> None:
    version = opener().put("acme", {"n": -1}, expect=0)

    def change(n: int) -> str:
        try:
            if n < 2:
                opener().put("acme", {"n": n}, expect=version)
            else:
                opener().delete("acme", expect=version)
        except SecretStoreError as exc:
            return exc.kind
        return "done"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(change, range(4)))
    assert sorted(results) == ["conflict"] * 3 + ["done"]
    winner = results.index("done")
    assert (opener().version("acme") > 0) == (winner < 2)
    assert winner >= 2 or opener().get("acme") == {"n": winner}


def test_names_are_sorted(opener: Opener) -> None:
    store = opener()
    assert store.names() == ()
    for name in ("b", "a", "c.d_e-f"):
        store.put(name, {})
    assert store.names() == ("a", "b", "c.d_e-f")


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a b", ".a"])
def test_a_name_that_some_backend_cannot_keep_is_refused_by_all(opener: Opener, name: str) -> None:
    assert kind(lambda: opener().put(name, {})) == "invalid"


def test_fifty_writers_at_once_lose_nothing(opener: Opener) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: opener().put(f"account-{n}", {"n": n}), range(WRITERS)))
    store = opener()
    assert [store.get(name)["n"] for name in store.names()] == sorted(range(WRITERS), key=str)


def test_of_writers_that_expect_the_same_version_one_wins(opener: Opener) -> None:
    version = opener().put("acme", {"n": -1})

    def write(n: int) -> int | str:
        try:
            return opener().put("acme", {"n": n}, expect=version)
        except SecretStoreError as exc:
            return exc.kind

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, range(8)))
    won = [n for n, result in enumerate(results) if isinstance(result, int)]
    assert [result for result in results if result == "conflict"] == ["conflict"] * 7
    assert [opener().get("acme")["n"]] == won


def test_a_writer_killed_at_any_moment_leaves_a_whole_record(backend: Backend) -> None:
    backend.open().put("acme", {"n": 0, "twice": 0})
    backend.hurry()
    for pause in (0.01, 0.05, 0.12):
        command = [sys.executable, "-c", WRITER, json.dumps(backend.option)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            try:
                writer.wait(pause)
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
        found = backend.open().get("acme")
        assert found["n"] == found["twice"] > 0
        assert backend.open().put("acme", {"n": 0, "twice": 0}) > 0
        assert backend.open().get("acme")["n"] == 0


def test_who_may_not_open_it_is_locked_out_and_changes_nothing(backend: Backend) -> None:
    backend.open().put("acme", {"n": 1})
    backend.locked_out()
    for call in (lambda: backend.open().get("acme"), lambda: backend.open().put("acme", {"n": 2})):
        assert kind(call) == "locked"


def test_a_server_or_token_that_is_down_is_told_apart(backend: Backend) -> None:
    if backend.down is None:
        pytest.skip("there is nothing that can be down")
    backend.open().put("acme", {"n": 1})
    option = backend.down()
    assert kind(lambda: backend.open(option).get("acme")) == "down"


def test_what_is_sealed_says_so_and_works_again_once_opened(backend: Backend) -> None:
    if backend.sealed is None:
        pytest.skip("there is nothing that can be sealed")
    backend.open().put("acme", {"n": 1})
    with backend.sealed():
        assert kind(lambda: backend.open().get("acme")) == "sealed"
    assert backend.open().get("acme") == {"n": 1}
