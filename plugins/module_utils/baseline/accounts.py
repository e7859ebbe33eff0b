# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `accounts`: passwd(5) and shadow(5). A password hash never gets into a value: only its state does."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ..model.baseline import Item, Observation
from ..model.baseline_fix_accounts import PASSWD, SHADOW, SHADOW_FIELDS
from .host import Host

NOBODY = 65534
_NO_LOGIN = ("nologin", "false")


@dataclass(frozen=True)
class Account:
    """One account with both of its lines; `password` is empty, locked or set."""

    name: str
    uid: int
    home: str
    shell: str
    line: int
    password: str
    shadow_line: int
    ageing: Mapping[str, str]
    last_change: str


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`field` is a key of FIELDS, `of` one of GROUPS; `except` names accounts to leave out."""
    everybody: list[Account] = host.memo("accounts", lambda: _accounts(host))
    uid_min = host.memo("uid_min", lambda: _uid_min(host))
    belongs = GROUPS[read_.get("of", "all")]
    chosen = [one for one in everybody if belongs(one, uid_min) and one.name not in read_.get("except", ())]
    return Observation(tuple(FIELDS[read_["field"]](host, chosen, read_)))


GROUPS: dict[str, Callable[[Account, int], bool]] = {
    "all": lambda one, _min: True,
    "system": lambda one, low: 0 < one.uid < low or one.uid == NOBODY,
    "people": lambda one, low: one.uid >= low and one.uid != NOBODY,
    "people_and_root": lambda one, low: one.name == "root" or (one.uid >= low and one.uid != NOBODY),
    "other_uid_0": lambda one, _min: one.uid == 0 and one.name != "root",
    "with_password": lambda one, _min: one.password == "set",
}


def _password(_host: Host, chosen: Sequence[Account], _read: Mapping[str, Any]) -> Iterable[Item]:
    return [Item(one.name, one.password, SHADOW, one.shadow_line, aspect="password") for one in chosen]


def _shell(_host: Host, chosen: Sequence[Account], _read: Mapping[str, Any]) -> Iterable[Item]:
    return [Item(one.name, one.shell, PASSWD, one.line, aspect="shell") for one in chosen]


def _login(_host: Host, chosen: Sequence[Account], _read: Mapping[str, Any]) -> Iterable[Item]:
    for one in chosen:
        closed = one.password == "locked" and posixpath.basename(one.shell) in _NO_LOGIN
        yield Item(one.name, "closed" if closed else "open", PASSWD, one.line, aspect="login")


def _ageing(name: str) -> Callable[[Host, Sequence[Account], Mapping[str, Any]], Iterable[Item]]:
    def items(_host: Host, chosen: Sequence[Account], _read: Mapping[str, Any]) -> Iterable[Item]:
        for one in chosen:
            aspect = "last changed on day %s" % (one.last_change or "unknown")
            yield Item(one.name, one.ageing.get(name) or None, SHADOW, one.shadow_line, aspect)

    return items


def _home(host: Host, chosen: Sequence[Account], _read: Mapping[str, Any]) -> Iterable[Item]:
    for one in chosen:
        path = host.resolve(one.home)
        seen = host.lstat(path)
        if seen is not None and path != "/":
            yield Item(one.name, host.attributes(seen), path)


def _home_files(host: Host, chosen: Sequence[Account], read_: Mapping[str, Any]) -> Iterable[Item]:
    """`names` are relative to each home folder. The file itself counts, not what a link points to."""
    for one in chosen:
        for name in read_["names"]:
            path = posixpath.join(host.resolve(one.home), name)
            seen = host.lstat(path) if one.home not in ("", "/") else None
            if seen is not None:
                yield Item(one.name, host.attributes(seen), path, aspect=name)


FIELDS: dict[str, Callable[[Host, Sequence[Account], Mapping[str, Any]], Iterable[Item]]] = {
    "password": _password,
    "shell": _shell,
    "login": _login,
    "home": _home,
    "home_files": _home_files,
    **{name: _ageing(name) for name in SHADOW_FIELDS},
}


def state(field: str) -> str:
    """What a password field allows, without saying what it holds."""
    if field.startswith(("!", "*")):
        return "locked"
    return "set" if field else "empty"


def _accounts(host: Host) -> list[Account]:
    shadow = {}
    for number, text in enumerate(host.lines(SHADOW), 1):
        fields = text.split(":")
        if len(fields) >= 7:
            shadow[fields[0]] = (number, fields)
    found = []
    for number, text in enumerate(host.lines(PASSWD), 1):
        part = text.split(":")
        if len(part) < 7 or not part[2].isdigit():
            continue
        line, fields = shadow.get(part[0], (0, [part[0], "!" if part[1] == "x" else part[1], *[""] * 7]))
        password = state(fields[1] if part[1] == "x" else part[1])
        ageing = {name: fields[index] for name, index in SHADOW_FIELDS.items()}
        found.append(Account(part[0], int(part[2]), part[5], part[6], number, password, line, ageing, fields[2]))
    return found


def _uid_min(host: Host) -> int:
    for text in host.lines("/etc/login.defs"):
        words = text.split()
        if len(words) > 1 and words[0] == "UID_MIN" and words[1].isdigit():
            return int(words[1])
    return 1000
