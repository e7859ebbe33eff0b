# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `lines`: the lines of any text file that a pattern finds, for everything without a reader of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..model.baseline import Item, Observation
from .host import Host


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`paths` are shell patterns, `pattern` a regular expression; its first group, if any, is the value."""
    pattern = re.compile(read_["pattern"])
    items = []
    for path in sorted({host.resolve(found) for name in read_["paths"] for found in host.glob(name)}):
        for number, text in enumerate(host.lines(path), 1):
            match = pattern.search(text)
            if match:
                value = match.group(1) if pattern.groups else match.group(0).strip()
                items.append(Item(path, value, path, number))
    return Observation(tuple(items))
