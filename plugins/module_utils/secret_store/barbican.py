# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenStack's key manager Barbican: one secret for each version of a record.

Barbican's names are not unique, a payload is written once, and there is no check-and-set. So a write lays down a
secret without a payload as its claim to the next version, looks whether it is the only one, and writes the payload
only then. Of two claims the one that looks later sees the other and gives way, and often both do: never do two win.
A claim that a writer has seen for LEASE_S is a dead writer's and is cleared away; should that one live after all, its
payload finds no secret to go into. A removal that expects a version makes such a claim too, and removes the version
while others give way. No clocks are compared. This needs a key manager whose reads show every write that
was answered before, as on one database; replicas that lag do not.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import SecretStoreError
from .barbican_client import BarbicanClient, connect
from .base import Record, changed_meanwhile, check_expected, check_name, missing

DEFAULT_PATH = "service_store"
#: A claim lives so long; its writer gives up after a third, and waits a third for the answer to its payload. A third
#: is also what a busy key manager has for one answer.
LEASE_S = 45.0
#: Without ``expect`` a write is tried again, at least until a dead writer's claim has ended.
PATIENCE_S = 3 * LEASE_S
MOST_PAUSE_S = 4.0


def open_barbican(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> Barbican:
    """Return the store for ``{type: barbican, url: Keystone's, region, path: prefix, auth}``."""
    path = str(option.get("path") or DEFAULT_PATH).strip("/")
    label = f"barbican {option.get('url')} {path}"
    return Barbican(connect(label, option, option.get("auth") or {}, LEASE_S / 3, keep_secret), path)


@dataclass(frozen=True)
class _Version:
    """One secret: a version of a record, or while it has no payload (``ready``) the claim to one."""

    id: str
    name: str
    number: int
    ready: bool


@dataclass(frozen=True)
class _Attempt:
    """A change of the version ``number``. ``seen`` holds when another's claim was first seen, by the claim's id."""

    doing: str
    name: str
    number: int
    seen: dict[str, float]


@dataclass(frozen=True)
class _Claim:
    """The claim to the version after ``number``, which may be used ``until`` then, and the other versions."""

    doing: str
    id: str
    number: int
    others: Sequence[_Version]
    until: float


class Barbican:
    """Keeps the last two versions of each record. The record's name and version are the secret's name and mode."""

    def __init__(self, client: BarbicanClient, path: str) -> None:
        self.label = client.label
        self._client = client
        self._path = path

    def get(self, name: str) -> Record:
        """Return the record of that name."""
        for _attempt in range(3):
            newest = _newest(self._versions(name))
            if newest is None:
                raise missing(self.label, name, self.names())
            text = self._client.payload(f"read {name}", newest.id)
            if text is not None:
                record: Record = json.loads(text)
                return record
            # Replaced twice between the two calls, or deleted.
        raise SecretStoreError(self.label, f"read {name}", "it changes all the time", "run again", "conflict")

    def version(self, name: str) -> int:
        """Return the record's version, 0 where there is none."""
        newest = _newest(self._versions(name))
        return newest.number if newest else 0

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Store a record and return its version."""
        text = json.dumps(dict(record))
        return 1 + self._claim(f"write {name}", name, expect, lambda claim: self._write(claim, text))

    def _claim(self, doing: str, name: str, expect: int | None, change: Callable[[_Claim], bool]) -> int:
        """Let ``change`` go on under a claim to the next version; return the present one. Raises SecretStoreError."""
        end = time.monotonic() + PATIENCE_S
        seen: dict[str, float] = {}
        for attempt in itertools.count():
            number = self.version(name)
            check_expected(self.label, doing, expect, number)
            if self._try(_Attempt(doing, name, number, seen), change):
                return number
            # Whoever claimed it too may be dead, or gave way as well: nobody has changed it yet.
            if time.monotonic() > end:
                break
            time.sleep(random.uniform(0, min(MOST_PAUSE_S, 0.25 * 2**attempt)))
        raise changed_meanwhile(self.label, doing, "others write it all the time")

    def delete(self, name: str, expect: int | None = None) -> bool:
        """Remove a record with its versions; return whether there was one."""
        if expect:
            self._claim(f"delete {name}", name, expect, self._remove)
            return True
        versions = self._versions(name)
        newest = _newest(versions)
        check_expected(self.label, f"delete {name}", expect, newest.number if newest else 0)
        if expect == 0:
            # A claim that is there now is another's, who writes the record.
            return False
        # The newest at the end: killed half way, an old secret must not become the present one.
        for version in sorted(versions, key=lambda version: version.number):
            self._client.delete(f"delete {name}", version.id)
        return newest is not None

    def remnant(self, name: str) -> str | None:
        """Return None: the newest version goes last, so a removal that was killed leaves the record."""
        return None

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted."""
        return tuple(sorted({version.name for version in self._list("list") if version.ready}))

    def _try(self, attempt: _Attempt, change: Callable[[_Claim], bool]) -> bool:
        """Claim the next version for ``change``; return whether it was done. Nothing is changed where it was not."""
        doing, name, number = attempt.doing, attempt.name, attempt.number
        begun = time.monotonic()
        mine = self._client.create(doing, f"{self._path}/{name}", self._mark, str(number + 1))
        others = [version for version in self._versions(name) if version.id != mine]
        newest = _newest(others)
        free = (newest.number if newest else 0) == number and not self._claimed(name, others, attempt.seen)
        if free and change(_Claim(doing, mine, number, others, begun + LEASE_S / 3)):
            return True
        self._client.delete(doing, mine)
        return False

    def _write(self, claim: _Claim, text: str) -> bool:
        """Write the payload of a claim; return False where the claim is too old or gone."""
        if time.monotonic() > claim.until or not self._fill(claim.doing, claim.id, text):
            return False
        # The version before stays, as a backup file does.
        for version in claim.others:
            if version.number < claim.number:
                self._client.delete(claim.doing, version.id)
        return True

    def _remove(self, claim: _Claim) -> bool:
        """Remove the version that the claim was made on; return False where the claim is too old by then."""
        # The newest at the end: killed half way, an old secret must not become the present one.
        for version in sorted(claim.others, key=lambda version: version.number):
            if version.number == claim.number and time.monotonic() > claim.until:
                return False
            self._client.delete(claim.doing, version.id)
        self._client.delete(claim.doing, claim.id)
        return True

    def _fill(self, doing: str, mine: str, text: str) -> bool:
        """Write the payload of a claim; return False where the claim is gone."""
        try:
            return self._client.fill(doing, mine, text)
        except SecretStoreError as exc:
            # Refused for good. After no answer at all it stays: it may be the record by now.
            if exc.kind != "down":
                self._client.delete(doing, mine)
            raise

    def _claimed(self, name: str, others: Sequence[_Version], seen: dict[str, float]) -> bool:
        """Return whether a living writer has a claim; those of dead writers are cleared away."""
        now = time.monotonic()
        claims = [version.id for version in others if not version.ready]
        dead = [claim for claim in claims if now - seen.setdefault(claim, now) > LEASE_S]
        for claim in dead:
            self._client.delete(f"write {name}", claim)
        return len(claims) > len(dead)

    @property
    def _mark(self) -> str:
        """What tells this store's secrets from others of the project; Barbican can list by it."""
        return f"service_store:{self._path}"

    def _versions(self, name: str) -> list[_Version]:
        check_name(self.label, name)
        return [v for v in self._list(f"read {name}", name=f"{self._path}/{name}") if v.name == name]

    def _list(self, doing: str, **more: str) -> list[_Version]:
        rows = self._client.secrets(doing, alg=self._mark, **more)
        start = f"{self._path}/"
        return [
            _Version(row.id, row.name[len(start) :], int(row.mode), row.filled)
            for row in rows
            # Barbican compares by LIKE, where an underscore stands for any character.
            if row.algorithm == self._mark and row.name.startswith(start) and row.mode.isdigit()
        ]


def _newest(versions: Sequence[_Version]) -> _Version | None:
    ready = [version for version in versions if version.ready]
    return max(ready, key=lambda version: version.number, default=None)
