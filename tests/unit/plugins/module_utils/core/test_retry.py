# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries and waits, with clock, sleep and chance injected."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry, asked_s
from ansible_collections.strategic.service_store.plugins.module_utils.core.waiting import Wait


def failing(times: int, transient: bool = True):
    def attempt(number: int) -> int:
        if number < times:
            raise ProviderError("p", "do it", "busy", "throttled", transient)
        return number

    return attempt


def test_a_transient_failure_is_tried_again_with_growing_bounds() -> None:
    slept: list[float] = []
    retry = Retry(4, base_s=1.0, most_s=5.0, sleep=slept.append, draw=lambda low, high: high)
    assert retry.call(failing(4)) == 4
    assert slept == [1.0, 2.0, 4.0, 5.0]


@pytest.mark.parametrize(("times", "transient"), [(3, True), (1, False)])
def test_a_failure_is_raised_when_tries_are_used_up_or_it_is_for_good(times: int, transient: bool) -> None:
    with pytest.raises(ProviderError, match="busy"):
        Retry(2, sleep=lambda s: None).call(failing(times, transient))


def asking(seconds: float):
    def attempt(number: int) -> int:
        if number == 0:
            raise ProviderError("p", "do it", "busy", "throttled", True, retry_after_s=seconds)
        return number

    return attempt


def test_a_provider_that_names_a_time_is_left_alone_that_long() -> None:
    slept: list[float] = []
    retry = Retry(4, base_s=1.0, sleep=slept.append, draw=lambda low, high: high)
    assert retry.call(asking(30.0)) == 1
    assert slept == [31.0]


@pytest.mark.parametrize(("times", "retried"), [(1, True), (0, False)])
def test_an_error_says_whether_an_earlier_attempt_may_have_worked(times: int, retried: bool) -> None:
    def attempt(number: int) -> None:
        raise ProviderError("p", "do it", "no", "no_permission" if number == times else "timeout", number < times)

    with pytest.raises(ProviderError) as caught:
        Retry(4, sleep=lambda s: None).call(attempt)
    assert caught.value.retried is retried


def test_a_provider_that_names_too_long_a_time_has_its_error_reported_at_once() -> None:
    with pytest.raises(ProviderError, match="busy"):
        Retry(4, sleep=lambda s: pytest.fail("waited")).call(asking(3600.0))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17.0), ("Thu, 01 Jan 1970 00:01:00 GMT", 50.0), ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0)]
    + [(None, 0.0), ("", 0.0), ("soon", 0.0), ("-3", 0.0)],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float) -> None:
    assert asked_s(header, now=lambda: 10.0) == seconds


def test_a_wait_that_times_out_says_what_was_last_seen() -> None:
    clock = iter(range(100))
    wait = Wait(frozenset({"up"}), every_s=1, at_most_s=3, sleep=lambda s: None, clock=lambda: float(next(clock)))
    with pytest.raises(ProviderError, match="not up after 3 s, last seen: pending") as caught:
        wait.poll("p", "wait for the job", lambda: "pending", str)
    assert caught.value.kind == "timeout"


def test_a_wait_ends_at_once_on_a_state_that_cannot_become_good() -> None:
    wait = Wait(frozenset({"up"}), frozenset({"failed"}), sleep=lambda s: None)
    with pytest.raises(ProviderError, match="its state became failed"):
        wait.poll("p", "wait", lambda: "failed", str)
