# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook move_egress: the store's address changes, and at no moment is an API out of its reach.

The APIs of ministack (IAM's deny) and the CloudStack emulator (its list of sources) enforce true source addresses here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.egress_site import NEW, OLD, Site, Watch, changed, egress_site, words
from tests.support.servers import StartServer


@pytest.fixture
def site(lab_server: StartServer, tmp_path: Path) -> Iterator[Site]:
    with egress_site(lab_server, tmp_path) as made:
        yield made


@pytest.mark.slow
def test_the_store_moves_and_is_never_out_of_reach(site: Site) -> None:
    before = site.run("access", "--skip-tags", "prove")
    assert before.status == 0, before.output[-4000:]
    assert [site.lists(name) for name in site.keys] == [({OLD}, {OLD})] * 2
    site.declare((NEW, OLD))
    with Watch(site) as watch:
        predicted = site.run("move_egress", "--check", "--skip-tags", "prove")
        assert [site.lists(name) for name in site.keys] == [({OLD}, {OLD})] * 2, predicted.output[-3000:]

        stopped = site.run("move_egress")
        assert stopped.status != 0 and f"s1 leaves from {OLD}, and should leave from {NEW}" in words(stopped)
        assert [site.lists(name) for name in site.keys] == [({OLD, NEW}, {OLD, NEW})] * 2, stopped.output[-4000:]
        between = site.run("access", "--skip-tags", "prove")
        assert between.status == 0 and changed(between) == {"acme-aws": 0, "acme-cs": 0}, between.output[-4000:]

        site.way.address = NEW
        moved = site.run("move_egress")
        assert moved.status == 0 and changed(moved) == {"acme-aws": 2, "acme-cs": 2}, moved.output[-4000:]
        assert [site.lists(name) for name in site.keys] == [({NEW}, {NEW})] * 2
        assert f"acme-cs does without {OLD}. When every account does, take moving_from out" in words(moved)

        again = site.run("move_egress", "--skip-tags", "prove")
        assert again.status == 0 and changed(again) == {"acme-aws": 0, "acme-cs": 0}, again.output[-4000:]
    assert watch.calls > 10 and watch.lost == []


@pytest.mark.long
def test_a_move_that_does_not_work_is_told_with_what_became_of_the_old_address(site: Site) -> None:
    assert site.run("access", "--skip-tags", "prove").status == 0
    site.declare((NEW, OLD))
    # The operator's word is wrong: it still leaves from the old address, which AWS and CloudStack then refuse.
    wrong = site.run("move_egress", "--limit", "acme-aws,s1", "-e", "service_store_move_seen=true")
    assert wrong.status != 0
    assert f"acme-aws could not do without {OLD}, which could not be let in again" in words(wrong)
