# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers a credential after a live probe, and forgets one. Revoking it at the provider is in revocation.py."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable, Protocol

from ..core.errors import SecretStoreError
from ..model.credential import Credential, parse_record
from ..model.handover import RESERVED_LINE, is_reserved
from ..model.plan import Change, Plan
from ..model.revocation import MARK
from ..model.rotation import SUFFIX, has_journal
from ..secret_store.base import SecretStore
from ..secret_store.factory import open_store
from . import purpose, registration
from .base import Identity
from .connect import access_of
from .permissions import Review
from .received import check_reuse
from .registry import provider


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def warn(self, text: str) -> None:
        """Show a warning."""


class Registering:
    """One registration: ``plan`` probes, ``apply`` stores, ``facts`` tells."""

    def __init__(self, context: Surroundings) -> None:
        self._context = context
        self._params = context.params
        self._name: str = context.params["credential"]
        self._given = registration.given(context)
        self._access = access_of(context.params)
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._review = Review(context)
        self._identity = Identity("", "")
        self._shown: dict[str, Any] = {}
        self._version = 0
        self._record: dict[str, Any] = {}

    def plan(self) -> Plan:
        """Probe the credential and compare it with what is stored."""
        self._version, stored = _stored(self._store, self._name, self._context)
        wanted = self._wanted(stored)
        # A key that was never good here has no day of registration yet: CloudStack's refusals are read by it.
        known = stored is not None and stored.same_key(wanted)
        learned = self._probe(wanted if known else replace(wanted, meta={}), wanted, stored)
        wanted = replace(wanted, meta={**wanted.meta, **learned})
        self._record, self._shown = wanted.record(), registration.shown(wanted)
        kept = ("owner", purpose.META, MARK, *learned)
        # A store that only AWX writes remembers nothing of a good key; that is no reason to refuse it.
        kept = () if getattr(self._store, "read_only", False) else kept
        if stored and known and all(stored.meta.get(it) == wanted.meta.get(it) for it in kept):
            self._shown = registration.shown(stored)
            return Plan()
        before = registration.line(stored) if stored else None
        action = "update" if stored else "add"
        return Plan((Change(action, self._name, before, registration.line(wanted), self._store.label),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Store the credential, unless somebody else changed it meanwhile."""
        for change in plan.changes:
            self._store.put(self._name, self._record, expect=self._version)
            done(change)

    def facts(self) -> dict[str, Any]:
        """Return what is stored and who the provider says it is; never a secret."""
        report = {
            "kind": "credential",
            "provider": self._params["provider"],
            "state": "registered",
            "fingerprint": self._shown["fingerprint"],
            "age_days": registration.age_days(self._shown["registered_at"], self._context.now()),
        }
        identity = {"account": self._identity.account, "principal": self._identity.principal}
        return {"credential": self._shown, "identity": identity, **self._review.facts(), "report": report}

    def _probe(self, probed: Credential, wanted: Credential, stored: Credential | None) -> dict[str, Any]:
        """Make the live call; return what is learned by it for the credential's meta."""
        cloud = provider(self._params["provider"])
        session = cloud.open(probed, self._access)
        self._identity = purpose.probe(cloud, session, wanted)
        return {**self._identity.remember, **self._review.look(cloud, session, self._identity, stored)}

    def _wanted(self, stored: Credential | None) -> Credential:
        if self._given is None and stored is None:
            why = "it is not registered and neither secret nor secret_from is given"
            raise SecretStoreError(self._store.label, f"probe {self._name}", why, kind="not_found")
        owner, policy = self._params.get("owner"), self._params.get("secret_policy")
        check_reuse(self._given, stored, policy)
        wanted = registration.with_meta(self._given, stored, owner, self._context.now(), policy)
        return purpose.recorded(wanted, self._params["purpose"], stored, fresh=self._given is not None)


class Forgetting:
    """Removes a credential from the secret store, and what a killed run left of it. The provider keeps the key."""

    def __init__(self, context: Surroundings) -> None:
        self._context = context
        self._name: str = context.params["credential"]
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._version = 0

    def plan(self) -> Plan:
        """Return the removal of what is stored; nothing where the store knows nothing of the name."""
        self._version, stored = _stored(self._store, self._name, self._context)
        self._refuse_rotating()
        line = RESERVED_LINE if self._version else self._store.remnant(self._name)
        line = registration.line(stored) if stored else line
        return Plan((Change("remove", self._name, line, None, self._store.label),)) if line else Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Remove the credential, unless somebody else changed it meanwhile."""
        for change in plan.changes:
            self._store.delete(self._name, expect=self._version)
            done(change)

    def facts(self) -> dict[str, Any]:
        """Return the line of the report."""
        return {"report": {"kind": "credential", "provider": self._context.params["provider"], "state": "absent"}}

    def _refuse_rotating(self) -> None:
        """Refuse to forget a credential while the journal of its rotation holds keys that live."""
        if has_journal(self._name) and self._store.version(self._name + SUFFIX):
            why = f"a rotation is under way, and its journal {self._name + SUFFIX} holds keys that may be alive"
            hint = "let cloud_credential_rotation finish, or end the keys with state: revoked"
            raise SecretStoreError(self._store.label, f"remove {self._name}", why, hint, "conflict")


def _stored(store: SecretStore, name: str, context: Surroundings) -> tuple[int, Credential | None]:
    """Return version and credential of a record, the version first; what only keeps the name free is none."""
    version = store.version(name)
    record = store.get(name) if version else {}
    if not version or is_reserved(record):
        return version, None
    stored = parse_record(name, record)
    context.keep_secret(*stored.secrets.values())
    return version, stored
