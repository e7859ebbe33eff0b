# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's end of a tunnel at the real Neutron VPNaaS: made, read, changed, taken away, and nothing else touched."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

from .conftest import Cloud
from .vpn_hand import COLLECTIONS, KEY, NAME, NEW_KEY, VPN, VpnHand, by_hand, key_fingerprint

pytestmark = pytest.mark.openstack
IKE = "IKE policy v2 aes-256-gcm-16 sha384 group20 14400 s"
IPSEC = "IPsec policy esp tunnel aes-256-gcm-16 sha256 group20 3600 s"
PARTS = [
    "VPN service main",
    IKE,
    IPSEC,
    "local endpoints 10.42.0.0/24",
    "peer endpoints 10.20.0.11/32, 10.20.0.12/32",
    f"connection {NAME}",
]
OTHER_CRYPTO = {"ike_proposals": ["aes256-sha512-ecp521"], "esp_proposals": ["aes256-sha512-ecp521"]}
ONE_SOURCE = {"sources": [{"name": "store-1", "address": "10.20.0.11"}]}


def test_a_tunnel_is_made_once(tunnels: VpnHand) -> None:
    assert tunnels.bring() == [f"add {part}" for part in PARTS]
    tunnels.cloud.forget()
    assert not tunnels.planned().changed
    reads = [f"GET {VPN}/{name}" for name in COLLECTIONS]
    calls = ["GET /v2.0/ports", "GET /v2.0/routers", "GET /v2.0/subnets", *reads]
    assert sorted(tunnels.cloud.faults.operations()) == sorted(calls)


def test_both_ends_come_from_one_definition(tunnels: VpnHand) -> None:
    tunnels.bring()
    described = tunnels.last.describe()
    (end,), (ours,) = described["ends"], described["tunnels"]
    assert (end["name"], end["address"], end["identity"]) == (NAME, "203.0.113.20", "203.0.113.20")
    assert (end["status"], end["detail"], end["fingerprint"]) == ("up", "", key_fingerprint())
    assert end["accepts"] == ["aes256gcm16", "ecp384", "sha384"] and described["weak"] == []
    assert ours["remote"]["address"] == "203.0.113.20" and ours["local"]["address"] == "198.51.100.10"
    assert described["gateway"]["ref"] == tunnels.held("ipsec-site-connections")[0]["id"]
    assert all(part["own"] for part in described["gateway"]["parts"])


def test_neutron_holds_what_was_declared(tunnels: VpnHand) -> None:
    tunnels.bring(openstack={"mtu": 1400}, tunnel={"remote": {"id": "cloud.globex.example"}, "dpd_delay_s": 7})
    (item,) = tunnels.held("ipsec-site-connections")
    assert item["psk"] == KEY and item["description"] == "svcstore:store-a"
    assert item["dpd"] == {"action": "restart", "interval": 7, "timeout": 30}
    assert (item["peer_address"], item["peer_id"]) == ("198.51.100.10", "198.51.100.10")
    # The cloud's end starts nothing: it would ask for the whole subnet.
    assert (item["initiator"], item["mtu"], item["local_id"]) == ("response-only", 1400, "cloud.globex.example")
    for collection in COLLECTIONS:
        assert {each["name"] for each in tunnels.held(collection)} == {NAME}


def test_a_new_key_is_changed_where_it_is(tunnels: VpnHand) -> None:
    tunnels.bring()
    before = tunnels.held("ipsec-site-connections")[0]["id"]
    tunnels.cloud.forget()
    end = tunnels.end(NEW_KEY)
    plan = end.plan()
    (drop,) = end.describe()["drops"]
    assert drop == {"tunnel": NAME, "why": f"key of connection {NAME} changes", "about_s": 30}
    end.apply(plan, lambda _change: None)
    (item,) = tunnels.held("ipsec-site-connections")
    assert (item["id"], item["psk"]) == (before, NEW_KEY)
    assert tunnels.writes() == [f"PUT {VPN}/ipsec-site-connections/{before}"]
    shown = str(plan.diff()) + str(end.describe())
    assert KEY not in shown and NEW_KEY not in shown and key_fingerprint(NEW_KEY) in shown
    # What the provider tells is hidden before anything is shown.
    assert KEY in tunnels.hidden


