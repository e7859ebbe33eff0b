# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a rotation change, for plan and diff; pure. The new key has no id before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .plan import Change
from .rotation import ABANDON, BEGIN, CREATE, DELETE, DISABLE, SWITCH


@dataclass(frozen=True)
class Ids:
    """The keys that matter: ``old`` and ``new`` of the journal, ``current`` in the store, ``spare`` that goes."""

    old: str = ""
    new: str = ""
    current: str = ""
    spare: str = ""


def changes(name: str, steps: Sequence[str], ids: Ids, fate: str) -> list[tuple[str, Change]]:
    """Return each change with its step; ``fate`` says what becomes of an old key at the switch."""
    found: list[tuple[str, Change]] = []
    old = ids.old
    for step in steps:
        if step == BEGIN:
            old = ids.current
        if step == CREATE and ids.spare:
            found.append((step, Change("remove", f"key {ids.spare}", f"key {ids.spare}: unused", None, name)))
        if step == CREATE:
            found.append((step, Change("add", "new key", None, "new key: in use", name)))
        elif step == SWITCH:
            found.append(
                (step, Change("update", "secret store", f"secret store: key {old}", "secret store: new key", name))
            )
        elif step == DISABLE:
            found.append((step, Change("update", f"key {old}", f"key {old}: in use", f"key {old}: {fate}", name)))
        elif step == DELETE:
            found.append((step, Change("remove", f"key {old}", f"key {old}: {fate}", None, name)))
        elif step == ABANDON:
            found.append((step, Change("remove", f"key {ids.new}", f"key {ids.new}: not in use", None, name)))
    if steps and not found:
        found.append((steps[-1], Change("remove", "journal", "journal: all done but its removal", None, name)))
    return found
