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
    free,
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


def test_a_number_in_front_of_the_first_that_denies_it() -> None:
    denials = [(1500, Entry("192.0.2.0/24", "all")), (1002, Entry("192.0.2.10/32", "tcp", (443, 443)))]
    below = ceiling(Entry("192.0.2.10/32", "tcp", (443, 443)), denials, NUMBERS)
    assert below == 1002
    assert free({1000}, below, NUMBERS) == 1001
    assert free({1000, 1001}, below, NUMBERS) == 1
    assert free(range(1, 1002), below, NUMBERS) is None
    assert ceiling(Entry("198.51.100.1/32", "tcp"), denials, NUMBERS) == 2001


def network(pair: tuple[int, int]) -> str:
    return str(ipaddress.ip_network((pair[0] >> (32 - pair[1]) << (32 - pair[1]), pair[1])))


networks = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(network)


@given(networks, networks)
def test_prefixes_overlap_as_the_standard_library_says(one: str, other: str) -> None:
    expected = ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other))
    assert overlap(Entry(one, "all"), Entry(other, "all")) is expected
