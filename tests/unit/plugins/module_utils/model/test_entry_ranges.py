# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges and aggregation let in exactly what they say; what is wider than declared is found."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist import aggregated, parse_entries
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

V4 = st.integers(min_value=int(ipaddress.ip_address("10.0.0.0")), max_value=int(ipaddress.ip_address("10.0.3.255")))


def lines(*raw: dict[str, Any]) -> list[str]:
    return [str(entry) for entry in parse_entries(raw, "entries")]


def addresses(entries: tuple[Entry, ...]) -> set[str]:
    return {str(address) for entry in entries for address in ipaddress.ip_network(entry.cidr)}


@pytest.mark.parametrize(
    ("spelled", "cidrs"),
    [
        ("192.0.2.10-192.0.2.10", ["192.0.2.10/32"]),
        ("192.0.2.10 - 192.0.2.13", ["192.0.2.10/31", "192.0.2.12/31"]),
        ("192.0.2.0-192.0.2.255", ["192.0.2.0/24"]),
        ("2001:db8::-2001:db8::ff", ["2001:db8::/120"]),
    ],
)
def test_a_range_is_the_fewest_prefixes_that_hold_exactly_it(spelled: str, cidrs: list[str]) -> None:
    assert lines({"cidr": spelled, "ports": "443", "owner": "team"}) == [f"{cidr} tcp/443" for cidr in cidrs]


@pytest.mark.parametrize(
    "spelled", ["192.0.2.20-192.0.2.10", "192.0.2.1-2001:db8::1", "192.0.2.1-", "192.0.2.0/24-192.0.3.0/24", "1-5"]
)
def test_what_is_no_range_is_named_with_the_mend(spelled: str) -> None:
    with pytest.raises(InvalidValue, match=r"entries\[0\]\.cidr: .* is no range; write the first and the last address"):
        lines({"cidr": spelled})


def test_a_range_that_holds_an_address_named_beside_it_is_told_where_they_meet() -> None:
    with pytest.raises(InvalidValue, match=r"entries\[1\].* is the same as entries\[0\]"):
        lines({"cidr": "192.0.2.10-192.0.2.11"}, {"cidr": "192.0.2.10/31"})


def test_a_range_as_wide_as_the_world_needs_a_waiver_too() -> None:
    with pytest.raises(InvalidValue, match="is wider than /8"):
        lines({"cidr": "0.0.0.0-255.255.255.255"})


def test_only_entries_of_which_the_same_is_said_are_merged() -> None:
    raw = [
        {"cidr": "192.0.2.0/25", "ports": "443", "owner": "a"},
        {"cidr": "192.0.2.128/25", "ports": "443", "owner": "a"},
        {"cidr": "192.0.2.7", "ports": "443", "owner": "a"},
        {"cidr": "198.51.100.0/25", "ports": "443", "owner": "a"},
        {"cidr": "198.51.100.128/25", "ports": "443", "owner": "b"},
        {"cidr": "198.51.100.128/25", "ports": "80", "owner": "a"},
        {"cidr": "2001:db8::/49", "ports": "443", "owner": "a"},
        {"cidr": "2001:db8:0:8000::/49", "ports": "443", "owner": "a"},
    ]
    assert sorted(entry.line() for entry in aggregated(parse_entries(raw, "entries"))) == [
        "192.0.2.0/24 tcp/443 owner=a",
        "198.51.100.0/25 tcp/443 owner=a",
        "198.51.100.128/25 tcp/443 owner=b",
        "198.51.100.128/25 tcp/80 owner=a",
        "2001:db8::/48 tcp/443 owner=a",
    ]


def test_what_needs_a_waiver_is_not_made_of_parts_that_need_none() -> None:
    entries = parse_entries([{"cidr": f"{first}.0.0.0/8"} for first in (8, 9, 10, 11)], "entries")
    assert [entry.cidr for entry in aggregated(entries)] == ["8.0.0.0/8", "9.0.0.0/8", "10.0.0.0/8", "11.0.0.0/8"]
    waived = {"cidr": "10.0.0.0/7", "waiver": {"owner": "a", "expires": "2027-01-31"}}
    assert [entry.cidr for entry in aggregated(parse_entries([waived, {"cidr": "10.1.0.0/16"}], "entries"))] == [
        "10.0.0.0/7"
    ]


@given(st.lists(V4, min_size=1, max_size=40, unique=True))
def test_aggregation_opens_not_one_address_more_or_less(numbers: list[int]) -> None:
    entries = parse_entries([{"cidr": str(ipaddress.ip_address(number))} for number in numbers], "entries")
    merged = aggregated(entries)
    assert addresses(merged) == addresses(entries) and len(merged) <= len(entries)
    assert aggregated(merged) == merged


@given(V4, V4)
def test_a_range_holds_its_addresses_and_no_other(one: int, other: int) -> None:
    low, high = (ipaddress.ip_address(number) for number in sorted((one, other)))
    entries = parse_entries([{"cidr": f"{low}-{high}"}], "entries")
    assert addresses(entries) == {str(ipaddress.ip_address(n)) for n in range(int(low), int(high) + 1)}


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        (("192.0.2.0/24", "tcp", (443, 443)), ("192.0.2.1/32", "tcp", (443, 443)), True),
        (("192.0.2.1/32", "tcp", (1, 1000)), ("192.0.2.1/32", "tcp", (443, 443)), True),
        (("192.0.2.1/32", "tcp", None), ("192.0.2.1/32", "tcp", (443, 443)), True),
        (("192.0.2.1/32", "all", None), ("192.0.2.1/32", "tcp", (443, 443)), True),
        (("192.0.2.1/32", "tcp", (443, 443)), ("192.0.2.1/32", "tcp", (443, 443)), False),
        (("192.0.2.1/32", "tcp", (443, 443)), ("192.0.2.1/32", "tcp", None), False),
        (("192.0.2.0/24", "udp", None), ("192.0.2.1/32", "tcp", (443, 443)), False),
        (("192.0.2.0/24", "tcp", (80, 80)), ("192.0.2.1/32", "tcp", (443, 443)), False),
        (("2001:db8::/32", "all", None), ("192.0.2.1/32", "tcp", (443, 443)), False),
    ],
)
def test_wider_is_what_lets_in_all_of_it_and_more(wide: Any, narrow: Any, covers: bool) -> None:
    assert Entry(*wide).covers(Entry(*narrow)) is covers
