# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's VPNaaS as a member of a project meets it, through openstacksdk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack as sdk
import pytest
from keystoneauth1 import exceptions as keystone
from openstack import exceptions

from lab.clouds.openstack import environment
from tests.support import openstack
from tests.support.servers import LabServer, starter

pytestmark = pytest.mark.openstack
ROUTERS = [{"name": "main", "cidr": "10.42.0.0/24", "address": "203.0.113.7"}]
ACCOUNTS = [
    {"project": "member", "access_rules": None, "routers": ROUTERS},
    {"project": "reader", "role": "reader", "user": "auditor", "access_rules": None},
    {"project": "ruled"},
]
Started = tuple[LabServer, list[openstack.Account]]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    with starter(tmp_path_factory) as start:
        yield openstack.start(start, ACCOUNTS)


def network_of(server: LabServer, account: openstack.Account) -> Any:
    auth = {**account.secret, "auth_url": account.identity}
    connection = sdk.connect(
        auth_type="v3applicationcredential",
        auth=auth,
        region_name="RegionOne",
        verify=server.ca_file,
        load_envvars=False,
        load_yaml_config=False,
    )
    return connection.network


@pytest.fixture
def neutron(started: Started) -> Iterator[Any]:
    server, (member, *_others) = started
    yield network_of(server, member)
    server.reset()


class Site:
    """Everything that one tunnel consists of."""

    def __init__(self, neutron: Any, router: dict[str, str]) -> None:
        crypto = {"auth_algorithm": "sha256", "encryption_algorithm": "aes-256", "pfs": "group14"}
        self.ike = neutron.create_vpn_ike_policy(name="ike", ike_version="v2", **crypto)
        self.ipsec = neutron.create_vpn_ipsec_policy(name="ipsec", **crypto)
        self.service = neutron.create_vpn_service(name="service", router_id=router["id"])
        self.local = neutron.create_vpn_endpoint_group(type="subnet", endpoints=[router["subnet_id"]])
        self.peer = neutron.create_vpn_endpoint_group(type="cidr", endpoints=["10.9.0.0/24", "10.9.1.0/24"])
        self.connection = neutron.create_vpn_ipsec_site_connection(
            name="tunnel",
            vpnservice_id=self.service.id,
            ikepolicy_id=self.ike.id,
            ipsecpolicy_id=self.ipsec.id,
            peer_address="198.51.100.7",
            peer_id="198.51.100.7",
            psk="x" * 32,
            local_ep_group_id=self.local.id,
            peer_ep_group_id=self.peer.id,
        )


@pytest.fixture
def site(neutron: Any, started: Started) -> Site:
    return Site(neutron, started[1][0].made["routers"]["main"])


def test_a_connection_and_its_service_are_active_after_the_first_report(neutron: Any, site: Site) -> None:
    # What the creating call gives is what was kept before any agent knew of it.
    assert (site.service.status, site.connection.status) == ("PENDING_CREATE", "PENDING_CREATE")
    assert neutron.get_vpn_ipsec_site_connection(site.connection.id).status == "ACTIVE"
    service = neutron.get_vpn_service(site.service.id)
    assert (service.status, service.external_v4_ip) == ("ACTIVE", "203.0.113.7")


def test_a_service_without_connections_waits(neutron: Any, started: Started) -> None:
    made = neutron.create_vpn_service(router_id=started[1][0].made["routers"]["main"]["id"])
    assert neutron.get_vpn_service(made.id).status == "PENDING_CREATE"
    with pytest.raises(exceptions.BadRequestException, match="PENDING_CREATE"):
        neutron.update_vpn_service(made.id, description="no agent has it yet")


def test_with_an_agent_a_connection_waits_for_its_report(neutron: Any, site: Site, started: Started) -> None:
    server, connection = started[0], site.connection.id

    def report(status: str) -> None:
        server.lab("POST", "vpn", {connection: status})

    report("DOWN")
    assert neutron.get_vpn_ipsec_site_connection(connection).status == "DOWN"
    report("ACTIVE")
    assert [each.status for each in neutron.vpn_ipsec_site_connections()] == ["ACTIVE"]
    names = ("ikepolicy_id", "ipsecpolicy_id", "local_ep_group_id", "peer_ep_group_id", "psk", "peer_id")
    same = {name: getattr(site.connection, name) for name in names}
    second = neutron.create_vpn_ipsec_site_connection(
        vpnservice_id=site.service.id, peer_address="198.51.100.9", **same
    )
    assert neutron.get_vpn_ipsec_site_connection(second.id).status == "PENDING_CREATE"
    with pytest.raises(exceptions.BadRequestException, match="Invalid state PENDING_CREATE"):
        neutron.update_vpn_ipsec_site_connection(second.id, psk="z" * 32)
    report("nonsense")
    assert neutron.get_vpn_ipsec_site_connection(connection).status == "ERROR"


def test_what_is_switched_off_is_down(neutron: Any, site: Site) -> None:
    neutron.update_vpn_ipsec_site_connection(site.connection.id, admin_state_up=False)
    assert neutron.get_vpn_ipsec_site_connection(site.connection.id).status == "DOWN"
    neutron.update_vpn_ipsec_site_connection(site.connection.id, admin_state_up=True)
    assert neutron.get_vpn_ipsec_site_connection(site.connection.id).status == "ACTIVE"
    neutron.update_vpn_service(site.service.id, admin_state_up=False)
    assert neutron.get_vpn_ipsec_site_connection(site.connection.id).status == "DOWN"
    assert neutron.get_vpn_service(site.service.id).status == "DOWN"


