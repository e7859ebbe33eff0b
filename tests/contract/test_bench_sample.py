# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench` with little to do: it works, and the calls that it counts are the claim of the docs."""

from __future__ import annotations

import pytest

from tests.bench import allowlist, credentials
from tests.bench.play import took
from tests.bench.ways import OURS
from tools.bench.allowlist import STEPS
from tools.bench.credentials import Cost, table
from tools.bench.figures import Took

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_an_audit_by_age_asks_no_cloud_and_a_live_one_asks_once_for_each(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    said: list[str] = []
    # A folder named after the test would be too long for the sockets that Ansible makes below it.
    folder = tmp_path_factory.mktemp("bench")
    empty = took(folder / "empty", [])
    age, live = credentials.measure(folder, credentials.Plan(3, 1, 2, ("cloudstack",)), empty, said.append)
    assert (age.ours.credentials, age.ours.calls) == (3, 0)
    assert (live.ours.credentials, live.ours.calls_each) == (2, 1)
    # No second is judged; that a play which does something is no quicker than an empty one shows what was timed.
    assert empty.cpu_s < live.ours.median.cpu_s
    peer = live.peer
    assert isinstance(peer, str) or (isinstance(peer, Cost) and peer.calls_each == 1)
    text = "\n".join([table([age, live]), *said])
    assert "no age of a key" in text
    # The loop's items carry keys.
    assert "bench-api-key" not in text


def test_an_allowlist_of_ten_rules_takes_the_calls_that_the_sdk_needs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    plan = allowlist.Plan(sizes=((1, 10),), runs=1, loop=10, only=("aws",), alone=True)
    report = allowlist.measure(tmp_path_factory.mktemp("bench"), plan, Took(0.0, 0.0), lambda text: None)
    calls = {(line.way, line.step): line.figure.calls for line in report.lines}
    for way in (OURS, "boto3"):
        assert [calls[way, step] for step in STEPS] == [2, 1, 3], way
    assert len(calls) == 6 and not any(line.figure.reckoned for line in report.lines)
