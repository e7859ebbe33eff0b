# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `sshd`: the configuration in force (`sshd -T`), and every Match block that overrules it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from ..model.baseline import ERROR, NOT_APPLICABLE, Item, Observation
from ..model.baseline_fix_dropin import SSHD_MAIN
from .host import Answer, Host
from .sshd_config import Directive, directives, words

PROGRAM = "/usr/sbin/sshd"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIMES = frozenset({"logingracetime", "clientaliveinterval"})
# sshd -T says nothing of these while they are not set.
_SILENT = frozenset({"allowgroups", "allowusers", "denygroups", "denyusers"})
# For everything else sshd keeps the first value; for this one OpenSSH 9.2 keeps the last (servconf.c).
_LAST_WINS = frozenset({"maxstartups"})
# sshd -T still prints the name that sshd_config(5) calls deprecated.
_SAME = {"without-password": "prohibit-password"}


class Effective:
    """What one `sshd -T` and one reading of the files gave, shared by all controls on sshd."""

    def __init__(self, values: Mapping[str, str], lines: list[Directive]) -> None:
        self.values = values
        self.lines = lines


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`keyword` names the setting."""
    effective = host.memo("sshd", lambda: _effective(host))
    if isinstance(effective, Observation):
        return effective
    keyword = str(read_["keyword"]).lower()
    if keyword not in effective.values and keyword not in _SILENT:
        return Observation(status=NOT_APPLICABLE, reason="this sshd was built without %s" % keyword)
    own = [line for line in effective.lines if line.keyword == keyword]
    everywhere = [line for line in own if not line.match]
    last_wins = keyword in _LAST_WINS
    winner = everywhere[-1 if last_wins else 0] if everywhere else Directive(SSHD_MAIN, 0, keyword, "")
    places = tuple((line.path, line.line) for line in everywhere if line.before_dropin or last_wins)
    items = [Item(keyword, effective.values.get(keyword), winner.path, winner.line, places=places)]
    for line in own:
        if line.match:
            value = normal(keyword, line.value)
            items.append(Item(keyword, value, line.path, line.line, "Match %s" % line.match))
    return Observation(tuple(items))


def command(host: Host, *more: str) -> list[str]:
    """sshd with the options that Debian's unit gives it: an `-o` there wins over every file."""
    text = "\n".join(host.lines("/etc/default/ssh"))
    found = re.findall(r"^\s*SSHD_OPTS=(.*)$", text, re.MULTILINE)
    options = shlex.split(found[-1]) if found else []
    return [PROGRAM, *more, *(shlex.split(options[0]) if options else [])]


def dump(host: Host) -> Answer:
    """`sshd -T`. It asks for a host key that it can load, which says nothing of the configuration."""
    code, out, err = host.run(command(host, "-T"))
    if code and "no hostkeys available" in err:
        with host.scratch() as folder:
            return host.run(command(host, "-T", "-h", throwaway_key(host, folder)))
    return code, out, err


def throwaway_key(host: Host, folder: str) -> str:
    """A host key for a trial: real ones may have modes that sshd refuses and that this very run mends."""
    key = folder + "/host-key"
    host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    return key


def normal(keyword: str, value: str) -> str:
    """Write a value of a file as `sshd -T` would print it."""
    text = " ".join(words(value))
    text = text.lower() if text.lower() in ("yes", "no") else text
    if keyword in _TIMES:
        parts = re.findall(r"(\d+)([smhdw]?)", text.lower())
        return str(sum(int(number) * _UNITS[unit] for number, unit in parts))
    return _SAME.get(text, text)


def _effective(host: Host) -> Effective | Observation:
    if host.lstat(PROGRAM) is None:
        return Observation(status=NOT_APPLICABLE, reason="sshd is not installed")
    code, out, err = dump(host)
    if code:
        why = err.strip().splitlines() or ["exit status %d" % code]
        return Observation(status=ERROR, reason="sshd -T: %s" % "; ".join(why[-3:]))
    values: dict[str, str] = {}
    for line in out.splitlines():
        keyword, _space, value = line.partition(" ")
        value = _SAME.get(value, value)
        values[keyword] = "%s %s" % (values[keyword], value) if keyword in values else value
    return Effective(values, directives(host))
