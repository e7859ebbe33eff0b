# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks of addresses in a description that is somebody else's, too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack import marks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("svcstore:a(192.0.2.1 2001:db8::/48)", {"192.0.2.1/32": "a", "2001:db8::/48": "a"}, id="ours"),
        pytest.param(
            "x svcstore:a(192.0.2.1) y svcstore:b(192.0.2.2)", {"192.0.2.1/32": "a", "192.0.2.2/32": "b"}, id="two"
        ),
        pytest.param("svcstore:a(*)", {"*": "a"}, id="a whole group"),
        pytest.param("svcstore:a(192.0.2.1", {}, id="not closed"),
        pytest.param("svcstore:a(192.0.2.1/24 cafe 192.0.2.1)", {"192.0.2.1/32": "a"}, id="no prefixes"),
        pytest.param("svcstore:A(192.0.2.1)", {}, id="no store"),
    ],
)
def test_a_mark_is_read(text: str, found: dict[str, str]) -> None:
    assert marks.read(text) == found


@pytest.mark.parametrize(
    ("text", "cidrs", "made"),
    [
        pytest.param("", ["192.0.2.2/32", "192.0.2.1/32"], "svcstore:a(192.0.2.1 192.0.2.2)", id="sorted"),
        pytest.param("theirs", ["2001:db8::1/128"], "theirs svcstore:a(2001:db8::1)", id="behind their text"),
        pytest.param("svcstore:a(192.0.2.1) theirs", ["192.0.2.2/32"], "theirs svcstore:a(192.0.2.2)", id="moved"),
        pytest.param("svcstore:a(192.0.2.1) theirs", [], "theirs", id="first"),
        pytest.param(" theirs ", [], " theirs ", id="their blanks"),
        pytest.param("svcstore:b(192.0.2.1)", [], "svcstore:b(192.0.2.1)", id="another store's"),
    ],
)
def test_a_mark_is_written(text: str, cidrs: list[str], made: str) -> None:
    assert marks.with_marks(text, "a", cidrs) == made


@given(st.text(max_size=40).filter(lambda text: "svcstore:" not in text), st.sets(st.integers(0, 255), max_size=9))
def test_what_was_written_is_read_and_their_text_comes_back(text: str, numbers: set[int]) -> None:
    cidrs = {f"192.0.2.{number}/32" for number in numbers}
    made = marks.with_marks(text, "a", cidrs)
    assert marks.read(made) == dict.fromkeys(cidrs, "a")
    assert marks.with_marks(made, "a", []) == text
