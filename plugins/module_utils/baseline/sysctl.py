# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `sysctl`: the running value of kernel parameters and what sysctl.d(5) will set at the next boot."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..model.baseline import NOT_APPLICABLE, Item, Observation
from ..model.baseline_fix_dropin import SYSCTL_DROPIN
from .host import Host

# A file hides one of the same name in a later folder; all are then sorted by name, and the last line wins.
FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")

RUNNING = "running"


@dataclass(frozen=True)
class Line:
    """One `key = value`."""

    path: str
    line: int
    key: str
    value: str


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`keys` are dotted names. Parameters outside of net.* are the machine's, not a container's."""
    keys = read_["keys"]
    if host.in_container() and not all(key.startswith("net.") for key in keys):
        return Observation(status=NOT_APPLICABLE, reason="belongs to the machine below this container")
    items = []
    for key in keys:
        value = running(host, key)
        if value is not None:
            items += [Item(key, value, file_of(key), aspect=RUNNING), _persisted(host, key)]
    if not items:
        return Observation(status=NOT_APPLICABLE, reason="this kernel does not have %s" % ", ".join(keys))
    return Observation(tuple(items))


def file_of(key: str) -> str:
    """Where the kernel shows a parameter."""
    return "/proc/sys/" + key.replace(".", "/")


def running(host: Host, key: str) -> str | None:
    """The value in force now, not a remembered one; None where this kernel does not have it."""
    host.forget_file(file_of(key))
    content = host.read(file_of(key))
    return None if content is None else content.decode("ascii", "replace").strip()


def _persisted(host: Host, key: str) -> Item:
    lines: list[Line] = host.memo("sysctl.d", lambda: _lines(host))
    exact = [line for line in lines if line.key == key]
    last = _last(exact) or _last([line for line in lines if "*" in line.key and fnmatch.fnmatch(key, line.key)])
    name = posixpath.basename(SYSCTL_DROPIN)
    places = tuple((line.path, line.line) for line in exact if posixpath.basename(line.path) > name)
    if last is None:
        return Item(key, None, SYSCTL_DROPIN, aspect="persisted")
    return Item(key, last.value, last.path, last.line, "persisted", places)


def _last(lines: list[Line]) -> Line | None:
    return lines[-1] if lines else None


def _lines(host: Host) -> list[Line]:
    by_name: dict[str, str] = {}
    for folder in reversed(FOLDERS):
        by_name.update({posixpath.basename(path): path for path in host.glob(folder + "/*.conf")})
    found = []
    for name in sorted(by_name):
        # 99-sysctl.conf is a link to /etc/sysctl.conf on Debian: a repair has to name the file itself.
        path = host.resolve(by_name[name])
        for number, text in enumerate(host.lines(by_name[name]), 1):
            key, equals, value = text.strip().lstrip("-").partition("=")
            if equals and not key.startswith(("#", ";")):
                found.append(Line(path, number, _dotted(key.strip()), value.strip()))
    return found


def _dotted(key: str) -> str:
    """sysctl.d(5): whichever of `.` and `/` comes first is the separator."""
    if "/" in key and key.find("/") < (key.find(".") if "." in key else len(key)):
        return key.replace(".", "\0").replace("/", ".").replace("\0", "/")
    return key
