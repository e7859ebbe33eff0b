# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPN gateways of the emulator: what a connection needs, what Azure refuses of it, and who may read its key."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.unit.lab.azure.conftest import CLIENT, READER, Http
from tests.unit.lab.azure.test_schema import as_template, load
from tests.unit.lab.azure.vpn_bodies import (
    ADDRESS,
    CONNECTION,
    GATEWAY,
    HOME,
    KEY,
    NETWORK,
    PEER,
    POLICY,
    body,
    connection,
    gateway,
    lay_out,
)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_connection_is_made_read_and_taken_away_in_azures_order(http: Http) -> None:
    lay_out(http)
    found = http.arm("GET", CONNECTION).json()
    assert found["properties"]["ipsecPolicies"] == [POLICY]
    assert found["properties"]["connectionStatus"] == "Unknown"
    assert KEY not in str(found)
    assert http.arm("GET", ADDRESS).json()["properties"]["ipAddress"] == "203.0.113.1"
    assert code(http.arm("DELETE", GATEWAY)) == (400, "InUseVirtualNetworkGatewayCannotBeDeleted")
    assert code(http.arm("DELETE", PEER)) == (400, "InUseLocalNetworkGatewayCannotBeDeleted")
    assert code(http.arm("DELETE", ADDRESS)) == (400, "PublicIPAddressCannotBeDeleted")
    assert code(http.arm("DELETE", f"{HOME}/subnets/GatewaySubnet")) == (400, "InUseSubnetCannotBeDeleted")
    for path in (CONNECTION, PEER, GATEWAY, ADDRESS, f"{HOME}/subnets/GatewaySubnet", HOME):
        gone = http.arm("DELETE", path)
        assert gone.status_code == 202 and gone.headers["Azure-AsyncOperation"]
        assert http.arm("GET", path).status_code == 404


def test_the_key_is_a_resource_of_its_own_that_a_reader_does_not_see(http: Http) -> None:
    lay_out(http)
    assert http.arm("GET", f"{CONNECTION}/sharedkey").json()["value"] == KEY
    assert code(http.arm("GET", f"{CONNECTION}/sharedkey", client=READER)) == (403, "AuthorizationFailed")
    etag = http.arm("GET", CONNECTION).json()["etag"]
    assert http.arm("PUT", f"{CONNECTION}/sharedkey", {"value": "another.key"}).status_code == 200
    assert http.arm("GET", f"{CONNECTION}/sharedkey", client=CLIENT).json()["value"] == "another.key"
    assert http.arm("GET", CONNECTION).json()["etag"] == etag
    http.arm("PUT", CONNECTION, connection(sharedKey=None, routingWeight=1))
    assert http.arm("GET", f"{CONNECTION}/sharedkey").json()["value"] == "another.key"


@pytest.mark.parametrize("key", ["", "has space", "has-hyphen", "has~tilde", "x" * 129, "ümlaut"])
def test_a_key_of_other_characters_or_length_is_refused_without_being_repeated(http: Http, key: str) -> None:
    lay_out(http)
    refused = http.arm("PUT", f"{CONNECTION}/sharedkey", {"value": key})
    assert code(refused) == (400, "InvalidSharedKey")
    assert not key or key not in refused.text
    assert http.arm("GET", f"{CONNECTION}/sharedkey").json()["value"] == KEY


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        *(({"ipsecPolicies": [{**POLICY, name: None}]}, "InvalidIpsecPolicy") for name in sorted(POLICY)),
        ({"ipsecPolicies": [{**POLICY, "ipsecIntegrity": "SHA256"}]}, "InvalidIpsecPolicy"),
        ({"ipsecPolicies": [{**POLICY, "ipsecIntegrity": "GCMAES128"}]}, "InvalidIpsecPolicy"),
        ({"ipsecPolicies": [{**POLICY, "ikeIntegrity": "GCMAES256"}]}, "InvalidRequestFormat"),
        ({"ipsecPolicies": [{**POLICY, "saLifeTimeSeconds": 299}]}, "InvalidRequestFormat"),
        ({"ipsecPolicies": [{**POLICY, "saDataSizeKilobytes": 1023}]}, "InvalidRequestFormat"),
        ({"ipsecPolicies": [POLICY, POLICY]}, "TooManyIpsecPolicies"),
        ({"ipsecPolicies": []}, "PolicyBasedTrafficSelectorsNeedIpsecPolicy"),
        ({"dpdTimeoutSeconds": 8}, "InvalidRequestFormat"),
        ({"connectionProtocol": "IKEv1"}, "ConnectionProtocolCannotBeChanged"),
        ({"localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/none"}}, "InvalidResourceReference"),
        (
            {
                "trafficSelectorPolicies": [
                    {"localAddressRanges": ["10.0.0.1/8"], "remoteAddressRanges": ["10.0.0.0/8"]}
                ]
            },
            "InvalidAddressPrefixFormat",
        ),
    ],
)
def test_what_azure_does_not_take_is_refused_and_changes_nothing(
    http: Http, change: dict[str, Any], refusal: str
) -> None:
    lay_out(http)
    before = http.arm("GET", CONNECTION).json()
    assert code(http.arm("PUT", CONNECTION, connection(**change))) == (400, refusal)
    assert http.arm("GET", CONNECTION).json() == before


