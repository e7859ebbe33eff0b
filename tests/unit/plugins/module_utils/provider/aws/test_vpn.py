# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's end of a tunnel: one tunnel at a time, what is shared or somebody else's, and what is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.vpn import TRAITS, VPN, AwsVpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.vpn import CloudEnd
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from .conftest import KEY, REGION, SECRET, STORE, session

KEYS = {"one": "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U", "two": "Qm5xTz8rKw2yBn7vLc4pDj9hGs3fWa6E"}
TUNNEL: dict[str, Any] = {
    "local": {"address": "198.51.100.10"},
    "sources": [{"name": "store-1", "address": "10.20.0.11"}],
    "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
    "ike_proposals": ["aes256-sha256-ecp256"],
}
STRONGER = {**TUNNEL, "ike_proposals": ["aes256-sha384-ecp384"]}


class Cloud:
    """The account, with sleeps that take no time and can look at what happens meanwhile."""

    def __init__(self, server: LabServer) -> None:
        self.server, self.slept = server, 0
        self.url, self.retries = server.url, 0
        self.hidden: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.ec2 = boto3.client(
            "ec2",
            region_name=REGION,
            endpoint_url=server.url,
            verify=server.ca_file,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(proxies={}),
        )

    def _sleep(self, _seconds: float) -> None:
        self.slept += 1
        self.meanwhile()

    def end(self, name: str = "acme", scope: Scope | None = None, **more: Any) -> CloudEnd:
        place = scope or Scope("vpc", name="home")
        params = {
            "name": name,
            "scope": {"kind": place.kind, "id": place.id, "name": place.name},
            "tunnel": TUNNEL,
            "networks": ["10.60.0.0/16"],
            "pre_shared_keys": list(KEYS),
            **more,
        }
        wanted = parse_wanted(params, TRAITS.scopes, TRAITS.tunnels, more.get("aws"))
        made = session(self.url, self.server.ca_file, retry=Retry(self.retries, sleep=self._sleep))
        adapter = AwsVpn(made, STORE, KEYS, lambda *keys: self.hidden.extend(keys))
        return CloudEnd(name, place, wanted, adapter, VPN, "acme-aws")

    def bring(self, name: str = "acme", absent: bool = False, adopt: bool = False, **more: Any) -> list[Change]:
        done: list[Change] = []
        end = self.end(name, **more)
        end.apply(end.plan(absent, adopt), done.append)
        return done

    def connections(self) -> list[Any]:
        return [one for one in self.ec2.describe_vpn_connections()["VpnConnections"] if one["State"] != "deleted"]

    def statuses(self) -> list[str]:
        (one,) = self.connections()
        return [item["Status"] for item in one["VgwTelemetry"]]

    def addresses(self) -> list[str]:
        (one,) = self.connections()
        return [item["OutsideIpAddress"] for item in one["Options"]["TunnelOptions"]]

    def report(self, *addresses: str, **about: Any) -> None:
        self.server.lab("POST", "vpn", {"tunnels": {address: {"status": "UP", **about} for address in addresses}})

    def count(self, action: str) -> int:
        return sum(call["action"] == action for call in self.server.calls())

    def left(self) -> list[str]:
        """Return what is there of gateways and connections."""
        customers = self.ec2.describe_customer_gateways()["CustomerGateways"]
        gateways = self.ec2.describe_vpn_gateways()["VpnGateways"]
        found = [*customers, *gateways, *self.connections()]
        return sorted(one["Type"] for one in found if one["State"] == "available")


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


def _hub(cloud: Cloud) -> tuple[Scope, str]:
    tags = [{"ResourceType": "transit-gateway", "Tags": [{"Key": "Name", "Value": "hub"}]}]
    cloud.ec2.create_transit_gateway(TagSpecifications=tags)
    table = cloud.ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"][0]
    return Scope("transit_gateway", name="hub"), str(table["TransitGatewayRouteTableId"])


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
