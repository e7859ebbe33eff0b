# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page. Everything that a visitor wrote is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .store import KINDS, MAX_AUTHOR, MAX_TEXT, Note

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Status board</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}
li{{margin:.6rem 0}}small{{color:#666}}input,textarea{{font:inherit;width:100%;box-sizing:border-box}}</style></head>
<body><h1>Status board</h1>
<form method="post" action="/"><label>Name <input name="author" maxlength="{max_author}" required></label>
<label>Note <textarea name="text" maxlength="{max_text}" required></textarea></label>
<label>Kind <select name="kind">{kinds}</select></label> <button>Leave it</button></form>
<ol reversed>{notes}</ol><p><small>release {version}</small></p></body></html>
"""


def render(notes: Sequence[Note], version: str) -> str:
    kinds = "".join(f"<option>{kind}</option>" for kind in KINDS)
    return PAGE.format(
        notes="".join(map(item, notes)), version=escape(version), max_author=MAX_AUTHOR, max_text=MAX_TEXT, kinds=kinds
    )


def item(note: Note) -> str:
    kind, author, written = (escape(part) for part in (note.kind, note.author, note.written))
    return f"<li>{escape(note.text)}<br><small>{kind}, {author}, {written}</small></li>"
