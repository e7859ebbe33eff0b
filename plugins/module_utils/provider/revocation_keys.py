# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a credential that is revoked: which are alive, who may kill them, and whether they are dead then."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Callable

from ..core.errors import InvalidInput, ProviderError
from ..core.retry import Retry
from ..model import revocation as model
from ..model.credential import Credential
from ..model.key_age import Policy
from ..model.rotation import CREATING, Journal
from .again import UNSURE
from .base import Access, KeyAdapter, Provider, Session
from .purpose import probe
from .revocation_listing import Listing
from .rotation_keys import KeyRing

_BLOCKED = (
    "the provider refuses the key, and says the same of a dead key and of a source address that is not allowed; so "
    "whether it is dead is not proven"
)
_REFUSED = (
    "refused, not proven deleted: {}; a key that is disabled, or whose user is, is refused as well, and can be "
    "switched on again"
)
_NAME_ONE = "name a rotator, which can look, or forget the record alone with state: absent"
_MEND_LOOK = (
    "name a rotator that may list the keys of its user, or see at the provider that it is deleted and then forget the "
    "record with state: absent"
)
_NO_ONE = "an interrupted rotation may have made a key, and nobody who works can look for it"


@dataclass(frozen=True)
class Options:
    """How a revocation goes about it; times in seconds."""

    disable: bool
    verify_every_s: float
    verify_timeout_s: float


@dataclass(frozen=True)
class Target:
    """One key to be killed; ``credential`` is what the store holds of it, None where its secret was lost.

    ``adapter`` is that of its principal, which need not be the one of the other keys.
    """

    id: str
    credential: Credential | None
    adapter: KeyAdapter


def may_have_worked(exc: ProviderError) -> bool:
    """Return whether a failed call may have taken effect: its answer was lost, now or at an earlier attempt."""
    return exc.retried or exc.kind in UNSURE


