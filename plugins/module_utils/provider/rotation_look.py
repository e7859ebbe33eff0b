# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation sees before it acts: options, records, age, keys, and whether the old key was used again."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Callable, Protocol

from ..core.errors import InvalidInput, ProviderError, SecretStoreError
from ..model import rotation as model
from ..model.credential import Credential, parse_record
from ..model.handover import is_reserved
from ..model.key_age import Due, Policy, due, ends_at, exists_since, instant, parse_policy, written
from ..model.plan import Change
from ..model.rotation import Journal
from ..model.rotation_changes import Ids, changes
from ..secret_store.base import SecretStore
from ..secret_store.factory import open_store
from . import registration
from .base import Access, Key, KeyAdapter, KeyTraits
from .connect import access_of
from .registry import own_name
from .registry import provider as find_provider
from .rotation_journal import At, JournalFile
from .rotation_keys import KeyRing, current_id, refuse_without_rotator, room

#: How long one run may take beside the verification before another one on another machine may take over.
HOLD_S = 180.0
_IDLE = ("", model.DISABLED, model.ABANDONING, model.DONE)


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""

    def warn(self, text: str) -> None:
        """Show a warning to the operator."""

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True)
class Start:
    """What a rotation writes down before its first call."""

    label: str
    current: str
    before: tuple[str, ...]
    spare: str


def main_record(
    store: SecretStore, name: str, keep_secret: Callable[..., None], known: Credential | None = None
) -> tuple[int, Any]:
    """Return version and credential of a record; the version first, so that a change between both is noticed."""
    version = store.version(name)
    record = store.get(name) if version else {}
    # A name that an opening under way has reserved holds no key yet.
    if not version or is_reserved(record):
        return version, known
    credential = parse_record(name, record)
    keep_secret(*credential.secrets.values())
    return version, credential