@pytest.mark.long
def test_a_key_that_somebody_changed_at_the_provider_is_put_right(tunnels: VpnHand) -> None:
    tunnels.bring()
    (item,) = tunnels.held("ipsec-site-connections")
    path = f"{VPN}/ipsec-site-connections/{item['id']}"
    body = {"psk": "changed-behind-our-back", "admin_state_up": False}
    tunnels.account.call("PUT", path, {"ipsec_site_connection": body})
    assert tunnels.bring() == [f"update connection {NAME}"]
    (item,) = tunnels.held("ipsec-site-connections")
    assert (item["psk"], item["admin_state_up"], item["status"]) == (KEY, True, "ACTIVE")


def test_other_sources_are_another_group_made_first_and_removed_after(tunnels: VpnHand) -> None:
    tunnels.bring()
    assert tunnels.bring(tunnel=ONE_SOURCE) == [
        "add peer endpoints 10.20.0.11/32",
        f"update connection {NAME}",
        "remove peer endpoints 10.20.0.11/32, 10.20.0.12/32",
    ]
    assert not tunnels.planned(tunnel=ONE_SOURCE).changed


def test_other_algorithms_take_a_successor(tunnels: VpnHand) -> None:
    tunnels.bring()
    before = tunnels.held("ipsec-site-connections")[0]["id"]
    end = tunnels.end(tunnel=OTHER_CRYPTO)
    plan = end.plan()
    assert [f"{change.action} {change.key}" for change in plan.changes] == [
        "add IKE policy v2 aes-256 sha512 group21 14400 s",
        "add IPsec policy esp tunnel aes-256 sha512 group21 3600 s",
        f"update connection {NAME}",
        f"remove {IPSEC}",
        f"remove {IKE}",
    ]
    assert [drop["about_s"] for drop in end.describe()["drops"]] == [60]
    end.apply(plan, lambda _change: None)
    (item,) = tunnels.held("ipsec-site-connections")
    assert item["id"] != before and item["name"] == NAME
    assert tunnels.counts() == [1, 1, 1, 2, 1]
    assert not tunnels.planned(tunnel=OTHER_CRYPTO).changed


@pytest.mark.long
def test_all_that_was_made_goes(tunnels: VpnHand) -> None:
    tunnels.bring()
    assert tunnels.bring(absent=True) == [f"remove {part}" for part in reversed(PARTS)]
    assert tunnels.counts() == [0, 0, 0, 0, 0]
    assert not tunnels.planned(absent=True).changed


@pytest.mark.long
def test_a_tunnel_that_is_removed_drops_for_good(tunnels: VpnHand) -> None:
    tunnels.bring()
    end = tunnels.end()
    end.plan(absent=True)
    assert end.describe()["drops"] == [{"tunnel": NAME, "why": f"connection {NAME} is removed", "about_s": None}]


@pytest.mark.long
def test_two_tunnels_of_a_router_share_its_service(tunnels: VpnHand) -> None:
    tunnels.bring()
    tunnels.bring(name="second", key=NEW_KEY)
    assert tunnels.counts() == [1, 2, 2, 4, 2]
    assert not tunnels.planned().changed
    removed = tunnels.bring(absent=True)
    assert "remove VPN service main" not in removed and len(removed) == 5
    assert not tunnels.planned(name="second", key=NEW_KEY).changed
    assert len(tunnels.bring(name="second", absent=True)) == 6
    assert tunnels.counts() == [0, 0, 0, 0, 0]


def test_what_others_made_stays(tunnels: VpnHand) -> None:
    made = by_hand(tunnels, name="theirs")
    assert tunnels.bring() == [f"add {part}" for part in PARTS[1:]]
    tunnels.bring(absent=True)
    assert tunnels.counts() == [1, 1, 1, 2, 1]
    assert tunnels.held("ipsec-site-connections")[0]["id"] == made["id"]


@pytest.mark.long
def test_what_others_came_to_use_stays(tunnels: VpnHand) -> None:
    tunnels.bring()
    (ours,) = tunnels.held("ipsec-site-connections")
    same = ("vpnservice_id", "ikepolicy_id", "ipsecpolicy_id", "local_ep_group_id", "peer_ep_group_id", "peer_id")
    more = {"name": "theirs", "peer_address": "198.51.100.99", "psk": "somebody-elses-own-key"}
    body = {**{name: ours[name] for name in same}, **more}
    tunnels.make(f"{VPN}/ipsec-site-connections", "ipsec_site_connection", **body)
    assert tunnels.bring(absent=True) == [f"remove connection {NAME}"]
    assert not tunnels.planned(absent=True).changed


