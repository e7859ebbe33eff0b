# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables at the end of a test run: a test records rows, and all rows of one title are shown together.

record_property("table", {"title": "kills", "head": ["point", "end"], "row": ["create", "converged"]})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def lines(recorded: Iterable[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yield each table's title and its lines, in the order in which the first row of each was recorded."""
    tables: dict[str, list[Sequence[str]]] = {}
    for one in recorded:
        tables.setdefault(one["title"], [one["head"]]).append(one["row"])
    for title, rows in tables.items():
        widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
        yield (
            title,
            ["  ".join(f"{cell!s:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows],
        )


def show(terminalreporter: Any) -> None:
    """Print the tables of all tests of a run, whatever came of them."""
    recorded = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "table"
    ]
    for title, rows in lines(recorded):
        terminalreporter.section(title)
        for row in rows:
            terminalreporter.write_line(row)
