# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a key is due: the policy of a credential and its age, weighed; pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .invalid import InvalidValue

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
OK, DUE, OVERDUE, EXPIRED = "ok", "due", "overdue", "expired"
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Policy:
    """How old a key may become, and how it is replaced. Days are whole days, ``*_s`` seconds.

    A key is due ``warn_before_days`` before it is ``max_age_days`` old or expires. ``lifetime_days`` is how long a
    new key is valid, None for no end of its own. ``expires_at`` is the end of the key that the customer handed over.
    ``replace_unused_days``: another key of the principal may go to make room when unused for so long, None for never.
    """

    max_age_days: int = 90
    warn_before_days: int = 14
    grace_days: int = 7
    lifetime_days: int | None = None
    expires_at: str = ""
    replace_unused_days: int | None = None
    good_calls: int = 3
    verify_every_s: float = 1.0
    verify_timeout_s: float = 60.0

    @property
    def grace(self) -> datetime.timedelta:
        """Return how long the old key is kept after the switch."""
        return self.grace_days * _DAY


def parse_policy(days: Mapping[str, Any], verification: Mapping[str, Any]) -> Policy:
    """Make a policy of a module's options; raises InvalidValue for one that cannot be kept."""
    given = {name: value for name, value in {**days, **verification}.items() if value is not None}
    policy = Policy(**given)
    _at_least("policy.max_age_days", policy.max_age_days, 1)
    _at_least("policy.warn_before_days", policy.warn_before_days, 0)
    _at_least("policy.grace_days", policy.grace_days, 0)
    _at_least("good_calls", policy.good_calls, 1)
    _at_least("verify_timeout_s", policy.verify_timeout_s, 0)
    _at_least("verify_every_s", policy.verify_every_s, 0)
    if policy.replace_unused_days is not None:
        _at_least("replace_unused_days", policy.replace_unused_days, 1)
    busy = policy.warn_before_days + policy.grace_days
    if busy >= policy.max_age_days:
        mend = f"must be more than warn_before_days and grace_days together ({busy}): a key would be due in its grace"
        raise InvalidValue("policy.max_age_days", policy.max_age_days, mend)
    if policy.lifetime_days is not None and policy.lifetime_days <= policy.max_age_days:
        mend = f"must be more than max_age_days ({policy.max_age_days}): the key would end before it is replaced"
        raise InvalidValue("policy.lifetime_days", policy.lifetime_days, mend)
    if policy.expires_at:
        instant(policy.expires_at, "policy.expires_at")
    return policy


def _at_least(where: str, value: float, least: int) -> None:
    if value < least:
        raise InvalidValue(where, value, f"is too small; the least is {least}")


def instant(text: str, where: str = "time") -> datetime.datetime:
    """Return the time of ``2026-11-22T04:30:00Z`` or of the day ``2026-11-22`` (its beginning, UTC)."""
    for form in (INSTANT, "%Y-%m-%d"):
        try:
            return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            continue
    raise InvalidValue(where, text, "is no time in UTC; write 2027-01-31 or 2027-01-31T00:00:00Z")


def written(moment: datetime.datetime) -> str:
    """Return a time as records have it."""
    return moment.astimezone(datetime.timezone.utc).strftime(INSTANT)


@dataclass(frozen=True)
class Due:
    """Whether a key has to be replaced: ok, due, overdue or expired; ``due_at`` is "" where its age is not known."""

    state: str
    due_at: str = ""

    @property
    def rotate(self) -> bool:
        """Return whether it is to be replaced now."""
        return self.state != OK


def due(policy: Policy, since: str, ends: str, now: datetime.datetime) -> Due:
    """Weigh a key that exists ``since`` and ``ends`` (each "" where not known). One of unknown age is due."""
    end = instant(ends) if ends else None
    if end and now >= end:
        return Due(EXPIRED, written(end - policy.warn_before_days * _DAY))
    if not since:
        return Due(DUE)
    limit = instant(since) + policy.max_age_days * _DAY
    if end and end < limit:
        limit = end
    start = limit - policy.warn_before_days * _DAY
    state = OVERDUE if now >= limit else DUE if now >= start else OK
    return Due(state, written(start))


def exists_since(meta: Mapping[str, Any], created_at: str = "") -> str:
    """Return since when a key exists: its rotation; else the earlier of its registration and the provider's word."""
    if meta.get("rotated_at"):
        return str(meta["rotated_at"])
    known = [str(value) for value in (meta.get("registered_at"), created_at) if value]
    return min(known, key=instant) if known else ""


def ends_at(policy: Policy, meta: Mapping[str, Any], told: str = "") -> str:
    """Return when a key ends: what the provider told; else what the operator wrote of the key handed over.

    The operator's date belongs to that key alone: after a rotation it says nothing any more.
    """
    if told:
        return told
    return "" if meta.get("rotated_at") else policy.expires_at


def known_state(policy: Policy, meta: Mapping[str, Any], told: str, now: datetime.datetime) -> dict[str, str]:
    """Return the state of a stored key and its dates, each "" where not known; ``told`` is its end by the provider."""
    ends = ends_at(policy, meta, told)
    found = due(policy, exists_since(meta), ends, now)
    late = written(instant(found.due_at) + policy.warn_before_days * _DAY) if found.due_at else ""
    return {"state": found.state, "due_at": found.due_at, "overdue_at": late, "expires_at": ends}
