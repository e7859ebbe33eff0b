# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunable values of controls: `${name}` in read, want and fix."""

from __future__ import annotations

import re
from typing import Any

PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")

_BREAK = re.compile(r"[\n\r\0]")
_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "list": list}


def misfit(declared: dict[str, Any], value: Any) -> str:
    """Why a value does not fit its declaration; empty when it does."""
    kind = declared["type"]
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
        return f"is {value!r}, which is not of type {kind}"
    if "choices" in declared and value not in declared["choices"]:
        return f"is {value!r}, which is none of {', '.join(map(str, declared['choices']))}"
    if "min" in declared and value < declared["min"]:
        return f"is {value}; the least is {declared['min']}"
    if "max" in declared and value > declared["max"]:
        return f"is {value}; the most is {declared['max']}"
    parts = value if isinstance(value, list) else [value]
    if any(not isinstance(part, str) for part in parts) and kind == "list":
        return f"is {value!r}; every part has to be text"
    if any(_BREAK.search(str(part)) for part in parts) and not declared.get("multiline"):
        return "holds a line break, which would add lines to a configuration file"
    return ""


def fill(part: Any, values: dict[str, Any]) -> Any:
    """Put the values in. A text that is nothing but `${name}` becomes the value itself, with its type."""
    if isinstance(part, dict):
        return {key: fill(one, values) for key, one in part.items()}
    if isinstance(part, list):
        return [fill(one, values) for one in part]
    if not isinstance(part, str):
        return part
    whole = PLACEHOLDER.fullmatch(part)
    if whole:
        return values[whole.group(1)]
    return PLACEHOLDER.sub(lambda found: str(values[found.group(1)]), part)
