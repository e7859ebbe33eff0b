# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same fault, put to our module and to another collection's: what each said, and what happened at the provider.

Both replace the same entry, and the call that opens entries goes wrong: it is refused because the quota is reached, or
it is made and its answer is lost. Ours must come through; of the other's the table shows what is seen, since it may be
mended one day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .allowlist_case import NEW, OLD, OPERATIONS, Run, happened, tells_the_truth
from .allowlist_faults import FAULTS, Fault
from .peers import PEERS, Rule
from .test_peer_agreement import every_cloud
from .watched import watched_run
from .watching import State

__all__ = ["watched_run"]
pytestmark = [pytest.mark.slow, pytest.mark.long]
REPLACE = next(operation for operation in OPERATIONS if operation.name == "replace")
HEAD = ("cloud", "opening entries", "module", "what it said", "what happened", "old and new shut", "the next run")
FOREIGN = [Rule("203.0.113.7/32", 22)]
Result = dict[str, Any]


def rules(address: str) -> list[Rule]:
    return [Rule(f"{address}/32", port) for port in (443, 8443)]


def spoiled(run: Run, fault: Fault, start: Callable[[], Result], bring: Callable[[], Result]) -> tuple[Result, State]:
    """Bring the scope to its start and run once with the fault; returns the result, and what was held before."""
    run.proxy.begin()
    started = start()
    before = run.look()
    assert not started.get("failed") and set(before) == run.lines((OLD,)) | run.foreign(), started
    run.proxy.begin()
    run.proxy.add(**fault.spoil(run.store.account), operation=run.store.account.add_call, times=0)
    return bring(), before


def shut(run: Run) -> int:
    """Return at how many moments neither the old entry nor the new one was open on some port."""
    pairs = list(zip(sorted(run.lines((OLD,))), sorted(run.lines((NEW,))), strict=True))
    states = [*run.proxy.seen, run.look()]
    return sum(any(old not in state and new not in state for old, new in pairs) for state in states)


def row(run: Run, result: Result, before: State, module: str, bring: Callable[[], Result]) -> tuple[str, ...]:
    """Return what is shown of one module, the next run without the fault included."""
    said = f"{'failed' if result.get('failed') else 'ok'}, changed={str(result['changed']).lower()}"
    differs = happened(before, run.look())
    words = [f"{sum(action == name for action, _line in differs)} {name}" for name in ("add", "remove")]
    moments, looks = shut(run), len(run.proxy.seen) + 1
    run.proxy.reset()
    again = bring()
    wanted = run.lines((NEW,)) | run.foreign()
    end = "failed" if again.get("failed") else "as wanted" if set(run.look()) == wanted else "not as wanted"
    return module, said, ", ".join(words), f"at {moments} of {looks} moments", end


@every_cloud
@pytest.mark.parametrize("name", ["quota reached", "answer lost for good"])
def test_ours_comes_through_what_others_are_seen_to_do(
    watched_run: Run, name: str, record_property: Callable[[str, Any], None]
) -> None:
    run, fault = watched_run, next(fault for fault in FAULTS if fault.name == name)
    cloud = run.store.account.provider
    peer = PEERS[cloud]
    peer.needed()

    def show(*cells: str) -> None:
        title = "the same fault, side by side"
        record_property("table", {"title": title, "head": HEAD, "row": [cloud, name, *cells]})

    def ours() -> Result:
        return run.bring(REPLACE)

    result, before = spoiled(run, fault, lambda: run.apply(run.rows((OLD,))), ours)
    tells_the_truth(result, before, run.look())
    run.never_uncovered(REPLACE)
    cells = row(run, result, before, "strategic.service_store.access_allowlist", ours)
    assert cells[-2].startswith("at 0 of") and cells[-1] == "as wanted"
    show(*cells)

    run.reset()
    account = run.store.account

    def theirs() -> Result:
        return peer.run(account, [*rules(NEW), *FOREIGN], rules(OLD))

    result, before = spoiled(run, fault, lambda: peer.run(account, [*rules(OLD), *FOREIGN]), theirs)
    show(*row(run, result, before, peer.module, theirs))