def test_a_connection_that_somebody_else_made_is_left_alone(tunnels: VpnHand) -> None:
    by_hand(tunnels)
    with pytest.raises(InvalidValue, match="made by somebody else and differs in"):
        tunnels.planned()
    end = tunnels.end()
    end.read()
    weak = end.describe()["weak"]
    assert len(weak) == 2 and "takes ikev1" in weak[0] and "takes modp1024" in weak[1]
    assert tunnels.bring(absent=True) == []


@pytest.mark.long
def test_a_connection_that_is_taken_over_becomes_ours(tunnels: VpnHand) -> None:
    by_hand(tunnels)
    assert f"update connection {NAME}" in tunnels.bring(adopt=True)
    (item,) = tunnels.held("ipsec-site-connections")
    assert item["psk"] == KEY and item["description"] == "svcstore:store-a"
    assert not tunnels.planned().changed
    tunnels.bring(absent=True)
    # Their service, policies and groups were never ours.
    assert tunnels.counts() == [1, 1, 1, 2, 0]


@pytest.mark.long
def test_what_was_said_of_a_connection_stays_when_it_is_taken_over(tunnels: VpnHand) -> None:
    tunnels.bring()
    (item,) = tunnels.held("ipsec-site-connections")
    path = f"{VPN}/ipsec-site-connections/{item['id']}"
    tunnels.account.call("PUT", path, {"ipsec_site_connection": {"description": "see T-1"}})
    assert not tunnels.planned().changed, "it is as declared, whoever made it"
    assert tunnels.bring(adopt=True) == [f"update connection {NAME}"]
    assert tunnels.held("ipsec-site-connections")[0]["description"] == "svcstore:store-a reason=see T-1"
    assert tunnels.held("ipsec-site-connections")[0]["id"] == item["id"]


@pytest.mark.long
def test_another_stores_tunnel_is_not_ours(tunnels: VpnHand) -> None:
    tunnels.bring(store="store-b")
    assert tunnels.bring(absent=True) == []
    assert not tunnels.planned().changed


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"scope": {"kind": "router", "name": "nowhere"}}, "not_found", "no such router"),
        ({"networks": None}, "invalid", "10.42.0.10/32 is no subnet of this router.*set networks to 10.42.0.0/24"),
        ({"scope": {"kind": "router", "name": "inside"}}, "invalid", "no gateway to the outside.*--external-gateway"),
    ],
    ids=["unknown router", "part of a subnet", "no gateway"],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tunnels: VpnHand, options: dict[str, Any], kind: str, said: str
) -> None:
    tunnels.make("/v2.0/routers", "router", name="inside")
    with pytest.raises(ProviderError, match=said) as refused:
        tunnels.planned(**options)
    assert refused.value.kind == kind
    assert tunnels.writes() == []


def test_a_service_of_the_older_kind_is_refused(tunnels: VpnHand) -> None:
    router = tunnels.account.made["routers"]["main"]
    body = {"router_id": router["id"], "subnet_id": router["subnet_id"]}
    tunnels.make(f"{VPN}/vpnservices", "vpnservice", **body)
    with pytest.raises(ProviderError, match="of the older kind, bound to the subnet"):
        tunnels.planned()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"inside_cidrs": ["169.254.10.0/30"]}, "inside_cidrs.*no link networks"),
        ({"tunnel": {"ike_proposals": ["chacha20poly1305-prfsha256-x25519"]}}, "none that Neutron can express"),
        ({"pre_shared_keys": ["a", "b"]}, "pre_shared_keys"),
        ({"scope": {"kind": "vpc", "name": "main"}}, "it has router"),
        ({"openstack": {"mtu": 67}}, "openstack.mtu: 67 is not between 68 and 65535"),
        ({"openstack": {"mtu": 65536}}, "openstack.mtu: 65536 is not between"),
    ],
    ids=["link networks", "proposals", "two keys", "kind", "small MTU", "large MTU"],
)
def test_bad_input_makes_no_call(tunnels: VpnHand, cloud: Cloud, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        tunnels.planned(**options)
    assert cloud.operations() == []
