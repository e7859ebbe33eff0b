# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What taking a source restriction back promises: what is our own goes, what others share is asked for."""

from __future__ import annotations

import pytest

from .rotating import Rotating, rotating, running

__all__ = ["rotating", "running"]

ADDRESSES = ["127.0.0.0/8", "192.0.2.1"]


def test_what_is_our_own_goes_and_the_rest_is_asked_for(rotating: Rotating) -> None:
    if rotating.name == "aws":
        pytest.skip("moto takes no notice of conditions, so the policy would deny everything")
    run = rotating.store.run
    made = run("api_source_restriction", addresses=ADDRESSES)
    rotating.account.faults.reset()
    checked = run("api_source_restriction", addresses=ADDRESSES, state="absent", check=True, diff=True)
    assert rotating.account.writes() == []
    gone = run("api_source_restriction", addresses=ADDRESSES, state="absent", diff=True)
    assert gone["changed"] is checked["changed"] and gone["diff"] == checked["diff"]
    if made["applied_by"] == "store":
        assert gone["changed"] and gone["in_effect"] and gone["addresses"] == [] and "sheet" not in gone
        again = run("api_source_restriction", addresses=ADDRESSES, state="absent")
        assert not again["changed"] and again["in_effect"]
    else:
        assert not gone["changed"] and not gone["in_effect"] and "Take out: 127.0.0.0/8, 192.0.2.1/32" in gone["sheet"]
        assert rotating.account.writes() == []
