# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repairs that any control can name, and the table of all repairs.

A repair is planned from the finding's failing items alone, so that it can touch nothing that the audit did
not complain about.
"""

from __future__ import annotations

import re
from typing import Any

from .baseline import Control, Finding, Item
from .baseline_fix_accounts import (
    fix_account,
)
from .baseline_fix_dropin import (
    fix_sshd,
    fix_sudo,
    fix_sysctl,
)
from .baseline_plan import (
    Fixer,
    PackageRemoval,
    Workspace,
)
from .baseline_text import (
    add_line,
    comment_out,
    set_setting,
)


def fix_attributes(work: Workspace, control: Control, finding: Finding) -> None:
    """Take mode bits away (or add them), set owner and group; create the file when it has to exist."""
    goal = {**control.want, **control.fix}
    if not finding.failing and "create" in goal:
        work.write(goal["path"], goal["create"], control.id, int(goal["mode"], 8))
        _set_attributes(work, control, Item(goal["path"], None, goal["path"]), goal)
    for item in finding.failing:
        _set_attributes(work, control, item, goal)


def _set_attributes(work: Workspace, control: Control, item: Item, goal: dict[str, Any]) -> None:
    state = work.stat(item.path)
    if state is None:
        return
    mode, uid, gid = state.mode, state.uid, state.gid
    if "mode_at_most" in goal:
        mode &= int(goal["mode_at_most"], 8)
    if "mode_has" in goal:
        mode |= int(goal["mode_has"], 8)
    if "owner" in goal:
        uid = work.uid(_one(goal["owner"], state.uid, work.names["users"]))
    if goal.get("equals_subject"):
        uid = work.uid(item.subject)
    if "group" in goal:
        gid = work.gid(_one(goal["group"], state.gid, work.names["groups"]))
    if uid != state.uid and control.fix.get("drop_suid"):
        # A stranger's set-uid program must not become root's by being given a rightful owner.
        mode &= ~0o6000
    work.attributes(item.path, control.id, mode=mode, uid=uid, gid=gid)


def _one(names: Any, current: int, known: Any) -> str:
    """The present owner when it is an allowed one, else the first allowed one that exists."""
    allowed = [names] if isinstance(names, str) else list(names)
    fitting = [name for name in allowed if known.get(name) == current]
    return str((fitting or [name for name in allowed if name in known] or allowed)[0])


def fix_remove(work: Workspace, control: Control, finding: Finding) -> None:
    for item in finding.failing:
        work.remove(item.path, control.id)


def fix_comment_out(work: Workspace, control: Control, finding: Finding) -> None:
    for item in finding.failing:
        comment_out(work, item.path, item.line, control.id)


def fix_delete_lines(work: Workspace, control: Control, finding: Finding) -> None:
    """For files that know no comments (passwd, group): drop every line that the control's pattern finds."""
    pattern = re.compile(control.read["pattern"])
    for path in sorted({item.path for item in finding.failing}):
        kept = [line for line in work.text(path).splitlines(keepends=True) if not pattern.search(line)]
        work.write(path, "".join(kept), control.id)


def fix_setting(work: Workspace, control: Control, finding: Finding) -> None:
    fix = control.fix
    new = set_setting(work.text(fix["path"]), fix["key"], str(fix["value"]), fix.get("separator", " "))
    work.write(fix["path"], new, control.id)


def fix_line(work: Workspace, control: Control, finding: Finding) -> None:
    """Silence the lines that say otherwise and add ours."""
    fix_comment_out(work, control, finding)
    fix = control.fix
    work.write(
        fix["path"],
        add_line(work.text(fix["path"]), fix["line"]),
        control.id,
        int(fix.get("mode", "0644"), 8),
    )


def fix_content(work: Workspace, control: Control, finding: Finding) -> None:
    fix = control.fix
    work.write(fix["path"], fix["content"], control.id, int(fix.get("mode", "0644"), 8))


def fix_package_absent(work: Workspace, control: Control, finding: Finding) -> None:
    for item in finding.failing:
        work.packages[item.subject] = PackageRemoval(item.subject, str(item.value), (control.id,))


FIXERS: dict[str, Fixer] = {
    "account": fix_account,
    "attributes": fix_attributes,
    "comment_out": fix_comment_out,
    "content": fix_content,
    "delete_lines": fix_delete_lines,
    "line": fix_line,
    "package_absent": fix_package_absent,
    "remove": fix_remove,
    "setting": fix_setting,
    "sshd": fix_sshd,
    "sudo": fix_sudo,
    "sysctl": fix_sysctl,
}
