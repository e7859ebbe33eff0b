# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation: its journal, and what comes next; pure, so that a killed run and a whole one follow the same path.

    overlap:     creating -> created -> verified -> switched -> disabled (grace) -> done
    no overlap:  creating -> created -> switched -> verified -> done

Where a new key kills the old one at once, the store is switched before the new key is verified: no other is left.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .credential import Credential, parse_record
from .invalid import InvalidValue
from .key_age import Policy, instant

SUFFIX = ".rotation"
#: No secret store takes a record's name that is longer (secret_store/base.py), and the journal's name is one.
MOST_NAME_CHARS = 128 - len(SUFFIX)
KIND = "rotation"
CREATING, CREATED, VERIFIED, SWITCHED = "creating", "created", "verified", "switched"
DISABLED, DONE, ABANDONING = "disabled", "done", "abandoning"
PHASES = (CREATING, CREATED, VERIFIED, SWITCHED, DISABLED, DONE, ABANDONING)

BEGIN, RECOVER, CREATE, VERIFY, SWITCH = "begin", "recover", "create", "verify", "switch"
DISABLE, DELETE, FINISH, ABANDON, REST = "disable", "delete", "finish", "abandon", "rest"

#: AWS refuses a signature that is more than 15 minutes off; no clock here can be farther from the provider's.
LOST_WITHIN = datetime.timedelta(minutes=15)


@dataclass(frozen=True)
class Journal:
    """How far a rotation has come; a record of the secret store, since it holds secrets.

    ``before`` are the ids of all keys before it began, ``spare`` one of them that goes to make room. ``tried_at`` is
    when the present attempt to make a key began. ``used_before`` is the old key's last use when it was disabled.
    ``holder`` is the run that works on it, empty in the grace period.
    """

    phase: str
    label: str
    started_at: str
    tried_at: str
    old_id: str
    before: tuple[str, ...]
    old: Credential = field(repr=False)
    new: Credential | None = field(default=None, repr=False)
    new_id: str = ""
    spare: str = ""
    switched_at: str = ""
    disabled_at: str = ""
    used_before: str = ""
    holder: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the record as it is put into a secret store."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        new = self.new.record() if self.new else None
        return {
            "kind": KIND,
            **plain,
            "before": list(self.before),
            "old": self.old.record(),
            "new": new,
            "holder": dict(self.holder),
        }


_PLAIN = (
    "phase",
    "label",
    "started_at",
    "tried_at",
    "old_id",
    "new_id",
    "spare",
    "switched_at",
    "disabled_at",
    "used_before",
)


def has_journal(name: str) -> bool:
    """Return whether a credential of this name can have a journal; one that was registered long ago may be too long."""
    return len(name) <= MOST_NAME_CHARS


def check_name(name: str) -> None:
    """Refuse a credential's name that leaves no room for that of its journal; raises InvalidValue."""
    if not has_journal(name):
        mend = (
            f"has {len(name)} characters; at most {MOST_NAME_CHARS} are allowed, since the journal of its rotation is "
            f"kept under this name with {SUFFIX} after it. Take a shorter name"
        )
        raise InvalidValue("credential", name, mend)


def parse_journal(name: str, record: Mapping[str, Any]) -> Journal:
    """Make a journal of the record stored for the credential ``name``; raises InvalidValue where it is none."""
    if record.get("kind") != KIND or record.get("phase") not in PHASES:
        raise InvalidValue("credential", name + SUFFIX, "is no journal of a rotation; move that record away")
    plain = {key: str(record.get(key) or "") for key in _PLAIN}
    new = record.get("new")
    return Journal(
        **plain,
        before=tuple(record.get("before") or ()),
        old=parse_record(name, record["old"]),
        new=parse_record(name, new) if new else None,
        holder=record.get("holder") or {},
    )


@dataclass(frozen=True)
class State:
    """What the next step depends on.

    ``sure``: nothing can be left of an earlier attempt to make a key. ``wanted``: a new key is wanted. ``hurry``: it
    is wanted so much that a grace period ends for it.
    """

    phase: str = ""
    sure: bool = False
    disabled_at: str = ""
    wanted: bool = False
    hurry: bool = False


def state_of(journal: Journal | None, *, sure: bool, wanted: bool, hurry: bool) -> State:
    """Return the state that a journal stands for."""
    if journal is None:
        return State("", sure, "", wanted, hurry)
    return State(journal.phase, sure, journal.disabled_at, wanted, hurry)


def next_step(state: State, overlap: bool, policy: Policy, now: datetime.datetime) -> str:
    """Return the next step; REST where there is nothing to do at present."""
    if not state.phase:
        return BEGIN if state.wanted else REST
    if state.phase == CREATING:
        return CREATE if state.sure else RECOVER
    if state.phase == CREATED:
        return VERIFY if overlap else SWITCH
    if state.phase == VERIFIED:
        return SWITCH if overlap else FINISH
    if state.phase == SWITCHED:
        return DISABLE if overlap else VERIFY
    if state.phase == DISABLED:
        return DELETE if state.hurry or now >= instant(state.disabled_at) + policy.grace else REST
    return ABANDON if state.phase == ABANDONING else FINISH


_AFTER = {
    BEGIN: CREATING,
    RECOVER: CREATING,
    CREATE: CREATED,
    VERIFY: VERIFIED,
    SWITCH: SWITCHED,
    DISABLE: DISABLED,
    DELETE: DONE,
    FINISH: "",
    ABANDON: "",
}


def after(state: State, step: str, now: str) -> State:
    """Return the state that a step leads to when all goes well."""
    done = replace(state, phase=_AFTER[step])
    if step in (BEGIN, RECOVER):
        return replace(done, sure=True)
    if step == SWITCH:
        return replace(done, wanted=False)
    if step == DISABLE:
        return replace(done, disabled_at=now, hurry=False)
    return done


def outlook(state: State, overlap: bool, policy: Policy, now: datetime.datetime) -> tuple[str, ...]:
    """Return every step that a run takes from here when all goes well."""
    steps: list[str] = []
    while True:
        step = next_step(state, overlap, policy, now)
        if step == REST:
            return tuple(steps)
        steps.append(step)
        state = after(state, step, now.strftime("%Y-%m-%dT%H:%M:%SZ"))


def lost_by_label(journal: Journal, keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return, of (id, label), the keys of this rotation whose secret nobody has."""
    known = {*journal.before, journal.new_id}
    return tuple(key for key, label in keys if label == journal.label and key not in known)


def lost_by_time(journal: Journal, keys: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    """Return, of (id, created at, last use), the keys that only this rotation can have made.

    They were not there before, nobody ever used them, and they came about when this rotation sent its call.
    """
    known = {*journal.before, journal.new_id}
    tried = instant(journal.tried_at)
    return tuple(
        key
        for key, created, used in keys
        if key not in known and not used and (not created or abs(instant(created) - tried) <= LOST_WITHIN)
    )


def tripped(journal: Journal, last_use: str) -> bool:
    """Return whether the old key was used after the switch.

    The use known when it was disabled is left out too, so that a clock that is behind the provider's raises no alarm.
    """
    if not last_use:
        return False
    known = [text for text in (journal.switched_at, journal.used_before) if text]
    return all(instant(last_use) > instant(text) for text in known)
