# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vpn_gateway promises of Azure besides: its own policy always, nobody's work lost, no right but the needed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from tests.support.module import ModuleFailed

from .accounts import RunningAccounts, azure
from .azure_vpn import LOCATION, Race, add_bare_connection, caller, gateway_at
from .test_vpn_gateway import KEYS, NAME, NAMES, Gateway
from .vpn_sites import azure_gateway


@pytest.fixture
def gateway(running_accounts: RunningAccounts, tmp_path: Path) -> Gateway:
    return gateway_at(azure_gateway, running_accounts, tmp_path)


@pytest.fixture
def call(gateway: Gateway) -> Callable[..., Any]:
    return caller(gateway)


def test_the_policy_and_the_selectors_are_what_is_declared_and_nothing_is_left_to_azure(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    gateway.present(networks=None, azure={"esp_rekey_kb": 2048})
    found = call("GET", f"connections/{NAME}")["properties"]
    assert found["ipsecPolicies"] == [
        {
            "saLifeTimeSeconds": 3600,
            "saDataSizeKilobytes": 2048,
            "ikeEncryption": "AES256",
            "ikeIntegrity": "SHA256",
            "dhGroup": "ECP256",
            "ipsecEncryption": "AES256",
            "ipsecIntegrity": "SHA256",
            "pfsGroup": "ECP256",
        }
    ]
    assert (found["connectionProtocol"], found["dpdTimeoutSeconds"]) == ("IKEv2", 30)
    assert found["usePolicyBasedTrafficSelectors"] is True
    assert found["trafficSelectorPolicies"] == [
        {"localAddressRanges": ["10.60.1.10/32"], "remoteAddressRanges": ["10.20.0.11/32", "10.20.0.12/32"]}
    ]
    local = call("GET", f"localNetworkGateways/{NAME}")["properties"]
    assert local["gatewayIpAddress"] == "198.51.100.10"
    assert local["localNetworkAddressSpace"] == {"addressPrefixes": ["10.20.0.11/32", "10.20.0.12/32"]}


def test_azures_default_is_found_weak_and_only_changed_when_taken_over(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    add_bare_connection(call)
    found = gateway.info(tunnel=None, pre_shared_keys=None)
    for weak in ("3des", "sha1", "modp1024", "nopfs"):
        assert any(line.startswith(f"{NAME}: takes {weak}, which ") for line in found["weak"]), found["weak"]
    with pytest.raises(ModuleFailed, match="made by somebody else .* adopt: true"):
        gateway.present()
    assert gateway.account.writes() == []
    assert not gateway.absent()["changed"]
    assert gateway.present(adopt=True)["changed"]
    assert not gateway.present()["changed"]
    assert gateway.info(tunnel=None, pre_shared_keys=None)["weak"] == []
    kept = call("GET", f"connections/{NAME}")
    assert (kept["properties"]["routingWeight"], kept["tags"]["team"]) == (7, "theirs")


def test_a_key_alone_is_changed_by_the_one_call_for_it(gateway: Gateway) -> None:
    gateway.present()
    gateway.keep_key(NAMES[0], KEYS[2])
    gateway.account.faults.reset()
    assert gateway.present()["changed"]
    assert gateway.account.writes() == [f"PUT {azure.NETWORK}/connections/{NAME}/sharedkey"]


def test_the_tunnels_state_is_told_and_a_tunnel_that_is_up_is_said_to_drop(gateway: Gateway) -> None:
    gateway.present()
    server = gateway.account.server
    for status, told in (("Connected", "up"), ("NotConnected", "down")):
        said = {"connection": NAME, "status": status, "ingress": 12, "egress": 34}
        requests.post(f"{server.url}/_lab/vpn", json=said, verify=server.ca_file, timeout=60).raise_for_status()
        gateway.keep_key(NAMES[0], KEYS[0])
        (end,) = gateway.info()["ends"]
        assert (end["status"], end["detail"]) == (told, f"{status}, 12 B in, 34 B out")
        gateway.keep_key(NAMES[0], KEYS[2])
        drops = gateway.present(check=True)["drops"]
        wanted = [{"tunnel": NAME, "why": f"key of connection {NAME} changes", "about_s": 60}] if told == "up" else []
        assert drops == wanted


def test_an_active_active_gateway_has_a_tunnel_from_each_of_its_addresses(
    gateway: Gateway, call: Callable[..., Any]
) -> None:
    hub = call("GET", "virtualNetworkGateways/hub")
    static = {"location": LOCATION, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    second = copy.deepcopy(hub["properties"]["ipConfigurations"][0])
    second["name"] = "second"
    second["properties"]["publicIPAddress"]["id"] = call("PUT", "publicIPAddresses/second", static)["id"]
    hub["properties"].update(activeActive=True, ipConfigurations=[*hub["properties"]["ipConfigurations"], second])
    call("PUT", "virtualNetworkGateways/hub", hub)
    made = gateway.present()
    assert [end["name"] for end in made["ends"]] == [f"{NAME}-1", f"{NAME}-2"]
    assert len({tunnel["remote"]["address"] for tunnel in made["tunnels"]}) == 2
    assert not gateway.present()["changed"]


@pytest.mark.parametrize("change", [{"sku": {"name": "Basic"}}, {"vpnType": "PolicyBased"}])
def test_a_gateway_that_takes_no_policy_is_refused(
    gateway: Gateway, call: Callable[..., Any], change: dict[str, Any]
) -> None:
    hub = call("GET", "virtualNetworkGateways/hub")
    hub["properties"].update(change)
    call("PUT", "virtualNetworkGateways/hub", hub)
    with pytest.raises(ModuleFailed, match="takes no IPsec policy"):
        gateway.present()
    assert gateway.account.writes() == []


def test_a_connection_of_that_name_at_another_gateway_is_left_alone(gateway: Gateway, call: Callable[..., Any]) -> None:
    gateway.present()
    space = {"addressSpace": {"addressPrefixes": ["10.61.0.0/16"]}}
    space["subnets"] = [{"name": "GatewaySubnet", "properties": {"addressPrefix": "10.61.0.0/27"}}]  # type: ignore
    network = call("PUT", "virtualNetworks/away", {"location": LOCATION, "properties": space})
    static = {"location": LOCATION, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    address = call("PUT", "publicIPAddresses/away", static)
    other = call("GET", "virtualNetworkGateways/hub")
    other["properties"]["ipConfigurations"][0]["properties"] = {
        "publicIPAddress": {"id": address["id"]},
        "subnet": {"id": f"{network['id']}/subnets/GatewaySubnet"},
    }
    call("PUT", "virtualNetworkGateways/away", {key: other[key] for key in ("location", "properties")})
    away = {"scope": {**gateway.site.scope, "name": "away"}}
    assert not gateway.absent(**away)["changed"]
    with pytest.raises(ModuleFailed, match="made by somebody else and differs in gateway"):
        gateway.present(**away)
    with pytest.raises(ModuleFailed, match="connection acme-vpn: gateway: store/hub cannot be changed"):
        gateway.present(**away, adopt=True)
    assert not gateway.present()["changed"]


def test_what_azure_gave_up_to_make_is_written_again(gateway: Gateway, call: Callable[..., Any]) -> None:
    gateway.present()
    failed = call("GET", f"connections/{NAME}")
    failed["properties"]["provisioningState"] = "Failed"
    path = f"{azure.NETWORK}/connections/{NAME}"
    gateway.account.faults.reset()
    gateway.account.faults.add(mode="status", status=200, body=json.dumps(failed), operation=f"GET {path}", times=1)
    assert gateway.present()["changed"]
    assert gateway.account.writes() == [f"PUT {path}"]
    assert not gateway.present()["changed"]


def test_the_audit_needs_no_right_to_the_key_and_the_comparison_says_that_it_does(gateway: Gateway) -> None:
    gateway.present()
    gateway.store.keep("account", azure.READER)
    found = gateway.info(tunnel=None, pre_shared_keys=None)
    assert found["ends"][0]["fingerprint"] == "" and found["weak"] == []
    with pytest.raises(ModuleFailed, match=r"sharedKey/action") as refused:
        gateway.info()
    assert refused.value.result["error"]["kind"] == "no_permission"


def test_what_somebody_changes_in_between_is_kept(gateway: Gateway, call: Callable[..., Any]) -> None:
    gateway.present()
    race = Race(gateway)
    now = call("GET", f"connections/{NAME}")
    now["tags"]["team"], now["properties"]["routingWeight"] = "theirs", 9
    call("PUT", f"connections/{NAME}", now)
    race.write(dpd_timeout_s=45)
    kept = call("GET", f"connections/{NAME}")
    assert (kept["tags"]["team"], kept["properties"]["routingWeight"]) == ("theirs", 9)
    assert kept["properties"]["dpdTimeoutSeconds"] == 45


def test_what_somebody_makes_in_between_is_not_overwritten(gateway: Gateway, call: Callable[..., Any]) -> None:
    race = Race(gateway)
    add_bare_connection(call)
    before = call("GET", f"localNetworkGateways/{NAME}")
    with pytest.raises(ProviderError) as refused:
        race.write()
    assert refused.value.kind == "conflict"
    assert call("GET", f"localNetworkGateways/{NAME}") == before


@pytest.mark.parametrize("kind", ["localNetworkGateways", "connections"])
def test_a_create_whose_answer_was_lost_is_found_and_not_made_again(
    gateway: Gateway, call: Callable[..., Any], kind: str
) -> None:
    operation = f"PUT {azure.NETWORK}/{kind}/{NAME}"
    gateway.account.faults.add(mode="lost", operation=operation, times=1)
    assert gateway.present()["changed"]
    # The second was refused for the resource that the first had made.
    assert gateway.account.writes().count(operation) == 2
    made = call("GET", f"{kind}/{NAME}")["etag"]
    assert not gateway.present()["changed"]
    assert call("GET", f"{kind}/{NAME}")["etag"] == made


def test_a_write_that_is_refused_for_good_is_not_made_again_for_ever(gateway: Gateway) -> None:
    gateway.present()
    body = json.dumps({"error": {"code": "PreconditionFailed", "message": "Precondition failed."}})
    operation = f"PUT {azure.NETWORK}/connections/{NAME}"
    gateway.account.faults.reset()
    gateway.account.faults.add(mode="status", status=412, body=body, operation=operation, times=0)
    with pytest.raises(ModuleFailed) as refused:
        gateway.present(dpd_timeout_s=45)
    assert refused.value.result["error"]["kind"] == "conflict" and not refused.value.result["changed"]
    assert gateway.account.writes() == [operation]


def test_the_rights_that_are_named_as_needed_suffice(gateway: Gateway) -> None:
    gateway.present()
    gateway.absent()
    gateway.store.keep("account", azure.TUNNELS["tunnels"])
    gateway.present()
    gateway.keep_key(NAMES[0], KEYS[2])
    assert gateway.present()["changed"]
    gateway.absent()
    assert gateway.site.look() == []
