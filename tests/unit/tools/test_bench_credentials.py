# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of `make bench`: what is measured is told apart from what is reckoned, and no figure is made up."""

from __future__ import annotations

import json

from tools.bench.credentials import Cost, Row, as_json, table
from tools.bench.figures import Took

EMPTY = Took(1.0, 0.5)
AUDIT = Cost("ours.audit", 200, (Took(2.4, 2.0), Took(9.0, 2.1), Took(2.0, 1.9)), 0)
PROBES = Cost("ours.probe", 20, (Took(21.0, 20.5),), 20)
LOOP = Cost("theirs.info", 20, (Took(41.0, 30.5),), 40)
WHY = "theirs tells no age"
ROWS = [
    Row("aws", "age", 200, EMPTY, AUDIT, LOOP),
    Row("aws", "live", 200, EMPTY, PROBES, LOOP, ("one key for all",)),
    Row("azure", "age", 200, EMPTY, AUDIT, WHY),
]


def test_the_median_is_what_counts_and_not_a_run_that_was_disturbed() -> None:
    assert AUDIT.median == Took(2.4, 2.0)


def test_a_loop_grows_with_its_length_and_ansible_starts_once() -> None:
    assert LOOP.of(200, EMPTY) == Took(1.0 + 40.0 * 10, 0.5 + 30.0 * 10)
    assert LOOP.of(20, EMPTY) == Took(41.0, 30.5)


def test_a_play_quicker_than_an_empty_one_is_no_gain() -> None:
    assert Cost("m", 2, (Took(0.9, 0.4),), 2).of(200, EMPTY) == EMPTY


def test_the_ratios_are_of_the_same_number_of_credentials() -> None:
    assert ROWS[0].ratios == (401.0 / 2.4, 300.5 / 2.0)
    assert ROWS[1].ratios == (401.0 / 201.0, 300.5 / 200.5)
    assert ROWS[2].ratios is None


def test_the_table_marks_what_is_reckoned_and_gives_reasons_below() -> None:
    lines = table(ROWS).splitlines()
    assert lines[0].split()[:4] == ["cloud", "audit", "credentials", "ours"]
    cells = [" ".join(line.split()) for line in lines[2:5]]
    assert cells[0] == "aws age 200 2.4 s 0 0 theirs.info ~401.0 s ~400 167.1 150.2"
    assert cells[1] == "aws live 200 ~201.0 s ~200 1 theirs.info ~401.0 s ~400 2.0 1.5"
    assert cells[2] == "azure age 200 2.4 s 0 0 no peer"
    assert lines[5:] == ["aws, live: one key for all", "azure, age: no peer: theirs tells no age"]


def test_every_column_begins_where_its_head_does() -> None:
    head, _rule, *rows = table(ROWS).splitlines()[:5]
    for name in ("audit", "credentials", "ours", "peer"):
        at = head.index(name)
        assert all(row[at - 1] == " " and row[at] != " " for row in rows), name


def test_the_file_keeps_every_run_and_says_how_many_were_measured() -> None:
    written = json.loads(json.dumps(as_json(ROWS)))
    first, _live, last = written
    assert (first["ours"]["seconds"], first["ours"]["cpu_s"]) == (2.4, 2.0)
    assert first["ours"]["measured"]["seconds"] == [2.4, 9.0, 2.0]
    assert (first["peer"]["measured"]["credentials"], first["peer"]["seconds"]) == (20, 401.0)
    assert first["peer"]["calls_per_credential"] == 2.0
    assert (last["peer"], last["ratio"]) == (WHY, None)
