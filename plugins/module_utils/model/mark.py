# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark by which the store knows its own entries at the provider, without a state file of its own.

A mark is a short text in the provider's description or tag: ``svcstore:<store> owner=... ticket=... expires=...
reason=...``. It uses only characters that every provider takes (AWS: ``a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*``).
"""

from __future__ import annotations

import re

from .entry import Note
from .invalid import InvalidValue

PREFIX = "svcstore:"
_STORE = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
_UNSAFE = re.compile(r"[^A-Za-z0-9. _\-:/()#,@\[\]+=&;{}!$*]")
_FIELD = re.compile(r"\b(owner|ticket|expires)=(\S*)")
_REASON = re.compile(r"\breason=(.*)$")


def check_store(where: str, store: str) -> str:
    """Return a store's name when it can stand in a mark; raises InvalidValue otherwise."""
    if not _STORE.match(store):
        raise InvalidValue(where, store, "cannot mark entries; write 1 to 32 of a-z, 0-9 and -")
    return store


def write(store: str, note: Note, most_chars: int, where: str = "entries") -> str:
    """Return the mark; raises InvalidValue where what is said does not fit or has characters no provider takes."""
    for name in ("owner", "ticket", "expires"):
        value = getattr(note, name)
        if " " in value:
            raise InvalidValue(f"{where}.{name}", value, "has a space; the provider's description keeps single words")
    text = f"{PREFIX}{store} {note}".rstrip()
    bad = _UNSAFE.search(text)
    if bad:
        taken = "._-:/()#,@[]+=&;{}!$*"
        mend = f"has the character {bad.group()!r}, which providers refuse; use letters, digits and {taken}"
        raise InvalidValue(f"{where}", str(note), mend)
    if len(text) > most_chars:
        mend = f"is {len(text) - most_chars} characters too long for this provider; shorten the reason"
        raise InvalidValue(f"{where}.reason", note.reason, mend)
    return text


def read(text: str | None) -> tuple[str, Note]:
    """Return the store's name and the note of a mark; ``("", Note(reason=text))`` for anybody else's text."""
    text = text or ""
    if not text.startswith(PREFIX):
        return "", Note(reason=text)
    store, _gap, rest = text[len(PREFIX) :].partition(" ")
    fields = dict(_FIELD.findall(rest.partition("reason=")[0]))
    reason = _REASON.search(rest)
    note = Note(
        fields.get("owner", ""),
        fields.get("ticket", ""),
        fields.get("expires", ""),
        reason.group(1) if reason else "",
    )
    return store, note
