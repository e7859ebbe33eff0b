# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that somebody else has are refused with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.components.networks import Taken, find_clash, refuse_foreign
from lab.errors import LabError
from lab.isolation import rules
from lab.podman import Podman
from lab.topology import NETWORKS, PUBLIC

PODMAN = Podman(Path("/nowhere/containers.conf"), "service-store.lab=/srv/lab")


@pytest.mark.parametrize(
    ("subnet", "clashes"),
    [
        pytest.param("10.203.0.0/24", True, id="the same"),
        pytest.param("10.203.3.64/26", True, id="a part"),
        pytest.param("10.200.0.0/13", True, id="around it"),
        pytest.param("10.203.0.7", True, id="one address"),
        pytest.param("10.204.0.0/16", False, id="beside it"),
        pytest.param("0.0.0.0/0", False, id="a default route is no use"),
        pytest.param("fd00::/8", False, id="the other family"),
    ],
)
def test_a_subnet_in_use_is_a_clash(subnet: str, clashes: bool) -> None:
    found = find_clash(NETWORKS, [Taken(subnet, "interface vpn0")])
    assert (found is not None) == clashes
    if found:
        assert "interface vpn0" in found and "remove that" in found


def test_nothing_in_use_is_no_clash() -> None:
    assert find_clash(NETWORKS, []) is None


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        pytest.param({}, "podman network rm lab-public", id="not made by a lab"),
        pytest.param({"service-store.lab": "/srv/other"}, "LAB_DIR=/srv/other python -m lab down", id="another lab"),
    ],
)
def test_a_network_of_somebody_else_is_refused_with_the_command(labels: dict[str, str], words: str) -> None:
    row: dict[str, Any] = {"name": PUBLIC.name, "labels": labels}
    with pytest.raises(LabError, match=words):
        refuse_foreign(PUBLIC, row, PODMAN)


def test_our_own_network_is_ours() -> None:
    refuse_foreign(PUBLIC, {"name": PUBLIC.name, "labels": {"service-store.lab": "/srv/lab"}}, PODMAN)


def test_the_filter_drops_what_enters_or_leaves_an_internal_bridge() -> None:
    text = rules({"lab-os": "podman3"})
    assert 'iifname "podman3" oifname != "podman3" counter drop' in text
    assert 'oifname "podman3" iifname != "podman3" counter drop' in text
