# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's end of a tunnel is changed one tunnel at a time, and what is on its way is waited for."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .vpn_hand import STRONGER, TUNNEL, Cloud


@pytest.fixture
def cloud(server: LabServer) -> Cloud:
    return Cloud(server)


def test_while_tunnels_are_changed_one_of_them_is_up_all_the_time(cloud: Cloud) -> None:
    cloud.bring()
    cloud.report(*cloud.addresses(), back_after=6)
    seen: list[list[str]] = []
    cloud.meanwhile = lambda: seen.append(cloud.statuses())
    assert [change.key for change in cloud.bring(tunnel=STRONGER)] == ["tunnel acme-1", "tunnel acme-2"]
    assert cloud.count("ModifyVpnTunnelOptions") == 2
    assert seen and all("UP" in moment for moment in seen), seen


def test_tunnels_that_a_change_of_the_connection_takes_down_are_not_both_changed_then(cloud: Cloud) -> None:
    cloud.bring()
    cloud.report(*cloud.addresses(), back_after=6)
    seen: list[list[str]] = []

    def look() -> None:
        if cloud.count("ModifyVpnTunnelOptions"):
            seen.append(cloud.statuses())

    cloud.meanwhile = look
    done = [change.key for change in cloud.bring(tunnel=STRONGER, networks=["10.60.0.0/15"])]
    assert done == ["connection acme", "tunnel acme-1", "tunnel acme-2"]
    assert seen and all("UP" in moment for moment in seen), seen


def test_a_tunnel_that_stays_down_keeps_the_other_as_it_is_also_in_the_next_run(cloud: Cloud) -> None:
    cloud.bring()
    cloud.report(*cloud.addresses())
    for run in (1, 2):
        with pytest.raises(ProviderError, match=r"see acme-1 up before acme-2 is changed.*wait_up_s: 0") as failed:
            cloud.bring(tunnel=STRONGER, aws={"wait_up_s": 5})
        assert failed.value.kind == "timeout", run
        assert cloud.count("ModifyVpnTunnelOptions") == 1
        assert cloud.statuses().count("UP") == 1
    assert [change.key for change in cloud.bring(tunnel=STRONGER, aws={"wait_up_s": 0})] == ["tunnel acme-2"]


def test_a_tunnel_that_is_down_is_changed_first_and_at_once(cloud: Cloud) -> None:
    cloud.bring()
    cloud.report(cloud.addresses()[0])
    with pytest.raises(ProviderError, match="see acme-2 up before acme-1 is changed"):
        cloud.bring(tunnel=STRONGER, aws={"wait_up_s": 5})
    assert cloud.statuses() == ["UP", "DOWN"]
    assert [change.key for change in cloud.end(tunnel=STRONGER).plan().changes] == ["tunnel acme-1"]


def test_only_tunnels_that_are_up_are_said_to_drop(cloud: Cloud) -> None:
    cloud.bring()
    cloud.report(cloud.addresses()[1])
    end = cloud.end(tunnel=STRONGER)
    end.plan()
    drops = end.describe()["drops"]
    assert [drop["tunnel"] for drop in drops] == ["acme-2"] and drops[0]["about_s"] == 180
    end = cloud.end()
    end.plan(absent=True)
    assert [(drop["tunnel"], drop["about_s"]) for drop in end.describe()["drops"]] == [("acme-2", None)]


def test_states_on_the_way_are_waited_for(cloud: Cloud) -> None:
    cloud.server.lab("POST", "vpn", {"steps": 2})
    assert cloud.bring()
    made = cloud.slept
    assert made >= 2 and not cloud.end().plan().changed
    assert cloud.bring(tunnel=STRONGER) and cloud.slept > made
    assert cloud.bring(absent=True)
    assert cloud.left() == []


@pytest.mark.parametrize("begun", ["tunnel", "connection"])
def test_a_change_that_a_killed_run_began_is_waited_for(cloud: Cloud, begun: str) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    cloud.server.lab("POST", "vpn", {"steps": 3})
    ref = one["VpnConnectionId"]
    if begun == "tunnel":
        options = {"StartupAction": "start"}
        cloud.ec2.modify_vpn_tunnel_options(
            VpnConnectionId=ref, VpnTunnelOutsideIpAddress=cloud.addresses()[0], TunnelOptions=options
        )
    else:
        cloud.ec2.modify_vpn_connection_options(VpnConnectionId=ref, LocalIpv4NetworkCidr="10.0.0.0/8")
    others = [*TUNNEL["sources"], {"name": "store-2", "address": "10.20.0.12"}]
    assert cloud.bring(tunnel={**STRONGER, "sources": others})
    assert not cloud.end(tunnel={**STRONGER, "sources": others}).plan().changed


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        pytest.param("ModifyVpnTunnelOptions", {"tunnel": STRONGER}, id="tunnel"),
        pytest.param("ModifyVpnConnectionOptions", {"networks": ["10.60.0.0/15"]}, id="networks"),
        pytest.param(
            "ModifyVpnConnection", {"tunnel": {**TUNNEL, "local": {"address": "198.51.100.11"}}}, id="our address"
        ),
    ],
)
def test_a_change_whose_answer_was_lost_is_waited_for(
    cloud: Cloud, faults: FaultProxy, operation: str, more: dict[str, Any]
) -> None:
    cloud.bring()
    cloud.server.lab("POST", "vpn", {"steps": 2})
    cloud.url, cloud.retries = faults.url, 2
    faults.add(mode="lost", operation=operation)
    changed = len(cloud.end(**more).plan().changes)
    assert len(cloud.bring(**more)) == changed
    # The one that was lost has been made, and the session's second one was refused.
    assert cloud.count(operation) == 1 + (2 if operation == "ModifyVpnTunnelOptions" else 1)
    assert not cloud.end(**more).plan().changed


def test_a_removal_that_was_killed_while_the_connection_went_is_finished(cloud: Cloud) -> None:
    cloud.bring()
    cloud.server.lab("POST", "vpn", {"steps": 4})
    cloud.ec2.delete_vpn_connection(VpnConnectionId=cloud.connections()[0]["VpnConnectionId"])
    keys = [change.key for change in cloud.bring(absent=True)]
    assert keys[-1] == "customer gateway 198.51.100.10" and cloud.slept
    assert cloud.left() == []
