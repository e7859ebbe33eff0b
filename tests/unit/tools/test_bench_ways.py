# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` asks for in each step, how much of a long loop it runs, and that turns are counted one by one."""

from __future__ import annotations

import pytest

from tests.bench.turns import Turn, by_turns
from tests.bench.ways import BY_RULE, BY_SCOPE, WHOLE, Way, wish
from tools.bench.allowlist import CHANGE, FRESH, RERUN
from tools.bench.figures import Took


def test_a_rerun_wants_what_is_there_and_a_change_replaces_one_rule_of_one_scope() -> None:
    fresh, change = wish(("a", "b"), 300, FRESH), wish(("a", "b"), 300, CHANGE)
    assert wish(("a", "b"), 300, RERUN) == fresh
    assert all(len(set(prefixes)) == 300 for prefixes in fresh.lists.values())
    assert change.lists["a"] == fresh.lists["a"]
    assert change.gone == ("b", fresh.lists["b"][-1])
    assert set(fresh.lists["b"]) - set(change.lists["b"]) == {change.gone[1]}
    assert len(change.lists["b"]) == 300


@pytest.mark.parametrize(
    ("loops", "size", "sample"),
    [
        pytest.param(WHOLE, (200, 20), (200, 20, 1.0), id="one task is run in full"),
        pytest.param(BY_SCOPE, (1, 200), (1, 200, 1.0), id="one scope is run in full"),
        pytest.param(BY_SCOPE, (200, 20), (5, 20, 40.0), id="few of the scopes"),
        pytest.param(BY_RULE, (1, 5), (1, 5, 1.0), id="a short loop is run in full"),
        pytest.param(BY_RULE, (200, 20), (1, 5, 800.0), id="few of the rules"),
    ],
)
def test_a_long_loop_is_measured_by_a_part_of_it(
    loops: str, size: tuple[int, int], sample: tuple[int, int, float]
) -> None:
    assert Way("way", lambda folder, wanted: Took(0.0, 0.0), loops).sample(*size, 5) == sample


def test_calls_of_making_ready_and_of_looking_are_not_counted() -> None:
    calls: list[str] = []

    def run() -> Took:
        calls.append("run")
        return Took(1.0, 1.0)

    turn = Turn(run, lambda: calls.append("ready"), lambda: calls.append("look"))
    found = by_turns([turn, turn], 2, lambda: calls)
    assert [one.calls for one in found] == [("run",), ("run",)]
    assert [len(one.runs) for one in found] == [2, 2]
    assert calls == ["ready", "run", "look"] * 4
