# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's end of a tunnel at the real Neutron when answers are lost, runs are killed, or no agent takes it up."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack import vpn_write

from .vpn_hand import COLLECTIONS, NAME, NEW_KEY, VPN, VpnHand

pytestmark = pytest.mark.openstack
CONNECTIONS = f"{VPN}/ipsec-site-connections"
OTHER = {"ike_proposals": ["aes256-sha512-ecp521"]}
SUCCESSOR = [f"PUT {CONNECTIONS}/*", f"POST {CONNECTIONS}", f"DELETE {CONNECTIONS}/*"]


def test_an_object_whose_answer_was_lost_is_found_and_not_made_twice(tunnels: VpnHand) -> None:
    for name in COLLECTIONS:
        tunnels.cloud.faults.add(mode="lost", operation=f"POST {VPN}/{name}")
    tunnels.cloud.faults.add(mode="lost", operation=f"POST {VPN}/endpoint-groups", first=2)
    assert len(tunnels.bring()) == 6
    assert tunnels.counts() == [1, 1, 1, 2, 1]
    assert not tunnels.planned().changed


def test_a_create_that_never_arrived_is_told_and_made_by_the_next_run(tunnels: VpnHand) -> None:
    tunnels.cloud.faults.add(mode="reset", operation=f"POST {CONNECTIONS}", times=0)
    end = tunnels.end()
    plan, done = end.plan(), list[Change]()
    with pytest.raises(ProviderError, match=f"make the connection {NAME}"):
        end.apply(plan, done.append)
    assert len(done) == 5 and tunnels.counts() == [1, 1, 1, 2, 0]
    tunnels.cloud.forget()
    assert tunnels.bring() == [f"add connection {NAME}"]


def test_an_object_of_that_name_that_is_not_as_asked_is_not_taken_for_the_lost_one(tunnels: VpnHand) -> None:
    crypto = {"encryption_algorithm": "aes-128", "auth_algorithm": "sha256", "pfs": "group19"}
    tunnels.make(f"{VPN}/ikepolicies", "ikepolicy", name=NAME, **crypto)
    tunnels.cloud.faults.add(mode="reset", operation=f"POST {VPN}/ikepolicies", times=0)
    with pytest.raises(ProviderError, match="make the IKE policy"):
        tunnels.bring()
    tunnels.cloud.forget()
    tunnels.bring()
    assert len(tunnels.held("ikepolicies")) == 2


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(operation, marks=[pytest.mark.long] if operation != SUCCESSOR[1] else [], id=operation.split()[0])
        for operation in SUCCESSOR
    ],
)
def test_a_run_killed_before_any_step_of_a_successor_is_finished_by_the_next(tunnels: VpnHand, operation: str) -> None:
    tunnels.bring()
    before = tunnels.held("ipsec-site-connections")[0]["id"]
    tunnels.cloud.faults.add(mode="reset", operation=operation, times=0)
    with pytest.raises(ProviderError):
        tunnels.bring(tunnel=OTHER)
    # Until the new one is there, the old one goes on.
    held = tunnels.held("ipsec-site-connections")
    assert before in [item["id"] for item in held]
    tunnels.cloud.forget()
    assert tunnels.bring(tunnel=OTHER)
    (after,) = tunnels.held("ipsec-site-connections")
    assert after["name"] == NAME and after["id"] != before
    assert tunnels.counts() == [1, 1, 1, 2, 1]
    assert not tunnels.planned(tunnel=OTHER).changed


@pytest.mark.long
def test_a_successor_whose_answer_was_lost_is_the_only_one(tunnels: VpnHand) -> None:
    tunnels.bring()
    for operation in SUCCESSOR:
        tunnels.cloud.faults.add(mode="lost", operation=operation)
    tunnels.bring(tunnel=OTHER)
    assert tunnels.counts() == [1, 1, 1, 2, 1]
    assert not tunnels.planned(tunnel=OTHER).changed


@pytest.mark.long
def test_what_a_killed_run_left_half_replaced_is_removed_as_a_whole(tunnels: VpnHand) -> None:
    tunnels.bring()
    tunnels.cloud.faults.add(mode="reset", operation=SUCCESSOR[2], times=0)
    with pytest.raises(ProviderError):
        tunnels.bring(tunnel=OTHER)
    tunnels.cloud.forget()
    assert any(line.startswith("remove replaced connection") for line in tunnels.bring(absent=True))
    assert tunnels.counts() == [0, 0, 0, 0, 0]


