# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which notices about a credential have gone out; a record beside the credential's own, without any secret. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .invalid import InvalidValue

SUFFIX = ".notice"
KIND = "notice"


@dataclass(frozen=True)
class Notice:
    """One notice: of one state of a credential, through one channel, on one day (UTC, as 2026-11-22)."""

    credential: str
    about: str
    channel: str
    day: str

    @property
    def id(self) -> str:
        """Return a name that is the same however often the notice is sent, so that a receiver can drop the second."""
        text = "\n".join((self.credential, self.about, self.channel, self.day))
        return f"{self.day}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def sent(name: str, record: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """Return what went out last by channel, out of the record ``name``; raises InvalidValue where it is none."""
    if record is None:
        return {}
    found = record.get("sent")
    if record.get("kind") != KIND or not isinstance(found, Mapping):
        raise InvalidValue("credential", name, "is no record of notices; move that record away")
    return {str(channel): dict(last) for channel, last in found.items()}


def with_claim(notice: Notice, before: Mapping[str, Mapping[str, str]]) -> dict[str, Any] | None:
    """Return the record with this notice as sent; None where it says so already."""
    mine = {"about": notice.about, "day": notice.day}
    if dict(before.get(notice.channel) or {}) == mine:
        return None
    return _record({**before, notice.channel: mine})


def without_claim(notice: Notice, before: Mapping[str, Mapping[str, str]]) -> dict[str, Any] | None:
    """Return the record without this notice; None where it does not say that it was sent."""
    mine = {"about": notice.about, "day": notice.day}
    if dict(before.get(notice.channel) or {}) != mine:
        return None
    return _record({channel: last for channel, last in before.items() if channel != notice.channel})


def _record(channels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {"kind": KIND, "sent": {channel: dict(last) for channel, last in channels.items()}}
