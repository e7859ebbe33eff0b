# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sshd's settings come from: sshd_config and its Includes in the order in which sshd reads them.

`sshd -T` tells what is in force but neither file nor line, and says nothing about Match blocks.
"""

from __future__ import annotations

import fnmatch
import posixpath
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..model.baseline_fix_dropin import SSHD_DROPIN, SSHD_MAIN
from .host import Host

# sshd's own limit (servconf.c).
MAX_DEPTH = 16


@dataclass(frozen=True)
class Directive:
    """One line of configuration. `match` holds the criteria of the Match block around it, if any."""

    path: str
    line: int
    keyword: str
    value: str
    match: str = ""
    # False for what is read after the place where our own drop-in is or would be.
    before_dropin: bool = True


_MARK = "\0mark"


def directives(host: Host) -> list[Directive]:
    """Every directive in reading order. Without our Include a repair goes to the top: nothing is before it."""
    found = list(_file(host, SSHD_MAIN, "", 0))
    marks = [index for index, item in enumerate(found) if item.keyword == _MARK]
    dropin = marks[0] if marks else 0
    return [replace(item, before_dropin=index < dropin) for index, item in enumerate(found) if item.keyword != _MARK]


def _file(host: Host, path: str, match: str, depth: int) -> Iterator[Directive]:
    outer = match
    for number, text in enumerate(host.lines(path), 1):
        keyword, value = split(text)
        if not keyword:
            continue
        if keyword == "match":
            match = outer if value.lower() == "all" else value
        elif keyword == "include" and depth < MAX_DEPTH:
            yield from _include(host, value, match, depth)
        else:
            yield Directive(path, number, keyword, value, match)


def _include(host: Host, value: str, match: str, depth: int) -> Iterator[Directive]:
    for pattern in words(value):
        full = posixpath.join("/etc/ssh", pattern)
        paths = host.glob(full)
        if fnmatch.fnmatch(SSHD_DROPIN, full):
            paths = sorted({*paths, SSHD_DROPIN})
        for path in paths:
            if path == SSHD_DROPIN:
                # Marks the drop-in's place even while the file does not exist or is empty.
                yield Directive(SSHD_DROPIN, 0, _MARK, "", match)
            yield from _file(host, path, match, depth + 1)


def split(text: str) -> tuple[str, str]:
    """Keyword (lower case) and the rest of one line; sshd allows `Keyword=value` as well."""
    text = text.strip()
    if not text or text.startswith("#"):
        return "", ""
    for index, char in enumerate(text):
        if char in " \t=":
            return text[:index].lower(), text[index:].strip(" \t=")
    return text.lower(), ""


def words(value: str) -> list[str]:
    """The arguments of a directive; quotes as sshd understands them."""
    try:
        return shlex.split(value, comments=True)
    except ValueError:
        return value.split()
