# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX: the records that credential types inject into a job, as files or environment variables. It is read-only.

``SERVICE_STORE_AWX_FILE`` (and any ``SERVICE_STORE_AWX_FILE_<X>``) is the path of a JSON file, and
``SERVICE_STORE_AWX_RECORD`` (and any ``SERVICE_STORE_AWX_RECORD_<X>``) is JSON itself. Both hold one record with its
``name``, or several by name. A job may have one credential of each type, so each type takes a suffix of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..core.errors import SecretStoreError
from .base import Record, check_name, missing
from .key import read_file

FILE_ENV, RECORD_ENV = "SERVICE_STORE_AWX_FILE", "SERVICE_STORE_AWX_RECORD"
HINT = "change the credential in AWX, or use another type of secret_store for what is written"


def open_awx(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> Awx:
    """Return the store for ``{type: awx, path}``; ``path`` is one more file, as from an extra variable."""
    path = option.get("path")
    return Awx(dict(_all_records(str(path) if path else None, os.environ)))


class Awx:
    """Holds what was injected when the job began; every record has the version 1."""

    label = "awx"
    read_only = True

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records

    def get(self, name: str) -> Record:
        """Return the record of that name."""
        if name not in self._records:
            raise missing(self.label, name, self.names())
        return self._records[name]

    def version(self, name: str) -> int:
        """Return 1, or 0 where there is no such record."""
        return int(name in self._records)

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Refuse: a job cannot change AWX's credentials."""
        raise SecretStoreError(self.label, f"write {name}", "AWX's credentials are read-only here", HINT, "read_only")

    def delete(self, name: str, expect: int | None = None) -> bool:
        """Refuse: a job cannot change AWX's credentials."""
        raise SecretStoreError(self.label, f"delete {name}", "AWX's credentials are read-only here", HINT, "read_only")

    def remnant(self, name: str) -> str | None:
        """Return None: nothing is removed here."""
        return None

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted."""
        return tuple(sorted(self._records))


def _all_records(path: str | None, environ: Mapping[str, str]) -> Iterator[tuple[str, Record]]:
    seen: dict[str, str] = {}
    for source, text in _texts(path, environ):
        for name, record in _records(source, text):
            check_name(Awx.label, name)
            if name in seen:
                why = f"{seen[name]} and {source} both hold {name}"
                raise SecretStoreError(Awx.label, "read it", why, "remove one of the job's credentials", "invalid")
            seen[name] = source
            yield name, record


def _texts(path: str | None, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield where JSON comes from, and the JSON."""
    if path:
        yield path, read_file(Awx.label, path, "read it")
    for variable, value in sorted(environ.items()):
        if variable == FILE_ENV or variable.startswith(FILE_ENV + "_"):
            yield variable, read_file(Awx.label, value, "read it")
        elif variable == RECORD_ENV or variable.startswith(RECORD_ENV + "_"):
            yield variable, value


def _records(source: str, text: str) -> Iterator[tuple[str, Record]]:
    """Yield the records of one JSON text. An error names the source and never what is in it."""
    why = f"{source} does not hold a record with its name, or records by name, as JSON"
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise SecretStoreError(Awx.label, "read it", why, "mend the credential type", "damaged") from exc
    if isinstance(found, dict) and isinstance(found.get("name"), str):
        name = found.pop("name")
        found = {name: found}
    if not isinstance(found, dict) or not all(isinstance(record, dict) for record in found.values()):
        raise SecretStoreError(Awx.label, "read it", why, "mend the credential type", "damaged")
    yield from found.items()
