# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change of a pre-shared key in its record: a successor beside the key, then the former key beside the new one.

A record is written at once, so that a run that is killed leaves one of these: the key alone, the key and its successor
(``next``), the key and its predecessor (``switched``). The key in use is always ``secrets.psk``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from .key_age import instant, written

KEY, NEXT, PREVIOUS = "psk", "psk_next", "psk_previous"
#: When each of them was made or taken over, in a record's ``meta``.
MADE = {KEY: "made_at", NEXT: "next_made_at", PREVIOUS: "previous_made_at"}
#: What a rotation has come to.
NONE, BEGUN, SWITCHED = "none", "next", "switched"


def keys(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of a record by their field, the one in use first."""
    secrets = record.get("secrets") or {}
    return {field: str(secrets[field]) for field in (KEY, NEXT, PREVIOUS) if secrets.get(field)}


def stage(record: Mapping[str, Any]) -> str:
    """Return what a rotation has come to: none, next (a successor waits) or switched (the former key is kept)."""
    return stage_of(keys(record))


def stage_of(held: Mapping[str, str | None]) -> str:
    """Return what a rotation has come to by the fields of the keys that are there."""
    return BEGUN if NEXT in held else SWITCHED if PREVIOUS in held else NONE


def alone(record: Mapping[str, Any], field: str = KEY) -> dict[str, Any]:
    """Return a record with one of its keys as ``psk``, as another end is given it; without secrets where it has none.

    What is no pre-shared key is returned as it is.
    """
    if record.get("kind") != "psk":
        return dict(record)
    held = keys(record)
    made = (record.get("meta") or {}).get(MADE[field])
    secrets = {KEY: held[field]} if field in held else {}
    return _with(record, secrets, {MADE[KEY]: made} if made else {})


def split(name: str) -> tuple[str, str]:
    """Return record and field of ``name`` or ``name.psk_next``."""
    record, dot, field = name.rpartition(".")
    return (record, field) if dot and field in (NEXT, PREVIOUS) else (name, KEY)


def begun(record: Mapping[str, Any], key: str, now: datetime.datetime) -> dict[str, Any]:
    """Return the record with a successor of its key."""
    return _with(record, {**keys(record), NEXT: key}, {**_made(record), MADE[NEXT]: written(now)})


def switched(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with its successor as the key, and the former key kept."""
    held, made = keys(record), _made(record)
    moved = {KEY: made.get(MADE[NEXT]), PREVIOUS: made.get(MADE[KEY])}
    secrets = {KEY: held[NEXT], PREVIOUS: held[KEY]}
    return _with(record, secrets, {MADE[field]: at for field, at in moved.items() if at})


def retired(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record without the former key."""
    held, made = keys(record), _made(record)
    held.pop(PREVIOUS, None)
    made.pop(MADE[PREVIOUS], None)
    return _with(record, held, made)


def due(record: Mapping[str, Any], max_age_days: int | None, now: datetime.datetime) -> bool:
    """Return whether the key is so many days old; one of unknown age is, and without a limit every key is."""
    since = str((record.get("meta") or {}).get(MADE[KEY]) or "")
    return max_age_days is None or not since or now >= instant(since) + datetime.timedelta(days=max_age_days)


def _made(record: Mapping[str, Any]) -> dict[str, Any]:
    meta = record.get("meta") or {}
    return {name: meta[name] for name in MADE.values() if name in meta}


def _with(record: Mapping[str, Any], secrets: Mapping[str, str], made: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in (record.get("meta") or {}).items() if name not in MADE.values()}
    return {**record, "version": 1, "kind": "psk", "secrets": dict(secrets), "meta": {**kept, **made}}
