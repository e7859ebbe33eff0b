# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups, firewall rules, network ACLs, tags and jobs."""

from __future__ import annotations

from typing import Any

import cs
import pytest

from tests.support.servers import LabServer

from .conftest import Client
from .test_signing import refusal


def web(api: cs.CloudStack) -> dict[str, Any]:
    group: dict[str, Any] = api.listSecurityGroups(securitygroupname="web")["securitygroup"][0]
    return group


def test_one_call_authorizes_a_list_of_networks(client: Client, server: LabServer) -> None:
    api = client()
    done = api.authorizeSecurityGroupIngress(
        securitygroupid=web(api)["id"],
        protocol="TCP",
        startport=443,
        endport=443,
        cidrlist=["192.0.2.0/24", "2001:db8::/32"],
        fetch_result=True,
    )
    rules = done["securitygroup"]["ingressrule"]
    assert [(r["cidr"], r["protocol"], r["startport"]) for r in rules] == [
        ("192.0.2.0/24", "tcp", 443),
        ("2001:db8::/32", "tcp", 443),
    ]
    assert len(web(api)["ingressrule"]) == 3
    assert api.revokeSecurityGroupIngress(id=rules[0]["ruleid"], fetch_result=True) == {"success": True}
    assert [r["cidr"] for r in web(api)["ingressrule"]] == ["192.0.2.9/32", "2001:db8::/32"]


def test_what_is_there_already_is_passed_over_and_nothing_new_is_an_error(client: Client) -> None:
    api = client()
    same = {"securitygroupid": web(api)["id"], "protocol": "tcp", "startport": 22, "endport": 22}
    done = api.authorizeSecurityGroupIngress(**same, cidrlist="192.0.2.9/32,192.0.2.10/32", fetch_result=True)
    assert [rule["cidr"] for rule in done["securitygroup"]["ingressrule"]] == ["192.0.2.10/32"]
    again = refusal(lambda: api.authorizeSecurityGroupIngress(**same, cidrlist="192.0.2.9/32", fetch_result=True))
    assert again == (530, "Failed to authorize security group ingress rule(s)")


@pytest.mark.parametrize(
    "options",
    [
        {"protocol": "tcp", "startport": 1, "endport": 70000, "cidrlist": "192.0.2.0/24"},
        {"protocol": "tcp", "startport": 443, "cidrlist": "192.0.2.0/24"},
        {"protocol": "tcp", "startport": 443, "endport": 443, "cidrlist": "192.0.2.1"},
        {"protocol": "gre", "cidrlist": "192.0.2.0/24"},
        {"protocol": "icmp", "cidrlist": "192.0.2.0/24"},
        {"protocol": "all", "startport": 443, "endport": 443, "cidrlist": "192.0.2.0/24"},
        {"protocol": "tcp", "startport": 443, "endport": 443},
    ],
    ids=["port", "half-range", "no-prefix", "protocol", "icmp-type", "all-ports", "no-source"],
)
def test_a_bad_rule_is_refused_by_its_job(client: Client, options: dict[str, Any]) -> None:
    api = client()
    code, _text = refusal(
        lambda: api.authorizeSecurityGroupIngress(securitygroupid=web(api)["id"], fetch_result=True, **options)
    )
    assert code == 530
    assert len(web(api)["ingressrule"]) == 1


def test_a_firewall_rule_is_made_at_once_and_a_shared_network_conflicts(client: Client) -> None:
    api = client()
    address = api.listPublicIpAddresses()["publicipaddress"][0]["id"]
    rule = {"ipaddressid": address, "protocol": "tcp", "startport": 443, "endport": 443}
    answer = api.createFirewallRule(**rule, cidrlist=["192.0.2.0/24", "198.51.100.0/24"])
    assert set(answer) == {"id", "jobid"}
    listed = api.listFirewallRules(ipaddressid=address)["firewallrule"]
    assert listed[0]["cidrlist"] == "192.0.2.0/24,198.51.100.0/24"
    assert refusal(lambda: api.createFirewallRule(**rule, cidrlist="192.0.2.0/24"))[0] == 537
    api.createFirewallRule(**rule, cidrlist="203.0.113.0/24", fetch_result=True)
    api.deleteFirewallRule(id=answer["id"], fetch_result=True)
    rest = api.listFirewallRules(ipaddressid=address)["firewallrule"]
    assert [(r["cidrlist"], r["state"]) for r in rest] == [("203.0.113.0/24", "Active")]


