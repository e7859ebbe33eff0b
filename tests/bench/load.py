# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our module under load: answers that come late, and the memory that its process holds."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from tools.bench.allowlist import FRESH, Memory, Waiting
from tools.bench.figures import Took

from .allowlist_clouds import Cloud
from .play import said
from .servers import counted
from .stores import names
from .ways import our_lists, ours, wish

DELAY_S = 0.1
#: The module's default.
WORKERS = 16


def waiting(cloud: Cloud, folder: Path, store: dict[str, Any], rules: int) -> Waiting:
    """Fill all scopes with and without a delay before each answer of the API that changes rules.

    Both runs go through the same proxy, so that its own cost is in both.
    """
    wanted = wish(cloud.scopes, rules, FRESH)
    took: list[Took] = []
    with contextlib.ExitStack() as stack:
        faults = counted(stack, cloud.server, cloud.upstream)
        way = ours(cloud.through(faults.url), store)
        for delayed in (False, True):
            cloud.server.reset()
            faults.reset()
            if delayed:
                faults.add(mode="slow", seconds=DELAY_S, times=0)
            took.append(way.run(folder / "play", wanted))
        calls = len(faults.operations())
    workers = int(cloud.options.get("workers", WORKERS))
    return Waiting(cloud.name, len(cloud.scopes), DELAY_S, workers, calls, *took)


def memory(cloud: Cloud, store: dict[str, Any], sizes: tuple[int, ...], rules: int) -> Memory:
    """Fill so many scopes, each time with empty groups, in a process of the module's own."""
    peaks = {}
    for scopes in sizes:
        cloud.server.reset()
        lists = our_lists(wish(cloud.scopes[:scopes], rules, FRESH))
        arguments = {**cloud.options, "credential": names(1)[0], "secret_store": store, "allowlists": lists}
        peaks[scopes] = float(json.loads(said("once", {"module": "access_allowlist", "arguments": arguments})))
    return Memory(cloud.name, peaks)
