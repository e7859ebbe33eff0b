# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that remembers the line of every value, so that a mistake can be shown where it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# A place inside a document: keys and indexes from the top.
Place = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: Path) -> tuple[Any, dict[Place, int]]:
    """The document of a file, and the line (from 1) at which each of its values starts. Raises yaml.YAMLError."""
    loader = _LOADER(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        if node is None:
            return None, lines
        _number(node, (), lines)
        return loader.construct_document(node), lines
    finally:
        loader.dispose()


def line_of(lines: dict[Place, int], place: Place) -> int:
    """The line of a value, or of the nearest thing around it that was written down."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place, 1)


def _number(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _number(value, (*place, str(key.value)), lines)
            # A mapping's value may start on the next line; the key is where people look.
            lines[*place, str(key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _number(value, (*place, index), lines)