def test_items_of_an_acl_list_are_numbered(client: Client) -> None:
    api = client()
    acl = api.listNetworkACLLists()["networkacllist"][0]["id"]
    for cidr in ("192.0.2.0/24", "198.51.100.0/24"):
        api.createNetworkACL(aclid=acl, protocol="tcp", startport=443, endport=443, cidrlist=cidr, fetch_result=True)
    items = api.listNetworkACLs(aclid=acl)["networkacl"]
    assert [(item["number"], item["cidrlist"]) for item in items] == [
        (1, "192.0.2.0/24"),
        (2, "198.51.100.0/24"),
    ]
    second = {"aclid": acl, "protocol": "tcp", "number": 2, "cidrlist": "192.0.2.0/24"}
    assert refusal(lambda: api.createNetworkACL(**second))[0] == 431
    api.deleteNetworkACL(id=items[0]["id"], fetch_result=True)
    assert api.listNetworkACLs(aclid=acl)["count"] == 1


def test_tags_mark_rules_and_go_with_them(client: Client) -> None:
    api = client()
    rule = web(api)["ingressrule"][0]
    mark = {"resourceids": [rule["ruleid"]], "resourcetype": "SecurityGroupRule"}
    api.createTags(**mark, tags=[{"key": "owner", "value": "store"}], fetch_result=True)
    assert [(t["key"], t["value"]) for t in web(api)["ingressrule"][0]["tags"]] == [("owner", "store")]
    assert api.listTags(key="owner")["count"] == 1
    twice = refusal(lambda: api.createTags(**mark, tags=[{"key": "owner", "value": "x"}], fetch_result=True))
    assert twice[0] == 530
    api.deleteTags(**mark, tags=[{"key": "owner"}], fetch_result=True)
    assert web(api)["ingressrule"][0]["tags"] == []
    api.createTags(**mark, tags=[{"key": "owner", "value": "store"}], fetch_result=True)
    api.revokeSecurityGroupIngress(id=rule["ruleid"], fetch_result=True)
    assert api.listTags() == {}


def test_an_unknown_id_is_refused_in_the_first_answer(client: Client) -> None:
    api = client()
    absent = "00000000-0000-0000-0000-000000000000"
    for command in ("revokeSecurityGroupIngress", "deleteFirewallRule", "deleteNetworkACL"):
        code, text = refusal(lambda command=command: getattr(api, command)(id=absent))
        assert (code, "entity does not exist" in text) == (431, True)


def test_another_accounts_resources_are_out_of_reach(client: Client) -> None:
    group = web(client())["id"]
    other = client("umbrella")
    assert refusal(lambda: other.listSecurityGroups(id=group))[0] == 531
    assert refusal(lambda: other.deleteSecurityGroup(id=group))[0] == 531
    assert {g["account"] for g in other.listSecurityGroups(listall=True)["securitygroup"]} == {"umbrella"}
    staff = client("staff", key="k-staff", secret="s-staff")
    assert staff.listSecurityGroups(listall=True)["count"] == 4


def test_lists_come_in_pages(client: Client) -> None:
    api = client()
    for number in range(7):
        api.createSecurityGroup(name=f"g{number}")
    page = api.listSecurityGroups(page=2, pagesize=3)
    assert (page["count"], [g["name"] for g in page["securitygroup"]]) == (8, ["g2", "g3", "g4"])
    assert len(api.listSecurityGroups(fetch_list=True)) == 8
    assert refusal(lambda: api.listSecurityGroups(page=1, pagesize=501))[0] == 431
    assert api.listSecurityGroups(securitygroupname="none") == {}
