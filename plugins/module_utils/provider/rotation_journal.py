# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rotation keeps its journal: a record beside the credential's own, written by check-and-set alone.

Each write names the version that it replaces, so of two runs one gets through and the other stops before its next call.
Every decision is written before the call that follows from it, and no decision is taken back; that is what makes it
safe for a second run to take over from one that may still be alive. The holder's name only spares both the collision.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import socket
from dataclasses import replace
from typing import Any, Callable

from ..core.errors import SecretStoreError
from ..model.key_age import instant, written
from ..model.rotation import SUFFIX, Journal, has_journal, parse_journal
from ..secret_store.base import SecretStore

At = Callable[[str], None]
#: Runs of this process that are under way; a process that rotates in threads is alive without each of them being so.
_RUNNING: set[str] = set()


class JournalFile:
    """The journal of one credential's rotation, and this run's claim on it."""

    def __init__(
        self,
        store: SecretStore,
        credential: str,
        keep_secret: Callable[..., None],
        now: Callable[[], datetime.datetime],
        at: At,
        hold_s: float,
    ) -> None:
        self._store, self._credential, self._name = store, credential, credential + SUFFIX
        self._keep_secret, self._now, self._at = keep_secret, now, at
        self._hold = datetime.timedelta(seconds=hold_s)
        self._run = secrets.token_hex(8)
        self._version = 0
        self.present: Journal | None = None

    def read(self) -> Journal | None:
        """Return the journal, its secrets hidden; None where no rotation is under way."""
        self._version = self._store.version(self._name) if has_journal(self._credential) else 0
        self.present = None
        if self._version:
            self.present = parse_journal(self._credential, self._store.get(self._name))
            for credential in (self.present.old, self.present.new):
                self._keep_secret(*(credential.secrets.values() if credential else ()))
        return self.present

    def needed(self) -> Journal:
        """Return the journal that a step goes on from."""
        if self.present is None:
            why = "its journal is gone"
            raise SecretStoreError(self._store.label, f"rotate {self._credential}", why, kind="conflict")
        return self.present

    def refuse_held(self) -> None:
        """Raise SecretStoreError (conflict) where another run that seems to be alive works on it."""
        holder = self.present.holder if self.present else {}
        if holder and holder.get("run") != self._run and self._alive(holder):
            raise self._taken(holder)

    def write(self, journal: Journal, rest: bool = False) -> None:
        """Write the journal in its phase; ``rest`` lets go of it until a later run."""
        held = replace(journal, holder={} if rest else self._holder())
        self._at(f"journal-{journal.phase}:before")
        if not self._claimed():
            self._refuse_another()
        try:
            self._version = self._put(held)
        except SecretStoreError as exc:
            if exc.kind == "conflict":
                raise self._overtaken() from exc
            raise
        self.present = held
        self._at(f"journal-{journal.phase}:after")

    def _put(self, journal: Journal) -> int:
        """Write the journal, and first what a run left to do that was killed while it removed the one before."""
        try:
            return self._store.put(self._name, journal.record(), expect=self._version)
        except SecretStoreError as exc:
            if exc.kind != "conflict" or self._version or not self._store.remnant(self._name):
                raise
        self._store.delete(self._name, expect=0)
        return self._store.put(self._name, journal.record(), expect=0)

    def remove(self) -> None:
        """Remove the journal; what it said last is that there is nothing left to do.

        Raises SecretStoreError (conflict) where another run has taken it over: what it says now is that one's.
        """
        self._at("journal-remove:before")
        self._refuse_another()
        try:
            self._store.delete(self._name, expect=self._version)
        except SecretStoreError as exc:
            if exc.kind == "conflict":
                raise self._overtaken() from exc
            raise
        self.present, self._version = None, 0
        self._at("journal-remove:after")

    def _claimed(self) -> bool:
        """Return whether this run's claim still holds, so that nobody can have ended the rotation and begun another."""
        holder = self.present.holder if self.present else {}
        return holder.get("run") == self._run and self._now() < instant(str(holder["until"]))

    def _refuse_another(self) -> None:
        """Raise SecretStoreError (conflict) where the journal is that of another rotation.

        Some stores number the versions of a record from 1 again after its removal, so the number alone does not tell.
        """
        if self.present is None or not self._store.version(self._name):
            return
        if parse_journal(self._credential, self._store.get(self._name)).label != self.present.label:
            raise self._overtaken()

    def claim(self) -> None:
        """Take the journal that lies there over, in its phase."""
        if self.present:
            self.write(self.present)

    def release(self) -> None:
        """Let go of the journal after a failure, so that the next run need not wait for this one's time to pass."""
        _RUNNING.discard(self._run)
        if self.present and self.present.holder.get("run") == self._run:
            # The failure that led here is the one to report; a claim that stays runs out by itself.
            with contextlib.suppress(SecretStoreError):
                self.write(self.present, rest=True)

    def _holder(self) -> dict[str, Any]:
        _RUNNING.add(self._run)
        until = written(self._now() + self._hold)
        return {"run": self._run, "host": socket.gethostname(), "pid": os.getpid(), "space": _space(), "until": until}

    def _alive(self, holder: Any) -> bool:
        """Return whether the run that holds the journal may still be at work.

        On this machine its process tells; elsewhere its time has to run out.
        """
        if self._now() >= instant(str(holder["until"])):
            return False
        if (holder.get("host"), holder.get("space")) != (socket.gethostname(), _space()):
            return True
        if holder.get("pid") == os.getpid():
            return holder.get("run") in _RUNNING
        try:
            os.kill(int(holder["pid"]), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _overtaken(self) -> SecretStoreError:
        """Return the error of the run that came second."""
        try:
            other = self.read()
        except SecretStoreError:
            other = None
        return self._taken(other.holder if other else {})

    def _taken(self, holder: Any) -> SecretStoreError:
        who = f" (on {holder['host']}, process {holder['pid']}, until {holder['until']} at most)" if holder else ""
        why = f"another run is rotating it at the same time{who}, and one of two must stop"
        return SecretStoreError(
            self._store.label, f"rotate {self._credential}", why, "let the other one finish, then run again", "conflict"
        )


def _space() -> str:
    """Return which processes a process id here belongs to: two containers may have one host name."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
