# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services by themselves: what they were filled with, the log of calls, and the reset."""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator

import pytest

from tests.support import openstack
from tests.support.servers import LabServer, starter

pytestmark = pytest.mark.openstack
ACCOUNTS = [{"project": "one"}, {"project": "two", "security_groups": []}]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabServer, list[openstack.Account]]]:
    with starter(tmp_path_factory) as start:
        yield openstack.start(start, ACCOUNTS)


def test_a_new_group_has_the_default_rules_of_a_migrated_database(
    started: tuple[LabServer, list[openstack.Account]],
) -> None:
    rules = started[1][0].rules("store-api")
    assert sorted((rule["direction"], rule["ethertype"]) for rule in rules) == [("egress", "IPv4"), ("egress", "IPv6")]


def test_a_reset_puts_back_what_was_there_at_the_start(started: tuple[LabServer, list[openstack.Account]]) -> None:
    server, (account, _other) = started
    account.add_rule("store-api", protocol="tcp", remote_ip_prefix="192.0.2.1/32")
    assert len(account.rules("store-api")) == 3
    server.reset()
    assert server.calls() == []
    assert len(account.rules("store-api")) == 2
    assert server.calls()[-1] == {
        "service": "neutron",
        "method": "GET",
        "path": "/v2.0/security-group-rules",
        "source": "127.0.0.1",
        "status": 200,
    }


def test_the_access_rules_are_enforced_by_neutron(started: tuple[LabServer, list[openstack.Account]]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        started[1][0].call("GET", "/v2.0/networks")
    assert refused.value.code == 401


def test_projects_do_not_see_each_other(started: tuple[LabServer, list[openstack.Account]]) -> None:
    names = [g["name"] for g in started[1][1].call("GET", "/v2.0/security-groups")["security_groups"]]
    assert "store-api" not in names