class Look:
    """The state of one credential's keys, read in as few calls as it takes."""

    def __init__(self, context: Surroundings, at: At) -> None:
        params = context.params
        self._context = context
        self.name: str = params["credential"]
        model.check_name(self.name)
        self._provider = find_provider(params["provider"])
        self.policy = _policy(params)
        access: Access = access_of(params)
        self.store: SecretStore = open_store(params.get("secret_store"), context.keep_secret)
        hold_s = HOLD_S + self.policy.verify_timeout_s
        self.journal = JournalFile(self.store, self.name, context.keep_secret, context.now, at, hold_s)
        self.main = self._credential(self.name, "credential")
        rotator = self._credential(params["rotator"], "rotator") if params.get("rotator") else None
        self.ring = KeyRing(self._provider, access, self.policy, rotator, context.sleep)
        self.wanted = self.hurry = False
        self._due = Due("")
        self._keys: tuple[Key, ...] | None = None
        self._spare = self._current = ""
        self._planned: list[tuple[str, Change]] = []
        self._last_use: str | None = None
        self._alert: dict[str, str] = {}
        self._why_not = "no old key is in its grace period"

    @cached_property
    def traits(self) -> KeyTraits:
        """Return what the provider can do with keys; some are asked for it."""
        return self.ring.of(self.main).traits

    @property
    def overlap(self) -> bool:
        """Return whether an old key goes on working beside a new one."""
        return self.traits.overlap

    def _credential(self, name: str, option: str) -> Credential:
        if option == "rotator" and name == self.name:
            raise InvalidInput("rotator", name, "is the credential itself; name another one, or leave it out")
        credential = parse_record(name, self.store.get(name))
        self._context.keep_secret(*credential.secrets.values())
        if own_name(credential.provider) != self._provider.name:
            mend = f"is registered for {credential.provider}, not for {self._context.params['provider']}"
            raise InvalidInput(option, name, mend)
        return credential

    def plan(self) -> list[tuple[str, Change]]:
        """Return the changes of this run with their steps."""
        journal = self.journal.read()
        phase = journal.phase if journal else ""
        if journal and self.main.same_key(journal.old):
            # What was learned of the key when the rotation began is in the journal alone.
            self.main = replace(self.main, meta={**journal.old.meta, **self.main.meta})
        force = bool(self._context.params.get("force"))
        if phase in _IDLE:
            self._due = self._weigh(journal)
            self.wanted = self._due.rotate or force
        self.hurry = force and phase == model.DISABLED
        if journal is None and not self.wanted:
            return []
        steps = model.outlook(self._state(journal), self.overlap, self.policy, self._context.now())
        if steps:
            self.journal.refuse_held()
        if steps and steps[0] == model.BEGIN:
            start = self.start()
            self._spare, self._current = start.spare, start.current
        if journal and phase == model.DISABLED:
            self._watch(journal)
        self._planned = changes(self.name, steps, self._ids(journal), self._fate())
        return list(self._planned)

    def take(self, step: str, key: str = "") -> list[Change]:
        """Return the planned changes of the next such step, each once; with ``key`` those of that one alone."""
        places = [
            place
            for place, (planned, change) in enumerate(self._planned)
            if planned == step and key in ("", change.key)
        ]
        if not places:
            return []
        first = last = places[0]
        while last + 1 in places:
            last += 1
        found = [change for _step, change in self._planned[first : last + 1]]
        del self._planned[first : last + 1]
        return found

    def start(self) -> Start:
        """Return what is there before a rotation; raises ProviderError where no key can be made."""
        adapter = self.ring.of(self.main)
        refuse_without_rotator(self._provider, self.ring, adapter)
        self.main = self.ring.remembered(self.main)
        keys = self._keys if self._keys is not None else adapter.keys()
        self._keys = keys
        current = current_id(adapter, self.main, keys)
        spare = self._spare or self.spare(adapter, current, keys)
        prefix = self._context.params.get("label_prefix") or "service-store"
        label = f"{prefix}-{self._context.now():%Y%m%dt%H%M%Sz}-{secrets.token_hex(3)}"
        return Start(label, current, tuple(key.id for key in keys), spare)

    def spare(self, adapter: KeyAdapter, current: str, keys: Sequence[Key]) -> str:
        """Return the id of the key that goes to make room, "" where there is room; raises ProviderError (quota)."""
        return room(self._provider.name, adapter, self.policy, current, keys, self._context.now())

    def new_end(self) -> str:
        """Return when a key made now ends, "" for never."""
        days = self.policy.lifetime_days
        return written(self._context.now() + datetime.timedelta(days=days)) if days else ""

    def refuse_undone(self, journal: Journal) -> None:
        """Refuse to touch the old key where the store holds it again."""
        if not self.main.same_key(journal.old):
            return
        why = "somebody registered the old key again, so it may not be disabled or deleted"
        hint = f"register the key to be used, or take {self.name}{model.SUFFIX} out of the store to keep the old one"
        raise SecretStoreError(self.store.label, f"finish the rotation of {self.name}", why, hint, "conflict")

    def _state(self, journal: Journal | None) -> model.State:
        return model.state_of(journal, sure=False, wanted=self.wanted, hurry=self.hurry)

    def _weigh(self, journal: Journal | None) -> Due:
        """Return whether the key is due; the provider is asked only where the record alone would let it pass."""
        meta, told = self.main.meta, str(self.main.public.get("expires_at") or self.main.meta.get("expires_at") or "")
        found = self._judge(exists_since(meta), ends_at(self.policy, meta, told))
        if journal is not None or meta.get("rotated_at") or (found.rotate and found.due_at):
            return found
        key = self._asked()
        if key is None:
            return found
        return self._judge(exists_since(meta, key.created_at), ends_at(self.policy, meta, key.expires_at or told))

    def _judge(self, since: str, ends: str) -> Due:
        return due(self.policy, since, ends, self._context.now())

    def _asked(self) -> Key | None:
        """Return the credential's key as the provider lists it, None where it does not say."""
        adapter = self.ring.of(self.main)
        try:
            self._keys = adapter.keys()
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
            self._context.warn(f"the age of {self.name} is that of its registration alone: {exc}")
            return None
        current = adapter.id_of(self.main) or (self._keys[0].id if len(self._keys) == 1 else "")
        return next((key for key in self._keys if key.id == current), None)

    def _watch(self, journal: Journal) -> None:
        """Ask whether the old key was used after the switch."""
        if not self.traits.tells_last_use:
            self._why_not = self.traits.why_not
            return
        try:
            self._last_use = self.ring.of(self.main).last_use(journal.old_id)
        except ProviderError as exc:
            if exc.kind not in ("not_found", "no_permission"):
                raise
            self._why_not = exc.why
        if not model.tripped(journal, self._last_use or ""):
            return
        text = (
            f"key {journal.old_id} of {self.name} was used at {self._last_use}, after it had been replaced at "
            f"{journal.switched_at}: somebody has a copy of it, or a system was not told of the new key"
        )
        self._context.warn(f"ALERT: {text}")
        used = {"used_at": str(self._last_use), "switched_at": journal.switched_at}
        self._alert = {"key": journal.old_id, **used, "text": text}

    def _ids(self, journal: Journal | None) -> Ids:
        current = self._current or self.ring.of(self.main).id_of(self.main) or "in use"
        if journal is None:
            return Ids(current=current, spare=self._spare)
        return Ids(journal.old_id, journal.new_id, current, journal.spare)

    def _fate(self) -> str:
        days = self.policy.grace_days
        what = "disabled" if self.traits.can_disable else "kept"
        return f"{what} for {days} day{'s' if days > 1 else ''}, then deleted" if days else f"{what}, then deleted"

    def facts(self, *, rotated: bool, outage_s: float | None) -> dict[str, Any]:
        """Return the module's return values."""
        journal = self.journal.present
        now = self._context.now()
        shown = registration.shown(self.main)
        due_now = self._judge(exists_since(self.main.meta), "") if rotated else self._due
        tripwire: dict[str, Any] = {"available": self._last_use is not None, "last_use": self._last_use or ""}
        if self._last_use is None:
            tripwire["why_not"] = self._why_not
        return {
            "credential": shown,
            "rotation": {"rotated": rotated, "state": due_now.state, "due_at": due_now.due_at, **self._old(journal)},
            "alert": self._alert,
            "tripwire": tripwire,
            "calls": self.ring.calls(),
            **({"outage_s": outage_s} if outage_s is not None else {}),
            "report": {
                "kind": "credential",
                "provider": self._context.params["provider"],
                "state": "rotated" if rotated else due_now.state or "rotating",
                "fingerprint": shown["fingerprint"],
                "age_days": registration.age_days(shown["registered_at"], now),
            },
        }

    def _old(self, journal: Journal | None) -> dict[str, Any]:
        """Return what is known of the old key while it is kept."""
        if journal is None:
            return {"phase": "none"}
        known: dict[str, Any] = {"phase": journal.phase, "old_key": journal.old_id}
        if journal.disabled_at:
            known["delete_after"] = written(instant(journal.disabled_at) + self.policy.grace)
        return known


def _policy(params: Mapping[str, Any]) -> Policy:
    names = ("good_calls", "verify_every_s", "verify_timeout_s", "replace_unused_days")
    return parse_policy(params.get("policy") or {}, {name: params.get(name) for name in names})
