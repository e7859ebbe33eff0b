# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `--diff` shows of a repair, pure: exactly the bytes and attributes that are written, less the hashes."""

from __future__ import annotations

import re

from .baseline import printable
from .baseline_plan import FileEdit, FileState, Repairs

_SHADOWS = re.compile(r"/etc/(g?shadow-?|security/opasswd)$")
_HASH = "(hash)"
_ABSENT = "(none)\n"


def diff(repairs: Repairs) -> list[dict[str, str]]:
    """Ansible's diff: one part per file, and one each for running kernel parameters and packages."""
    parts = [_file(edit) for edit in repairs.files]
    if repairs.sysctls:
        before = "".join("%s = %s\n" % (edit.key, edit.before) for edit in repairs.sysctls)
        after = "".join("%s = %s\n" % (edit.key, edit.after) for edit in repairs.sysctls)
        parts.append(_part("running kernel parameters", before, after))
    if repairs.packages:
        before = "".join("%s %s\n" % (package.name, package.version) for package in repairs.packages)
        parts.append(_part("installed packages", before, ""))
    return parts


def hide_hashes(text: str) -> str:
    """Replace the password hashes of shadow, gshadow and opasswd lines; marks like `!` and `*` stay visible."""
    return "".join(_hide(line) for line in text.splitlines(keepends=True))


def _hide(line: str) -> str:
    fields = line.split(":")
    if len(fields) < 3:
        # Not a shadow line: whatever it is, it may be a stray secret.
        return line if not line.strip() else "(hidden)\n"
    for index in range(1, len(fields)):
        mark = re.match(r"[!*]*", fields[index])
        rest = fields[index][len(mark.group()) if mark else 0 :]
        if len(rest.strip()) > 8 and (index == 1 or "$" in rest):
            fields[index] = (mark.group() if mark else "") + _HASH + ("\n" if rest.endswith("\n") else "")
    return ":".join(fields)


def _file(edit: FileEdit) -> dict[str, str]:
    attributes = _attributes_differ(edit)
    return _part(
        printable(edit.path),
        _side(edit.path, edit.before, attributes, edit),
        _side(edit.path, edit.after, attributes, edit),
    )


def _attributes_differ(edit: FileEdit) -> bool:
    if edit.before is None or edit.after is None:
        return True
    return _attributes(edit.before) != _attributes(edit.after)


def _attributes(state: FileState) -> str:
    return "mode %04o, uid %d, gid %d\n" % (state.mode, state.uid, state.gid)


def _side(path: str, state: FileState | None, attributes: bool, edit: FileEdit) -> str:
    if state is None:
        return _ABSENT
    text = _attributes(state) if attributes else ""
    same = edit.before is not None and edit.after is not None and edit.before.content == edit.after.content
    if state.content is None or same:
        return text
    content = state.content.decode("utf-8", "backslashreplace")
    return text + (hide_hashes(content) if _SHADOWS.search(path) else content)


def _part(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}
