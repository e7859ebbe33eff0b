# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixture of an account that is watched at the provider while its allowlist changes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.provider import connect

from .accounts import RunningAccounts
from .allowlist_case import Run
from .bench import certificate
from .conftest import Store
from .provider_state import looker
from .watching import WatchingProxy


@pytest.fixture
def watched_run(
    request: pytest.FixtureRequest,
    running_accounts: RunningAccounts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    """One account behind a proxy of its own, which looks at the provider after every call."""
    account = running_accounts.get(request.param)
    # The pauses between tries are tested elsewhere.
    monkeypatch.setattr(connect, "Retry", functools.partial(Retry, base_s=0.001))
    account.faults.reset()
    cert = certificate(account, f"watching-{request.param}")
    look, api = looker(account), account.faults.url
    with WatchingProxy(api, account.server.ca_file, *cert, look=look) as proxy:
        urls = account.options["endpoints"].items()
        endpoints = {name: url.replace(api, proxy.url) for name, url in urls}
        watched = replace(account, faults=proxy, options={**account.options, "endpoints": endpoints})
        store = Store(watched, tmp_path)
        store.keep("account", account.secret)
        made = Run(store, proxy, look)
        made.reset()
        yield made
