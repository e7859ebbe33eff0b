# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a credential's principal as a rotation uses them: who acts, whether a new key works, what was lost."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Callable, TypeVar

from ..core.errors import InvalidInput, ProviderError
from ..core.retry import Retry
from ..model.credential import Credential
from ..model.key_age import Policy, instant
from ..model.revocation import ACCEPTED, verdict
from ..model.rotation import Journal, lost_by_label, lost_by_time
from .base import Access, Key, KeyAdapter, Provider, Session
from .purpose import probe
from .registry import capability

T = TypeVar("T")
#: Failures of a key that the provider made but does not know everywhere yet.
_NOT_YET = frozenset({"bad_key", "ip_blocked"})


class KeyRing:
    """Sessions of whoever manages the keys (the rotator, else the credential itself), and probes of new keys."""

    def __init__(
        self,
        provider: Provider,
        access: Access,
        policy: Policy,
        rotator: Credential | None,
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_keys = capability(provider, "keys")
        self._provider, self._access, self._policy, self._rotator = provider, access, policy, rotator
        self._sleep, self._clock = sleep, clock
        self._sessions: list[Session] = []
        self._made: tuple[Credential, KeyAdapter] | None = None

    def of(self, credential: Credential) -> KeyAdapter:
        """Return the adapter for the keys of the principal to whom ``credential`` belongs."""
        if self._made is None or not self._made[0].same_key(credential):
            session = self._open(self._rotator or credential, self._access)
            adapter: KeyAdapter = self._open_keys(session, credential)
            self._made = (credential, adapter)
        return self._made[1]

    @property
    def has_rotator(self) -> bool:
        """Return whether a second credential manages the keys."""
        return self._rotator is not None

    def verify(self, credential: Credential) -> None:
        """Make good calls in a row with a key; raises ProviderError with the last failure when the time is up.

        Each call has a session of its own: one that is open already may hold a token, or the one server that knows
        the key ("Changes that I make are not always immediately visible", AWS IAM User Guide).
        """
        wanted = self._policy.good_calls
        end = self._clock() + self._policy.verify_timeout_s
        good = 0
        failure: ProviderError | None = None
        access = replace(self._access, retry=Retry(0))
        while True:
            try:
                probe(self._provider, self._open(credential, access), credential)
                good += 1
            except ProviderError as exc:
                good, failure = 0, exc
            if good >= wanted:
                return
            if self._clock() + self._policy.verify_every_s > end:
                raise self._unproven(good, failure)
            self._sleep(self._policy.verify_every_s)

    def takes(self, credential: Credential) -> str:
        """Return how the provider takes a key now; raises ProviderError where its answer says nothing of it."""
        try:
            probe(self._provider, self._open(credential, self._access), credential)
        except ProviderError as exc:
            found = verdict(exc.kind)
            if not found:
                raise
            return found
        return ACCEPTED

    def remembered(self, credential: Credential) -> Credential:
        """Return a credential with what its principal is found by when the key is dead, as registration records it.

        Records of earlier versions lack it. A key that is refused cannot tell any more, and rotates without. Where the
        provider counts a key's uses it is not asked: it would be the key that was used last.
        """
        traits = self.of(credential).traits
        known_by = "" if traits.tells_last_use else traits.known_by
        if not known_by or credential.meta.get(known_by):
            return credential
        try:
            found = probe(self._provider, self._open(credential, self._access), credential).remember
        except ProviderError as exc:
            if not verdict(exc.kind):
                raise
            return credential
        return replace(credential, meta={**credential.meta, **found})

    def _unproven(self, good: int, failure: ProviderError | None) -> ProviderError:
        policy = self._policy
        ended = f"{good} were good, and the time was up"
        if failure is None:
            last = ended
        else:
            last = f"the last failure: {failure.why}; then {ended}" if good else f"the last one failed: {failure.why}"
        why = f"no {policy.good_calls} good calls in a row within {policy.verify_timeout_s:g} s; {last}"
        return ProviderError(self._provider.name, "verify the new key", why, failure.kind if failure else "timeout")

    def patiently(self, call: Callable[[], T]) -> T:
        """Make a call as a key that was just made; another part of the provider may not know the key yet."""
        end = self._clock() + (0.0 if self.has_rotator else self._policy.verify_timeout_s)
        while True:
            try:
                return call()
            except ProviderError as exc:
                if exc.kind not in _NOT_YET or self._clock() + self._policy.verify_every_s > end:
                    raise
            self._sleep(self._policy.verify_every_s)

    def lost(self, journal: Journal, adapter: KeyAdapter) -> tuple[str, ...]:
        """Return the keys that an earlier attempt made and whose secret nobody has."""
        if not adapter.traits.overlap:
            # The next key replaces a lost one by itself.
            return ()
        keys = adapter.keys()
        if adapter.traits.labels:
            return lost_by_label(journal, [(key.id, key.label) for key in keys])
        fresh = [key for key in keys if key.id not in journal.before and key.id != journal.new_id]
        return lost_by_time(journal, [(key.id, key.created_at, adapter.last_use(key.id)) for key in fresh])

    def calls(self) -> dict[str, int]:
        """Return the calls of all sessions by name."""
        total: dict[str, int] = {}
        for session in self._sessions:
            for name, number in session.calls.by_name().items():
                total[name] = total.get(name, 0) + number
        return dict(sorted(total.items()))

    def _open(self, credential: Credential, access: Access) -> Session:
        session = self._provider.open(credential, access)
        self._sessions.append(session)
        return session


def current_id(adapter: KeyAdapter, credential: Credential, keys: Sequence[Key]) -> str:
    """Return the id of the key that a credential holds; raises ProviderError where nobody can tell."""
    told = adapter.id_of(credential)
    if told:
        return told
    if len(keys) == 1:
        return keys[0].id
    ids = ", ".join(key.id for key in keys) or "none"
    raise ProviderError(
        credential.provider,
        f"tell which key {credential.name} holds",
        f"the provider does not say, and there are several ({ids})",
        "invalid",
        hint="delete the ones that nobody uses, or register the credential again with its key's id",
    )


def room(
    provider: str, adapter: KeyAdapter, policy: Policy, current: str, keys: Sequence[Key], now: datetime.datetime
) -> str:
    """Return the id of the key that goes to make room, "" where there is room; raises ProviderError (quota).

    Only a key that was not used for ``replace_unused_days`` may go, and never the one that was used last.
    """
    most = adapter.traits.most
    if not adapter.traits.overlap or most is None or len(keys) < most:
        return ""
    used = {key.id: adapter.last_use(key.id) for key in keys} if adapter.traits.tells_last_use else {}
    others = [key for key in keys if key.id != current]
    found = [key for key in others if _idle(key, used, current, policy, now)]
    if found:
        return found[0].id
    listed = "; ".join(f"{key.id} {_state(key, used, current)}" for key in keys)
    names = " or ".join(key.id for key in others)
    raise ProviderError(
        provider,
        "make a new key",
        f"there are {len(keys)} already, the most there may be: {listed}",
        "quota",
        hint=f"find out who uses {names} and delete it when nobody does, or set replace_unused_days",
    )


def _idle(key: Key, used: Mapping[str, str], current: str, policy: Policy, now: datetime.datetime) -> bool:
    """Return whether a key was unused long enough, and was not the last to be used."""
    if policy.replace_unused_days is None or key.id not in used:
        return False
    last = used[key.id] or key.created_at
    if not last or used[key.id] > used.get(current, ""):
        return False
    return (now - instant(last)).days >= policy.replace_unused_days


def _state(key: Key, used: Mapping[str, str], current: str) -> str:
    words = ["in the store"] if key.id == current else [] if key.active else ["disabled"]
    last = used.get(key.id, "not told")
    words.append(f"last used {last}" if last else "never used")
    return f"({', '.join(words)})"


def refuse_without_rotator(provider: Provider, ring: KeyRing, adapter: KeyAdapter) -> None:
    """Refuse to replace a key that is dead once its successor exists, where nobody could recover the successor."""
    if not adapter.traits.overlap and not ring.has_rotator:
        mend = (
            f"is needed: {provider.name} replaces a key at once, and a run that is killed before it has stored the new "
            "one leaves nobody who could ask for another; name a second credential that may manage this one's keys"
        )
        raise InvalidInput("rotator", None, mend)
