# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a customer's keys are revoked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.keys import (
    accounts_of,
    in_order,
    of_accounts,
)


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


@pytest.mark.parametrize(
    ("part", "chosen", "wanted", "affected"),
    [
        pytest.param(
            "credential", ["acme-a"], [("X", "acme-a", "R")], ["acme-a", "acme-b"], id="one that others use, too"
        ),
        pytest.param("rotator", ["acme-c"], [("R", "acme-c", "")], ["acme-a", "acme-c", "acme-d"], id="a rotator"),
        pytest.param("credential", ["acme-b"], [("X", "acme-b", "R")], ["acme-a", "acme-b"], id="by another's rotator"),
        pytest.param(
            "credential",
            ["acme-c", "acme-d"],
            [("Y", "acme-c", "R"), ("R", "acme-d", "")],
            ["acme-c", "acme-a", "acme-d"],
            id="a rotator after the keys that it ends",
        ),
        pytest.param("rotator", ["acme-b", "globex-a"], [], [], id="no rotator"),
        pytest.param(
            "credential", ["globex-a", "acme-c"], [("Y", "acme-c", "R"), ("Z", "globex-a", "")], None, id="two"
        ),
    ],
)
def test_what_leaked_dies_once_whoever_uses_it(
    part: str, chosen: list[str], wanted: list[tuple[str, str, str]], affected: list[str] | None
) -> None:
    accounts = register(
        ("acme-a", "X", "R"), ("acme-b", "X", ""), ("acme-c", "Y", "R"), ("acme-d", "R", ""), ("globex-a", "Z", "")
    )
    found = of_accounts(accounts, chosen, part)
    assert [(key["name"], key["account"], key["rotator"]) for key in found] == wanted
    named = [account for key in found for account in key["affected"]]
    assert affected is None or sorted(set(named)) == sorted(affected)
    # Neither other accounts nor other customers keep a key alive that leaked, and no record is forgotten.
    assert not [key for key in found if key["users"] or key["others"] or key["manages"] or not key["credential"]]


def test_the_accounts_are_taken_from_the_variables_of_all_hosts() -> None:
    own = {"service_store_customer": "acme", "service_store_credential": "X", "service_store_rotator": None}
    hostvars: dict[str, dict[str, Any]] = {"acme-a": own, "s1": {"service_store_name": "store"}}
    assert accounts_of(hostvars) == {"acme-a": {"customer": "acme", "credential": "X", "rotator": ""}}
