# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every spelling in which something that a run leaves could hold a secret, and the search for them.

It shares nothing with the product's own redactor, so that what one of them forgets the other may still know.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

#: What is shorter may be anybody's, and a search that finds it says nothing.
SHORTEST = 8
#: White space, and line ends as a JSON string or a Python repr has them: tools wrap base64 and hex at their own width.
_WRAPS = re.compile(rb"\s+|\\+[nr]")


class Search:
    """Looks for some secrets in whatever a run left."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = ((text.encode(), form) for one in secrets for part in _parts(one) for form, text in spellings(part))
        # Of a secret of letters and digits several forms are the same; the first tells most.
        self._written: dict[bytes, str] = {}
        for text, form in found:
            self._written.setdefault(text, form)
        if not self._written:
            raise ValueError("there is no secret to look for")

    def seen_in(self, content: bytes) -> list[str]:
        """Return the names of the forms in which a secret is there, wrapped lines put together as well."""
        joined = _WRAPS.sub(b"", content)
        return sorted({form for text, form in self._written.items() if text in content or text in joined})


def spellings(secret: str) -> Iterator[tuple[str, str]]:
    """Yield ways to write a secret, each with the name of its form: raw, encoded once, or encoded within a text."""
    if len(secret) < SHORTEST:
        raise ValueError(f"{len(secret)} characters are too few to be looked for; take {SHORTEST} at least")
    raw = secret.encode()
    yield "raw", secret
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield "url-encoded", quoted
        yield "url-encoded", re.sub("%..", lambda found: found[0].lower(), quoted)
    for only_ascii in (True, False):
        once = json.dumps(secret, ensure_ascii=only_ascii)[1:-1]
        yield "JSON-escaped", once
        # RFC 8259, section 7 lets a slash be escaped, and some writers do.
        yield "JSON-escaped", once.replace("/", "\\/")
        # A message that is JSON within a result that is JSON.
        yield "JSON in JSON", json.dumps(once, ensure_ascii=only_ascii)[1:-1]
    yield "Python repr", repr(secret)[1:-1]
    yield "hex", raw.hex()
    yield "hex", raw.hex().upper()
    for name, encode in (("base64", base64.b64encode), ("urlsafe base64", base64.urlsafe_b64encode)):
        for text in _within(raw, encode):
            yield name, text
            yield f"{name}, url-encoded", quote(text, safe="")
            yield f"{name}, JSON-escaped", text.replace("/", "\\/")


def _within(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """Yield what is surely of a secret in the base64 of any text that holds it, by where in three bytes it begins.

    Whatever stands before and after shares a character with it at either end; those are left out, and so is padding.
    """
    for before, mixed in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(raw)) * 8 // 6
        yield encode(b"\0" * before + raw).decode("ascii")[mixed:whole]


def _parts(secret: str) -> Iterator[str]:
    """Yield the secret, and of one with several lines each that tells: YAML indents them, a traceback cuts them."""
    yield secret
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= 2 * SHORTEST and not line.startswith("-----"))
