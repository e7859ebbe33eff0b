# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that a schema cannot see: a value that nobody defines, a pattern that is none, a default out of bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .values import PLACEHOLDER, misfit
from .yaml_lines import Place

Mistake = tuple[Place, str]


def lint(control: dict[str, Any]) -> list[Mistake]:
    """Every mistake of one control, with its place inside the control."""
    return [*_values(control), *_patterns(control), *_modes(control)]


def _values(control: dict[str, Any]) -> Iterator[Mistake]:
    defined = control.get("values", {})
    used = set()
    for part in ("read", "want", "fix"):
        for place, text in _texts(control[part], (part,)):
            for name in PLACEHOLDER.findall(text):
                used.add(name)
                if name not in defined:
                    yield place, f"${{{name}}} is not among its values ({', '.join(sorted(defined)) or 'it has none'})"
    for name, value in defined.items():
        if name not in used:
            yield ("values", name), f"the value {name} is used nowhere"
        why = misfit(value, value["default"])
        if why:
            yield ("values", name), f"the default of {name} {why}"


def _patterns(control: dict[str, Any]) -> Iterator[Mistake]:
    for part, key in (("read", "pattern"), ("want", "matches")):
        text = control[part].get(key)
        if text is None or PLACEHOLDER.search(text):
            continue
        try:
            re.compile(text)
        except re.error as exc:
            yield (part, key), f"not a regular expression: {exc}"


def _modes(control: dict[str, Any]) -> Iterator[Mistake]:
    """`0640` without quotes is the number 416 to YAML; the schema asks for text, this explains why."""
    create = control["fix"].get("create")
    if create is not None and "mode" not in control["fix"]:
        yield ("fix",), "a file that is created needs a mode"


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, (*place, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _texts(part, (*place, index))
