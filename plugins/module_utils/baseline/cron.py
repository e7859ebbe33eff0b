# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `cron`: the programs that root's jobs start, from crontab(5) files of the system and of root."""

from __future__ import annotations

import posixpath
import re
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from ..model.baseline import Item, Observation
from .host import Host

SYSTEM = ("/etc/crontab", "/etc/cron.d/*")
ROOTS_OWN = "/var/spool/cron/crontabs/root"
_TIME = r"(?:@\w+|(?:\S+\s+){4}\S+)\s+"
_SETTING = re.compile(r"\s*\w+\s*=")


def read(host: Host, _read: Mapping[str, Any]) -> Observation:
    """One item per absolute path that a job of root names and that exists."""
    items: dict[str, Item] = {}
    for path, number, command in _jobs(host):
        for word in re.findall(r"(?<![\w./-])/[\w./+-]+", command):
            target = host.resolve(posixpath.normpath(word))
            seen = host.lstat(target)
            if seen is not None and stat.S_ISREG(seen.st_mode):
                aspect = "%s:%d" % (path, number)
                items.setdefault(target, Item(target, host.attributes(seen), target, aspect=aspect))
    return Observation(tuple(items[target] for target in sorted(items)))


def _jobs(host: Host) -> Iterator[tuple[str, int, str]]:
    system = re.compile(r"\s*%sroot\s+(.+)$" % _TIME)
    own = re.compile(r"\s*%s(.+)$" % _TIME)
    sources = [(path, system) for pattern in SYSTEM for path in host.glob(pattern)]
    for path, pattern in [*sources, (ROOTS_OWN, own)]:
        for number, text in enumerate(host.lines(path), 1):
            match = None if text.lstrip().startswith("#") or _SETTING.match(text) else pattern.match(text)
            if match:
                yield path, number, match.group(1)
