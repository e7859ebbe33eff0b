# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `settings`: one key of a `KEY value` or `KEY=value` file such as login.defs(5); the last line wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..model.baseline import Item, Observation
from .host import Host


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`path` and `key`; a key that is not set gives the value None."""
    path, key = read_["path"], read_["key"]
    if host.read(path) is None:
        return Observation()
    pattern = re.compile(r"\s*%s(?:\s*=\s*|\s+)(.*?)\s*$" % re.escape(key))
    value, line = None, 0
    for number, text in enumerate(host.lines(path), 1):
        match = pattern.match(text)
        if match:
            value, line = match.group(1).strip("\"'"), number
    return Observation((Item(key, value, path, line),))
