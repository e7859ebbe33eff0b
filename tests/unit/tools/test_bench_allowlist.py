# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allowlists' table of `make bench`: calls first, a tilde at what is reckoned, a change costs a rerun and more."""

from __future__ import annotations

import json

from tools.bench.allowlist import (
    CHANGE,
    FRESH,
    RERUN,
    STEPS,
    Accounts,
    Figure,
    Line,
    Memory,
    Report,
    Waiting,
    as_json,
    reckoned,
    table,
)
from tools.bench.figures import Took

EMPTY = Took(1.0, 0.5)
SHORT = {
    FRESH: Figure(Took(11.0, 5.5), 40),
    RERUN: Figure(Took(6.0, 3.5), 10),
    CHANGE: Figure(Took(9.0, 4.5), 18),
}
OURS = Figure(Took(2.0, 1.5), 2)
REPORT = Report(
    lines=(
        Line("aws", 1, 50, FRESH, "our.own.module", OURS, OURS, EMPTY),
        Line("aws", 1, 50, FRESH, "their.own.module", reckoned(SHORT, FRESH, 5, EMPTY), OURS, EMPTY),
        Line("aws", 1, 50, FRESH, "sdk", Figure(Took(1.0, 0.75), 2), OURS, EMPTY),
    ),
    waiting=(Waiting("aws", 200, 0.1, 16, 208, Took(5.0, 4.0), Took(6.5, 4.0)),),
    memory=(Memory("aws", {10: 80.4, 200: 84.6}),),
    accounts=(Accounts("aws", 75, 10, {"the module on each": Took(60.0, 90.0)}),),
    notes=("cloudstack: its module is not installed",),
)


def test_a_long_loop_costs_its_items_and_one_start_of_ansible() -> None:
    assert reckoned(SHORT, FRESH, 5, EMPTY) == Figure(Took(51.0, 25.5), 200, True)


def test_a_change_in_a_long_loop_costs_its_rerun_and_the_change() -> None:
    assert reckoned(SHORT, CHANGE, 5, EMPTY) == Figure(Took(26.0 + 3.0, 15.5 + 1.0), 50 + 8, True)


def test_a_change_that_was_quicker_than_a_rerun_is_no_gain() -> None:
    quick = {**SHORT, CHANGE: Figure(Took(5.0, 3.0), 18)}
    assert reckoned(quick, CHANGE, 5, EMPTY).took == reckoned(SHORT, RERUN, 5, EMPTY).took


def test_the_table_has_calls_first_and_compares_with_ours() -> None:
    lines = [" ".join(line.split()) for line in table(REPORT).splitlines()]
    assert lines[0] == "cloud scopes x rules step by calls seconds cpu ratio of cpu of task"
    assert lines[2] == "aws 1 x 50 fresh our.own.module 2 2.0 s 1.5 s"
    assert lines[3] == "aws 1 x 50 fresh their.own.module ~200 ~51.0 s ~25.5 s 25.5 17.0 25.0"
    assert lines[4] == "aws 1 x 50 fresh sdk 2 1.0 s 0.8 s 0.5 0.5"


def test_a_task_no_dearer_than_an_empty_play_is_compared_with_nothing() -> None:
    assert SHORT[FRESH].task_ratio(Figure(EMPTY, 2), EMPTY) is None


def test_delays_memory_and_accounts_are_said_below_it() -> None:
    text = table(REPORT)
    assert "0.1 s before each of 208 answers add 1.5 s; calls / workers x delay is 1.3 s (16 workers)" in text
    assert "at most 80 MiB for 10 scopes, 85 MiB for 200 scopes" in text
    assert "75 accounts, 10 forks:\n  the module on each: 60.0 s, 90.0 s of cpu" in text
    assert text.endswith("cloudstack: its module is not installed")


def test_the_file_says_what_was_reckoned() -> None:
    written = json.loads(json.dumps(as_json(REPORT)))
    ours, theirs, sdk = written["lines"]
    assert (ours["reckoned"], theirs["reckoned"]) == (False, True)
    assert (theirs["calls"], theirs["seconds"], theirs["ratio"]) == (200, 51.0, 25.5)
    assert (theirs["ratio_task"], sdk["ratio_task"]) == (25.0, None)
    assert written["memory"] == [{"cloud": "aws", "peak_mib": {"10": 80.4, "200": 84.6}}]


def test_nothing_measured_is_no_table() -> None:
    assert table(Report()) == ""
    assert set(SHORT) == set(STEPS)
