# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule denies of an entry, and the numbers in front of it."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from ansible_collections.strategic.service_store.plugins.module_utils.model.rule_order import (
    Numbers,
    ceiling,
    contains,
    floor,
    free,
    no_room,
    overlap,
)

NUMBERS = Numbers(last=2000)


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        pytest.param(Entry("192.0.2.0/24", "all"), True, id="all of it"),
        pytest.param(Entry("192.0.2.10/32", "tcp", (443, 443)), True, id="the same"),
        pytest.param(Entry("192.0.2.10/32", "tcp", (1, 442)), False, id="other ports"),
        pytest.param(Entry("192.0.2.10/32", "udp"), False, id="another protocol"),
        pytest.param(Entry("192.0.2.11/32", "all"), False, id="the next address"),
        pytest.param(Entry("0.0.0.0/0", "tcp", (400, 500)), True, id="everybody"),
        pytest.param(Entry("::/0", "all"), False, id="the other family"),
    ],
)
def test_what_a_rule_denies_of_an_entry(denied: Entry, expected: bool) -> None:
    assert overlap(denied, Entry("192.0.2.10/32", "tcp", (443, 443))) is expected


ECHO = Entry("192.0.2.0/24", "icmp", (8, 0))
WEB = Entry("192.0.2.0/24", "tcp", (443, 444))


@pytest.mark.parametrize(
    ("denied", "entry", "all_of_it", "some_of_it"),
    [
        pytest.param(WEB, WEB, True, True, id="the same"),
        pytest.param(Entry("192.0.0.0/16", "all"), WEB, True, True, id="more"),
        pytest.param(Entry("192.0.2.66/32", "all"), WEB, False, True, id="one address"),
        pytest.param(Entry("192.0.0.0/16", "tcp", (443, 443)), WEB, False, True, id="one port"),
        pytest.param(Entry("192.0.0.0/16", "tcp", (1, 1000)), Entry("192.0.2.0/24"), False, True, id="not all ports"),
        pytest.param(Entry("0.0.0.0/0", "tcp"), Entry("192.0.2.0/24", "all"), False, True, id="one protocol"),
        pytest.param(Entry("0.0.0.0/0", "all", (400, 500)), WEB, True, True, id="ports of every protocol"),
        pytest.param(Entry("0.0.0.0/0", "all", (1, 400)), WEB, False, False, id="other ports of every protocol"),
        pytest.param(Entry("0.0.0.0/0", "all", (1, 400)), ECHO, False, True, id="ports say nothing of ICMP"),
        pytest.param(Entry("::/0", "all"), WEB, False, False, id="the other family"),
        pytest.param(Entry("0.0.0.0/0", "icmp"), ECHO, True, True, id="every type"),
        pytest.param(Entry("0.0.0.0/0", "icmp", (8, -1)), ECHO, True, True, id="every code"),
        pytest.param(Entry("0.0.0.0/0", "icmp", (8, 0)), ECHO, True, True, id="the same code"),
        pytest.param(Entry("0.0.0.0/0", "icmp", (8, 1)), ECHO, False, False, id="another code"),
        pytest.param(Entry("0.0.0.0/0", "icmp", (3, 0)), ECHO, False, False, id="another type"),
        pytest.param(ECHO, Entry("192.0.2.0/24", "icmp", (8, -1)), False, True, id="one code of all"),
        pytest.param(ECHO, Entry("192.0.2.0/24", "icmp"), False, True, id="one type of all"),
    ],
)
def test_a_rule_denies_all_or_some_of_an_entry(denied: Entry, entry: Entry, all_of_it: bool, some_of_it: bool) -> None:
    assert (contains(denied, entry), overlap(denied, entry)) == (all_of_it, some_of_it)


def test_between_the_exceptions_and_what_denies_all() -> None:
    everything, host = Entry("0.0.0.0/0", "all"), Entry("192.0.2.66/32", "all")
    denials = [(20, host), (1100, everything), (1200, host)]
    below = ceiling(WEB, denials, NUMBERS)
    above = floor(WEB, denials, below, NUMBERS)
    assert (above, below) == (20, 1100)
    assert free((), above, below, NUMBERS) == 1000
    assert free(range(1000, 1100), above, below, NUMBERS) == 21
    assert free(range(21, 1100), above, below, NUMBERS) is None
    assert free((), 1050, below, NUMBERS) == 1051
    assert floor(WEB, [], below, NUMBERS) == 0


def test_two_denials_that_only_together_cover_an_entry_are_exceptions() -> None:
    denials = [(5, Entry("192.0.2.0/25", "all")), (6, Entry("192.0.2.128/25", "all"))]
    assert ceiling(WEB, denials, NUMBERS) == 2001 and floor(WEB, denials, 2001, NUMBERS) == 6


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        (0, 2001, "every number is taken"),
        (0, 7, "no number is free in front of the rule that denies it at number 7"),
        (2000, 2001, "no number is free behind the rule that denies a part of it at number 2000"),
    ],
)
def test_why_there_is_no_room(above: int, below: int, expected: str) -> None:
    assert no_room(above, below, NUMBERS) == expected


def test_a_number_in_front_of_the_first_that_denies_it() -> None:
    denials = [(1500, Entry("192.0.2.0/24", "all")), (1002, Entry("192.0.2.10/32", "tcp", (443, 443)))]
    below = ceiling(Entry("192.0.2.10/32", "tcp", (443, 443)), denials, NUMBERS)
    assert below == 1002
    assert free({1000}, 0, below, NUMBERS) == 1001
    assert free({1000, 1001}, 0, below, NUMBERS) == 1
    assert free(range(1, 1002), 0, below, NUMBERS) is None
    assert ceiling(Entry("198.51.100.1/32", "tcp"), denials, NUMBERS) == 2001


def network(pair: tuple[int, int]) -> str:
    return str(ipaddress.ip_network((pair[0] >> (32 - pair[1]) << (32 - pair[1]), pair[1])))


networks = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(network)


@given(networks, networks)
def test_prefixes_overlap_as_the_standard_library_says(one: str, other: str) -> None:
    expected = ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other))
    assert overlap(Entry(one, "all"), Entry(other, "all")) is expected


@given(networks, networks)
def test_prefixes_contain_as_the_standard_library_says(one: str, other: str) -> None:
    expected = ipaddress.ip_network(other).subnet_of(ipaddress.ip_network(one))  # type: ignore[arg-type]
    assert contains(Entry(one, "all"), Entry(other, "all")) is expected
