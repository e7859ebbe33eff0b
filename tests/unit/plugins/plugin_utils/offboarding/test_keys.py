# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a customer's keys are revoked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.keys import in_order


def register(*rows: tuple[str, str, str]) -> dict[str, dict[str, str]]:
    """Return accounts of ``(account, credential, rotator)``; the customer is what stands before the hyphen."""
    return {
        name: {"customer": name.split("-", maxsplit=1)[0], "credential": key, "rotator": by} for name, key, by in rows
    }


def order(*rows: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    return [(key["name"], key["account"], key["rotator"]) for key in in_order(register(*rows), "acme")]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param([("acme-a", "X", "R")], [("X", "acme-a", "R"), ("R", "acme-a", "")], id="rotator last"),
        pytest.param(
            [("acme-a", "R", ""), ("acme-b", "X", "R")],
            [("X", "acme-b", "R"), ("R", "acme-a", "")],
            id="a rotator that is an account's own key, too",
        ),
        pytest.param(
            [("acme-a", "S", ""), ("acme-b", "R", "S"), ("acme-c", "X", "R")],
            [("X", "acme-c", "R"), ("R", "acme-b", "S"), ("S", "acme-a", "")],
            id="a rotator that has a rotator",
        ),
        pytest.param(
            [("acme-a", "X", "R"), ("acme-b", "Y", "R"), ("acme-c", "X", "R")],
            [("X", "acme-a", "R"), ("Y", "acme-b", "R"), ("R", "acme-a", "")],
            id="shared ones once",
        ),
        pytest.param(
            [("acme-a", "X", "Y"), ("acme-b", "Y", "X")],
            [("X", "acme-a", "Y"), ("Y", "acme-b", "")],
            id="two that manage each other",
        ),
        pytest.param([("acme-a", "X", "X")], [("X", "acme-a", "")], id="its own rotator"),
        pytest.param([("globex-a", "X", "R")], [], id="somebody else's"),
    ],
)
def test_no_key_dies_before_those_that_it_manages(
    rows: list[tuple[str, str, str]], wanted: list[tuple[str, str, str]]
) -> None:
    assert order(*rows) == wanted


def test_who_else_uses_a_key_is_named_in_either_place() -> None:
    rows = register(("acme-a", "X", "R"), ("globex-a", "R", ""), ("globex-b", "Z", "X"))
    found: dict[str, Any] = {key["name"]: key for key in in_order(rows, "acme")}
    assert found["X"]["others"] == ["globex-b"] and found["R"]["others"] == ["globex-a"]
    assert found["R"]["manages"] and not found["R"]["credential"] and found["R"]["users"] == ["acme-a"]


KEYS = st.sampled_from(["K1", "K2", "K3", "K4", "K5"])
ACCOUNTS = st.lists(st.tuples(KEYS, st.one_of(st.just(""), KEYS)), min_size=1, max_size=8)


@given(ACCOUNTS)
def test_every_key_has_one_turn_and_an_account_one_key_in_it(accounts: list[tuple[str, str]]) -> None:
    rows = register(*((f"acme-{number}", key, by) for number, (key, by) in enumerate(accounts)))
    found = in_order(rows, "acme")
    assert sorted(key["name"] for key in found) == sorted({one for pair in accounts for one in pair if one})
    places = [(key["account"], key["turn"]) for key in found]
    assert len(set(places)) == len(places)
    turns = {key["name"]: key["turn"] for key in found}
    assert all(turns[key["rotator"]] > key["turn"] for key in found if key["rotator"])