def test_what_came_into_use_meanwhile_is_a_conflict_and_the_rest_has_been_told(tunnels: VpnHand) -> None:
    tunnels.bring()
    end = tunnels.end()
    plan, done = end.plan(absent=True), list[Change]()
    # Somebody's connection takes the policy between our reading and our removal.
    (ours,) = tunnels.held("ipsec-site-connections")
    same = ("vpnservice_id", "ikepolicy_id", "ipsecpolicy_id", "local_ep_group_id", "peer_ep_group_id", "peer_id")
    body = {**{name: ours[name] for name in same}, "peer_address": "198.51.100.99", "psk": "somebody-elses-own-key"}
    tunnels.make(CONNECTIONS, "ipsec_site_connection", name="theirs", **body)
    with pytest.raises(ProviderError, match="remove the peer endpoints.*in use") as refused:
        end.apply(plan, done.append)
    assert refused.value.kind == "conflict"
    assert f"remove connection {NAME}" in [f"{change.action} {change.key}" for change in done]
    assert not tunnels.planned(absent=True).changed


def test_a_connection_that_no_agent_takes_up_is_told(tunnels: VpnHand, monkeypatch: pytest.MonkeyPatch) -> None:
    _be_impatient(monkeypatch)
    tunnels.cloud.server.lab("POST", "vpn", {})
    end = tunnels.end()
    plan, done = end.plan(), list[Change]()
    with pytest.raises(ProviderError, match="VPN agent to take up.*last seen: PENDING_CREATE"):
        end.apply(plan, done.append)
    # It is there all the same, and the next run finds it.
    assert len(done) == 6
    end = tunnels.end()
    assert not end.plan().changed
    (shown,) = end.describe()["ends"]
    assert (shown["status"], shown["detail"]) == ("unknown", "PENDING_CREATE")
    with pytest.raises(ProviderError, match="last seen: PENDING_CREATE"):
        tunnels.bring(key=NEW_KEY)


def test_a_tunnel_that_is_down_has_nothing_to_drop(tunnels: VpnHand) -> None:
    tunnels.bring()
    (item,) = tunnels.held("ipsec-site-connections")
    tunnels.cloud.server.lab("POST", "vpn", {item["id"]: "DOWN"})
    end = tunnels.end(NEW_KEY)
    assert end.plan().changed
    described = end.describe()
    assert described["drops"] == [] and described["ends"][0]["status"] == "down"
    tunnels.cloud.server.lab("POST", "vpn", {item["id"]: "ERROR"})
    end.read()
    assert (end.describe()["ends"][0]["status"], end.describe()["ends"][0]["detail"]) == ("down", "ERROR")


@pytest.mark.parametrize("status", ["", "ERROR"], ids=["no agent", "failed"])
def test_a_connection_goes_only_when_its_successor_has_been_taken_up(
    tunnels: VpnHand, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    tunnels.bring()
    (before,) = tunnels.held("ipsec-site-connections")
    _be_impatient(monkeypatch)
    tunnels.cloud.server.lab("POST", "vpn", {before["id"]: "ACTIVE"})
    for _run in range(2):
        with pytest.raises(ProviderError, match="VPN agent to take up"):
            tunnels.bring(tunnel=OTHER)
        held = {item["id"]: item["name"] for item in tunnels.held("ipsec-site-connections")}
        assert len(held) == 2 and held.pop(before["id"]) == f"{NAME} (replaced)"
        (successor,) = held
        tunnels.cloud.server.lab("POST", "vpn", {successor: status} if status else {})
    if status:
        # It is made anew, and what comes after it is taken up.
        with pytest.raises(ProviderError, match="last seen: PENDING_CREATE"):
            tunnels.bring(tunnel=OTHER)
        (successor,) = {item["id"] for item in tunnels.held("ipsec-site-connections")} - {before["id"], successor}
    tunnels.cloud.server.lab("POST", "vpn", {successor: "ACTIVE"})
    assert any(line.startswith("remove replaced connection") for line in tunnels.bring(tunnel=OTHER))
    assert [item["id"] for item in tunnels.held("ipsec-site-connections")] == [successor]
    assert not tunnels.planned(tunnel=OTHER).changed


def test_a_connection_that_no_agent_could_set_up_is_made_anew(
    tunnels: VpnHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnels.bring()
    (failed,) = tunnels.held("ipsec-site-connections")
    _be_impatient(monkeypatch)
    tunnels.cloud.server.lab("POST", "vpn", {failed["id"]: "ERROR"})
    assert [change.describe() for change in tunnels.planned().changes] == [f"update {NAME}: connection {NAME}"]
    with pytest.raises(ProviderError, match="last seen: PENDING_CREATE"):
        tunnels.bring()
    (anew,) = tunnels.held("ipsec-site-connections")
    assert anew["id"] != failed["id"]
    tunnels.cloud.server.lab("POST", "vpn", {anew["id"]: "ACTIVE"})
    assert not tunnels.planned().changed


def _be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = dataclasses.replace(vpn_write.TAKEN_UP, every_s=0.01, at_most_s=0.05)
    monkeypatch.setattr(vpn_write, "TAKEN_UP", impatient)
