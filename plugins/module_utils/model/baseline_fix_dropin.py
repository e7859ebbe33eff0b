# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs of sshd, sudo and sysctl settings, written to one file of our own per service.

sshd takes the first value it reads, sudo and systemd-sysctl the last: the file's name puts it in that place,
and what would still win over it (`Item.places`, Match blocks, scoped Defaults) is commented out where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .baseline import Control, Finding
from .baseline_plan import (
    SysctlEdit,
    Workspace,
)
from .baseline_text import (
    block,
    comment_out,
    render,
    replace_line,
    with_block,
)

SSHD_MAIN = "/etc/ssh/sshd_config"
SSHD_DROPIN = "/etc/ssh/sshd_config.d/00-service-store.conf"
SUDO_MAIN = "/etc/sudoers"
# sudo passes over names with a dot in them.
SUDO_DROPIN = "/etc/sudoers.d/zz-service-store"
SYSCTL_DROPIN = "/etc/sysctl.d/zz-service-store.conf"

_SSHD_INCLUDE = re.compile(r"^\s*Include[\s=].*sshd_config\.d/\*\.conf", re.IGNORECASE)
_SUDO_INCLUDE = re.compile(r"^\s*[@#]includedir\s+/etc/sudoers\.d\s*$", re.MULTILINE)


def sshd_includes_dropins(main: str) -> bool:
    """Tell whether sshd_config includes the usual folder, outside of a Match block."""
    for line in main.splitlines():
        if re.match(r"\s*Match\s", line, re.IGNORECASE):
            return False
        if _SSHD_INCLUDE.match(line):
            return True
    return False


def sudo_includes_dropins(main: str) -> bool:
    """Tell whether sudoers includes the usual folder (`#includedir` is an old spelling, not a comment)."""
    return bool(_SUDO_INCLUDE.search(main))


def fix_sshd(work: Workspace, control: Control, finding: Finding) -> None:
    keyword, value = control.fix["keyword"], _text(control.fix["value"])
    for item in finding.failing:
        places = ((item.path, item.line),) if item.aspect else item.places
        for path, line in places:
            if path != SSHD_DROPIN:
                comment_out(work, path, line, control.id)
    if all(item.aspect for item in finding.failing):
        return
    main = work.text(SSHD_MAIN)
    in_dropin = sshd_includes_dropins(main)
    own = _sshd_lines(work.text(SSHD_DROPIN) if in_dropin else block(main) or "")
    own[keyword.lower()] = "%s %s" % (keyword, value)
    if in_dropin:
        work.write(SSHD_DROPIN, render(own), control.id, 0o600)
    else:
        work.write(SSHD_MAIN, with_block(main, own, top=True), control.id)


def _sshd_lines(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines()]
    return {line.split()[0].lower(): line for line in lines if line and not line.startswith("#")}


def fix_sudo(work: Workspace, control: Control, finding: Finding) -> None:
    setting = str(control.fix["setting"])
    name = _sudo_name(setting)
    for item in finding.failing:
        places = ((item.path, item.line),) if item.aspect else item.places
        for path, line in places:
            if path != SUDO_DROPIN:
                _drop_sudo_setting(work, path, line, name, control.id)
    if all(item.aspect for item in finding.failing):
        return
    main = work.text(SUDO_MAIN)
    in_dropin = sudo_includes_dropins(main)
    own = _sudo_lines(work.text(SUDO_DROPIN) if in_dropin else block(main) or "")
    own[name] = "Defaults %s" % setting
    if in_dropin:
        work.write(SUDO_DROPIN, render(own), control.id, 0o440)
    else:
        work.write(SUDO_MAIN, with_block(main, own, top=False), control.id)


def _sudo_lines(text: str) -> dict[str, str]:
    found = re.findall(r"^Defaults\s+(.+?)\s*$", text, re.MULTILINE)
    return {_sudo_name(setting): "Defaults %s" % setting for setting in found}


def _sudo_name(setting: str) -> str:
    return re.split(r"\s*[-+]?=", setting.strip().lstrip("! "), maxsplit=1)[0].strip()


def split_sudo_settings(text: str) -> list[str]:
    """Split `a, !b, c="x, y"` at the commas that are outside of quotes and not escaped."""
    return [part.strip() for part in re.findall(r'((?:"[^"]*"|\\.|[^,\\"])+)', text) if part.strip()]


def _drop_sudo_setting(work: Workspace, path: str, line: int, name: str, control: str) -> None:
    """Take one setting out of a Defaults line and leave the others in force."""
    lines = work.text(path).splitlines()
    joined = lines[line - 1]
    index = line
    while joined.endswith("\\") and index < len(lines):
        joined = joined[:-1] + lines[index]
        index += 1
    match = re.match(r"(\s*Defaults\S*\s+)(.*)$", joined)
    if match is None:
        return
    kept = [part for part in split_sudo_settings(match.group(2)) if _sudo_name(part) != name]
    if kept:
        replace_line(work, path, line, match.group(1) + ", ".join(kept), control)
    elif index == line:
        comment_out(work, path, line, control)
    else:
        replace_line(work, path, line, "", control)


def fix_sysctl(work: Workspace, control: Control, finding: Finding) -> None:
    value = str(control.fix["value"])
    persist = []
    for item in finding.failing:
        if item.aspect == "running":
            known = work.sysctls.get(item.subject)
            edit = known or SysctlEdit(item.subject, str(item.value), value, ())
            work.sysctls[item.subject] = replace(edit, after=value, controls=(*edit.controls, control.id))
            continue
        persist.append(item.subject)
        for path, line in item.places:
            comment_out(work, path, line, control.id)
    if persist:
        own = _sysctl_lines(work.text(SYSCTL_DROPIN))
        own.update({key: "%s = %s" % (key, value) for key in persist})
        work.write(SYSCTL_DROPIN, render(own), control.id)


def _sysctl_lines(text: str) -> dict[str, str]:
    found = re.findall(r"^([\w./-]+)\s*=\s*(.*?)\s*$", text, re.MULTILINE)
    return {key: "%s = %s" % (key, value) for key, value in found}


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_each(value))
    return str(value)


def _each(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]
