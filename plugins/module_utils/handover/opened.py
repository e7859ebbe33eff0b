# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a bundle into the secret store, once it is known to be for this customer, account and purpose.

A wrapped secret opens once, so all else comes first: the name in the store is reserved by a write that expects the
version that was read, which shows that the store can be written and that nobody else is at it. Only a weak secret, or
another one than the bundle says, is seen too late. A run that comes to no good end takes its reservation back; that of
a run that was killed stays, and whoever comes next takes the name for a free one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Callable

from ..core import handover as files
from ..core import received
from ..core.errors import InvalidInput, SecretStoreError
from ..model import handover as model
from ..model.plan import Change, Plan
from ..secret_store.base import check_name
from ..secret_store.factory import open_store
from ..secret_store.key import read_file
from ..secret_store.vault_wrap import Wrapping, spent
from .gate import OWN_KINDS, Gate, claims
from .options import Surroundings, vault_option

RECEIPT = ".opened.json"


class Opened:
    """Keeps the secret of a bundle in the secret store."""

    def __init__(self, context: Surroundings) -> None:
        self._context = context
        self._params = context.params
        self._name: str = context.params["name"]
        self._path = os.path.expanduser(context.params["path"])
        self._gate = Gate(self._name, context.params["purpose"], context.params.get("secret_policy"))
        self._wanted = model.Expected(*(context.params[name] for name in ("customer", "account", "purpose")))
        self._bundle, self._sha256 = files.read_bundle(self._path, "path")
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._content: tuple[model.Binding, dict[str, Any]] | None = None
        self._claims: dict[str, str] = {}
        self._stored: Mapping[str, Any] = {}
        self._version = 0
        self._receipt: dict[str, Any] = {}

    def plan(self) -> Plan:
        """Open the bundle in memory and verify it; a wrapped one is only looked at, for it opens once."""
        self._read()
        if (self._stored.get("meta") or {}).get("handover", {}).get("bundle_sha256") == self._sha256:
            self._receipt = files.read_receipt(self._path + RECEIPT)
            return Plan()
        self._refuse_store()
        if self._bundle.method == "vault_wrap":
            line = self._check_wrapped()
        else:
            self._content = self._open()
            line = f"{files.secret_fingerprint(self._content[1])} from bundle {self._content[0].bundle}"
        before = files.secret_fingerprint(self._stored) if self._stored else None
        action = "update" if self._stored else "add"
        return Plan((Change(action, self._name, before, line, self._store.label),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Put the secret into the store, then write the receipt."""
        (change,) = plan.changes
        if self._content:
            binding, record = self._content
            now = self._put(binding, record)
        else:
            binding, record, now = self._open_once()
        done(change)
        fingerprint = files.secret_fingerprint(record)
        told = model.receipt(binding, self._bundle.method, fingerprint, self._sha256, "")
        self._receipt = {**told, "opened_at": now}
        files.write(self._path + RECEIPT, json.dumps(self._receipt, indent=2) + "\n", "path")

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the receipt, empty where check mode made none, and what the sender says of the secret."""
        record = self._content[1] if self._content else self._stored
        fingerprint = self._receipt.get("secret_fingerprint") or (files.secret_fingerprint(record) if record else "")
        return {"status": "opened", "receipt": self._receipt, "fingerprint": fingerprint, "claims": self._claims}

    def _read(self) -> None:
        """Read what the store holds under the name; what only keeps the name free is no record."""
        check_name(self._store.label, self._name)
        self._version = self._store.version(self._name)
        stored = self._store.get(self._name) if self._version else {}
        self._stored = {} if model.is_reserved(stored) else stored
        self._context.keep_secret(*(str(secret) for secret in (self._stored.get("secrets") or {}).values()))

    def _refuse_store(self) -> None:
        """Refuse a store that cannot keep the secret, and a folder that cannot keep the receipt."""
        if getattr(self._store, "read_only", False):
            hint = "name a secret_store that can be written"
            raise SecretStoreError(self._store.label, f"write {self._name}", "it is read-only", hint, "read_only")
        if self._stored.get("kind") in OWN_KINDS:
            mend = f"is a {self._stored['kind']} of this collection in the secret store; take another name"
            raise InvalidInput("name", self._name, mend)
        folder = os.path.dirname(os.path.abspath(self._path))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InvalidInput("path", self._path, f"lies in {folder}, where the receipt cannot be written")

    def _put(self, binding: model.Binding, record: Mapping[str, Any]) -> str:
        """Keep a record that has passed the gate under the receiver's own ``meta``; return the time."""
        secrets = list(record["secrets"].values())
        now = model.time_text(self._context.now())
        before = self._stored.get("meta") or {}
        replaced = [str(it) for it in (self._stored.get("secrets") or {}).values() if it not in secrets]
        meta = {
            **({"owner": before["owner"]} if before.get("owner") else {}),
            **received.remember(before, replaced, self._gate.remembered(self._stored)),
            "handover": {"bundle": binding.bundle, "bundle_sha256": self._sha256, "opened_at": now},
        }
        self._store.put(self._name, {**record, "meta": meta}, expect=self._version)
        return now

    def _open_once(self) -> tuple[model.Binding, dict[str, Any], str]:
        """Reserve the name, use the wrapped secret up and keep it."""
        reserved = self._stored or {"version": 1, "kind": model.RESERVED, "secrets": {}, "meta": {}}
        self._version = self._store.put(self._name, reserved, expect=self._version)
        try:
            binding, record = self._unwrap()
            return binding, record, self._keep(binding, record)
        except BaseException:
            if not self._stored:
                # What was written meanwhile, by others or by a write whose answer was lost, has another version.
                with suppress(SecretStoreError, OSError):
                    self._store.delete(self._name, expect=self._version)
            raise

    def _keep(self, binding: model.Binding, record: Mapping[str, Any]) -> str:
        """Keep what cannot be had a second time; return the time."""
        try:
            return self._put(binding, record)
        except SecretStoreError as exc:
            doing = f"keep the secret of bundle {binding.bundle}, which is used up now"
            hint = "mend the store, and ask for another bundle"
            raise SecretStoreError(self._store.label, doing, str(exc), hint, exc.kind) from exc

    def _take(self, content: tuple[model.Binding, dict[str, Any]]) -> tuple[model.Binding, dict[str, Any]]:
        """Return what is kept of an opened bundle, once it has passed the gate."""
        binding, record = content
        self._context.keep_secret(*(str(secret) for secret in record["secrets"].values()))
        self._claims = claims(record)
        return binding, self._gate.take(record, self._stored)

    def _open(self) -> tuple[model.Binding, dict[str, Any]]:
        path = self._params.get("key_file")
        if not path:
            raise InvalidInput("key_file", None, f"is not set; this bundle is sealed to a key ({self._bundle.method})")
        key = read_file(f"key {path}", path, "open the bundle")
        self._context.keep_secret(key)
        opened = files.open_sealed(self._bundle, key, self._wanted, self._context.now(), ("path", "key_file"))
        return self._take(opened)

    def _check_wrapped(self) -> str:
        """Refuse a wrapped secret for something else before it is used up; return its line of the diff."""
        binding = self._binding()
        self._context.keep_secret(self._bundle.payload)
        binding.check(self._wanted, self._context.now(), "path")
        if not self._wrapping().unspent(self._bundle.payload):
            raise spent(f"bundle {binding.bundle}", "open it")
        return f"a secret from bundle {binding.bundle}"

    def _unwrap(self) -> tuple[model.Binding, dict[str, Any]]:
        content = self._wrapping().unwrap(self._bundle.payload)
        binding, record = model.opened(content, self._binding(), "path")
        self._context.keep_secret(*(str(secret) for secret in record["secrets"].values()))
        binding.check(self._wanted, self._context.now(), "path")
        return self._take((binding, record))

    def _binding(self) -> model.Binding:
        if self._bundle.binding is None:
            raise InvalidInput("path", self._path, "holds a wrapped secret without its binding; ask for another")
        return self._bundle.binding

    def _wrapping(self) -> Wrapping:
        return Wrapping.reach(*vault_option(self._params, self._bundle.url, self._bundle.namespace))
