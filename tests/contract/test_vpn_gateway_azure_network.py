# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual network's gateway that the store makes: shared by its tunnels, taken away by the last, waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.module import ModuleFailed

from .accounts import RunningAccounts, azure
from .azure_vpn import LOCATION, Race, add_bare_connection, caller, gateway_at
from .test_vpn_gateway import KEYS, NAME, NAMES, Gateway
from .vpn_sites import azure_network

OTHER = {"name": "other-vpn", "pre_shared_keys": ["other"]}


@pytest.fixture
def gateway(running_accounts: RunningAccounts, tmp_path: Path) -> Gateway:
    made = gateway_at(azure_network, running_accounts, tmp_path)
    made.keep_key("other", KEYS[1])
    return made


@pytest.fixture
def call(gateway: Gateway) -> Callable[..., Any]:
    return caller(gateway)


def names(call: Callable[..., Any], kind: str) -> list[str]:
    return sorted(one["name"] for one in call("GET", kind)["value"])


def test_a_gateway_is_made_with_an_address_of_its_own(gateway: Gateway, call: Callable[..., Any]) -> None:
    made = gateway.present(azure={"gateway_sku": "VpnGw2AZ"})
    found = call("GET", f"virtualNetworkGateways/{NAME}")["properties"]
    assert (found["gatewayType"], found["vpnType"], found["sku"]["name"]) == ("Vpn", "RouteBased", "VpnGw2AZ")
    address = call("GET", f"publicIPAddresses/{NAME}")
    assert (address["sku"]["name"], address["properties"]["publicIPAllocationMethod"]) == ("Standard", "Static")
    assert [end["address"] for end in made["ends"]] == [address["properties"]["ipAddress"]]
    assert not gateway.present()["changed"]


