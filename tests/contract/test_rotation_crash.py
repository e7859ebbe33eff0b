# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation is killed with SIGKILL at every point it comes to, and run again: one table per provider.

The points are those that the engine itself names, before and after each provider call and each write to the store; a
whole run tells which of them it comes to. What must hold after the kill: a key works that the store knows (in the
credential or in the journal), or a rotator can make one; and no file beside the store has a secret in it. After the run
that follows: the stored key works, and the provider has no key whose secret is in neither record. `make test` takes a
sample of the points, `make test-long` all.

Both are true of a store that is a file here and of a real OpenBao. There a run is also killed after each write that
the server has answered, which tells of the two that a removal takes what the named points do not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import parse_journal
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation import POINTS
from tests.support.leaks import assert_nothing_leaked
from tests.support.module import ModuleFailed
from tests.support.openbao import after_writes
from tests.support.rotation import killed, killed_at, rotate

from .bench import front
from .rotating import WITH_KEYS, Rotating, rotating, running

__all__ = ["rotating", "running"]
pytestmark = pytest.mark.slow
#: Where most can be lost: around the call that makes the key, after the switch, and around the end of the old key.
SAMPLE = ("create:before", "create:after", "store-switch:after", "delete:after", "journal-remove:before")
#: Without a grace period one run comes to every point from the first to the last.
WHOLE = {"force": True, "policy": {"grace_days": 0}}
#: OpenBao's part: a provider that can disable a key, one that cannot, and one that replaces a pair at once.
IN_OPENBAO = [pytest.param(name, "vault", id=f"{name}-vault") for name in ("aws", "azure", "cloudstack")]
IN_BOTH = [pytest.param(*one.values, "encrypted_file", marks=one.marks, id=one.id) for one in WITH_KEYS] + IN_OPENBAO
in_both_stores = pytest.mark.parametrize(("running", "rotating"), IN_BOTH, indirect=True)
in_openbao = pytest.mark.parametrize(("running", "rotating"), IN_OPENBAO, indirect=True)
#: A verification that cannot succeed in no time.
HOPELESS = {"force": True, "good_calls": 2, "verify_timeout_s": 0}


def points_of(rotating: Rotating) -> list[str]:
    """Return every point that a whole run comes to, in its order."""
    seen = rotate(rotating.params(**WHOLE)).points
    assert set(seen) <= set(POINTS)
    return list(dict.fromkeys(seen))


def known_keys(rotating: Rotating) -> dict[str, Any]:
    """Return the keys that the store knows, by their ids."""
    journal = rotating.journal()
    parsed = parse_journal("account", journal) if journal else None
    held = [rotating.main(), *([parsed.old, parsed.new] if parsed else [])]
    return {rotating.id_of(credential): credential for credential in held if credential}


def after_the_kill(rotating: Rotating) -> str:
    """Say which key works right after the kill; fails where none does and nobody could make another one."""
    alive = [key for key, credential in known_keys(rotating).items() if rotating.works(credential)]
    if alive:
        return "stored key works" if rotating.works(rotating.main()) else "journal's key works"
    assert not rotating.traits().overlap and rotating.account.rotator, "no key works that the store knows"
    return "rotator can make one"


def secrets(rotating: Rotating) -> set[str]:
    """Return the secrets of all keys that the store knows."""
    held = [rotating.store.opened.get("rotator")["secrets"]] if rotating.account.rotator else []
    return {text for one in [*(key.secrets for key in known_keys(rotating).values()), *held] for text in one.values()}


def end_state(rotating: Rotating) -> str:
    """Say how it ended; fails where a key is dead that must live, or lives that nobody has the secret of."""
    main = rotating.main()
    assert rotating.works(main), "the stored key is dead"
    unknown = set(rotating.keys()) - set(known_keys(rotating))
    assert not unknown, f"keys whose secret is lost: {unknown}"
    journal = rotating.journal()
    words = f"journal {journal['phase']}" if journal else "no journal"
    if rotating.store.opened.remnant("account.rotation"):
        words = "its removal begun"
    return f"stored key works, {len(rotating.keys())} at provider, {words}"


def show(rotating: Rotating, title: str, rows: list[tuple[str, str, str]]) -> None:
    head = ["cloud", "store", "fault point", "in between", "end"]
    for row in rows:
        line = [rotating.name, rotating.store.option["type"], *row]
        rotating.note("table", {"title": title, "head": head, "row": line})


def killed_and_run_again(
    rotating: Rotating, point: str, run: Callable[[Callable[[str], None]], Any] | None = None, number: int = 1
) -> tuple[str, str, str]:
    """Kill a whole rotation at a point and run again; the second run is an ordinary one that finishes what it finds.

    ``run`` is a rotation that tells its own points, one of which it may come to several times.
    """
    rotating.reset()
    old = rotating.main()
    whole = run or (lambda at: rotate(rotating.params(**WHOLE), at=at))
    assert killed(whole, point, number), (point, number)
    between = after_the_kill(rotating)
    if rotating.store.option["type"] == "encrypted_file":
        assert_nothing_leaked(Path(rotating.store.option["path"]).parent, [], secrets(rotating))
    begun = rotating.journal() is not None
    rotating.run(policy={"grace_days": 0})
    end = end_state(rotating)
    assert rotating.journal() is None and len(rotating.keys()) == 1, (point, end)
    assert not rotating.main().same_key(old) or not begun, point
    assert not rotating.run(policy={"grace_days": 0})["changed"], point
    return f"{point} {number}" if run else point, between, end


