# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small edits of configuration texts, pure. Line numbers start at 1 and stay valid through every edit.

That is why a line is commented out and not deleted: other findings point into the same file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .baseline_plan import HEADER, Workspace

MARK = "# service_store baseline: "
BEGIN = "# BEGIN strategic.service_store.baseline\n"
END = "# END strategic.service_store.baseline\n"


def comment_out(work: Workspace, path: str, line: int, control: str) -> None:
    """Turn one line, named as the audit saw it, into a comment that still shows it."""
    lines = work.text(path).splitlines(keepends=True)
    index = line - 1 + _top_block(lines) - _top_block(work.original(path).splitlines(keepends=True))
    if 0 <= index < len(lines) and not lines[index].startswith("#"):
        lines[index] = MARK + lines[index]
        work.write(path, "".join(lines), control)


def replace_line(work: Workspace, path: str, line: int, text: str, control: str) -> None:
    """Put `text` in the place of one line, and of the lines that continue it with a backslash."""
    lines = work.text(path).splitlines(keepends=True)
    last = line
    while last < len(lines) and lines[last - 1].rstrip("\n").endswith("\\"):
        last += 1
    lines[line - 1 : last] = [text + "\n"] + ["\n"] * (last - line)
    work.write(path, "".join(lines), control)


def set_setting(text: str, key: str, value: str, separator: str) -> str:
    """Set `key` in a `KEY value` or `KEY=value` file: its last active line wins, else a new one at the end."""
    new = "%s%s%s\n" % (key, separator, value)
    pattern = re.compile(r"\s*%s(\s*=|\s)" % re.escape(key))
    lines = text.splitlines(keepends=True)
    for index in range(len(lines) - 1, -1, -1):
        if pattern.match(lines[index]):
            lines[index] = new
            return "".join(lines)
    return _ended(text) + new


def add_line(text: str, line: str) -> str:
    """Append a line unless it is there."""
    return text if line in text.splitlines() else _ended(text) + line + "\n"


def render(settings: Mapping[str, str], header: str = HEADER) -> str:
    """A file of our own: a header and one line per setting, sorted so that a second run writes the same."""
    return header + "".join(settings[key] + "\n" for key in sorted(settings))


def block(text: str) -> str | None:
    """The lines between our markers, or None."""
    start, end = text.find(BEGIN), text.find(END)
    return text[start + len(BEGIN) : end] if 0 <= start < end else None


def with_block(text: str, settings: Mapping[str, str], *, top: bool) -> str:
    """Put a block of our own at the top (first value wins) or at the end (last value wins) of a file."""
    new = BEGIN + render(settings, "") + END
    old = block(text)
    if old is not None:
        return text.replace(BEGIN + old + END, new, 1)
    return new + text if top else _ended(text) + new


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _top_block(lines: list[str]) -> int:
    return lines.index(END) + 1 if lines and lines[0] == BEGIN and END in lines else 0
