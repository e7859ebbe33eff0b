# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a baseline and the play's choices to the one file of controls that a host gets."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .errors import BaselineInvalid
from .values import fill, misfit

FORMAT = 1
# What the host needs of a control; rationale and references stay with the controller.
_SENT = ("id", "title", "severity", "applies_to", "read", "want", "fix", "disruptive")


@dataclass(frozen=True)
class Bundle:
    """The bytes and their name."""

    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def name(self) -> str:
        return f"controls.{self.sha256}.json"


def pack(controls: list[dict[str, Any]]) -> Bundle:
    """Pack what the host needs of resolved controls."""
    sent = [{key: control[key] for key in _SENT if key in control} for control in controls]
    text = json.dumps({"format": FORMAT, "controls": sent}, separators=(",", ":"))
    return Bundle(text.encode("utf-8"))


def select(controls: list[dict[str, Any]], wanted: list[str], skipped: list[str]) -> list[dict[str, Any]]:
    """Controls whose id fits a pattern of `wanted` (all when empty) and none of `skipped`."""
    ids = [control["id"] for control in controls]
    for option, patterns in (("controls", wanted), ("skip", skipped)):
        for pattern in patterns:
            if not fnmatch.filter(ids, pattern):
                raise BaselineInvalid(f"{option}: {pattern} fits no control{_meant(pattern, ids)}")
    chosen = [
        control
        for control in controls
        if (not wanted or _fits(control["id"], wanted)) and not _fits(control["id"], skipped)
    ]
    if not chosen:
        raise BaselineInvalid("controls and skip together leave nothing to audit")
    return chosen


def resolve(controls: list[dict[str, Any]], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Fill the tunable values in. An unknown or unfit one raises BaselineInvalid before any host is asked."""
    declared = {name: value for control in controls for name, value in control.get("values", {}).items()}
    for name, value in given.items():
        if name not in declared:
            raise BaselineInvalid(f"values.{name}: no control has this value{_meant(name, list(declared))}")
        why = misfit(declared[name], value)
        if why:
            raise BaselineInvalid(f"values.{name}: {why}")
    filled = []
    for control in controls:
        values = {name: given.get(name, one["default"]) for name, one in control.get("values", {}).items()}
        parts = {part: fill(control[part], values) for part in ("read", "want", "fix")}
        filled.append({**control, **parts})
    return filled


def _fits(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""
