# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an API behind a tunnel does not answer."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_probe import (
    Attempt,
    table_of,
    why_silent,
)

TABLE = table_of("acme-vpn-1")
SILENT = Attempt(False, "ETIMEDOUT")


def counted(**more: int) -> dict[str, dict[str, int]]:
    return {TABLE: {"allowed": 5, "unnamed_to_far": 2, "unnamed_from_far": 0, "in_clear": 1, **more}}


@pytest.mark.parametrize(
    ("tried", "after", "cause", "words"),
    [
        pytest.param(SILENT, counted(unnamed_to_far=3), "ACL", "counted them in unnamed_to_far", id="our filter"),
        pytest.param(SILENT, counted(allowed=6, unnamed_from_far=1), "ACL", "unnamed_from_far", id="answers refused"),
        pytest.param(SILENT, counted(in_clear=2), "route", "left without ESP", id="beside the tunnel"),
        pytest.param(SILENT, counted(allowed=6), "timeout", "nothing came back", id="went and nothing came back"),
        pytest.param(SILENT, counted(), "route", "no packet came to the filter", id="never came to the gateway"),
        pytest.param(SILENT, {}, "timeout", "nothing came back", id="no filter of ours"),
        pytest.param(Attempt(False, "ENETUNREACH"), counted(), "route", "no route to it here", id="no route"),
        pytest.param(
            Attempt(False, "EHOSTUNREACH", 1, "10.1.0.1"), counted(), "route", "10.1.0.1 knows no way", id="router"
        ),
        pytest.param(Attempt(False, "EHOSTUNREACH", 13, "10.2.0.1"), {}, "ACL", "10.2.0.1 answered", id="prohibited"),
        pytest.param(Attempt(False, "EPERM"), {}, "ACL", "this host's own filter", id="own filter"),
        pytest.param(Attempt(False, "ECONNREFUSED"), counted(allowed=6), "refused", "refused by", id="refused"),
        pytest.param(Attempt(False, "gaierror"), {}, "timeout", "nothing came back", id="anything else"),
    ],
)
def test_the_cause_is_told_apart(tried: Attempt, after: dict[str, dict[str, int]], cause: str, words: str) -> None:
    why = why_silent(tried, counted(), after)
    assert why and why["cause"] == cause and words in why["evidence"] and why["mend"]


def test_an_api_that_answers_has_no_cause() -> None:
    assert why_silent(Attempt(True), counted(), counted(unnamed_to_far=99)) is None


def test_a_table_that_is_new_counts_from_nothing() -> None:
    why = why_silent(SILENT, {}, counted())
    assert why and why["cause"] == "route"
