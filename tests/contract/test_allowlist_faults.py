# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An allowlist is changed while its provider's calls go wrong, one by one: one table over all clouds.

Every fault is put at every call of every operation from the first write on, and a kill after every call. At each
moment between two calls the provider itself is asked what it holds: the old entry or the wanted one is there, and so is
everything that stays. What a run reports is compared with what differs at the provider; the next run without a fault
ends as wanted, and the one after it does nothing.
`make test` takes one cloud with all faults and one fault on all clouds, `make test-long` everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from .accounts import BARE, KINDS, NARROW
from .allowlist_case import OLD, OPERATIONS, Operation, Run, Wrong, tells_the_truth
from .allowlist_faults import FAULTS, Fault, rules_at, spoiled_calls
from .conftest import PROVIDERS
from .watched import watched_run
from .watching import marked_only

__all__ = ["watched_run"]
pytestmark = pytest.mark.slow
ADD, REMOVE, REPLACE = OPERATIONS[:3]
EVERY = [*PROVIDERS, *(pytest.param(name, id=name) for name in sorted({**KINDS, **BARE, **NARROW}))]
TITLE = "allowlists under faults"
HEAD = ("cloud", "fault", "operation", "at calls", "what the run said", "old or new open", "the two runs after it")
Table = Callable[..., None]


@pytest.fixture
def table(request: pytest.FixtureRequest, record_property: Callable[[str, Any], None]) -> Table:
    """Adds a row to the table at the end of the run."""
    cloud = request.node.callspec.params["watched_run"]
    return lambda *row: record_property("table", {"title": TITLE, "head": HEAD, "row": [cloud, *row]})


def clean_run(run: Run, operation: Operation) -> list[str]:
    """Return the names of the calls that the operation makes where nothing goes wrong."""
    run.begin(operation)
    before = run.look()
    result = run.bring(operation)
    names = run.proxy.operations()
    run.never_uncovered(operation)
    tells_the_truth(result, before, run.look())
    run.converges(operation)
    return names


def spoiled(run: Run, operation: Operation, fault: Fault, names: list[str], number: int) -> tuple[str, int]:
    """Run one case; returns what the run said, and at how many moments the provider was looked at."""
    run.begin(operation)
    before = run.look()
    added = [run.proxy.add(**rule) for rule in rules_at(fault, run.store.account, names, number)]
    result = run.bring(operation)
    if added[0].seen < added[0].first:
        raise Wrong("the fault was never put")
    moments = run.never_uncovered(operation)
    tells_the_truth(result, before, run.look(), unsure=fault.cut)
    if fault.passing and result.get("failed"):
        raise Wrong(f"it gave up: {result['msg']}")
    run.converges(operation)
    if not result.get("failed"):
        return "done", moments
    words = (
        "said to be unsure"
        if result.get("unsure")
        else "failed, changes told"
        if result["changed"]
        else "failed, no change"
    )
    return words, moments


def killed(run: Run, operation: Operation, number: int) -> tuple[str, int]:
    """Run one case in a process that is killed when its call of that number has been made."""
    run.begin(operation)
    if not run.proxy.run_and_kill(lambda: run.bring(operation), number):
        raise Wrong("the process ended before it was killed")
    moments = run.never_uncovered(operation)
    run.converges(operation)
    return "killed", moments


def all_of(run: Run, table: Table, operation: Operation, faults: Sequence[Fault], sample: bool = False) -> None:
    """Run all cases of an operation, put them into the table, and fail with every one that went wrong.

    A sample takes the writes alone.
    """
    names = clean_run(run, operation)
    if not any(run.store.account.is_write(name) for name in names):
        pytest.skip("what is said about an entry stays as first written here")
    wrong: list[str] = []

    def cases(name: str, numbers: list[int], one: Callable[[int], tuple[str, int]]) -> None:
        said: dict[str, int] = {}
        looks = failed = 0
        for number in numbers:
            try:
                word, moments = one(number)
            except Wrong as exc:
                wrong.append(f"{name} at call {number} ({names[number - 1]}): {exc}")
                word, moments, failed = "WRONG", 0, failed + 1
                run.proxy.reset()
                run.reset()
            said[word] = said.get(word, 0) + 1
            looks += moments
        words = ", ".join(f"{count} {word}" for word, count in said.items())
        end = f"{failed} WRONG" if failed else "as wanted, then unchanged"
        table(name, operation.name, str(len(numbers)), words, f"at all {looks} moments", end)

    for fault in faults:
        put = replace(fault, calls="writes") if sample and fault.calls == "every" else fault
        numbers = spoiled_calls(put, run.store.account, names)
        if numbers:
            cases(fault.name, numbers, lambda number, fault=fault: spoiled(run, operation, fault, names, number))
    kills = [number for number, name in enumerate(names, 1) if run.store.account.is_write(name) or not sample]
    cases("killed", kills, lambda number: killed(run, operation, number))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("watched_run", ["azure"], indirect=True)
def test_one_cloud_replaces_an_entry_under_every_fault(watched_run: Run, table: Table) -> None:
    all_of(watched_run, table, REPLACE, FAULTS, sample=True)


@pytest.mark.parametrize("watched_run", [param for param in PROVIDERS if param.id != "azure"], indirect=True)
def test_every_other_cloud_replaces_an_entry_though_it_is_killed_after_any_call(watched_run: Run, table: Table) -> None:
    all_of(watched_run, table, REPLACE, (), sample=True)


#: Where an entry's mark is apart from it.
MARKED_APART = [
    "aws-network-acl",
    "cloudstack",
    "cloudstack-firewall",
    pytest.param("openstack-address-group", marks=pytest.mark.openstack),
]


@pytest.mark.parametrize("watched_run", MARKED_APART, indirect=True)
def test_marks_that_a_kill_left_alone_are_dropped_by_the_next_run_and_told(watched_run: Run) -> None:
    run, account = watched_run, watched_run.store.account
    names = clean_run(run, REMOVE)
    removed = [number for number, name in enumerate(names, 1) if fnmatchcase(name, account.remove_call)]
    run.begin(REMOVE)
    assert run.proxy.run_and_kill(lambda: run.bring(REMOVE), removed[-1])
    gone = sorted(run.lines((OLD,)))
    marks = {marked_only(line) for line in gone}
    assert marks <= set(run.look()) and not set(gone) & set(run.look())
    rows = run.rows(REMOVE.wanted)
    assert run.info(rows)["allowlists"][0]["stale_marks"] == gone
    predicted = run.apply(rows, check=True, diff=True)
    done = run.apply(rows, check=False, diff=True)
    assert done["changed"] and done["allowlists"][0]["stale_marks"] == gone
    assert predicted["changed"] and predicted["diff"] == done["diff"] != []
    assert set(run.look()) == run.lines(REMOVE.wanted) | run.foreign()
    run.proxy.begin()
    assert not run.bring(REMOVE)["changed"] and account.writes() == []


@pytest.mark.parametrize("watched_run", ["cloudstack"], indirect=True)
def test_marks_of_what_was_refused_are_told(watched_run: Run) -> None:
    names = clean_run(watched_run, ADD)
    fault = next(fault for fault in FAULTS if fault.name == "quota reached")
    first = spoiled_calls(fault, watched_run.store.account, names)[0]
    assert spoiled(watched_run, ADD, fault, names, first)[0] == "failed, changes told"


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("watched_run", EVERY, indirect=True)
def test_every_operation_under_every_fault(watched_run: Run, table: Table, operation: Operation) -> None:
    all_of(watched_run, table, operation, FAULTS)
