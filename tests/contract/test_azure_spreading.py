# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client secret that Entra ID's servers learn of one after the other is not put into use before all know it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse, parse_record
from tests.support.module import ModuleFailed
from tests.support.servers import LabServer, lab_server

from .accounts import azure
from .accounts.base import CloudAccount
from .bench import bench_of
from .conftest import Store

__all__ = ["lab_server"]
SERVERS, DELAY_S = 3, 2.5


@pytest.fixture
def slow(request: pytest.FixtureRequest, lab_server: Callable[..., LabServer], tmp_path: Path) -> CloudAccount:
    """The account at servers that learn of a secret within DELAY_S, or as many seconds as the test says."""
    spreading = {"secret_delay_s": getattr(request, "param", DELAY_S), "secret_servers": SERVERS}

    def start(name: str, config: dict[str, Any], folder: Path) -> LabServer:
        return lab_server(name, {**config, **spreading}, folder)

    return azure.start(start, tmp_path)


def rotate(account: CloudAccount, folder: Path, **more: Any) -> tuple[Store, dict[str, Any]]:
    """Register the account's credential and rotate it at once."""
    store = Store(account, folder)
    store.run("cloud_credential", secret=dict(account.secret))
    store.opened.put("rotator", parse("rotator", "azure", account.rotator).record())
    options = {"rotator": "rotator", "force": True, "verify_every_s": 0.05, **more}
    return store, store.run("cloud_credential_rotation", **options)


def test_the_store_is_switched_when_every_server_knows_the_secret(slow: CloudAccount, tmp_path: Path) -> None:
    begin = time.monotonic()
    store, got = rotate(slow, tmp_path, good_calls=SERVERS, verify_timeout_s=120)
    spent = time.monotonic() - begin
    assert got["rotation"]["rotated"] and spent >= DELAY_S * 0.9
    print(f"azure: {spent:.1f} s and {got['calls'].get('entra.token')} tokens until {SERVERS} servers knew the secret")
    new = parse_record("account", store.opened.get("account"))
    with bench_of(slow) as bench:
        assert all(bench.works(new) for _unused in range(2 * SERVERS))


@pytest.mark.parametrize("slow", [3600], indirect=True)
def test_one_that_does_not_spread_in_time_is_taken_back_and_the_old_one_stays(
    slow: CloudAccount, tmp_path: Path
) -> None:
    with pytest.raises(ModuleFailed, match="the old key stays in use and the new one was deleted") as failed:
        rotate(slow, tmp_path, good_calls=SERVERS, verify_timeout_s=1)
    assert f"no {SERVERS} good calls in a row within 1 s" in failed.value.result["msg"]
    with bench_of(slow) as bench:
        assert bench.works(bench.credential)
        (left,) = bench.adapter().keys()
        assert left.id == bench.adapter().id_of(bench.credential)
