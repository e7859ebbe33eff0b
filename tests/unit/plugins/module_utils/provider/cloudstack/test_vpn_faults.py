# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC's end of a tunnel: lost answers, jobs that fail, connections that are busy, and runs that are killed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack import vpn_apply
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.session import (
    CloudStackSession,
)
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import Open
from .vpn_hand import Runner, customer, held, tags


def test_a_connection_in_error_is_started_again(connect: Open, api: CloudStackSession, said: Any) -> None:
    acme = Runner(connect())
    acme.apply()
    said("Error")
    assert [(end.status, end.detail) for end in acme.state().ends] == [("down", "Error")]
    assert acme.apply() == ["update acme: connection acme"]
    assert [end.detail for end in acme.state().ends] == ["Disconnected"]
    assert api.list_all("look", "listVpnConnections")[0]["state"] == "Disconnected"


def test_a_connection_that_is_being_started_is_waited_for_before_a_change(connect: Open, said: Any) -> None:
    Runner(connect()).apply()
    said("Connecting")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        said("Connected")

    changed = Runner(connect(retry=Retry(2, sleep=sleep)), tunnel={"esp_rekey_s": 1800})
    assert changed.apply() == ["update acme: customer gateway acme"]
    assert waits == [5]


def test_the_answer_of_a_job_may_be_lost(connect: Open, faults: FaultProxy, api: CloudStackSession) -> None:
    runner = Runner(connect(url=faults.url))
    # The first of the two looks at each job.
    for call in (1, 3, 5, 7):
        faults.add(mode="lost", operation="queryAsyncJobResult", first=call, times=1)
    assert len(runner.apply()) == 4
    assert held(api) == [1, 1, 1] and not runner.plan().changed


@pytest.mark.parametrize("mode", ["lost", "throttle"])
@pytest.mark.parametrize(
    "command", ["createTags", "createVpnGateway", "createVpnCustomerGateway", "createVpnConnection"]
)
def test_a_create_that_is_throttled_or_whose_answer_is_lost_is_made_once(
    connect: Open, faults: FaultProxy, api: CloudStackSession, command: str, mode: str
) -> None:
    runner = Runner(connect(url=faults.url))
    faults.add(mode=mode, operation=command, times=1, **({"shape": "cloudstack"} if mode == "throttle" else {}))
    assert len(runner.apply()) == 4
    assert held(api) == [1, 1, 1] and not runner.plan().changed


def test_a_customer_gateway_that_somebody_made_meanwhile_is_not_taken_for_ours(
    connect: Open, api: CloudStackSession
) -> None:
    acme = Runner(connect())
    made = acme.plan()
    customer(api, ipsecpsk="SomebodyElsesKey.1234567890abcdef")
    with pytest.raises(ProviderError, match="already existed"):
        acme.end.apply(made, lambda change: None)


def test_settings_that_were_kept_though_the_restart_failed_are_put_to_work(
    connect: Open, api: CloudStackSession, monkeypatch: pytest.MonkeyPatch, server: LabServer, said: Any
) -> None:
    Runner(connect()).apply()
    said("Connecting")
    changed = Runner(connect(), tunnel={"esp_rekey_s": 1800})
    made = changed.plan()
    run_job = changed.session.run_job

    def failing(doing: str, command: str, **params: Any) -> Any:
        try:
            return run_job(doing, command, **params)
        except ProviderError:
            # The router has meanwhile said how it is.
            said("Connected")
            raise

    monkeypatch.setattr(changed.session, "run_job", failing)
    # Nothing is waited for, as when the router is set up between the wait and the change.
    monkeypatch.setattr(vpn_apply.Writer, "_wait_until_free", lambda self: None)
    changed.end.apply(made, lambda change: None)
    assert Counter(call["command"] for call in server.calls())["resetVpnConnection"] == 1
    assert not changed.plan().changed


def test_a_run_that_is_killed_between_two_calls_is_finished_by_the_next(connect: Open, api: CloudStackSession) -> None:
    for number in range(1, 4):
        runner = Runner(connect())
        made = runner.plan()
        changes = runner.adapter.apply_vpn(runner.end.state, made.changes)
        for _count in range(number):
            next(changes)
        assert len(Runner(connect()).apply()) == 4 - number
        gone = Runner(connect())
        removals = gone.adapter.apply_vpn(gone.state(), gone.plan(absent=True).changes)
        for _count in range(number):
            next(removals)
        assert len(Runner(connect()).apply(absent=True)) == 4 - number
        assert held(api) == [0, 0, 0] and tags(api) == []