def test_a_kill_at_the_worst_points_converges(rotating: Rotating) -> None:
    reached = [point for point in points_of(rotating) if point in SAMPLE]
    assert {"create:before", "create:after", "store-switch:after"} <= set(reached)
    show(
        rotating,
        "killed at, what works then, and after the next run",
        [killed_and_run_again(rotating, p) for p in reached],
    )


@pytest.mark.long
@in_both_stores
def test_a_kill_at_every_point_converges(rotating: Rotating) -> None:
    rows = [killed_and_run_again(rotating, point) for point in points_of(rotating)]
    show(rotating, "killed at, what works then, and after the next run", rows)
    assert len(rows) >= 16


@pytest.mark.long
@in_openbao
def test_a_kill_after_every_write_of_the_store_converges(rotating: Rotating) -> None:
    """Method, record and which of them, as the server has answered them."""

    def run(at: Callable[[str], None]) -> None:
        with after_writes(rotating.store.option["url"], at):
            rotate(rotating.params(**WHOLE))

    seen: list[str] = []
    run(seen.append)
    assert {"POST account", "POST account.rotation", "DELETE account.rotation"} == set(seen)
    rows = []
    for place, write in enumerate(seen):
        rows.append(killed_and_run_again(rotating, write, run, seen[: place + 1].count(write)))
        if rotating.store.opened.remnant("account.rotation"):
            # What reads as no journal is in nobody's way, and goes with the next one.
            assert rotating.run(**WHOLE)["rotation"]["rotated"]
            assert rotating.store.opened.remnant("account.rotation") is None
    show(rotating, "killed at, what works then, and after the next run", rows)
    assert len(rows) >= 8


@pytest.mark.long
@in_both_stores
def test_a_kill_with_a_grace_period_converges_and_keeps_it(rotating: Rotating) -> None:
    if not rotating.traits().overlap:
        pytest.skip("its keys have no grace period")
    rows = []
    for point in ("create:after", "store-switch:after", "journal-switched:after", "disable:after"):
        rotating.reset()
        assert killed_at(rotating.params(force=True), point), point
        between = after_the_kill(rotating)
        rotating.run()
        end = end_state(rotating)
        journal = rotating.journal()
        assert journal and journal["phase"] == "disabled" and len(rotating.keys()) == 2, (point, end)
        assert not rotating.run()["changed"]
        rows.append((point, between, end))
    for point in ("delete:before", "delete:after", "journal-done:after", "journal-remove:before"):
        rotating.reset()
        rotate(rotating.params(force=True))
        assert killed_at(rotating.params(), point, days_later=8), point
        between = after_the_kill(rotating)
        rotate(rotating.params(), days_later=8)
        assert rotating.journal() is None and len(rotating.keys()) == 1, point
        rows.append((f"after grace: {point}", between, end_state(rotating)))
    show(rotating, "killed with a grace period", rows)


@pytest.mark.long
@in_both_stores
def test_a_second_kill_while_recovering_converges(rotating: Rotating) -> None:
    rows = []
    second = [
        "journal-creating:before",
        "journal-creating:after",
        "create:before",
        "create:after",
        "store-switch:after",
    ]
    if rotating.traits().overlap:
        second = ["recover:before", "recover:after", *second]
    for point in second:
        rotating.reset()
        assert killed_at(rotating.params(**WHOLE), "create:after")
        assert killed_at(rotating.params(**WHOLE), point), point
        between = after_the_kill(rotating)
        rotating.run(policy={"grace_days": 0})
        assert rotating.journal() is None and len(rotating.keys()) == 1, point
        rows.append((f"create:after, {point}", between, end_state(rotating)))
    show(rotating, "killed after the call that makes a key, and killed again while recovering", rows)


@pytest.mark.long
@in_both_stores
def test_a_kill_while_giving_up_converges(rotating: Rotating) -> None:
    if not rotating.traits().overlap:
        pytest.skip("it cannot give up: the old key is dead")
    rows = []
    for point in (
        "journal-abandoning:before",
        "journal-abandoning:after",
        "abandon:before",
        "abandon:after",
        "journal-done:before",
        "journal-done:after",
        "journal-remove:before",
        "journal-remove:after",
    ):
        rotating.reset()
        old = rotating.main()
        assert killed_at(rotating.params(**HOPELESS), point), point
        between = after_the_kill(rotating)
        assert rotating.works(old)
        rotating.run(policy={"grace_days": 0})
        assert rotating.journal() is None and len(rotating.keys()) == 1, point
        rows.append((point, between, end_state(rotating)))
    show(rotating, "killed while giving up a new key", rows)


def test_a_lost_answer_leaves_no_key_behind(rotating: Rotating) -> None:
    """The call that makes a key takes effect, and its answer does not come; in the same run and in the next one."""
    creates = rotating.spoils_create or "POST */application_credentials"
    with contextlib.ExitStack() as stack:
        faults, endpoints = front(stack, rotating.account)
        faults.add(mode="lost", operation=creates, times=1)
        rotating.run(**WHOLE, endpoints=endpoints)
        assert "1 at provider" in end_state(rotating)
        assert sum(fnmatchcase(name, creates) for name in faults.operations()) == 2
        rotating.reset()
        faults.reset()
        faults.add(mode="lost", operation=creates, times=0)
        with pytest.raises(ModuleFailed):
            rotating.run(**WHOLE, endpoints=endpoints, timeout_s=5)
        faults.reset()
        rotating.run(**WHOLE, endpoints=endpoints)
        assert "1 at provider" in end_state(rotating)
