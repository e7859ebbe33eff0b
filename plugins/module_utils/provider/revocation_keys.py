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
from .base import Access, KeyAdapter, Provider, Session
from .purpose import probe
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
#: Failures that say nothing of what became of the call.
LOST_ANSWERS = frozenset({"timeout", "server", "unreachable"})
_NO_ONE = "an interrupted rotation may have made a key, and the ones in the store are dead, so nobody can look for it"


@dataclass(frozen=True)
class Options:
    """How a revocation goes about it; times in seconds."""

    disable: bool
    verify_every_s: float
    verify_timeout_s: float


@dataclass(frozen=True)
class Target:
    """One key to be killed; ``credential`` is what the store holds of it, None where its secret was lost."""

    id: str
    credential: Credential | None


def may_have_worked(exc: ProviderError) -> bool:
    """Return whether a failed call may have taken effect: its answer was lost, now or at an earlier attempt."""
    return exc.retried or exc.kind in LOST_ANSWERS


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
        self._listed: Mapping[str, bool] = {}
        self._unseen = ""
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
        self._adapter = self._ring.of((alive or list(known))[0])
        if self._options.disable and not self._adapter.traits.can_disable:
            mend = f"is not possible: {self._provider.name} cannot disable a key; leave it out, and the key is deleted"
            raise InvalidInput("revocation.disable", True, mend)
        return self._targets(alive)

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
        key, begun = self.id_of(credential), self.known[0].meta.get(model.MARK) or {}
        if key in model.mark(self.known[0].meta):
            return model.DEAD, f"an earlier run went to kill it at {begun['at']}; {refused}"
        if id(credential) in self._ended:
            return model.DEAD, refused
        if self._actor is None:
            return model.UNPROVEN, f"{refused}; nobody could look whether it is deleted"
        if key in self._listed:
            return model.DISABLED, f"{refused}; the provider lists it as disabled"
        looked = f"asked for the keys of its user the provider says: {self._unseen}" if self._unseen else ""
        return model.DEAD, f"{refused}; {looked or 'the provider lists it no longer'}"

    def unproven_because(self) -> ProviderError | None:
        """Return why keys may not be called dead that nobody could look at; None where there are none."""
        if self._actor is not None:
            return None
        for credential in self.known:
            if self.evidence(credential)[0] != model.UNPROVEN:
                continue
            key = self.id_of(credential)
            if self.taken(credential) == model.UNSURE:
                doing = f"tell whether key {key} is alive"
                return ProviderError(self._provider.name, doing, _BLOCKED, "ip_blocked", hint=_NAME_ONE)
            why = _REFUSED.format(self._why[id(credential)])
            doing = f"prove that key {key} is deleted"
            return ProviderError(self._provider.name, doing, why, "bad_key", hint=_NAME_ONE)
        if self.journal is not None and self.journal.phase == CREATING:
            return ProviderError(self._provider.name, "look for keys", _NO_ONE, "bad_key", hint="name a rotator")
        return None

    def id_of(self, credential: Credential) -> str:
        """Return a key's id as far as it can be told, else what else is public of it."""
        told = self._adapter.id_of(credential) if self._adapter else ""
        names = ("access_key_id", "application_credential_id", "api_key")
        public = next((credential.public[name] for name in names if credential.public.get(name)), "")
        return told or public or str(credential.meta.get("key_id") or "") or "in the record"

    def kill(self, target: Target, keep_secret: Callable[..., None]) -> None:
        """Delete, disable or replace one key; a failure after which it is refused all the same was none.

        A key that kills itself and loses the answer cannot ask again: the retry is refused.
        """
        adapter = self._adapter
        if adapter is None:
            raise ProviderError(self._provider.name, f"kill key {target.id}", _NO_ONE, "bad_key", hint=_NAME_ONE)
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
        adapter, ring = self._adapter, self._ring
        if adapter is None or ring is None:
            return ()
        ids = {adapter.id_of(item): item for item in self.known}
        if self.journal is None and len(alive) == len(self.known) and "" not in ids:
            return tuple(Target(key, item) for key, item in ids.items())
        listed = self._listed = self._all(adapter, alive)
        if "" in ids and len(alive) == 1 and len(listed) == 1:
            ids[next(iter(listed))] = ids.pop("")
        if "" in ids and alive:
            raise self._untold(ids.pop(""), listed)
        found = [Target(key, ids[key]) for key in ids if key in listed and (listed[key] or not self._options.disable)]
        # Accepted though not listed: the provider forgets slowly, and the end has to be seen.
        found += [Target(key, item) for key, item in ids.items() if key not in listed and item in alive]
        if self.journal:
            named = {self.journal.old_id, self.journal.new_id} - set(ids)
            found += [Target(key, None) for key in listed if key in named]
            found += [Target(key, None) for key in ring.lost(self.journal, adapter)]
        own = adapter.id_of(self._actor) if self._actor and self._rotator is None else ""
        return tuple(sorted(found, key=lambda target: target.id == own))

    def _all(self, adapter: KeyAdapter, alive: Sequence[Credential]) -> Mapping[str, bool]:
        """Return the principal's keys and whether they are active; none where its keys are gone with it."""
        try:
            found = adapter.keys()
        except ProviderError as exc:
            if exc.kind != "not_found" or alive:
                raise
            self._unseen = exc.why
            found = ()
        return {key.id: key.active for key in found}

    def _untold(self, credential: Credential, listed: Mapping[str, Any]) -> ProviderError:
        why = f"the provider does not say, and there are several ({', '.join(listed)})"
        hint = "register the credential again with its key's id, or delete the key at the provider"
        doing = f"tell which key {credential.name} holds"
        return ProviderError(self._provider.name, doing, why, "invalid", hint=hint)
