# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, source addresses, settings and key pairs."""

from __future__ import annotations

from collections.abc import Callable

import cs
import pytest
import requests

from lab.clouds.cloudstack.sources import source_allowed
from tests.support.servers import LabServer

from .conftest import CONFIG, Client
from .test_signing import refusal

SOURCES = "api.allowed.source.cidr.list"


@pytest.mark.parametrize(
    ("address", "cidrs", "allowed"),
    [
        ("192.0.2.7", "0.0.0.0/0,::/0", True),
        ("192.0.2.7", " 198.51.100.0/24, 192.0.2.7/32 ", True),
        ("192.0.2.8", "192.0.2.7/32", False),
        ("::ffff:192.0.2.7", "192.0.2.7/32", True),
        ("2001:db8::1", "0.0.0.0/0", False),
        ("192.0.2.7", "", False),
        ("192.0.2.7", "nonsense,192.0.2.0/24", True),
    ],
)
def test_source_lists(address: str, cidrs: str, allowed: bool) -> None:
    assert source_allowed(address, cidrs) is allowed


def test_list_apis_answers_from_the_callers_role(client: Client) -> None:
    names = {api["name"] for api in client().listApis()["api"]}
    assert "listSecurityGroups" in names and "updateConfiguration" not in names
    staff = client("staff", key="k-staff", secret="s-staff")
    described = {api["name"]: api for api in staff.listApis()["api"]}
    assert "updateConfiguration" in described
    assert {p["name"] for p in described["getUserKeys"]["params"]} == {"id"}
    assert refusal(lambda: client().listApis(name="updateConfiguration"))[0] == 530


def test_a_command_the_role_lacks_is_told_apart_from_a_wrong_key(client: Client) -> None:
    code, text = refusal(lambda: client().updateConfiguration(name=SOURCES, value="192.0.2.0/24"))
    assert (code, "is not available for the account initech" in text) == (432, True)
    assert refusal(client().noSuchCommand)[0] == 432


def test_an_accounts_own_list_wins_over_the_global_one(client: Client, server: LabServer) -> None:
    staff = client("staff", key="k-staff", secret="s-staff")
    account = staff.listAccounts(name="umbrella", listall=True)["account"][0]["id"]
    staff.updateConfiguration(name=SOURCES, value="192.0.2.0/24", accountid=account)
    assert refusal(client("umbrella").listUsers)[0] == 401
    assert "127.0.0.1 is not in api.allowed.source.cidr.list" in server.calls()[-1]["reason"]
    assert client().listUsers()["count"] == 1
    held = staff.listConfigurations(name=SOURCES, accountid=account)["configuration"][0]
    assert (held["value"], held["scope"]) == ("192.0.2.0/24", "Account")
    staff.updateConfiguration(name=SOURCES, value="127.0.0.0/8", accountid=account)
    assert client("umbrella").listUsers()["count"] == 1


def test_a_setting_is_refused_outside_its_scope(client: Client) -> None:
    staff = client("staff", key="k-staff", secret="s-staff")
    account = staff.listAccounts(name="initech", listall=True)["account"][0]["id"]
    assert refusal(lambda: staff.updateConfiguration(name="no.such", value="1"))[0] == 431
    scoped = refusal(lambda: staff.updateConfiguration(name="default.page.size", value="9", accountid=account))
    assert scoped[0] == 431


def test_a_new_key_pair_replaces_the_old_one_at_once(client: Client) -> None:
    api = client()
    user = api.listUsers()["user"][0]["id"]
    assert api.getUserKeys(id=user)["userkeys"] == {"apikey": "k-initech", "secretkey": "s-initech"}
    keys = api.registerUserKeys(id=user)["userkeys"]
    assert refusal(api.listUsers)[0] == 401
    fresh = client("initech", key=keys["apikey"], secret=keys["secretkey"])
    assert fresh.listUsers()["user"][0]["apikey"] == keys["apikey"]


def test_enforced_timestamps_refuse_version_one(lab_server: Callable[..., LabServer]) -> None:
    settings = {"enforce.post.requests.and.timestamps": "true"}
    server = lab_server("cloudstack", {**CONFIG, "settings": settings})
    session = requests.Session()
    session.trust_env = False
    old, new = (
        cs.CloudStack(
            f"{server.url}/client/api",
            "k-initech",
            "s-initech",
            verify=server.ca_file,
            session=session,
            expiration=expiration,
            timeout=60,
        )
        for expiration in (-1, 600)
    )
    assert refusal(old.listUsers)[0] == 401
    assert new.listUsers()["count"] == 1
