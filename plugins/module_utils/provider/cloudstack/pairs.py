# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between CloudStack's key pairs of 4.23 (ApiKeyPairResponse) and keys."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ..base import Key


def as_key(pair: Mapping[str, Any]) -> Key:
    """Return a pair as a key, its id being the API key, as a credential has it."""
    return Key(
        str(pair["apikey"]),
        str(pair.get("state", "ENABLED")).upper() == "ENABLED",
        label=str(pair.get("name") or ""),
        created_at=_utc(pair.get("created")),
        expires_at=_utc(pair.get("enddate")),
    )


def rules_of(pair: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rules of a pair as registerUserKeys takes them, first ones first; none where none is its own."""
    names = ("rule", "permission", "description")
    return [{name: str(rule[name]) for name in names if rule.get(name)} for rule in pair.get("permissions") or ()]


def in_utc(expires_at: str) -> str:
    """Return an end as CloudStack takes it, with the offset written out; "" for none."""
    return expires_at.replace("Z", "+0000")


def _utc(text: Any) -> str:
    """Return CloudStack's time (2026-08-20T08:51:52-0300) in UTC; "" for none."""
    if not text:
        return ""
    found = datetime.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S%z")
    return found.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
