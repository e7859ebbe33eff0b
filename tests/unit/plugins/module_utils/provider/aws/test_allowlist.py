# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups on moto: the whole list in one read and one write per kind of change."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import (
    Limits,
    Wanted,
    parse_entries,
    plan,
)

from .conftest import STORE, TODAY, Account, scope

A = {"cidr": "192.0.2.1", "ports": 443, "owner": "ops", "ticket": "T-1", "expires": "2027-01-31", "reason": "store-1"}
B = {"cidr": "2001:DB8::/48", "ports": "8000-8010"}
C = {"cidr": "198.51.100.0/24", "protocol": "all"}


def test_fresh_is_two_calls_and_a_rerun_one_read(account: Account) -> None:
    assert len(account.bring(A, B, C)) == 3
    assert account.calls() == {"DescribeSecurityGroups": 1, "AuthorizeSecurityGroupIngress": 1}
    assert account.bring(A, B, C) == []
    assert account.calls() == {"DescribeSecurityGroups": 2, "AuthorizeSecurityGroupIngress": 1}


def test_a_change_opens_before_it_shuts(account: Account) -> None:
    account.bring(A, B)
    assert [c.action for c in account.bring({**A, "cidr": "192.0.2.2"}, {**B, "owner": "new"})] == [
        "add",
        "update",
        "remove",
    ]
    assert account.lines() == [
        "192.0.2.2/32 tcp/443 owner=ops ticket=T-1 expires=2027-01-31 reason=store-1",
        "2001:db8::/48 tcp/8000-8010 owner=new",
    ]


def test_many_groups_are_read_in_one_call_by_name_or_by_id(account: Account) -> None:
    api, db = account.read("api"), account.read("db")
    before = account.session.calls.total
    scopes = [scope("api"), scope("db")]
    assert {s.ref for s in account.adapter.read_allowlists(scopes).values()} == {api.ref, db.ref}
    by_id = [scope("", id=api.ref), scope("", id=db.ref)]
    found = account.adapter.read_allowlists(by_id)
    assert [found[s].ref for s in by_id] == [api.ref, db.ref]
    assert account.session.calls.total == before + 2


@pytest.mark.parametrize(
    "entry",
    [
        {"cidr": "192.0.2.1", "protocol": "TCP", "ports": "1-65535"},
        {"cidr": "192.0.2.1/32", "protocol": 6, "ports": -1},
        {"cidr": "2001:DB8:0::1", "protocol": "udp", "ports": "53"},
        {"cidr": "192.0.2.1", "protocol": "-1"},
        {"cidr": "192.0.2.1", "protocol": "icmp", "ports": "8"},
        {"cidr": "192.0.2.1", "protocol": "icmp", "ports": "3-4"},
        {"cidr": "192.0.2.1", "protocol": "icmp"},
        {"cidr": "2001:db8::1", "protocol": "icmp", "ports": "128"},
        {"cidr": "192.0.2.1", "protocol": "esp"},
        {"cidr": "192.0.2.1", "protocol": 103},
        {"cidr": "192.0.2.1", "protocol": "sctp", "ports": "5000"},
    ],
    ids=lambda entry: "-".join(str(value) for value in entry.values()),
)
def test_every_spelling_comes_back_equal(account: Account, entry: dict[str, Any]) -> None:
    assert len(account.bring(entry)) == 1
    assert account.bring(entry) == []
    assert len(account.bring()) == 1
    assert account.lines() == []


def test_only_own_entries_are_removed_unless_all_are_asked_for(account: Account) -> None:
    ec2 = account.session.client("ec2")
    foreign = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "IpRanges": [{"CidrIp": "203.0.113.7/32"}]}
    pair = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "UserIdGroupPairs": [{"GroupId": account.read("db").ref}],
    }
    ec2.authorize_security_group_ingress(GroupId=account.read().ref, IpPermissions=[foreign, pair])
    account.bring(A)
    assert account.read().others == {4: 1, 6: 1}
    assert [str(c.before) for c in account.bring()] == [
        "192.0.2.1/32 tcp/443 owner=ops ticket=T-1 expires=2027-01-31 reason=store-1"
    ]
    assert account.lines() == ["203.0.113.7/32 tcp"]
    assert len(account.bring(purge="all")) == 1
    assert account.read().held == ()


def test_what_somebody_else_opened_is_left_as_it_is(account: Account) -> None:
    ec2 = account.session.client("ec2")
    same = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "192.0.2.1/32", "Description": "x"}],
    }
    ec2.authorize_security_group_ingress(GroupId=account.read().ref, IpPermissions=[same])
    assert account.bring(A) == []
    assert account.bring() == []


def test_an_unknown_and_an_ambiguous_scope_are_named(account: Account) -> None:
    with pytest.raises(ProviderError, match="security_group none.*not_found"):
        account.read("none")
    with pytest.raises(ProviderError, match="sg-.*, sg-.*give the security group's id"):
        account.read("twice")
    vpc = account.session.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["twice"]}])
    parent = vpc["SecurityGroups"][0]["VpcId"]
    found = account.adapter.read_allowlists([scope("twice", parent=parent)])
    assert next(iter(found.values())).ref == vpc["SecurityGroups"][0]["GroupId"]


def test_sixty_rules_of_each_family_fit_and_the_next_is_refused_before_a_write(account: Account) -> None:
    entries = [{"cidr": f"192.0.2.{n}", "ports": 443} for n in range(60)]
    entries += [{"cidr": f"2001:db8::{n:x}", "ports": 443} for n in range(60)]
    assert len(account.bring(*entries)) == 120
    assert account.calls()["AuthorizeSecurityGroupIngress"] == 1
    with pytest.raises(ValueError, match="would hold 61 IPv4 entries"):
        account.bring(*entries, {"cidr": "192.0.2.100", "ports": 443})


def test_the_services_own_quota_is_told_and_leaves_everything_open(account: Account) -> None:
    entries = [{"cidr": f"192.0.2.{n}", "ports": 443} for n in range(60)]
    account.bring(*entries)
    state = account.read()
    wanted = Wanted(state.scope, parse_entries([{"cidr": "198.51.100.1"}], "entries"), "own")
    changes = plan(state, wanted, STORE, Limits(entries_per_scope=1000), TODAY).changes
    with pytest.raises(ProviderError) as refused:
        list(account.adapter.apply_allowlist(state, changes))
    assert refused.value.kind == "quota"
    assert len(account.read().held) == 60
