# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revokes a credential: kills its keys at the provider, then removes it from the secret store, and says what it saw.

The provider comes first, since nobody can kill a key whose record is gone. What is about to be killed is marked in the
record before the call, so that a run that goes on after a kill knows a refusal for what it is. ``POINTS`` are the
places where the end of a process makes a difference; ``at`` is called at each of them.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable, Protocol

from ..core.errors import InvalidInput, ProviderError, SecretStoreError, ServiceStoreError
from ..model import revocation as model
from ..model.credential import Credential, parse_record
from ..model.key_age import written
from ..model.plan import Change, Plan
from ..model.rotation import SUFFIX, has_journal
from ..secret_store.factory import open_store
from ..secret_store.opener import opened_with
from . import registration
from .connect import access_of
from .registry import own_name
from .registry import provider as find_provider
from .revocation_keys import Keys, Options, Target, may_have_worked
from .rotation_journal import At, JournalFile
from .rotation_look import HOLD_S, main_record

POINTS = tuple(f"{what}:{when}" for what in ("mark", "kill", "journal", "record") for when in ("before", "after"))


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class NotRevoked(ServiceStoreError):
    """A revocation that came to no end: why, and what is left where."""

    def __init__(self, cause: ServiceStoreError, left: str, result: Mapping[str, Any]) -> None:
        super().__init__(f"{cause} Left: {left}." if left else str(cause))
        self._cause = cause
        self.result = dict(result)

    def facts(self) -> dict[str, Any]:
        """Return the facts of what went wrong."""
        return self._cause.facts()


def nowhere(point: str) -> None:
    """Do nothing at a point."""


