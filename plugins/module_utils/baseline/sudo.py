# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `sudo`: the Defaults of sudoers and its includes, sudoers(5). The last one wins."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.baseline import NOT_APPLICABLE, Item, Observation
from ..model.baseline_fix_dropin import SUDO_DROPIN, SUDO_MAIN, split_sudo_settings
from .host import Host

_DEFAULTS = re.compile(r"\s*Defaults(?:([@:!>])(\S+))?\s+(.*)$")
_INCLUDE = re.compile(r"\s*[@#](include|includedir)\s+(.+?)\s*$")
MAX_DEPTH = 16


@dataclass(frozen=True)
class Setting:
    """One setting of one Defaults line; `scope` is empty when it holds for everybody."""

    path: str
    line: int
    name: str
    value: str
    scope: str


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`setting` names it, `default` is sudo's own value while nothing sets it."""
    if host.lstat(SUDO_MAIN) is None:
        return Observation(status=NOT_APPLICABLE, reason="sudo is not installed")
    found: list[Setting] = host.memo("sudo", lambda: list(_file(host, SUDO_MAIN, 0)))
    own = [setting for setting in found if setting.name == read_["setting"]]
    everybody = [setting for setting in own if not setting.scope]
    after = _after_dropin(found)
    places = tuple((item.path, item.line) for item in everybody if item in after)
    if everybody:
        last = everybody[-1]
        items = [Item(last.name, last.value, last.path, last.line, places=places)]
    else:
        items = [Item(read_["setting"], read_.get("default"), SUDO_MAIN)]
    items += [Item(one.name, one.value, one.path, one.line, "Defaults%s" % one.scope) for one in own if one.scope]
    return Observation(tuple(items))


def _after_dropin(found: list[Setting]) -> list[Setting]:
    marks = [index for index, setting in enumerate(found) if setting.path == SUDO_DROPIN]
    return [setting for setting in found[marks[-1] :] if setting.path != SUDO_DROPIN] if marks else []


def _file(host: Host, path: str, depth: int) -> Iterator[Setting]:
    for number, text in _logical(host.lines(path)):
        include = _INCLUDE.match(text)
        if include and depth < MAX_DEPTH:
            yield from _include(host, include.group(1), posixpath.join("/etc", include.group(2).strip('"')), depth)
            continue
        defaults = _DEFAULTS.match(text)
        if defaults:
            scope = "%s%s" % (defaults.group(1), defaults.group(2)) if defaults.group(1) else ""
            for part in split_sudo_settings(defaults.group(3)):
                yield _setting(path, number, part, scope)


def _include(host: Host, kind: str, target: str, depth: int) -> Iterator[Setting]:
    paths = [target]
    if kind == "includedir":
        paths = [path for path in host.glob(target + "/*") if not re.search(r"\.|~$", posixpath.basename(path))]
        if target == posixpath.dirname(SUDO_DROPIN):
            paths = sorted({*paths, SUDO_DROPIN})
    for path in paths:
        if path == SUDO_DROPIN:
            # Marks the drop-in's place even while the file does not exist.
            yield Setting(SUDO_DROPIN, 0, "", "", "")
        yield from _file(host, path, depth + 1)


def _logical(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Join lines that end in a backslash; the number is that of the first."""
    start, text = 0, ""
    for number, line in enumerate(lines, 1):
        start = start or number
        text += line
        if text.endswith("\\"):
            text = text[:-1]
            continue
        yield start, text
        start, text = 0, ""


def _setting(path: str, line: int, text: str, scope: str) -> Setting:
    match = re.match(r"(!*)\s*([A-Za-z_]\w*)\s*(?:([-+]?)=\s*(.*))?$", text)
    if match is None:
        return Setting(path, line, "", text, scope)
    negated = len(match.group(1)) % 2 == 1
    value = match.group(4)
    if value is None:
        value = "no" if negated else "yes"
    # `+=` and `-=` change a list: shown as they are, they equal no plain value.
    value = (match.group(3) or "") + value.strip('"')
    return Setting(path, line, match.group(2), value, scope)
