# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of a rotation: takes the steps that the pure part names, journal before and after each call.

A run that is killed anywhere is gone on with by the next one. ``POINTS`` are all the places where that can make a
difference; ``at`` is called at each of them, so that a test can end the process there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable

from ..core.errors import ProviderError, SecretStoreError
from ..model import rotation as model
from ..model.credential import Credential
from ..model.key_age import instant, written
from ..model.plan import Change, Plan
from ..model.rotation import Journal
from ..secret_store.base import SecretStore
from .rotation_displaced import gone, settled
from .rotation_look import Look, Surroundings, main_record
from .rotation_make import Making, lost

_CALLS = ("create", "recover", "store-switch", "disable", "delete", "abandon", "make-room")
POINTS = tuple(
    f"{what}:{when}"
    for what in (*_CALLS, *(f"journal-{phase}" for phase in model.PHASES), "journal-remove")
    for when in ("before", "after")
)


def nowhere(point: str) -> None:
    """Do nothing at a point."""


class Rotation:
    """One run for one credential: ``plan`` reads, ``apply`` acts, ``facts`` tells."""

    def __init__(self, context: Surroundings, at: Callable[[str], None] = nowhere) -> None:
        self._context, self._at = context, at
        self._look = Look(context, at)
        self._store: SecretStore = self._look.store
        self._name: str = self._look.name
        self._journal = self._look.journal
        self._ring = self._look.ring
        self._policy = self._look.policy
        self._making = Making(self._look, context, at, self._report, self._finish)
        self.outage_s: float | None = None
        self.rotated = False

    def _report(self, change: Change) -> None:
        """Report a change to whom ``apply`` was told to, who is not known before."""
        self._done(change)

    def plan(self) -> Plan:
        """Read the store and, where that does not tell enough, the provider; return what has to be done."""
        return Plan(tuple(change for _step, change in self._look.plan()))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Take one step after the other; a failure leaves a journal from which the next run goes on."""
        self._done = done
        perform: Mapping[str, Callable[[], None]] = {
            model.BEGIN: self._making.begin,
            model.RECOVER: self._making.recover,
            model.CREATE: self._making.create,
            model.VERIFY: self._verify,
            model.SWITCH: self._switch,
            model.DISABLE: self._disable,
            model.DELETE: self._delete,
            model.FINISH: self._finish,
            model.ABANDON: self._abandon,
        }
        try:
            self._journal.claim()
            while True:
                step = model.next_step(self._state(), self._look.overlap, self._policy, self._context.now())
                if step == model.REST:
                    break
                perform[step]()
        finally:
            self._journal.release()

    def facts(self) -> dict[str, Any]:
        """Return what the module returns; never a secret."""
        return self._look.facts(rotated=self.rotated, outage_s=self.outage_s)

    def _state(self) -> model.State:
        look = self._look
        return model.state_of(self._journal.present, sure=self._making.sure, wanted=look.wanted, hurry=look.hurry)

    def _now(self) -> str:
        return written(self._context.now())

    def _tell(self, step: str) -> None:
        """Report the planned changes of a step that has taken effect."""
        for change in self._look.take(step):
            self._done(change)

    def _verify(self) -> None:
        journal = self._journal.needed()
        overlap = self._look.overlap
        new = journal.new if overlap and journal.new else self._look.main
        try:
            self._ring.verify(new)
        except ProviderError as exc:
            if not overlap:
                hint = "the new key is stored, since the old one is dead; run again, it is verified first"
                raise ProviderError(exc.provider, exc.doing, exc.why, exc.kind, hint=hint) from exc
            hint = self._give_up()
            raise ProviderError(exc.provider, exc.doing, exc.why, exc.kind, hint=hint) from exc
        self._journal.write(replace(journal, phase=model.VERIFIED))
        if not overlap:
            self._ended_outage(journal)

    def _give_up(self) -> str:
        """Delete the new key, since the old one goes on; return in words what is left to do."""
        self._journal.write(replace(self._journal.needed(), phase=model.ABANDONING))
        try:
            self._abandon()
        except ProviderError as exc:
            return f"the old key stays in use; the new one could not be deleted yet ({exc.kind}), run again for that"
        self._done(Change("remove", "new key", "new key: not in use", None, self._name))
        return "the old key stays in use and the new one was deleted; mend what the failure names and run again"

    def _switch(self) -> None:
        """Put the new key in the old one's place, unless somebody else changed that record."""
        journal = self._journal.needed()
        new = journal.new
        if new is None:
            raise SecretStoreError(self._store.label, f"rotate {self._name}", "its journal holds no new key")
        version, stored = main_record(self._store, self._name, self._context.keep_secret)
        if stored is None or not (stored.same_key(journal.old) or stored.same_key(new)):
            stored = self._settle(stored, journal)
        if not stored.same_key(new):
            owner = {"owner": stored.meta["owner"]} if stored.meta.get("owner") else {}
            self._at("store-switch:before")
            self._store.put(self._name, replace(new, meta={**new.meta, **owner}).record(), expect=version)
            self._told_switch()
            self._at("store-switch:after")
        _version, self._look.main = main_record(self._store, self._name, self._context.keep_secret, new)
        self._journal.write(replace(journal, phase=model.SWITCHED, switched_at=self._now()))
        self._told_switch()

    def _told_switch(self) -> None:
        """Note that the store holds the new key, by this run or by one that was killed before it could say so."""
        self._look.wanted, self.rotated = False, True
        self._tell(model.SWITCH)

    def _settle(self, stored: Credential | None, journal: Journal) -> Credential:
        """End a rotation whose credential was registered anew or removed meanwhile; raises SecretStoreError.

        Returns the registered one where the new key may take its place all the same.
        """
        label, new = self._store.label, journal.new
        if self._look.overlap:
            self._give_up()
            what = "registered another key for it during the rotation, and that one stays"
            why = f"somebody {what if stored else 'removed its record during the rotation'}"
            raise SecretStoreError(label, f"rotate {self._name}", why, "run again when it is due", "conflict")
        if stored is None or new is None:
            raise gone(label, self._name, self._name + model.SUFFIX)
        error = settled(label, stored, new, journal.new_id, self._ring)
        if error is None:
            self._context.warn(
                f"{self._name}: somebody registered another key for it during the rotation; that one died when the new "
                "one was made, so the new one takes its place"
            )
            return stored
        self._finish()
        self._done(Change("remove", "journal", f"journal: {journal.phase}", None, self._name))
        raise error

    def _disable(self) -> None:
        """Switch the old key off where that can be done, and begin the grace period."""
        journal = self._journal.needed()
        self._look.refuse_undone(journal)
        self._at("disable:before")
        used = self._switch_off(journal)
        if self._look.traits.can_disable:
            self._tell(model.DISABLE)
        self._at("disable:after")
        changed = replace(journal, phase=model.DISABLED, disabled_at=self._now(), used_before=used, new=None)
        self._journal.write(changed, rest=self._policy.grace_days > 0)
        self._tell(model.DISABLE)

    def _switch_off(self, journal: Journal) -> str:
        """Disable the old key where that can be done; return its last use until then."""
        adapter = self._ring.of(self._look.main)
        used = ""
        try:
            if adapter.traits.tells_last_use:
                used = self._ring.patiently(lambda: adapter.last_use(journal.old_id))
            if adapter.traits.can_disable:
                self._ring.patiently(lambda: adapter.set_active(journal.old_id, False))
        except ProviderError as exc:
            # Somebody has deleted it by hand, and a key that is gone needs no disabling.
            if exc.kind != "not_found":
                raise
        return used

    def _delete(self) -> None:
        """End the grace period: delete the old key, and whatever an overtaken run left behind."""
        journal = self._journal.needed()
        self._look.refuse_undone(journal)
        adapter = self._ring.of(self._look.main)
        self._at("delete:before")
        adapter.delete(journal.old_id)
        self._tell(model.DELETE)
        if adapter.traits.labels:
            for key in self._ring.lost(journal, adapter):
                adapter.delete(key)
                self._done(lost(key, self._name))
        self._at("delete:after")
        self._journal.write(replace(journal, phase=model.DONE))
        self._look.hurry = False

    def _abandon(self) -> None:
        journal = self._journal.needed()
        self._at("abandon:before")
        self._ring.of(self._look.main).delete(journal.new_id)
        self._tell(model.ABANDON)
        self._at("abandon:after")
        self._finish()

    def _finish(self) -> None:
        """Remove the journal; it is marked done first, so that nobody who still holds it can go on from it."""
        journal = self._journal.needed()
        if journal.phase != model.DONE:
            self._journal.write(replace(journal, phase=model.DONE))
        self._journal.remove()
        self._tell(model.FINISH)

    def _ended_outage(self, journal: Journal) -> None:
        """Measure since when the store had no verified key; after a kill the journal alone knows, to the second."""
        if self._making.dead_since:
            self.outage_s = round(time.monotonic() - self._making.dead_since, 3)
        else:
            self.outage_s = (self._context.now() - instant(journal.started_at)).total_seconds()