def test_a_connection_reads_back_as_it_was_made(neutron: Any, site: Site) -> None:
    read = neutron.get_vpn_ipsec_site_connection(site.connection.id)
    assert read.psk == "x" * 32, "whoever may read a connection reads its key"
    assert (read.mtu, read.initiator, read.route_mode) == (1500, "bi-directional", "static")
    assert (read.dpd, read.action, read.interval, read.timeout) == (
        {"action": "hold", "interval": 30, "timeout": 120},
        None,
        None,
        None,
    )
    group = neutron.get_vpn_endpoint_group(site.peer.id)
    assert sorted(group.endpoints) == ["10.9.0.0/24", "10.9.1.0/24"]


def test_a_connection_is_changed_in_place(neutron: Any, site: Site) -> None:
    more = {"psk": "y" * 32, "dpd": {"action": "restart", "interval": 10}, "peer_address": "198.51.100.8"}
    read = neutron.update_vpn_ipsec_site_connection(site.connection.id, **more)
    assert (read.psk, read.peer_address) == ("y" * 32, "198.51.100.8")
    assert read.dpd == {"action": "restart", "interval": 10, "timeout": 120}
    group = neutron.create_vpn_endpoint_group(type="cidr", endpoints=["10.9.2.0/24"])
    read = neutron.update_vpn_ipsec_site_connection(site.connection.id, peer_ep_group_id=group.id)
    assert read.peer_ep_group_id == group.id
    neutron.delete_vpn_endpoint_group(site.peer.id, ignore_missing=False)


def test_a_connection_keeps_its_policies_for_life(neutron: Any, site: Site) -> None:
    modern = {"encryption_algorithm": "aes-256-gcm-16", "auth_algorithm": "sha512", "pfs": "group19"}
    for field, made in (
        ("ikepolicy_id", neutron.create_vpn_ike_policy(**modern)),
        ("ipsecpolicy_id", neutron.create_vpn_ipsec_policy(**modern)),
    ):
        with pytest.raises(exceptions.BadRequestException, match=f"read-only attribute {field}"):
            neutron.update_vpn_ipsec_site_connection(site.connection.id, **{field: made.id})


def test_what_a_connection_uses_is_neither_changed_nor_removed(neutron: Any, site: Site) -> None:
    for refused in (
        lambda: neutron.update_vpn_ike_policy(site.ike.id, name="other"),
        lambda: neutron.update_vpn_ipsec_policy(site.ipsec.id, pfs="group15"),
        lambda: neutron.delete_vpn_ike_policy(site.ike.id),
        lambda: neutron.delete_vpn_ipsec_policy(site.ipsec.id),
        lambda: neutron.delete_vpn_service(site.service.id),
    ):
        with pytest.raises(exceptions.ConflictException):
            refused()
    for group in (site.local, site.peer):
        # No 409, unlike all others.
        with pytest.raises(exceptions.BadRequestException, match="in use"):
            neutron.delete_vpn_endpoint_group(group.id)
    with pytest.raises(exceptions.BadRequestException, match="endpoints"):
        neutron.update_vpn_endpoint_group(site.peer.id, endpoints=["10.9.2.0/24"])


def test_without_its_connection_all_can_go(neutron: Any, site: Site) -> None:
    neutron.delete_vpn_ipsec_site_connection(site.connection.id, ignore_missing=False)
    neutron.delete_vpn_service(site.service.id, ignore_missing=False)
    for group in (site.local, site.peer):
        neutron.delete_vpn_endpoint_group(group.id, ignore_missing=False)
    neutron.delete_vpn_ike_policy(site.ike.id, ignore_missing=False)
    neutron.delete_vpn_ipsec_policy(site.ipsec.id, ignore_missing=False)
    for left in (
        neutron.vpn_ipsec_site_connections(),
        neutron.vpn_services(),
        neutron.vpn_endpoint_groups(),
        neutron.vpn_ike_policies(),
        neutron.vpn_ipsec_policies(),
    ):
        assert list(left) == []


def test_a_router_with_a_service_keeps_its_gateway(neutron: Any, site: Site, started: Started) -> None:
    router = started[1][0].made["routers"]["main"]
    with pytest.raises(exceptions.ConflictException, match="VPN"):
        neutron.update_router(router["id"], external_gateway_info=None)
    with pytest.raises(exceptions.ConflictException):
        neutron.remove_interface_from_router(router["id"], subnet_id=router["subnet_id"])


def test_a_reader_reads_no_connection_with_its_key(started: Started, site: Site) -> None:
    server, (_member, reader, _ruled) = started
    neutron = network_of(server, reader)
    for read in (neutron.vpn_ipsec_site_connections, neutron.vpn_ike_policies, neutron.vpn_services):
        assert list(read()) == []
    with pytest.raises(exceptions.ForbiddenException):
        neutron.create_vpn_ike_policy(name="no")


def test_access_rules_hold_for_vpn(started: Started) -> None:
    server, (_member, _reader, ruled) = started
    with pytest.raises((exceptions.HttpException, keystone.Unauthorized), match="401"):
        list(network_of(server, ruled).vpn_services())


def test_no_migration_is_missing_from_the_tables() -> None:
    with sqlite3.connect(environment.expected().schema / "neutron.db") as database:
        heads = dict.fromkeys(row[0] for row in database.execute("select version_num from alembic_version_vpnaas"))
        tables = {row[0] for row in database.execute("select name from sqlite_master where type = 'table'")}
    database.close()
    folder = next(Path(environment.expected().venv).glob("lib/python3*/site-packages/neutron_vpnaas/db/migration"))
    versions = folder / "alembic_migrations" / "versions"
    assert set(heads) == {(versions / f"{branch}_HEAD").read_text().strip() for branch in ("EXPAND", "CONTRACT")}
    assert {"ipsec_site_connections", "vpn_endpoint_groups", "vpnservices", "ikepolicies"} <= tables
