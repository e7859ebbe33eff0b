# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's end of a tunnel: what gateways share, which is whose by its marks and name, and what EC2 refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from tests.support.servers import LabServer

from .vpn_hand import Cloud


@pytest.fixture
def cloud(server: LabServer) -> Cloud:
    return Cloud(server)


def test_two_gateways_share_what_there_is_one_of_and_the_last_takes_it_away(cloud: Cloud) -> None:
    cloud.bring("acme")
    cloud.bring("globex")
    assert len(cloud.connections()) == 2 and len(cloud.left()) == 4
    assert not cloud.end("acme").plan().changed and not cloud.end("globex").plan().changed
    cloud.bring("acme", absent=True)
    assert len(cloud.left()) == 3
    assert not cloud.end("globex").plan().changed
    assert not cloud.end("acme").plan(absent=True).changed
    cloud.bring("globex", absent=True)
    assert cloud.left() == []


def test_a_gateway_that_somebody_else_attached_is_used_and_stays(cloud: Cloud) -> None:
    (vpc,) = cloud.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["home"]}])["Vpcs"]
    theirs = cloud.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    cloud.ec2.attach_vpn_gateway(VpnGatewayId=theirs, VpcId=vpc["VpcId"])
    cloud.bring()
    assert cloud.connections()[0]["VpnGatewayId"] == theirs
    cloud.bring(absent=True)
    assert cloud.left() == ["ipsec.1"] and cloud.count("CreateVpnGateway") == 1
    assert cloud.count("DeleteVpnGateway") == cloud.count("DetachVpnGateway") == 0


def test_what_a_connection_of_others_uses_stays_and_is_not_waited_for(cloud: Cloud) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    mark = next(tag["Key"] for tag in one["Tags"] if tag["Key"].endswith(":acme"))
    cloud.ec2.delete_tags(Resources=[one["VpnConnectionId"]], Tags=[{"Key": mark}])
    cloud.bring(absent=True)
    assert cloud.left() == ["ipsec.1", "ipsec.1", "ipsec.1"]
    assert not cloud.end().plan(absent=True).changed


def test_the_first_tunnel_is_known_by_its_key_where_its_mark_is_missing(cloud: Cloud) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    cloud.ec2.delete_tags(Resources=[one["VpnConnectionId"]], Tags=[{"Key": "svcstore:first-tunnel"}])
    assert [change.key for change in cloud.end().plan().changes] == ["connection acme"]
    cloud.bring()
    assert cloud.count("ModifyVpnTunnelOptions") == 0 and not cloud.end().plan().changed


def test_two_connections_with_one_mark_are_named(cloud: Cloud) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in one["Tags"]]
    cloud.ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=one["CustomerGatewayId"],
        VpnGatewayId=one["VpnGatewayId"],
        TagSpecifications=[{"ResourceType": "vpn-connection", "Tags": tags}],
    )
    with pytest.raises(ProviderError, match="all bear its mark"):
        cloud.end().plan()


def test_a_name_that_another_vpc_bears_is_refused_and_what_bears_it_stays(cloud: Cloud) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    before = cloud.left()
    there = Scope("vpc", name="other")
    for absent in (False, True):
        with pytest.raises(ProviderError, match=r"taken by \S+, which ends at vpc-\w+") as failed:
            cloud.end(scope=there).plan(absent)
        assert failed.value.kind == "invalid"
    assert cloud.left() == before and not cloud.end().plan().changed
    # Its gateway alone, of a removal that was killed, is not taken from there either.
    cloud.ec2.delete_vpn_connection(VpnConnectionId=one["VpnConnectionId"])
    with pytest.raises(ProviderError, match=f"taken by {one['VpnGatewayId']}"):
        cloud.end(scope=there).plan(absent=True)
    cloud.bring(absent=True)
    assert cloud.left() == [] and cloud.bring(scope=there)


def test_a_named_route_table_that_is_not_there_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ProviderError, match="has no such table") as failed:
        cloud.end(aws={"route_tables": ["rtb-0123456789abcdef0"]}).plan()
    assert failed.value.kind == "not_found"


def test_the_lab_refuses_what_ec2_refuses_with_its_codes(cloud: Cloud) -> None:
    cloud.bring()
    (one,) = cloud.connections()
    (vpc,) = cloud.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["home"]}])["Vpcs"]
    another = cloud.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    connection, tunnel = one["VpnConnectionId"], {"VpnTunnelOutsideIpAddress": cloud.addresses()[0]}
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("IncorrectState", "delete_customer_gateway", {"CustomerGatewayId": one["CustomerGatewayId"]}),
        ("IncorrectState", "delete_vpn_gateway", {"VpnGatewayId": one["VpnGatewayId"]}),
        ("AttachmentLimitExceeded", "attach_vpn_gateway", {"VpnGatewayId": another, "VpcId": vpc["VpcId"]}),
        (
            "InvalidParameterValue",
            "modify_vpn_tunnel_options",
            {"VpnConnectionId": connection, **tunnel, "TunnelOptions": {"PreSharedKey": "has-a-hyphen-in-it"}},
        ),
        (
            "InvalidVpnConnectionID.NotFound",
            "create_vpn_connection_route",
            {"VpnConnectionId": "vpn-0123456789abcdef0", "DestinationCidrBlock": "10.0.0.0/24"},
        ),
        (
            "InvalidRoute.NotFound",
            "delete_vpn_connection_route",
            {"VpnConnectionId": connection, "DestinationCidrBlock": "10.9.0.0/24"},
        ),
    ]
    for code, operation, parameters in refused:
        with pytest.raises(ClientError) as failed:
            getattr(cloud.ec2, operation)(**parameters)
        assert failed.value.response["Error"]["Code"] == code, operation
    cloud.server.lab("POST", "vpn", {"steps": 3})
    change = {"VpnConnectionId": connection, **tunnel, "TunnelOptions": {"DPDTimeoutSeconds": 60}}
    cloud.ec2.modify_vpn_tunnel_options(**change)
    with pytest.raises(ClientError, match="IncorrectState"):
        cloud.ec2.modify_vpn_tunnel_options(**change)
