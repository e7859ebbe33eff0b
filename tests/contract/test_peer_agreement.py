# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other collections' modules and ours agree: after one has run, the other with the same rules changes nothing.

Ours has the entries of somebody else for present; theirs are told the same rules in their own words. Where a module
compares descriptions it is told those that ours wrote, and one that keeps the whole group is told what else is in it.
"""

from __future__ import annotations

import pytest

from .allowlist_case import KEPT, NEW, OLD, Run, tells_the_truth
from .peers import PEERS, Rule
from .watched import watched_run
from .watching import marked_only

__all__ = ["watched_run"]
pytestmark = [pytest.mark.slow, pytest.mark.long]
CLOUDS = [pytest.param(name, marks=[pytest.mark.openstack] if name == "openstack" else [], id=name) for name in PEERS]
every_cloud = pytest.mark.parametrize("watched_run", CLOUDS, indirect=True)


def rules_of(run: Run, said: bool) -> list[Rule]:
    """Return what the provider holds, as rules."""
    held = run.look().items()
    split = [(*line.split(" tcp/"), text) for line, text in held]
    return [Rule(cidr, int(port), text if said else "") for cidr, port, text in split]


@every_cloud
def test_theirs_changes_nothing_after_ours(watched_run: Run) -> None:
    run, peer = watched_run, PEERS[watched_run.store.account.provider]
    peer.needed()
    assert run.apply(run.rows((OLD, KEPT)))["changed"]
    before = run.look()
    assert set(before) == run.lines((OLD, KEPT)) | run.foreign()
    gone = [Rule("192.0.2.2/32", 443)]
    result = peer.run(run.store.account, rules_of(run, peer.says), gone)
    assert not result.get("failed") and result["changed"] is False, result
    assert run.look() == before


@every_cloud
def test_ours_changes_nothing_after_theirs(watched_run: Run) -> None:
    run, peer = watched_run, PEERS[watched_run.store.account.provider]
    peer.needed()
    run.apply(run.rows((OLD,)))
    wanted = [Rule(f"{address}/32", port) for address in (KEPT, NEW) for port in (443, 8443)]
    foreign = [Rule("203.0.113.7/32", 22)]
    result = peer.run(run.store.account, [*wanted, *foreign], [Rule("192.0.2.1/32", port) for port in (443, 8443)])
    assert not result.get("failed") and result["changed"] is True, result
    before = run.look()
    stale = {marked_only(line) for line in run.lines((OLD,))} & set(before)
    assert set(before) - stale == run.lines((KEPT, NEW)) | run.foreign()
    if stale:
        # Theirs knows no marks: those of ours that it removed have left theirs, which our next run drops and tells.
        assert run.apply(run.rows((KEPT, NEW)))["changed"] and set(before) - set(run.look()) == stale
        before = run.look()
    run.proxy.begin()
    ours = run.apply(run.rows((KEPT, NEW)))
    assert not ours.get("failed") and ours["changed"] is False, ours
    tells_the_truth(ours, before, run.look())
    assert not [name for name in run.proxy.operations() if run.store.account.is_write(name)]
    # Nor does it take their entries for its own when they are not wanted any more.
    assert run.apply(run.rows((KEPT,)))["changed"] is False and run.look() == before
