# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs of access against real sockets: many at once, each judged by who may and who may not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.provider.probe import ProofFailed, prober


class Surroundings:
    """Options of a module, with a sleep that only counts."""

    def __init__(self, **params: Any) -> None:
        defaults = {"within_s": 0.0, "workers": 4, "timeout_s": 60.0, "tls": False, "expect": "allowed"}
        self.params = {**defaults, **params}
        self.slept: list[float] = []

    def keep_secret(self, *values: str | None) -> None:
        raise AssertionError("a connection needs no secret")

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[socket.socket]:
    """A socket that refuses connections until it listens, and keeps its port from everybody else."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.fixture
def closed_port(closed: socket.socket) -> int:
    port: int = closed.getsockname()[1]
    return port


def target(port: int, *allowed_from: str, **more: Any) -> dict[str, Any]:
    return {"address": "127.0.0.1", "port": port, "allowed_from": list(allowed_from), **more}


def test_each_target_is_judged_by_who_may_reach_it(open_port: int, closed_port: int) -> None:
    rows = [target(open_port, "store-1", subject="acme"), target(closed_port, "store-2")]
    probe = prober(Surroundings(targets=rows, source="store-1"))
    probe.run()
    facts = probe.facts()
    assert [one["outcome"] for one in facts["outcomes"]] == ["allowed", "refused"]
    assert [(one["expected"], one["ok"]) for one in facts["report"]] == [("allowed", True), ("refused", True)]
    assert facts["report"][0]["subject"] == "acme"
    assert "subject" not in facts["report"][1]


def test_one_wrong_outcome_fails_and_all_are_told(open_port: int, closed_port: int) -> None:
    probe = prober(Surroundings(targets=[target(open_port), target(closed_port)], source="store-3"))
    with pytest.raises(ProofFailed) as caught:
        probe.run()
    assert str(caught.value).startswith(
        f"access from store-3 to 127.0.0.1:{open_port} was allowed and should be refused"
    )
    assert str(closed_port) not in str(caught.value)
    assert [one["ok"] for one in caught.value.result["report"]] == [False, True]


def test_what_takes_time_to_spread_is_tried_again(closed: socket.socket, closed_port: int) -> None:
    surroundings = Surroundings(address="127.0.0.1", port=closed_port, within_s=60.0)

    def open_it(seconds: float) -> None:
        surroundings.slept.append(seconds)
        closed.listen()

    surroundings.sleep = open_it  # type: ignore[method-assign]
    probe = prober(surroundings)
    probe.run()
    facts = probe.facts()
    assert (facts["outcome"], facts["attempts"]) == ("allowed", 2)
    assert surroundings.slept == [2.0]
    assert facts["report"]["what"] == f"connect to 127.0.0.1:{closed_port}"


@pytest.mark.parametrize(("option", "value"), [("service", "rds"), ("services", ["sts", "rds"])])
def test_an_unknown_service_is_refused_before_any_connection(option: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"{option}: rds is not one of aws's: "):
        prober(Surroundings(provider="aws", credential="acme-aws", **{option: value}))
