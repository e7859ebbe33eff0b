# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No spelling of a secret survives the redactor."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import (
    Redactor,
    fingerprint,
    spellings,
)


@given(st.text(min_size=4, max_size=40), st.text(max_size=20))
def test_a_known_secret_is_in_no_spelling_of_any_value(secret: str, around: str) -> None:
    redactor = Redactor()
    redactor.add([secret])
    texts = [around + spelling + around for spelling in spellings(secret)]
    shown = redactor.value({"a": texts, **dict.fromkeys(texts, 1)})
    flat = [*shown["a"], *(key for key in shown if key != "a")]
    hidden = "VALUE_HIDDEN"
    for text in flat:
        assert secret not in text or secret in hidden or secret in around + hidden + around


def test_short_words_are_not_blanked_out() -> None:
    redactor = Redactor()
    redactor.add(["abc", ""])
    assert redactor.text("abc") == "abc"


def test_a_fingerprint_tells_secrets_apart_without_telling_them() -> None:
    assert fingerprint("s3cret-one") != fingerprint("s3cret-two")
    assert "s3cret" not in json.dumps(fingerprint("s3cret-one"))
