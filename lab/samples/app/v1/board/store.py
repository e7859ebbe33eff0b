# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes in an SQLite file, which outlives releases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

MAX_AUTHOR, MAX_TEXT, SHOWN = 40, 500, 100


class Refused(ValueError):
    """A note that cannot be taken; the text says why."""


@dataclass(frozen=True)
class Note:
    id: int
    author: str
    text: str
    written: str


class Store:
    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as database:
            database.execute(
                "create table if not exists note (id integer primary key, author text not null, text not null, "
                "written text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')))"
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # One connection per use: the server answers each request in a thread of its own.
        database = sqlite3.connect(self._path, timeout=5)
        with closing(database), database:
            yield database

    def notes(self) -> list[Note]:
        """The latest notes, newest first."""
        with self._open() as database:
            rows = database.execute(
                "select id, author, text, written from note order by id desc limit ?", (SHOWN,)
            ).fetchall()
        return [Note(*row) for row in rows]

    def add(self, author: str, text: str) -> Note:
        author, text = author.strip(), text.strip()
        if not author or len(author) > MAX_AUTHOR:
            raise Refused(f"author: give 1 to {MAX_AUTHOR} characters")
        if not text or len(text) > MAX_TEXT:
            raise Refused(f"text: give 1 to {MAX_TEXT} characters")
        with self._open() as database:
            row = database.execute(
                "insert into note (author, text) values (?, ?) returning id, author, text, written", (author, text)
            ).fetchone()
        return Note(*row)

    def check(self) -> int:
        """How many notes there are; raises when the file cannot be read and written."""
        with self._open() as database:
            database.execute("begin immediate")
            count: int = database.execute("select count(*) from note").fetchone()[0]
        return count