def test_a_basic_gateway_takes_no_policy(http: Http) -> None:
    lay_out(http)
    assert http.arm("PUT", GATEWAY, gateway(sku={"name": "Basic"})).status_code == 200
    assert code(http.arm("PUT", CONNECTION, connection())) == (400, "IpsecPoliciesNotSupported")


def test_a_gateway_needs_a_subnet_of_its_name_and_an_address_of_its_own(http: Http) -> None:
    lay_out(http)
    entry = {"publicIPAddress": {"id": ADDRESS}, "subnet": {"id": f"{HOME}/subnets/other"}}
    other = f"{NETWORK}/virtualNetworkGateways/other"
    refused = http.arm("PUT", other, gateway(ipConfigurations=[{"name": "default", "properties": entry}]))
    assert code(refused) == (400, "InvalidGatewaySubnet")
    assert code(http.arm("PUT", other, gateway())) == (400, "PublicIPAddressInUse")
    http.arm("PUT", f"{NETWORK}/virtualNetworks/bare", body(addressSpace={"addressPrefixes": ["10.61.0.0/16"]}))
    entry["subnet"] = {"id": f"{NETWORK}/virtualNetworks/bare/subnets/GatewaySubnet"}
    refused = http.arm("PUT", other, gateway(ipConfigurations=[{"name": "default", "properties": entry}]))
    assert code(refused) == (400, "InvalidResourceReference")


def test_a_write_with_an_old_etag_and_a_create_of_what_is_there_are_refused(http: Http) -> None:
    lay_out(http)
    old = http.arm("GET", CONNECTION).json()["etag"]
    assert http.arm("PUT", CONNECTION, connection(routingWeight=1), headers={"If-Match": old}).status_code == 200
    for headers in ({"If-Match": old}, {"If-None-Match": "*"}):
        refused = http.arm("PUT", CONNECTION, connection(routingWeight=2), headers=headers)
        assert code(refused) == (412, "PreconditionFailed")


def test_the_tunnel_agents_report_is_what_the_connection_says(http: Http) -> None:
    lay_out(http)
    said = {"connection": "acme", "status": "Connected", "ingress": 10, "egress": 20}
    assert http.session.post(f"{http.server.url}/_lab/vpn", json=said, timeout=60).status_code == 200
    found = http.arm("GET", CONNECTION).json()["properties"]
    told = (found["connectionStatus"], found["ingressBytesTransferred"], found["egressBytesTransferred"])
    assert told == ("Connected", 10, 20)
    assert "connectionStatus" not in http.arm("GET", f"{NETWORK}/connections").json()["value"][0]["properties"]
    http.arm("PUT", CONNECTION, connection(dpdTimeoutSeconds=45))
    assert http.arm("GET", CONNECTION).json()["properties"]["connectionStatus"] == "Connecting"
    for wrong, status in (({**said, "connection": "no"}, 404), ({**said, "status": "Up"}, 400)):
        assert http.session.post(f"{http.server.url}/_lab/vpn", json=wrong, timeout=60).status_code == status


def test_what_is_stored_and_sent_satisfies_the_published_schema(http: Http) -> None:
    network, common = load()
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT4

    registry: Registry[Any] = Registry().with_resources(
        (document["id"].rstrip("#"), Resource(document, DRAFT4)) for document in (network, common)
    )
    lay_out(http)
    for path in (HOME, ADDRESS, GATEWAY, PEER, CONNECTION):
        kind = path.split("/")[-2]
        wanted = {"$ref": f"{network['id'].rstrip('#')}#/resourceDefinitions/{kind}"}
        validator = jsonschema.Draft4Validator(wanted, registry=registry)
        validator.validate(as_template(http.arm("GET", path).json()))
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(as_template({**http.arm("GET", path).json(), "properties": "none"}))


def test_tags_alone_are_patched(http: Http) -> None:
    lay_out(http)
    before = http.arm("GET", GATEWAY).json()
    assert http.arm("PATCH", GATEWAY, {"tags": {"team": "y"}}).status_code == 200
    after = http.arm("GET", GATEWAY).json()
    assert (after["tags"], after["properties"]) == ({"team": "y"}, before["properties"])
    assert after["etag"] != before["etag"]
    assert http.arm("PATCH", GATEWAY, {"properties": {"sku": {"name": "Basic"}}}).status_code == 400


def test_a_gateway_lists_its_connections_without_their_state(http: Http) -> None:
    lay_out(http)
    (listed,) = http.arm("GET", f"{GATEWAY}/connections").json()["value"]
    assert listed["id"] == http.arm("GET", CONNECTION).json()["id"]
    assert "connectionStatus" not in listed["properties"] and KEY not in str(listed)
    http.arm("DELETE", CONNECTION)
    assert http.arm("GET", f"{GATEWAY}/connections").json()["value"] == []
    assert http.arm("GET", f"{GATEWAY}x/connections").status_code == 404
