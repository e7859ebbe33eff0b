# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a key is due, and policies that cannot be kept."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import (
    Policy,
    due,
    ends_at,
    exists_since,
    instant,
    parse_policy,
    written,
)

NOW = datetime.datetime(2026, 11, 22, 4, 30, tzinfo=datetime.UTC)
POLICY = Policy(max_age_days=90, warn_before_days=14, grace_days=7)


def ago(days: float) -> str:
    return written(NOW - datetime.timedelta(days=days))


@pytest.mark.parametrize(
    ("since", "ends", "state"),
    [
        pytest.param(ago(75.9), "", "ok", id="a day before it is due"),
        pytest.param(ago(76), "", "due", id="as old as it may be, less the warning"),
        pytest.param(ago(90), "", "overdue", id="as old as it may be"),
        pytest.param("", "", "due", id="of unknown age"),
        pytest.param(ago(1), ago(-15), "ok", id="ends after the warning"),
        pytest.param(ago(1), ago(-13), "due", id="ends soon"),
        pytest.param(ago(1), ago(0), "expired", id="ended now"),
        pytest.param("", ago(1), "expired", id="ended, of unknown age"),
        pytest.param(ago(1), "2026-11-23", "due", id="ends on a day"),
    ],
)
def test_a_key_is_due_by_its_age_and_by_its_end(since: str, ends: str, state: str) -> None:
    assert due(POLICY, since, ends, NOW).state == state


@given(st.integers(0, 400), st.integers(0, 400) | st.none())
def test_a_key_that_is_ok_is_not_due_until_the_day_it_says(age: int, left: int | None) -> None:
    ends = ago(-left) if left is not None else ""
    found = due(POLICY, ago(age), ends, NOW)
    start = instant(found.due_at)
    assert found.rotate is (start <= NOW)
    if not found.rotate:
        assert due(POLICY, ago(age), ends, start).rotate
        assert not due(POLICY, ago(age), ends, start - datetime.timedelta(seconds=1)).rotate


def test_a_key_is_as_old_as_the_earliest_that_is_known_of_it() -> None:
    assert exists_since({"registered_at": ago(1)}, ago(200)) == ago(200)
    assert exists_since({"registered_at": ago(1)}) == ago(1)
    assert exists_since({"registered_at": ago(9), "rotated_at": ago(1)}, ago(200)) == ago(1)
    assert exists_since({}) == ""


def test_the_end_of_the_customers_key_says_nothing_of_its_successors() -> None:
    policy = Policy(expires_at="2026-12-01")
    assert ends_at(policy, {}) == "2026-12-01"
    assert ends_at(policy, {"rotated_at": ago(1)}) == ""
    assert ends_at(policy, {"rotated_at": ago(1)}, ago(-50)) == ago(-50)


@pytest.mark.parametrize(
    ("days", "verification", "where"),
    [
        ({"max_age_days": 0}, {}, "policy.max_age_days"),
        ({"max_age_days": 21}, {}, "policy.max_age_days"),
        ({"warn_before_days": -1}, {}, "policy.warn_before_days"),
        ({"grace_days": -1}, {}, "policy.grace_days"),
        ({"lifetime_days": 90}, {}, "policy.lifetime_days"),
        ({"expires_at": "31.12.2026"}, {}, "policy.expires_at"),
        ({}, {"good_calls": 0}, "good_calls"),
        ({}, {"verify_timeout_s": -1.0}, "verify_timeout_s"),
        ({}, {"replace_unused_days": 0}, "replace_unused_days"),
    ],
    ids=str,
)
def test_a_policy_that_cannot_be_kept_is_refused(
    days: dict[str, Any], verification: dict[str, Any], where: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_policy(days, verification)
    assert refused.value.where == where


def test_options_that_are_not_given_keep_their_defaults() -> None:
    assert parse_policy({"max_age_days": None}, {"good_calls": None}) == Policy()
