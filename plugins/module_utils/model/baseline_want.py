# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control may want of a value: one small predicate and one phrase per operator.

`want` is a mapping of operators which must all hold. Values come from configuration files, so that numbers
may be texts; a value that cannot be read as the operator needs it never holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable

# Say how absence is judged; they are no predicates on a value.
META = frozenset({"none", "missing"})


def holds(want: Mapping[str, Any], value: Any, subject: str = "") -> bool:
    """Tell whether `value` satisfies every operator of `want`."""
    if want.get("equals_subject") and _part(value, "owner") != subject:
        return False
    return all(_holds(name, wanted, value) for name, wanted in want.items() if name in OPERATORS)


def describe(want: Mapping[str, Any]) -> str:
    """The `expected` text of a finding."""
    if want.get("none"):
        return "none"
    phrases = [OPERATORS[name][1](wanted) for name, wanted in want.items() if name in OPERATORS]
    if want.get("equals_subject"):
        phrases.append("owned by the account itself")
    return ", ".join(phrases) or "present"


def show(value: Any) -> str:
    """The `actual` text of one value; file attributes read as `0644 root:root`."""
    if value is None:
        return "not set"
    if isinstance(value, Mapping):
        return "%04o %s:%s" % (value["mode"], value["owner"], value["group"])
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    return str(value)


def _holds(name: str, wanted: Any, value: Any) -> bool:
    if value is None:
        return False
    try:
        return bool(OPERATORS[name][0](wanted, value))
    except (TypeError, ValueError, KeyError):
        return False


def _part(value: Any, key: str) -> Any:
    return value[key] if isinstance(value, Mapping) else value


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [word for word in re.split(r"[,\s]+", value) if word]
    return [str(word) for word in value]


def _many(wanted: Any) -> list[str]:
    return [wanted] if isinstance(wanted, str) else [str(word) for word in wanted]


def _octal(text: Any) -> int:
    return text if isinstance(text, int) else int(text, 8)


def _each_at_most(wanted: str, value: str) -> bool:
    """`10:30:60`, the form of sshd's MaxStartups; a plain number counts as its first part."""
    limits = [int(part) for part in str(wanted).split(":")]
    parts = [int(part) for part in str(value).split(":")]
    return all(part <= limit for part, limit in zip(parts, limits))


def _or(wanted: Any) -> str:
    return " or ".join(dict.fromkeys(_many(wanted)))


OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any], str]]] = {
    "equals": (lambda w, v: str(v) == str(w), str),
    "one_of": (lambda w, v: str(v) in _many(w), _or),
    "at_least": (lambda w, v: int(v) >= int(w), lambda w: "at least %s" % w),
    "at_most": (lambda w, v: int(v) <= int(w), lambda w: "at most %s" % w),
    "each_at_most": (_each_at_most, lambda w: "at most %s" % w),
    "subset_of": (lambda w, v: set(_words(v)) <= set(w), lambda w: "only %s" % ",".join(w)),
    "contains_none": (lambda w, v: not set(_words(v)) & set(w), lambda w: "none of %s" % ",".join(w)),
    "matches": (lambda w, v: re.search(w, str(v)), lambda w: "matches %s" % w),
    # A umask is stricter the more bits it takes away, a mode the fewer it gives.
    "umask_at_least": (
        lambda w, v: _octal(v) & _octal(w) == _octal(w),
        lambda w: "umask %s or stricter" % w,
    ),
    "mode_at_most": (
        lambda w, v: not _part(v, "mode") & ~_octal(w) & 0o7777,
        lambda w: "mode %s or stricter" % w,
    ),
    "mode_has": (lambda w, v: _part(v, "mode") & _octal(w) == _octal(w), lambda w: "mode bits %s set" % w),
    "owner": (lambda w, v: _part(v, "owner") in _many(w), lambda w: "owner %s" % _or(w)),
    "group": (lambda w, v: _part(v, "group") in _many(w), lambda w: "group %s" % _or(w)),
}


def names() -> Sequence[str]:
    """Every operator that a control may use."""
    return sorted({*OPERATORS, *META, "equals_subject"})
