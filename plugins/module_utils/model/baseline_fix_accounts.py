# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs of /etc/passwd and /etc/shadow, field by field (passwd(5), shadow(5))."""

from __future__ import annotations

from typing import Callable

from .baseline import Control, Finding
from .baseline_plan import Workspace

PASSWD = "/etc/passwd"
SHADOW = "/etc/shadow"
SHADOW_FIELDS = {"min_days": 3, "max_days": 4, "warn_days": 5, "inactive_days": 6}
_SHELL, _PASSWORD = 6, 1


def fix_account(work: Workspace, control: Control, finding: Finding) -> None:
    """Lock accounts, set their shell, or set a field of their password ageing."""
    for item in finding.failing:
        if control.fix.get("lock"):
            _edit(work, SHADOW, item.subject, _PASSWORD, locked, control.id)
            _edit(work, PASSWD, item.subject, _PASSWORD, _locked_unless_shadowed, control.id)
        if "shell" in control.fix:
            _edit(work, PASSWD, item.subject, _SHELL, _always(control.fix["shell"]), control.id)
        for name, index in SHADOW_FIELDS.items():
            if name in control.fix:
                _edit(work, SHADOW, item.subject, index, _always(control.fix[name]), control.id)


def locked(password: str) -> str:
    """The same password field with no way in: the hash stays behind the mark, so that it can be unlocked."""
    return password if password.startswith(("!", "*")) else "!" + password


def _always(value: object) -> Callable[[str], str]:
    return lambda _old: str(value)


def _locked_unless_shadowed(password: str) -> str:
    """passwd(5): `x` says that the password is in shadow; anything else is the password itself."""
    return password if password == "x" else locked(password)


def _edit(work: Workspace, path: str, user: str, index: int, change: Callable[[str], str], control: str) -> None:
    lines = work.text(path).splitlines(keepends=True)
    for number, line in enumerate(lines):
        fields = line.rstrip("\n").split(":")
        if fields[0] == user and len(fields) > index:
            fields[index] = change(fields[index])
            lines[number] = ":".join(fields) + "\n"
    work.write(path, "".join(lines), control)