def test_tunnels_of_the_store_share_the_gateway_and_the_last_takes_it_away(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    gateway.present()
    gateway.present(**OTHER)
    assert names(call, "virtualNetworkGateways") == sorted([NAME, "hub"])
    assert not gateway.present()["changed"] and not gateway.present(**OTHER)["changed"]
    gateway.absent()
    assert names(call, "connections") == ["other-vpn"] and not gateway.present(**OTHER)["changed"]
    assert names(call, "virtualNetworkGateways") == sorted([NAME, "hub"])
    assert not gateway.absent()["changed"]
    gateway.absent(name="other-vpn")
    assert gateway.site.look() == []


def test_a_gateway_that_others_connect_to_stays_and_is_nobodys(gateway: Gateway, call: Callable[..., Any]) -> None:
    gateway.present()
    add_bare_connection(call, "theirs", NAME)
    assert gateway.absent()["changed"]
    for path in (f"virtualNetworkGateways/{NAME}", f"publicIPAddresses/{NAME}"):
        assert call("GET", path)["tags"] == {}
    assert names(call, "connections") == ["theirs"]
    assert not gateway.absent()["changed"]


def test_a_gateway_that_others_connect_to_from_another_resource_group_stays(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    gateway.present()
    add_bare_connection(caller(gateway, azure.OTHER_GROUP), "far", NAME)
    assert gateway.absent()["changed"]
    assert call("GET", f"virtualNetworkGateways/{NAME}")["tags"] == {}


@pytest.mark.parametrize("pool, stays", [(["172.16.0.0/24"], True), ([], False)])
def test_a_gateway_that_clients_connect_to_stays(
    gateway: Gateway, call: Callable[..., Any], pool: list[str], stays: bool
) -> None:
    gateway.present()
    now = call("GET", f"virtualNetworkGateways/{NAME}")
    clients = {"vpnClientAddressPool": {"addressPrefixes": pool}, "vpnClientProtocols": ["OpenVPN"]}
    now["properties"]["vpnClientConfiguration"] = clients
    call("PUT", f"virtualNetworkGateways/{NAME}", now)
    assert gateway.absent()["changed"]
    assert (NAME in names(call, "virtualNetworkGateways")) is stays
    if stays:
        kept = call("GET", f"virtualNetworkGateways/{NAME}")
        assert (kept["tags"], kept["properties"]["vpnClientConfiguration"]) == ({}, clients)


@pytest.mark.parametrize("kind", ["virtualNetworkGateways", "publicIPAddresses"])
@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_what_azure_gave_up_to_make_for_a_network_is_written_again_as_it_is(
    gateway: Gateway, call: Callable[..., Any], kind: str, state: str
) -> None:
    gateway.present(azure={"gateway_sku": "VpnGw2AZ"})
    before = call("GET", f"{kind}/{NAME}")
    path = f"{azure.NETWORK}/{kind}/{NAME}"
    give_up(gateway, before, state, times=1)
    made = gateway.present(check=True)
    assert made["changed"] and "Succeeded" in json.dumps(made["diff"]) and gateway.account.writes() == []
    give_up(gateway, before, state, times=1)
    assert gateway.present()["changed"]
    assert gateway.account.writes() == [f"PUT {path}"]
    after = call("GET", f"{kind}/{NAME}")
    assert after["etag"] != before["etag"] and {**after, "etag": ""} == {**before, "etag": ""}
    assert not gateway.present()["changed"]


def test_a_gateway_that_azure_gave_up_is_written_again_by_the_next_that_shares_it(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    gateway.present()
    give_up(gateway, call("GET", f"virtualNetworkGateways/{NAME}"), "Failed", times=2)
    gateway.present(**OTHER)
    assert f"PUT {azure.NETWORK}/virtualNetworkGateways/{NAME}" in gateway.account.writes()
    assert len(call("GET", f"virtualNetworkGateways/{NAME}")["tags"]) == 2
    assert not gateway.present(**OTHER)["changed"] and not gateway.present()["changed"]


def test_a_gateway_that_azure_gave_up_after_its_answer_was_lost_is_written_over(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    race = Race(gateway)
    gateway.present()
    give_up(gateway, call("GET", f"virtualNetworkGateways/{NAME}"), "Failed", times=2)
    race.write()
    # The first was refused for the gateway that is there.
    assert gateway.account.writes().count(f"PUT {azure.NETWORK}/virtualNetworkGateways/{NAME}") == 2


def give_up(gateway: Gateway, resource: dict[str, Any], state: str, times: int) -> None:
    """Have Azure say of a resource that it gave up to make it."""
    told = {**resource, "properties": {**resource["properties"], "provisioningState": state}}
    faults = gateway.account.faults
    faults.reset()
    faults.add(mode="status", status=200, body=json.dumps(told), operation=f"GET {resource['id']}", times=times)


def test_a_gateway_that_somebody_else_made_is_used_and_stays(gateway: Gateway, call: Callable[..., Any]) -> None:
    home = {"scope": {**gateway.site.scope, "name": "home"}}
    before = call("GET", "virtualNetworkGateways/hub")
    gateway.present(**home)
    assert not gateway.present(**home)["changed"]
    assert gateway.absent(**home)["changed"]
    assert call("GET", "virtualNetworkGateways/hub") == before
    assert gateway.site.look() == []


def test_a_network_without_the_subnet_is_refused(gateway: Gateway, call: Callable[..., Any]) -> None:
    space = {"addressSpace": {"addressPrefixes": ["10.61.0.0/16"]}}
    call("PUT", "virtualNetworks/bare", {"location": LOCATION, "properties": space})
    with pytest.raises(ModuleFailed, match="it has no subnet GatewaySubnet"):
        gateway.present(scope={**gateway.site.scope, "name": "bare"})
    assert gateway.account.writes() == []


def test_a_gateway_that_is_still_being_made_is_waited_for(gateway: Gateway, call: Callable[..., Any]) -> None:
    gateway.present()
    call("DELETE", f"connections/{NAME}")
    running = call("GET", f"virtualNetworkGateways/{NAME}")
    running["properties"]["provisioningState"] = "Updating"
    path = f"{azure.NETWORK}/virtualNetworkGateways/{NAME}"
    faults = gateway.account.faults
    faults.reset()
    faults.add(mode="status", status=200, body=json.dumps(running), operation=f"GET {path}", times=1)
    assert gateway.present()["changed"]
    calls = faults.operations()
    made = calls.index(f"PUT {azure.NETWORK}/connections/{NAME}")
    assert calls[:made].count(f"GET {path}") == 2
    assert not gateway.present()["changed"]


def test_the_rights_that_are_named_as_needed_suffice(gateway: Gateway) -> None:
    gateway.present()
    gateway.absent()
    gateway.store.keep("account", azure.TUNNELS["gateways"])
    gateway.present()
    gateway.keep_key(NAMES[0], KEYS[2])
    assert gateway.present()["changed"]
    gateway.absent()
    assert gateway.site.look() == []
