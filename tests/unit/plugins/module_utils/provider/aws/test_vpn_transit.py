# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's end of a tunnel at a transit gateway: its name, its routes, and the routes of others."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from tests.support.servers import LabServer

from .conftest import STORE
from .vpn_hand import TUNNEL, Cloud


@pytest.fixture
def cloud(server: LabServer) -> Cloud:
    return Cloud(server)


def _hub(cloud: Cloud) -> tuple[Scope, str]:
    tags = [{"ResourceType": "transit-gateway", "Tags": [{"Key": "Name", "Value": "hub"}]}]
    cloud.ec2.create_transit_gateway(TagSpecifications=tags)
    table = cloud.ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"][0]
    return Scope("transit_gateway", name="hub"), str(table["TransitGatewayRouteTableId"])


def test_a_name_that_a_vpc_bears_is_not_a_transit_gateways(cloud: Cloud) -> None:
    tags = [{"ResourceType": "transit-gateway", "Tags": [{"Key": "Name", "Value": "hub"}]}]
    cloud.ec2.create_transit_gateway(TagSpecifications=tags)
    cloud.bring()
    hub, home = Scope("transit_gateway", name="hub"), Scope("vpc", name="home")
    with pytest.raises(ProviderError, match="taken by vpn-"):
        cloud.end(scope=hub).plan(absent=True)
    cloud.bring(absent=True)
    cloud.bring(scope=hub)
    with pytest.raises(ProviderError, match="which ends at tgw-"):
        cloud.end(scope=home).plan()


def test_a_transit_gateway_gets_static_routes_and_loses_them(cloud: Cloud) -> None:
    tags = [{"ResourceType": "transit-gateway", "Tags": [{"Key": "Name", "Value": "hub"}]}]
    hub = cloud.ec2.create_transit_gateway(TagSpecifications=tags)["TransitGateway"]
    table = cloud.ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"][0]
    place = Scope("transit_gateway", name="hub")
    done = [change.key for change in cloud.bring(scope=place)]
    assert done[-1] == f"transit gateway route {table['TransitGatewayRouteTableId']} 10.20.0.11/32"
    (one,) = cloud.connections()
    assert one["TransitGatewayId"] == hub["TransitGatewayId"] and cloud.count("CreateVpnGateway") == 0
    assert not cloud.end(scope=place).plan().changed
    other = {**TUNNEL, "sources": [{"name": "store-2", "address": "10.20.0.12"}]}
    assert [change.action for change in cloud.bring(scope=place, tunnel=other)] == ["update", "add", "remove"]
    cloud.bring(scope=place, absent=True)
    wanted = [{"Name": "type", "Values": ["static"]}]
    routes = cloud.ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table["TransitGatewayRouteTableId"], Filters=wanted
    )
    assert routes["Routes"] == [] and cloud.left() == []


def test_routes_that_others_point_at_the_attachment_stay(cloud: Cloud) -> None:
    place, table = _hub(cloud)
    cloud.bring(scope=place)
    wanted = [{"Name": "type", "Values": ["static"]}]

    def routes() -> dict[str, str]:
        found = cloud.ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=wanted)["Routes"]
        return {one["DestinationCidrBlock"]: one["TransitGatewayAttachments"][0]["ResourceId"] for one in found}

    (one,) = cloud.connections()
    (ours,) = cloud.ec2.describe_transit_gateway_attachments(
        Filters=[{"Name": "resource-id", "Values": [one["VpnConnectionId"]]}]
    )["TransitGatewayAttachments"]
    cloud.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=table,
        DestinationCidrBlock="10.99.0.0/16",
        TransitGatewayAttachmentId=ours["TransitGatewayAttachmentId"],
    )
    assert set(routes().values()) == {one["VpnConnectionId"]}
    assert not cloud.end(scope=place).plan().changed and not cloud.end(scope=place).plan(adopt=True).changed
    other = {**TUNNEL, "sources": [{"name": "store-2", "address": "10.20.0.12"}]}
    cloud.bring(scope=place, tunnel=other)
    assert set(routes()) == {"10.99.0.0/16", "10.20.0.12/32"}
    assert not any("10.20.0.11" in tag["Key"] for tag in cloud.connections()[0]["Tags"])
    keys = [change.key for change in cloud.bring(scope=place, absent=True)]
    assert "transit gateway route" in keys[0] and set(routes()) == {"10.99.0.0/16"}


def test_a_wanted_route_that_others_made_counts_as_there_and_is_taken_over_when_told_so(cloud: Cloud) -> None:
    place, table = _hub(cloud)
    cloud.bring(scope=place)
    mark = f"svcstore:{STORE}:acme:{table}:10.20.0.11/32"
    cloud.ec2.delete_tags(Resources=[cloud.connections()[0]["VpnConnectionId"]], Tags=[{"Key": mark}])
    assert not cloud.end(scope=place).plan().changed
    done = [change.key for change in cloud.bring(scope=place, adopt=True)]
    assert done == [f"transit gateway route {table} 10.20.0.11/32"]
    assert not cloud.end(scope=place).plan(adopt=True).changed
    assert done[0] in [change.key for change in cloud.end(scope=place).plan(absent=True).changes]


def test_a_route_to_a_connection_of_others_does_not_make_the_connection_ours(cloud: Cloud) -> None:
    place, table = _hub(cloud)
    cloud.bring(scope=place)
    ref = cloud.connections()[0]["VpnConnectionId"]
    cloud.ec2.delete_tags(Resources=[ref], Tags=[{"Key": f"svcstore:{STORE}:acme"}])
    cloud.ec2.delete_transit_gateway_route(TransitGatewayRouteTableId=table, DestinationCidrBlock="10.20.0.11/32")
    assert len(cloud.bring(scope=place)) == 1
    keys = [change.key for change in cloud.end(scope=place).plan(absent=True).changes]
    assert keys[0].startswith("transit gateway route") and "connection acme" not in keys


def test_more_routes_than_tags_can_mark_are_refused_before_anything_is_made(cloud: Cloud) -> None:
    place, _table = _hub(cloud)
    sources = [{"name": f"store-{n}", "address": f"10.20.0.{n}"} for n in range(1, 42)]
    with pytest.raises(ProviderError, match="takes 41 routes"):
        cloud.end(scope=place, tunnel={**TUNNEL, "sources": sources}).plan()
