# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark survives its way to the provider and back, whatever is said about an entry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model import mark
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Note
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

WORD = st.text("abcABC019._-:/()#,@[]+;{}!$*", max_size=20)
LINE = st.text("abc 019._-:/()#,@[]+=&;{}!$*", max_size=60).map(str.strip)


@given(st.builds(Note, owner=WORD, ticket=WORD, expires=st.sampled_from(["", "2027-01-31"]), reason=LINE))
def test_a_mark_reads_back_as_it_was_written(note: Note) -> None:
    assert mark.read(mark.write("store-a", note, 1000)) == ("store-a", note)


def test_a_text_of_somebody_else_carries_no_mark() -> None:
    assert mark.read("web team, do not touch") == ("", Note(reason="web team, do not touch"))
    assert mark.read(None) == ("", Note())


@pytest.mark.parametrize(
    ("note", "words"),
    [
        pytest.param(Note(owner="web team"), "has a space", id="space in a word"),
        pytest.param(Note(reason='say "hi"'), "which providers refuse", id="character"),
        pytest.param(Note(reason="x" * 300), "characters too long", id="length"),
    ],
)
def test_what_no_provider_keeps_is_refused_before_it_is_sent(note: Note, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        mark.write("store-a", note, 255)


@pytest.mark.parametrize("store", ["", "Store", "a b", "-a", "x" * 33])
def test_a_store_that_cannot_stand_in_a_mark_is_refused(store: str) -> None:
    with pytest.raises(InvalidValue, match="cannot mark entries"):
        mark.check_store("store", store)
