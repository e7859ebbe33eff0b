# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store: where credentials rest. Every backend keeps the same promises, held by one contract test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from ..core.errors import SecretStoreError

#: A record is a JSON object; its meaning belongs to whoever stores it.
Record = Mapping[str, Any]
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")


class SecretStore(Protocol):
    """Keeps records by name. All methods raise SecretStoreError; a missing name has the kind ``not_found``."""

    label: str

    def get(self, name: str) -> Record:
        """Return the record of that name."""

    def version(self, name: str) -> int:
        """Return the number of the record's present version, 0 where there is none."""

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Store a record and return its version.

        With ``expect`` the record must still have that version (0: must not exist), else SecretStoreError of the
        kind ``conflict`` and nothing is written.
        """

    def delete(self, name: str, expect: int | None = None) -> bool:
        """Remove a record with its versions, and what a killed removal left; return whether there was a record.

        With ``expect`` the record must still have that version (0: must not exist), else SecretStoreError of the
        kind ``conflict`` and nothing is removed.
        """

    def remnant(self, name: str) -> str | None:
        """Return in words what a killed removal left of a record that is gone; None where nothing is left."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted.

        A name may be among them whose removal was begun and is not finished; ``get`` knows no record of it.
        """


def check_name(label: str, name: str) -> str:
    """Return a record's name when every backend can keep it."""
    if not _NAME.match(name or ""):
        raise SecretStoreError(
            label, f"use the name {name!r}", "it has other characters than A-Z a-z 0-9 . _ -", kind="invalid"
        )
    return name


def check_expected(label: str, doing: str, expect: int | None, present: int) -> None:
    """Raise SecretStoreError (conflict) where a record is not at the version that is expected."""
    if expect is not None and expect != present:
        raise changed_meanwhile(label, doing, f"it is at version {present}, not {expect}")


def changed_meanwhile(label: str, doing: str, why: str) -> SecretStoreError:
    """Return the error for a record that is at another version than its reader knows."""
    text = f"{why}: somebody changed it at the same time"
    return SecretStoreError(label, doing, text, "run again", "conflict")


def half_removed(label: str, doing: str) -> SecretStoreError:
    """Return the error for a write where a removal was begun: what it still has to do would take the record along."""
    why = "its removal was begun and is not finished"
    return SecretStoreError(label, doing, why, "run again, or remove it with state: absent first", "conflict")


def missing(label: str, name: str, names: tuple[str, ...]) -> SecretStoreError:
    """Return the error for a name that is not there, with the nearest thing to help.

    ``names`` is what the store lists, which may be the name itself while its removal is not finished.
    """
    names = tuple(other for other in names if other != name)
    known = f"it holds {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}" if names else "it is empty"
    hint = "register it with strategic.service_store.cloud_credential or the playbook onboard"
    return SecretStoreError(label, f"read {name}", f"there is no such record; {known}", hint, kind="not_found")
