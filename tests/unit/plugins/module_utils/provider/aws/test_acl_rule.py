# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a network ACL: where a new one goes, and which entries it cannot hold."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import Held
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry, Note
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws import acl_rule

HTTPS = Entry("192.0.2.1/32", "tcp", (443, 443))


def rule(
    number: int, action: str = "deny", cidr: str = "0.0.0.0/0", protocol: str = "-1", **more: Any
) -> dict[str, Any]:
    family = "Ipv6CidrBlock" if ":" in cidr else "CidrBlock"
    told = {"RuleNumber": number, "RuleAction": action, "Egress": False, "Protocol": protocol, family: cidr}
    return {**told, **more}


def numbers(rules: list[dict[str, Any]], *entries: Entry) -> list[int]:
    return [made["RuleNumber"] for made in acl_rule.placed({"Entries": rules}, [Held(entry) for entry in entries])]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([rule(32767)], 1000, id="the closing rule only"),
        pytest.param([rule(1000, "allow"), rule(1001, "allow")], 1002, id="numbers taken"),
        pytest.param([rule(500, cidr="192.0.2.0/24")], 1, id="in front of a deny that covers it"),
        pytest.param([rule(500, cidr="198.51.100.0/24")], 1000, id="a deny of other addresses"),
        pytest.param([rule(500, protocol="17")], 1000, id="a deny of another protocol"),
        pytest.param([rule(500, protocol="6", PortRange={"From": 1, "To": 80})], 1000, id="a deny of other ports"),
        pytest.param([rule(500, cidr="::/0")], 1000, id="a deny of the other family"),
        pytest.param([rule(500, Egress=True)], 1000, id="an outbound deny"),
        pytest.param(
            [
                rule(1500, cidr="192.0.2.1/32", protocol="6", PortRange={"From": 1, "To": 442}),
                rule(2000, cidr="192.0.2.0/24"),
            ],
            1000,
            id="a deny of other ports before one of all",
        ),
    ],
)
def test_a_rule_gets_a_free_number_in_front_of_what_would_deny_it(rules: list[Any], expected: int) -> None:
    assert numbers(rules, HTTPS) == [expected]


WIDE = Entry("192.0.2.0/24", "tcp", (400, 500))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([rule(1500, cidr="192.0.2.66/32")], 1501, id="behind some of its addresses"),
        pytest.param([rule(500, cidr="192.0.2.66/32")], 1000, id="behind those, at a number of our own"),
        pytest.param([rule(1500, protocol="6", PortRange={"From": 443, "To": 600})], 1501, id="behind some ports"),
        pytest.param([rule(500, cidr="192.0.2.66/32"), rule(600)], 501, id="between an exception and the closing one"),
        pytest.param([rule(600), rule(700, cidr="192.0.2.66/32")], 1, id="in front of both, the closing one first"),
    ],
)
def test_a_rule_stays_behind_the_exceptions_from_it(rules: list[Any], expected: int) -> None:
    assert numbers([*rules, rule(32767)], WIDE) == [expected]


def test_no_room_between_an_exception_and_a_deny_of_all_is_said() -> None:
    words = "behind the rule that denies a part of it at number 5 and in front of the rule that denies it at number 6"
    with pytest.raises(ProviderError, match=words):
        numbers([rule(5, cidr="192.0.2.66/32"), rule(6)], WIDE)


def test_two_new_rules_get_two_numbers() -> None:
    assert numbers([rule(32767)], HTTPS, Entry("192.0.2.2/32", "tcp", (443, 443))) == [1000, 1001]


def test_no_room_in_front_of_a_deny_is_said() -> None:
    with pytest.raises(ProviderError, match="no number is free in front of the rule that denies it at number 1"):
        numbers([rule(1)], HTTPS)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param(Entry("192.0.2.1/32", "sctp", (5000, 5000)), "ports of tcp and udp only", id="sctp"),
    ],
)
def test_what_a_rule_cannot_hold_is_refused(entry: Entry, words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        acl_rule.fits(entry)


def test_the_longest_entry_and_store_fit_a_tag() -> None:
    longest = Entry("2001:db8:1111:2222:3333:4444:5555:6666/128", "udp", (10000, 20000))
    assert len(acl_rule.tag_of("s" * 32, acl_rule.NUMBERS_OF_RULES.last, longest)) <= 128


def acl(*rules: dict[str, Any], **marks: str) -> dict[str, Any]:
    return {"Entries": list(rules), "Tags": [{"Key": key, "Value": value} for key, value in marks.items()]}


def allow(number: int) -> dict[str, Any]:
    return rule(number, "allow", "192.0.2.1/32", "6", PortRange={"From": 443, "To": 443})


def test_a_mark_is_of_one_rule_and_not_of_another_of_the_same_entry() -> None:
    found = acl(allow(1000), allow(1001))
    found["Tags"] = [{"Key": acl_rule.tag_of("a", 1000, HTTPS), "Value": "svcstore:a owner=ops"}]
    assert [(held.ref, held.store, held.entry.note) for held in acl_rule.held_in(found)] == [
        ("1000", "a", Note(owner="ops")),
        ("1001", "", Note()),
    ]


@pytest.mark.parametrize(("number", "blocked"), [(500, True), (1500, False)])
def test_an_allow_behind_a_deny_of_the_same_is_blocked(number: int, blocked: bool) -> None:
    (held,) = acl_rule.held_in(acl(allow(1000), rule(number, cidr="192.0.2.0/24")))
    assert held.blocked is blocked


@pytest.mark.parametrize(
    "exception",
    [
        pytest.param(rule(1, cidr="192.0.2.1/32"), id="address"),
        pytest.param(rule(1, protocol="6", PortRange={"From": 401, "To": 65535}), id="ports"),
        pytest.param(rule(1, cidr="192.0.2.0/25"), id="half of it"),
    ],
)
def test_an_exception_blocks_nothing(exception: dict[str, Any]) -> None:
    wide = rule(1000, "allow", "192.0.2.0/24", "6", PortRange={"From": 400, "To": 500})
    (held,) = acl_rule.held_in(acl(wide, exception))
    assert not held.blocked


@pytest.mark.parametrize(("code", "blocked"), [(-1, True), (0, True), (1, False)])
def test_icmp_is_blocked_by_its_type_and_code(code: int, blocked: bool) -> None:
    echo = rule(1000, "allow", "192.0.2.1/32", "1", IcmpTypeCode={"Type": 8, "Code": 0})
    (held,) = acl_rule.held_in(acl(echo, rule(500, protocol="1", IcmpTypeCode={"Type": 8, "Code": code})))
    assert held.blocked is blocked
