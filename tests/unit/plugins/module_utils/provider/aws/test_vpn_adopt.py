# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's end of a tunnel that somebody else made: audited as it is, and taken over when told so."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from tests.support.servers import LabServer

from .vpn_hand import KEYS, STRONGER, Cloud


@pytest.fixture
def cloud(server: LabServer) -> Cloud:
    return Cloud(server)


@pytest.fixture
def theirs(cloud: Cloud) -> str:
    """A connection of our name that somebody else made with what EC2 takes where nothing is asked for."""
    (vpc,) = cloud.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["home"]}])["Vpcs"]
    gateway = cloud.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    cloud.ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc["VpcId"])
    customer = cloud.ec2.create_customer_gateway(Type="ipsec.1", IpAddress="198.51.100.10", BgpAsn=65000)
    made = cloud.ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=customer["CustomerGateway"]["CustomerGatewayId"],
        VpnGatewayId=gateway,
        Options={"StaticRoutesOnly": True},
        TagSpecifications=[{"ResourceType": "vpn-connection", "Tags": [{"Key": "Name", "Value": "acme"}]}],
    )
    return str(made["VpnConnection"]["VpnConnectionId"])


@pytest.mark.usefixtures("theirs")
def test_what_ec2_takes_where_nothing_is_asked_for_does_not_pass_the_audit(cloud: Cloud) -> None:
    end = cloud.end()
    end.read()
    weak = " ".join(end.describe()["weak"])
    assert all(f"takes {token}, " in weak for token in ("ikev1", "sha1", "modp1024", "modp1536", "modp2048s256"))
    assert "aes" not in weak and "ecp" not in weak.replace("use ecp256, ecp384", "")
    assert not end.describe()["gateway"]["parts"][0]["own"]


def test_a_connection_of_others_is_refused_and_taken_over_when_told_so(cloud: Cloud, theirs: str) -> None:
    with pytest.raises(InvalidValue, match="made by somebody else and differs in .*adopt: true"):
        cloud.end().plan()
    assert cloud.bring(adopt=True)
    (one,) = cloud.connections()
    assert one["VpnConnectionId"] == theirs
    assert [item["PreSharedKey"] for item in one["Options"]["TunnelOptions"]] == list(KEYS.values())
    end = cloud.end()
    assert not end.plan().changed and end.describe()["weak"] == []
    cloud.bring(absent=True)
    # The connection is ours now; gateway and customer gateway are still theirs.
    assert cloud.left() == ["ipsec.1", "ipsec.1"]


def test_keys_that_the_provider_tells_are_hidden(cloud: Cloud, theirs: str) -> None:
    cloud.end().read()
    told = {item["PreSharedKey"] for item in cloud.connections()[0]["Options"]["TunnelOptions"]}
    assert theirs and told <= set(cloud.hidden)


def test_routes_of_a_connection_that_is_taken_over_are_kept_in_order_and_go_with_it(cloud: Cloud, theirs: str) -> None:
    for cidr in ("10.20.0.11/32", "172.31.0.0/16"):
        cloud.ec2.create_vpn_connection_route(VpnConnectionId=theirs, DestinationCidrBlock=cidr)
    assert not any("route" in change.key for change in cloud.end().plan(absent=True).changes)
    done = [f"{change.action} {change.key}" for change in cloud.bring(adopt=True)]
    assert [line for line in done if "static route" in line] == ["remove static route 172.31.0.0/16"] == done[-1:]
    assert not cloud.end().plan(adopt=True).changed and not cloud.end().plan().changed
    gone = [change.key for change in cloud.end().plan(absent=True).changes]
    assert {"static route 10.20.0.11/32", "tunnel acme-1", "tunnel acme-2", "connection acme"} <= set(gone)


def test_a_connection_of_others_that_is_as_wanted_passes_the_audit(cloud: Cloud) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    tags = [{"Key": tag["Key"]} for tag in one["Tags"] if tag["Key"] != "Name"]
    assert len(tags) == 2
    cloud.ec2.delete_tags(Resources=[one["VpnConnectionId"]], Tags=tags)
    assert cloud.end().differences() == []
    assert cloud.end(tunnel=STRONGER).differences() == ["update acme: tunnel acme-1", "update acme: tunnel acme-2"]
    assert [change.key for change in cloud.bring(adopt=True)] == ["connection acme"]
    assert {tag["Key"] for tag in tags} < {tag["Key"] for tag in cloud.connections()[0]["Tags"]}
    assert not cloud.end().plan(adopt=True).changed


def test_the_mark_of_the_first_tunnel_is_missed_on_a_connection_of_this_store(cloud: Cloud) -> None:
    cloud.bring()
    ref = cloud.connections()[0]["VpnConnectionId"]
    cloud.ec2.delete_tags(Resources=[ref], Tags=[{"Key": "svcstore:first-tunnel"}])
    assert cloud.end().differences() == ["update acme: connection acme"]
