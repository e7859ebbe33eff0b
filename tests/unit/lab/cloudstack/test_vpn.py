# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site-to-site VPN: what is refused and in which words, what a change restarts, and what the lab's routers say."""

from __future__ import annotations

import json
import urllib.error
from typing import Any

import cs
import pytest

from lab.clouds.cloudstack.vpns import valid_policy
from tests.support.servers import LabServer

from .conftest import Client
from .test_signing import refusal

CUSTOMER: dict[str, Any] = {
    "name": "office",
    "gateway": "198.51.100.10",
    "cidrlist": "10.20.0.11/32,10.20.0.12/32",
    "ipsecpsk": "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U",
    "ikepolicy": "aes256-sha256;modp3072",
    "esppolicy": "aes256-sha256;modp3072",
    "ikeversion": "ikev2",
}


@pytest.fixture
def api(client: Client) -> cs.CloudStack:
    return client()


def vpc(api: cs.CloudStack) -> Any:
    return api.listVPCs()["vpc"][0]


def customer(api: cs.CloudStack, **more: Any) -> Any:
    return api.createVpnCustomerGateway(**{**CUSTOMER, **more}, fetch_result=True)["vpncustomergateway"]


def gateway(api: cs.CloudStack) -> Any:
    return api.createVpnGateway(vpcid=vpc(api)["id"], fetch_result=True)["vpngateway"]


def connect(api: cs.CloudStack, own: Any, other: Any, **more: Any) -> Any:
    made = api.createVpnConnection(
        s2svpngatewayid=own["id"], s2scustomergatewayid=other["id"], fetch_result=True, **more
    )
    return made["vpnconnection"]


def state(api: cs.CloudStack) -> str:
    return str(api.listVpnConnections()["vpnconnection"][0]["state"])


@pytest.mark.parametrize(
    ("kind", "policy", "good"),
    [
        ("ike", "aes256-sha256;modp3072", True),
        ("ike", "3des-md5;modp1024,aes128-sha1;modp1536", True),
        ("ike", "aes256-sha256", False),
        ("esp", "aes256-sha256", True),
        ("esp", "aes256-sha256;ecp256", False),
        ("esp", "aes256gcm16-sha256;modp3072", False),
        ("ike", "aes256;modp3072", False),
        ("esp", "", False),
    ],
)
def test_the_form_of_policies(kind: str, policy: str, good: bool) -> None:
    assert valid_policy(kind, policy) is good


def test_a_vpc_is_the_one_of_the_accounts_lists_and_takes_tags(api: cs.CloudStack) -> None:
    held = vpc(api)
    assert api.listNetworkACLLists()["networkacllist"][0]["vpcid"] == held["id"]
    tag = {"resourceids": [held["id"]], "resourcetype": "Vpc", "tags": [{"key": "a", "value": "b"}]}
    api.createTags(**tag, fetch_result=True)
    assert [(one["key"], one["value"]) for one in vpc(api)["tags"]] == [("a", "b")]
    assert api.listVPCs(name="nowhere") == {}


@pytest.mark.parametrize("kind", ["VpnGateway", "CustomerGateway", "VpnConnection"])
def test_nothing_of_a_vpn_takes_tags(api: cs.CloudStack, kind: str) -> None:
    tag = {"resourceids": [vpc(api)["id"]], "resourcetype": kind, "tags": [{"key": "a", "value": "b"}]}
    assert "Invalid resource type" in refusal(lambda: api.createTags(**tag, fetch_result=True))[1]


def test_a_connection_is_made_of_both_gateways_and_shows_all_of_them(api: cs.CloudStack) -> None:
    other, own = customer(api), gateway(api)
    made = connect(api, own, other)
    assert (made["state"], made["publicip"], made["gateway"]) == ("Connected", own["publicip"], CUSTOMER["gateway"])
    assert made["ipsecpsk"] == CUSTOMER["ipsecpsk"] and made["ikelifetime"] == 86400 and made["dpd"] is False
    listed = api.listVpnConnections(vpcid=vpc(api)["id"])["vpnconnection"]
    assert [one["id"] for one in listed] == [made["id"]]


