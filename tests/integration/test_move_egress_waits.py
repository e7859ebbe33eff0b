# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook move_egress where an old address has to stay: until the last host has left it, and others have acted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.egress_site import NEW, OLD, Site, changed, egress_site, words
from tests.support.servers import StartServer

pytestmark = pytest.mark.long
OTHER = "127.0.0.4"


def held(site: Site) -> list[tuple[set[str], set[str]]]:
    return [site.lists(name) for name in site.keys]


def test_an_address_stays_until_the_last_host_has_left_it(lab_server: StartServer, tmp_path: Path) -> None:
    with egress_site(lab_server, tmp_path, hosts=2) as site:
        first, second = site.ways
        before = site.run("access", "--skip-tags", "prove")
        assert before.status == 0, before.output[-4000:]
        site.declare((NEW, OLD), (OTHER, OLD))
        assert site.run("access", "--skip-tags", "prove").status == 0
        first.address = NEW

        alone = site.run("move_egress", "--limit", "acme-cs,s1", "--skip-tags", "prove")
        assert alone.status != 0, alone.output[-4000:]
        assert "s1, s2 of acme-cs are not all part of this run, so nothing was taken out" in words(alone)

        half = site.run("move_egress", "--skip-tags", "prove")
        assert half.status != 0, half.output[-4000:]
        assert f"s2 leaves from {OLD}, and should leave from {OTHER}" in words(half)
        assert held(site) == [({OLD, NEW, OTHER}, {OLD, NEW, OTHER})] * 2

        second.address = OTHER
        whole = site.run("move_egress", "--skip-tags", "prove")
        assert whole.status == 0, whole.output[-4000:]
        assert held(site) == [({NEW, OTHER}, {NEW, OTHER})] * 2


def test_where_others_keep_the_list_their_word_or_the_operators_is_waited_for(
    lab_server: StartServer, tmp_path: Path
) -> None:
    """CloudStack's role lets the store neither read nor change the list of sources."""
    with egress_site(lab_server, tmp_path, allowed=()) as site:
        only = ["--limit", "acme-cs,s1", "--skip-tags", "prove"]
        assert site.run("access", *only).status == 0
        site.declare((NEW, OLD))
        site.way.address = NEW
        waits = site.run("move_egress", *only)
        assert waits.status == 0, waits.output[-4000:]
        assert f"{OLD} stays until the provider's staff has let the new address in" in words(waits)
        group, _unread = site.lists("acme-cs")
        assert group == {OLD, NEW}
        request = (site.folder / "rendered" / "acme-cs-source-restriction.md").read_text()
        assert NEW in request

        told = site.run("move_egress", *only, "-e", "service_store_move_applied=true")
        assert told.status == 0 and changed(told)["acme-cs"] >= 1, told.output[-4000:]
        group, _unread = site.lists("acme-cs")
        assert group == {NEW}
        assert "is asked to take it out of the list of sources" in words(told)