class Keys:
    """The keys in a credential's record and in the journal of its rotation."""

    def __init__(
        self,
        provider: Provider,
        access: Access,
        options: Options,
        rotator: Credential | None,
        sleep: Callable[[float], None],
    ) -> None:
        self._provider, self._access, self._options, self._rotator = provider, access, options, rotator
        self._sleep = sleep
        self._ring: KeyRing | None = None
        self._adapter: KeyAdapter | None = None
        self._actor: Credential | None = None
        self._sessions: list[Session] = []
        self._taken: dict[int, str] = {}
        self._why: dict[int, str] = {}
        self._ended: set[int] = set()
        self._doomed: tuple[Target, ...] = ()
        self._listing: Listing | None = None
        self.known: tuple[Credential, ...] = ()
        self.journal: Journal | None = None

    def look(self, known: Sequence[Credential], journal: Journal | None) -> tuple[Target, ...]:
        """Return the keys that are there to be killed, that of the session last; ``known`` has the main one first."""
        self.known, self.journal = tuple(known), journal
        for credential in known:
            self._taken[id(credential)] = self._take(credential)
        alive = [item for item in known if self.taken(item) == model.ACCEPTED]
        self._actor = self._rotator or next(iter(alive), None)
        if self._actor is None:
            return ()
        self._ring = KeyRing(self._provider, self._access, Policy(), self._actor, self._sleep)
        self._listing = Listing(self._ring)
        self._adapter = self._listing.of((alive or list(known))[0])
        if self._options.disable and not self._adapter.traits.can_disable:
            mend = f"is not possible: {self._provider.name} cannot disable a key; leave it out, and the key is deleted"
            raise InvalidInput("revocation.disable", True, mend)
        self._doomed = self._targets(alive)
        return self._doomed

    @property
    def outlives(self) -> str:
        """Return what goes on after a kill, in words."""
        return self._adapter.traits.outlives if self._adapter else ""

    @property
    def outcome(self) -> str:
        """Return the state that a kill leads to."""
        if self._options.disable:
            return model.DISABLED
        return model.DELETED if self._adapter is None or self._adapter.traits.overlap else model.REPLACED

    def taken(self, credential: Credential) -> str:
        """Return how the provider took a key of ``known`` before anything was done."""
        return self._taken[id(credential)]

    def evidence(self, credential: Credential) -> tuple[str, str]:
        """Return the state of a key of ``known`` that is refused and is no target, and how that state is known."""
        refused = f"a signed call is refused: {self._why.get(id(credential), '')}"
        key = self.id_of(credential)
        if id(credential) in self._ended:
            return model.DEAD, refused
        silent = "nobody could look whether it is deleted"
        if self._listing is not None:
            if self._listing.holds(credential, key):
                return model.DISABLED, f"{refused}; the provider lists it as disabled"
            silent = self._listing.silent(credential)
            if not silent:
                return model.DEAD, f"{refused}; the provider lists it no longer"
        mark = model.marks(self.known[0].meta).get(key, {})
        state, proof = model.proven_by_mark(mark, self.taken(credential), self._options.disable)
        return (state, f"{proof}; {refused}") if state else (model.UNPROVEN, f"{refused}; {silent}")

    def unproven_because(self) -> ProviderError | None:
        """Return why keys may not be called dead of which nobody could see it; None where there are none."""
        hint = _NAME_ONE if self._actor is None else _MEND_LOOK
        for credential in self.known:
            if self.taken(credential) == model.ACCEPTED:
                continue
            state, proof = self.evidence(credential)
            if state != model.UNPROVEN or any(target.credential is credential for target in self._doomed):
                continue
            key = self.id_of(credential)
            if self.taken(credential) == model.UNSURE and self._actor is None:
                doing = f"tell whether key {key} is alive"
                return ProviderError(self._provider.name, doing, _BLOCKED, "ip_blocked", hint=hint)
            why = _REFUSED.format(self._why[id(credential)] if self._actor is None else proof)
            doing = f"prove that key {key} is deleted"
            return ProviderError(self._provider.name, doing, why, "bad_key", hint=hint)
        creating = self.journal if self.journal is not None and self.journal.phase == CREATING else None
        if creating and (self._listing is None or self._listing.hidden(creating.old)):
            return ProviderError(self._provider.name, "look for keys", _NO_ONE, "bad_key", hint="name a rotator")
        return None

    def id_of(self, credential: Credential) -> str:
        """Return a key's id as far as it can be told, else what else is public of it."""
        told = self._listing.of(credential).id_of(credential) if self._listing else ""
        names = ("access_key_id", "application_credential_id", "api_key")
        public = next((credential.public[name] for name in names if credential.public.get(name)), "")
        return told or public or str(credential.meta.get("key_id") or "") or "in the record"

    def kill(self, target: Target, keep_secret: Callable[..., None]) -> bool:
        """Delete, disable or replace one key; a failure after which it is refused all the same was none.

        Returns whether the provider answered that it is done.
        A key that kills itself and loses the answer cannot ask again: the retry is refused.
        """
        adapter = target.adapter
        try:
            if self._options.disable:
                adapter.set_active(target.id, False)
            elif adapter.traits.overlap:
                adapter.delete(target.id)
            else:
                # A new pair kills the old one; nobody is to have the new one.
                keep_secret(*adapter.create("").secrets.values())
        except ProviderError as exc:
            if target.credential is None:
                raise
            before, after = self.taken(target.credential), self._take(target.credential, patient=False)
            # A first call that was refused has done nothing: access may have ended with a list that was just changed,
            # or somebody disabled the key at the same moment.
            died = after == model.REFUSED or (before, after) == (model.ACCEPTED, model.UNSURE)
            if not (died and may_have_worked(exc)):
                raise
            return False
        return True

    def prove(self, target: Target) -> str:
        """Return how it is known that a key is dead; raises ProviderError where it still works when the time is up."""
        if target.credential is None:
            return "the provider's answer to the deletion; nobody has its secret"
        end = time.monotonic() + self._options.verify_timeout_s
        while True:
            found = self._take(target.credential, patient=False)
            if found in (model.REFUSED, model.UNSURE):
                return f"a signed call is refused: {self._why[id(target.credential)]}"
            if time.monotonic() + self._options.verify_every_s > end:
                break
            self._sleep(self._options.verify_every_s)
        waited = f"{self._options.verify_timeout_s:g} s"
        why = f"{waited} after its end it was still taken" if found else f"no answer within {waited}"
        raise ProviderError(self._provider.name, f"see key {target.id} refused", why, "timeout", hint="run again")

    def calls(self) -> dict[str, int]:
        """Return the calls of all sessions by name."""
        total = dict(self._ring.calls()) if self._ring else {}
        for session in self._sessions:
            for name, number in session.calls.by_name().items():
                total[name] = total.get(name, 0) + number
        return dict(sorted(total.items()))

    def _take(self, credential: Credential, patient: bool = True) -> str:
        """Probe a key in a session of its own; "" where a patient probe would have failed without a verdict."""
        access = self._access if patient else replace(self._access, retry=Retry(0))
        session = self._provider.open(credential, access)
        self._sessions.append(session)
        try:
            probe(self._provider, session, credential)
        except ProviderError as exc:
            found = model.verdict(exc.kind)
            if not found and patient:
                raise
            self._why[id(credential)] = f"{exc.why} ({exc.kind})"
            if exc.kind == "expired":
                # Its end has passed, and no provider can take that back.
                self._ended.add(id(credential))
            return found
        return model.ACCEPTED

    def _targets(self, alive: Sequence[Credential]) -> tuple[Target, ...]:
        listing, ring = self._listing, self._ring
        if listing is None or ring is None:
            return ()
        # The living ones first: whose keys the provider does not show is an error for them alone.
        order = [*alive, *(item for item in self.known if not any(item is other for other in alive))]
        ids = [(listing.of(item).id_of(item), item) for item in self.known]
        if self.journal is None and len(alive) == len(self.known) and all(key for key, _item in ids):
            return tuple(Target(key, item, listing.of(item)) for key, item in ids)
        for item in order:
            listing.keys(item, item in alive)
        found = [target for item in self.known for target in self._target(item, item in alive, len(alive))]
        if self.journal:
            found += self._lost(self.journal, {target.id for target in found}, ring, listing)
        own = listing.of(self._actor).id_of(self._actor) if self._actor and self._rotator is None else ""
        return tuple(sorted(found, key=lambda target: target.id == own))

    def _target(self, item: Credential, lives: bool, living: int) -> list[Target]:
        """Return the key of one credential where it has to be killed."""
        if self._listing is None:
            return []
        adapter, listed = self._listing.of(item), self._listing.keys(item, lives)
        key = adapter.id_of(item)
        if not key and lives:
            if living != 1 or len(listed) != 1:
                raise self._untold(item, listed)
            key = next(iter(listed))
        if key in listed:
            return [Target(key, item, adapter)] if listed[key] or not self._options.disable else []
        # Accepted though not listed: the provider forgets slowly, and the end has to be seen.
        return [Target(key, item, adapter)] if lives else []

    def _lost(self, journal: Journal, found: set[str], ring: KeyRing, listing: Listing) -> list[Target]:
        """Return the keys that the journal names and whose secret it does not hold; they are of its principal."""
        item = next((known for known in self.known if known.same_key(journal.old)), journal.old)
        adapter, listed = listing.of(item), listing.keys(item, False)
        held = {listing.of(known).id_of(known) for known in self.known}
        named = {journal.old_id, journal.new_id} - found - held
        lost = [key for key in listed if key in named]
        # Where the principal cannot be seen, that is said of its key; nothing can be looked for.
        lost += ring.lost(journal, adapter) if listed else ()
        return [Target(key, None, adapter) for key in dict.fromkeys(lost) if key not in found]

    def _untold(self, credential: Credential, listed: Mapping[str, Any]) -> ProviderError:
        why = f"the provider does not say, and there are several ({', '.join(listed)})"
        hint = "register the credential again with its key's id, or delete the key at the provider"
        doing = f"tell which key {credential.name} holds"
        return ProviderError(self._provider.name, doing, why, "invalid", hint=hint)