def test_gateways_and_connections_are_listed_by_id_and_by_vpc_to_who_may_see_them(client: Client) -> None:
    api = client("umbrella")
    vpcs = api.listVPCs()["vpc"]
    assert [one["name"] for one in vpcs] == ["red", "white"]
    made = []
    for number, held in enumerate(vpcs, 1):
        own = api.createVpnGateway(vpcid=held["id"], fetch_result=True)["vpngateway"]
        cidr = {"name": f"office-{number}", "gateway": f"198.51.100.{number}", "cidrlist": f"10.20.{number}.0/24"}
        made.append((own, connect(api, own, customer(api, **cidr))))
    for at, (command, kind) in enumerate((("listVpnGateways", "vpngateway"), ("listVpnConnections", "vpnconnection"))):
        for held, pair in zip(vpcs, made, strict=True):
            for by in ({"vpcid": held["id"]}, {"id": pair[at]["id"]}, {"id": pair[at]["id"], "vpcid": held["id"]}):
                assert [one["id"] for one in getattr(api, command)(**by)[kind]] == [pair[at]["id"]]
        assert len(getattr(api, command)()[kind]) == 2
        assert getattr(api, command)(id=made[0][at]["id"], vpcid=vpcs[1]["id"]) == {}
        assert getattr(client(), command)() == {}
        for unknown in ("id", "vpcid"):
            assert refusal(lambda c=command, u=unknown: getattr(api, c)(**{u: "00000000-0000-0000-0000-000000000000"}))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"gateway": "not an address"}, "is invalid"),
        ({"cidrlist": "10.20.0.11"}, "contains an invalid cidr"),
        ({"cidrlist": "10.20.0.0/24,10.20.0.11/32"}, "is overlapped with another subnet"),
        ({"cidrlist": ",".join(f"10.20.{n}.0/24" for n in range(11))}, "Too many subnets of customer gateway"),
        ({"ikepolicy": "aes256gcm16-sha256;ecp256"}, "IKE policy aes256gcm16-sha256;ecp256 is invalid"),
        ({"esppolicy": "aes256-sha256;modp3072,aes128-sha256;modp3072"}, "Data too long"),
        ({"ikelifetime": 86401}, "IKE lifetime 86401"),
        ({"ikeversion": "ikev3"}, "IKE version"),
        ({"ipsecpsk": 'with"quote'}, "double quote"),
        ({"name": "office"}, "with name office already existed"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_a_customer_gateway_cannot_have_its_job_refuses(
    api: cs.CloudStack, more: dict[str, Any], words: str
) -> None:
    customer(api)
    code, text = refusal(lambda: customer(api, **{"name": "other", **more}))
    assert code == 530 and words in text
    assert len(api.listVpnCustomerGateways()["vpncustomergateway"]) == 1


def test_what_is_in_use_stays(api: cs.CloudStack) -> None:
    other, own = customer(api), gateway(api)
    made = connect(api, own, other)
    for command, held in (("deleteVpnCustomerGateway", other), ("deleteVpnGateway", own)):
        text = refusal(lambda command=command, held=held: getattr(api, command)(id=held["id"], fetch_result=True))[1]
        assert "because there is still related VPN connections!" in text
    api.deleteVpnConnection(id=made["id"], fetch_result=True)
    api.deleteVpnCustomerGateway(id=other["id"], fetch_result=True)
    api.deleteVpnGateway(id=own["id"], fetch_result=True)
    assert (api.listVpnGateways(), api.listVpnCustomerGateways(), api.listVpnConnections()) == ({}, {}, {})


def test_a_conflict_is_refused_in_the_first_answer(api: cs.CloudStack) -> None:
    other, own = customer(api), gateway(api)
    assert "already existed" in refusal(lambda: gateway(api))[1]
    connect(api, own, other)
    code, text = refusal(lambda: connect(api, own, other))
    assert code == 431 and "already existed" in text
    shared = customer(api, name="second", cidrlist="10.20.0.0/28")
    assert "is overlapped with existed VPN connection" in refusal(lambda: connect(api, own, shared))[1]
    inside = customer(api, name="third", cidrlist="10.1.2.0/24")
    assert "is overlapped with VPC cidr" in refusal(lambda: connect(api, own, inside))[1]


def test_an_update_starts_connections_again_and_puts_back_what_it_is_not_given(
    api: cs.CloudStack, server: LabServer
) -> None:
    other = customer(api, dpd=True)
    made = connect(api, gateway(api), other)
    server.lab("POST", f"vpn/{made['id']}", {"state": "Error"})
    assert state(api) == "Error"
    fields = {**CUSTOMER, "gateway": "198.51.100.20"}
    changed = api.updateVpnCustomerGateway(id=other["id"], **fields, fetch_result=True)["vpncustomergateway"]
    assert (changed["gateway"], changed["dpd"], state(api)) == ("198.51.100.20", False, "Connected")
    server.lab("POST", f"vpn/{made['id']}", {"state": "Connecting"})
    again = refusal(lambda: api.updateVpnCustomerGateway(id=other["id"], **CUSTOMER, fetch_result=True))
    assert "not in correct state" in again[1]


def test_a_reset_starts_a_connection_again(api: cs.CloudStack, server: LabServer) -> None:
    made = connect(api, gateway(api), customer(api), passive="true")
    assert made["state"] == "Disconnected"
    server.lab("POST", f"vpn/{made['id']}", {"state": "Error"})
    done = api.resetVpnConnection(id=made["id"], fetch_result=True)["vpnconnection"]
    assert done["state"] == "Disconnected"


def test_the_labs_routers_see_what_to_set_up_and_say_how_it_is(api: cs.CloudStack, server: LabServer) -> None:
    made = connect(api, gateway(api), customer(api), passive="true")
    (shown,) = json.loads(server.lab("GET", "vpn"))
    assert (shown["id"], shown["localcidr"], shown["ipsecpsk"]) == (made["id"], "10.1.0.0/16", CUSTOMER["ipsecpsk"])
    server.lab("POST", f"vpn/{made['id']}", {"state": "Connected"})
    assert state(api) == "Connected"
    for path, said in ((f"vpn/{made['id']}", {"state": "Shiny"}), ("vpn/none", {"state": "Connected"})):
        with pytest.raises(urllib.error.HTTPError):
            server.lab("POST", path, said)


def test_other_accounts_and_lesser_roles_are_kept_out(client: Client, api: cs.CloudStack) -> None:
    other = customer(api)
    stranger = client("umbrella")
    assert stranger.listVpnCustomerGateways() == {}
    assert refusal(lambda: stranger.deleteVpnCustomerGateway(id=other["id"], fetch_result=True))[0] == 531
    absent = "00000000-0000-0000-0000-000000000000"
    code, text = refusal(lambda: api.deleteVpnConnection(id=absent))
    assert (code, "entity does not exist" in text) == (431, True)
