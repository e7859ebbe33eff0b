# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries: every spelling of the same thing is the same value, and what cannot be meant is refused."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry, parse_prefixes
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"cidr": "192.0.2.10"}, {"cidr": "192.0.2.10/32"}, id="address without /32"),
        pytest.param({"cidr": "2001:DB8:0:0::1"}, {"cidr": "2001:db8::1/128"}, id="IPv6 spelling"),
        pytest.param({"cidr": "192.0.2.1", "ports": "-1"}, {"cidr": "192.0.2.1"}, id="port -1"),
        pytest.param({"cidr": "192.0.2.1", "ports": "1-65535"}, {"cidr": "192.0.2.1", "ports": "all"}, id="1-65535"),
        pytest.param({"cidr": "192.0.2.1", "ports": "0-65535"}, {"cidr": "192.0.2.1", "ports": "*"}, id="0-65535"),
        pytest.param({"cidr": "192.0.2.1", "ports": 443}, {"cidr": "192.0.2.1", "ports": "443-443"}, id="range of one"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "6"}, {"cidr": "192.0.2.1", "protocol": "TCP"}, id="number"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "-1"}, {"cidr": "192.0.2.1", "protocol": "any"}, id="all"),
        pytest.param(
            {"cidr": "2001:db8::/48", "protocol": "icmp"},
            {"cidr": "2001:db8::/48", "protocol": "58"},
            id="ICMP over IPv6 is ICMPv6",
        ),
    ],
)
def test_equal_spellings_are_equal_entries(one: dict[str, object], other: dict[str, object]) -> None:
    assert Entry.parse(one) == Entry.parse(other)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(
            {"cidr": "192.0.2.10/24"},
            "e.cidr: 192.0.2.10/24 has host bits set; write 192.0.2.0/24 or 192.0.2.10/32",
            id="host bits",
        ),
        pytest.param({"cidr": "192.0.2"}, "is no address or prefix", id="malformed"),
        pytest.param({"cidr": "192.0.2.1", "ports": "65536"}, "is no port", id="port out of range"),
        pytest.param({"cidr": "192.0.2.1", "ports": "90-80"}, "runs backwards; write 80-90", id="backwards"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "tpc"}, "is no known protocol", id="unknown protocol"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "gre", "ports": "1"}, "has no ports", id="ports without ports"),
        pytest.param({"cidr": "192.0.2.1", "protocol": "icmp", "ports": "300"}, "is no ICMP type", id="ICMP type"),
        pytest.param({"cidr": "192.0.2.1", "expires": "31.01.2027"}, "is no day", id="day"),
        pytest.param({"cidr": "0.0.0.0/0"}, "is wider than /8", id="everybody"),
        pytest.param({"cidr": "::/0"}, "is wider than /20", id="everybody in IPv6"),
        pytest.param({"cidr": "0.0.0.0/0", "waiver": {"owner": "x"}}, "has no expires", id="waiver for ever"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_mend(raw: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Entry.parse(raw, "e")
    assert words in str(refused.value)


def test_a_waiver_with_owner_and_expiry_lets_a_wide_prefix_in() -> None:
    entry = Entry.parse({"cidr": "0.0.0.0/0", "ports": 443, "waiver": {"owner": "web", "expires": "2027-01-31"}})
    assert entry.cidr == "0.0.0.0/0"


def test_an_entry_is_valid_through_its_last_day() -> None:
    entry = Entry.parse({"cidr": "192.0.2.1", "expires": "2027-01-31"})
    assert not entry.expired(datetime.date(2027, 1, 31))
    assert entry.expired(datetime.date(2027, 2, 1))


def test_a_prefix_named_twice_is_refused_in_any_spelling() -> None:
    with pytest.raises(InvalidValue, match=r"a\[1\]: 192.0.2.1/32 is the same as 192.0.2.1"):
        parse_prefixes("a", ["192.0.2.1", "192.0.2.1/32"])
