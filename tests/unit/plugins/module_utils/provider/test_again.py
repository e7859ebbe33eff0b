# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a lost answer is said in one place, so that all providers go on alike after one."""

from __future__ import annotations

import ast
from pathlib import Path

from ansible_collections.strategic.service_store.plugins.module_utils.provider import again


def literals(path: Path) -> list[set[object]]:
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Set)]
    return [{item.value for item in node.elts if isinstance(item, ast.Constant)} for node in found]


def test_the_failures_after_which_a_write_may_have_been_made_are_listed_once() -> None:
    here = Path(again.__file__)
    files = [path for path in here.parent.rglob("*.py") if again.UNSURE in literals(path)]
    assert files == [here]
