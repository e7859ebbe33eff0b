# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `packages`: dpkg's own status file, read once, no program started."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from ..model.baseline import NOT_APPLICABLE, Item, Observation
from .host import Host

STATUS = "/var/lib/dpkg/status"


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`names` are package names or shell patterns; the items are those that are installed."""
    installed: Mapping[str, tuple[str, int]] = host.memo("packages", lambda: _installed(host))
    if not installed:
        return Observation(status=NOT_APPLICABLE, reason="dpkg keeps no packages here")
    found = sorted(name for pattern in read_["names"] for name in fnmatch.filter(installed, pattern))
    return Observation(tuple(Item(name, installed[name][0], STATUS, installed[name][1]) for name in found))


def _installed(host: Host) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    name, line, here = "", 0, False
    for number, text in enumerate((host.read(STATUS) or b"").splitlines(), 1):
        if text.startswith(b"Package: "):
            name, line, here = text[9:].decode("ascii", "replace"), number, False
        elif text.startswith(b"Status: "):
            here = text.endswith(b" installed")
        elif here and text.startswith(b"Version: "):
            found[name] = (text[9:].decode("ascii", "replace"), line)
    return found
