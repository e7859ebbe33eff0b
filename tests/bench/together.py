# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allowlists of many accounts in one process: what the module does for each, without Ansible and in threads.

python -m tests.bench.together < {"shared": {...}, "accounts": [{...}, ...], "at_once": 10}
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.provider import allowlists

DEFAULTS = {"store": "service-store", "workers": 16}


class Surroundings:
    """The options of one account; this program prints nothing, so there is nothing to hide."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params

    def keep_secret(self, *values: str | None) -> None:
        """Hide nothing."""


def one(params: Mapping[str, Any]) -> None:
    """Bring one account to what is declared."""
    lists, _session = allowlists.opened(Surroundings(params))  # type: ignore[arg-type]
    plan = lists.plan(datetime.datetime.now(datetime.UTC).date())
    lists.apply(plan, lambda change: None)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    with ThreadPoolExecutor(given["at_once"]) as pool:
        list(pool.map(one, [{**DEFAULTS, **given["shared"], **account} for account in given["accounts"]]))
