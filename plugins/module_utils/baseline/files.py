# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `files`: type, mode and owner of files that have names of their own."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import Any

from ..model.baseline import Item, Observation
from .host import Host


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`paths` are shell patterns; `except` takes some away; links are followed, so that the target is judged."""
    excluded = {found for name in read_.get("except", ()) for found in host.glob(name)}
    paths = {found for name in read_["paths"] for found in host.glob(name) if found not in excluded}
    items = []
    for path in sorted({host.resolve(path) for path in paths}):
        seen = host.lstat(path)
        if seen is not None and not stat.S_ISLNK(seen.st_mode):
            items.append(Item(path, host.attributes(seen), path))
    return Observation(tuple(items))