class Revocation:
    """One run for one credential: ``plan`` reads, ``apply`` acts, ``facts`` tells."""

    def __init__(self, context: Surroundings, at: At = nowhere) -> None:
        params = context.params
        self._context, self._at = context, at
        self._name: str = params["credential"]
        self._provider = find_provider(params["provider"])
        self._store = open_store(params.get("secret_store"), context.keep_secret)
        options = _options(params)
        hold_s = HOLD_S + options.verify_timeout_s
        self._journal = JournalFile(self._store, self._name, context.keep_secret, context.now, at, hold_s)
        rotator = self._rotator()
        self._keys = Keys(self._provider, access_of(params), options, rotator, context.sleep)
        self._main: Credential | None = None
        self._version = 0
        self._targets: tuple[Target, ...] = ()
        self._places: list[tuple[model.Place, Change | None, Target | None]] = []

    def plan(self) -> Plan:
        """Read the records and ask the provider how it takes the keys; return what has to go, provider first."""
        self._version, self._main = main_record(self._store, self._name, self._context.keep_secret)
        journal = self._journal.read()
        known = self._known()
        self._refuse_own(known)
        self._journal.refuse_held()
        if known:
            self._targets = self._keys.look(known, journal)
        self._places = [*self._at_provider(known), *self._in_store()]
        unproven = self._keys.unproven_because()
        if unproven:
            raise NotRevoked(unproven, self._left(), self.facts())
        return Plan(tuple(change for _place, change, _target in self._places if change))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Kill the keys, see them refused, remove the records; raises NotRevoked with what is left."""
        try:
            self._journal.claim()
            self._mark()
            for place, change, target in self._places:
                if target and change:
                    self._kill(target)
                    done(change)
                    self._prove(place, target)
            self._forget(done)
        except ServiceStoreError as exc:
            raise NotRevoked(exc, self._left(), self.facts()) from exc
        finally:
            self._journal.release()

    def facts(self) -> dict[str, Any]:
        """Return the evidence; never a secret."""
        places = [place.facts() for place, _change, _target in self._places]
        found = {
            "revocation": {
                "credential": self._name,
                "provider": self._params["provider"],
                "revoked": bool(places) and not self._left(),
                "places": places,
                "calls": self._keys.calls(),
            }
        }
        if not places:
            # Nothing was found, which says nothing of what the provider has.
            return found
        state = "revoking" if self._left() else "revoked"
        return {**found, "report": {"kind": "credential", "provider": self._params["provider"], "state": state}}

    def _left(self) -> str:
        return model.left(place for place, _change, _target in self._places)

    @property
    def _params(self) -> Mapping[str, Any]:
        return self._context.params

    def _rotator(self) -> Credential | None:
        name = self._params.get("rotator")
        if not name:
            return None
        if name == self._name:
            raise InvalidInput("rotator", name, "is the credential itself; name another one, or leave it out")
        return self._fits(parse_record(name, self._store.get(name)), "rotator")

    def _fits(self, credential: Credential, option: str) -> Credential:
        self._context.keep_secret(*credential.secrets.values())
        if own_name(credential.provider) != self._provider.name:
            mend = f"is registered for {credential.provider}, not for {self._params['provider']}"
            raise InvalidInput(option, credential.name, mend)
        return credential

    def _known(self) -> tuple[Credential, ...]:
        """Return every key of which the store knows the secret, the main record's first."""
        journal = self._journal.present
        found: list[Credential] = []
        for item in (self._main, journal.new if journal else None, journal.old if journal else None):
            if item is not None and not any(item.same_key(other) for other in found):
                found.append(self._fits(item, "credential"))
        return tuple(found)

    def _refuse_own(self, known: tuple[Credential, ...]) -> None:
        """Refuse to kill the key by which the store itself is opened."""
        if known and {value for item in known for value in item.public.values()} & opened_with(
            self._params.get("secret_store")
        ):
            mend = (
                "opens the secret store itself; give secret_store.auth another key first, or nobody can read a record"
            )
            raise InvalidInput("credential", self._name, mend)

    def _at_provider(self, known: tuple[Credential, ...]) -> list[tuple[model.Place, Change | None, Target | None]]:
        rows: list[tuple[model.Place, Change | None, Target | None]] = []
        where, outcome = self._params["provider"], self._keys.outcome
        for target in self._targets:
            after = None if outcome != model.DISABLED else f"key {target.id}: disabled"
            change = Change("remove" if after is None else "update", target.id, f"key {target.id}", after, where)
            rows.append((model.Place(model.PROVIDER, where, target.id, model.ALIVE), change, target))
        doomed = [target.credential for target in self._targets]
        for item in known:
            if not any(item is other for other in doomed):
                rows.append((self._dead(item), None, None))
        return rows

    def _dead(self, credential: Credential) -> model.Place:
        """Return the evidence of a key that did not work before this run."""
        state, proof = self._keys.evidence(credential)
        return model.Place(model.PROVIDER, self._params["provider"], self._keys.id_of(credential), state, proof=proof)

    def _in_store(self) -> list[tuple[model.Place, Change | None, Target | None]]:
        rows: list[tuple[model.Place, Change | None, Target | None]] = []
        label, journal = self._store.label, self._journal.present
        held = {self._name + SUFFIX: f"journal of a rotation, {journal.phase}" if journal else ""}
        held = held if has_journal(self._name) else {}
        for name, before in {**held, self._name: registration.line(self._main) if self._main else ""}.items():
            # A run that was killed while it removed a record may have left earlier versions, which hold secrets too.
            line = before or self._store.remnant(name)
            if line:
                change = Change("remove", name, line, None, label)
                rows.append((model.Place(model.SECRET_STORE, label, name, model.KEPT), change, None))
        return rows

    def _mark(self) -> None:
        """Write down which keys are about to be killed; nobody else may have changed the record since."""
        if self._main is None or not self._targets:
            return
        doomed = {target.id: {"at": self._now(), "outcome": self._keys.outcome} for target in self._targets}
        self._at("mark:before")
        self._put_marks({**model.marks(self._main.meta), **doomed})
        self._at("mark:after")

    def _put_marks(self, keys: Mapping[str, Mapping[str, Any]]) -> None:
        if self._main is not None:
            changed = replace(self._main, meta=model.marked(self._main.meta, keys))
            self._version = self._store.put(self._name, changed.record(), expect=self._version)
            self._main = changed

    def _answered(self, target: Target) -> None:
        """Add to the mark that the provider answered: then even a refusal that a living key may get proves the end."""
        marks = model.marks(self._main.meta) if self._main else {}
        if target.id in marks:
            # A record that somebody changed meanwhile is noticed before it is removed.
            with contextlib.suppress(SecretStoreError):
                self._put_marks({**marks, target.id: {**marks[target.id], "answered": True}})

    def _unmark(self) -> None:
        """Take the mark back, an earlier run's too: no key may pass for killed that the provider will not kill."""
        if self._main is not None and self._targets:
            marks = model.marks(self._main.meta)
            self._put_marks({key: mark for key, mark in marks.items() if mark.get("answered")})

    def _kill(self, target: Target) -> None:
        self._at("kill:before")
        try:
            answered = self._keys.kill(target, self._context.keep_secret)
        except ProviderError as exc:
            if not may_have_worked(exc):
                self._unmark()
            raise
        self._at("kill:after")
        if answered:
            self._answered(target)

    def _prove(self, place: model.Place, target: Target) -> None:
        place.at = self._now()
        place.proof = self._keys.prove(target)
        place.state, place.outlives = self._keys.outcome, self._keys.outlives

    def _forget(self, done: Callable[[Change], None]) -> None:
        """Remove the journal, then the record, which alone leads here again after a kill."""
        for place, change, target in self._places:
            if target or change is None:
                continue
            step = "record" if place.what == self._name else "journal"
            self._at(f"{step}:before")
            if step == "journal":
                self._journal.remove()
            else:
                self._refuse_changed()
                self._store.delete(self._name, expect=self._version)
            place.state, place.at = model.REMOVED, self._now()
            place.proof = "its versions were removed with it"
            self._at(f"{step}:after")
            done(change)

    def _refuse_changed(self) -> None:
        """Refuse to remove a record that somebody has written meanwhile, or a key that a rotation began to replace."""
        rotating = has_journal(self._name) and self._store.version(self._name + SUFFIX)
        if self._store.version(self._name) == self._version and not rotating:
            return
        why = "somebody changed it during the revocation, so it may hold another key"
        raise SecretStoreError(self._store.label, f"remove {self._name}", why, "run again", "conflict")

    def _now(self) -> str:
        return written(self._context.now())


def _options(params: Mapping[str, Any]) -> Options:
    given = {name: value for name, value in (params.get("revocation") or {}).items() if value is not None}
    return Options(**{"disable": False, "verify_every_s": 1.0, "verify_timeout_s": 60.0, **given})
