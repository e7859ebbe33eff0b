# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No spelling of a secret survives the redactor."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import (
    HIDDEN,
    Redactor,
    fingerprint,
    spellings,
)


@given(st.text(min_size=4, max_size=40), st.text(max_size=20))
def test_a_known_secret_is_in_no_spelling_of_any_value(secret: str, around: str) -> None:
    redactor = Redactor()
    redactor.add([secret])
    for spelling in spellings(secret):
        text = around + spelling + around
        shown = redactor.value({"a": [text], text: 1})
        for found in (*shown["a"], *(key for key in shown if key != "a")):
            assert spelling not in found or spelling in around + HIDDEN + around


TOKEN = "c4nary/of+the=redactor?0123456789"


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_of_a_longer_text_gives_no_more_of_a_secret_than_its_edges(
    before: str, encode: Callable[[bytes], bytes]
) -> None:
    redactor = Redactor()
    redactor.add([TOKEN])
    written = encode(f"{before}{TOKEN}:after".encode()).decode()
    shown = redactor.text(f"Authorization: Basic {written}")
    assert HIDDEN in shown
    # What is left stands for the text around the secret and for a character at each of its edges.
    left = shown.removeprefix("Authorization: Basic ").partition(HIDDEN)
    assert len(left[0]) <= (len(before) * 8 + 5) // 6 + 1 and len(left[2]) <= len(written) - len(TOKEN) * 8 // 6 + 1


@pytest.mark.parametrize(
    "write", [lambda text: json.dumps({"key": text}), lambda text: quote(text, safe=""), quote_plus]
)
def test_a_secret_is_hidden_however_it_is_escaped(write: Callable[[str], str]) -> None:
    secret = 'c4nary "quoted"\\ & / +é'
    redactor = Redactor()
    redactor.add([secret])
    shown = redactor.text(f"sent {write(secret)}")
    assert HIDDEN in shown and "nary" not in shown and "quoted" not in shown


def test_short_words_are_not_blanked_out() -> None:
    redactor = Redactor()
    redactor.add(["abc", ""])
    assert redactor.text("abc") == "abc"


def test_a_fingerprint_tells_secrets_apart_without_telling_them() -> None:
    assert fingerprint("s3cret-one") != fingerprint("s3cret-two")
    assert "s3cret" not in json.dumps(fingerprint("s3cret-one"))
