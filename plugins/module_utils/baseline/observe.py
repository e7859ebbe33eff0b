# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads everything a set of controls asks for, once: controls that read the same thing share an observation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ..model.baseline import ERROR, Control, Facts, Observation, inapplicable
from . import accounts, cron, files, lines, packages, settings, sshd, sudo, sysctl, walk
from .host import Host

Reader = Callable[[Host, Mapping[str, Any]], Observation]

READERS: dict[str, Reader] = {
    "accounts": accounts.read,
    "cron": cron.read,
    "files": files.read,
    "lines": lines.read,
    "packages": packages.read,
    "settings": settings.read,
    "sshd": sshd.read,
    "sudo": sudo.read,
    "sysctl": sysctl.read,
    "walk": walk.read,
}


def observe(host: Host, controls: Iterable[Control]) -> Facts:
    """Take the facts that `controls` need. Readers keep what they share on the host object's cache."""
    os_id, os_version = host.os_release()
    base = Facts(os_id, os_version, host.in_container(), host.today())
    seen: dict[str, Observation] = {}
    for control in controls:
        if control.read_key not in seen and not inapplicable(base, control):
            seen[control.read_key] = _read(host, json.loads(control.read_key))
    return Facts(os_id, os_version, base.container, base.today, seen)


def _read(host: Host, read: Mapping[str, Any]) -> Observation:
    try:
        return READERS[read["reader"]](host, read)
    except OSError as exc:
        reason = "%s: cannot read %s: %s" % (read["reader"], exc.filename or "it", exc.strerror)
        return Observation(status=ERROR, reason=reason)
