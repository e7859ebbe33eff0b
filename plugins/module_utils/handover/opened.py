# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a bundle into the secret store, once it is known to be for this customer, account and purpose."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..core import handover as files
from ..core import received
from ..core.errors import InvalidInput
from ..model import handover as model
from ..model.plan import Change, Plan
from ..secret_store.factory import open_store
from ..secret_store.key import read_file
from ..secret_store.vault_wrap import Wrapping, spent
from .options import Surroundings, vault_option

RECEIPT = ".opened.json"
_REMEMBERED = 8


class Opened:
    """Keeps the secret of a bundle in the secret store."""

    def __init__(self, context: Surroundings) -> None:
        self._context = context
        self._params = context.params
        self._name: str = context.params["name"]
        self._path = os.path.expanduser(context.params["path"])
        self._wanted = model.Expected(*(context.params[name] for name in ("customer", "account", "purpose")))
        self._bundle, self._sha256 = files.read_bundle(self._path, "path")
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._content: tuple[model.Binding, dict[str, Any]] | None = None
        self._stored: Mapping[str, Any] = {}
        self._version = 0
        self._receipt: dict[str, Any] = {}

    def plan(self) -> Plan:
        """Open the bundle in memory and verify it; a wrapped one is only looked at, for it opens once."""
        self._version = self._store.version(self._name)
        self._stored = self._store.get(self._name) if self._version else {}
        self._context.keep_secret(*(str(secret) for secret in (self._stored.get("secrets") or {}).values()))
        if (self._stored.get("meta") or {}).get("handover", {}).get("bundle_sha256") == self._sha256:
            self._receipt = files.read_receipt(self._path + RECEIPT)
            return Plan()
        if self._bundle.method == "vault_wrap":
            line = self._check_wrapped()
        else:
            self._content = self._open()
            line = f"{files.secret_fingerprint(self._content[1])} from bundle {self._content[0].bundle}"
        before = files.secret_fingerprint(self._stored) if self._version else None
        action = "update" if self._version else "add"
        return Plan((Change(action, self._name, before, line, self._store.label),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Put the secret into the store, then write the receipt."""
        (change,) = plan.changes
        binding, record = self._content or self._unwrap()
        secrets = [str(secret) for secret in record["secrets"].values()]
        self._context.keep_secret(*secrets)
        now = model.time_text(self._context.now())
        replaced = [str(it) for it in (self._stored.get("secrets") or {}).values() if it not in secrets]
        meta = {
            **(record.get("meta") or {}),
            **received.remember(self._stored.get("meta") or {}, replaced, _REMEMBERED),
            "handover": {"bundle": binding.bundle, "bundle_sha256": self._sha256, "opened_at": now},
        }
        self._store.put(self._name, {**record, "meta": meta}, expect=self._version)
        done(change)
        fingerprint = files.secret_fingerprint(record)
        told = model.receipt(binding, self._bundle.method, fingerprint, self._sha256, "")
        self._receipt = {**told, "opened_at": now}
        files.write(self._path + RECEIPT, json.dumps(self._receipt, indent=2) + "\n", "path")

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the receipt; empty where check mode made none."""
        record = self._content[1] if self._content else self._stored
        fingerprint = self._receipt.get("secret_fingerprint") or (files.secret_fingerprint(record) if record else "")
        return {"status": "opened", "receipt": self._receipt, "fingerprint": fingerprint}

    def _open(self) -> tuple[model.Binding, dict[str, Any]]:
        path = self._params.get("key_file")
        if not path:
            raise InvalidInput("key_file", None, f"is not set; this bundle is sealed to a key ({self._bundle.method})")
        key = read_file(f"key {path}", path, "open the bundle")
        self._context.keep_secret(key)
        return files.open_sealed(self._bundle, key, self._wanted, self._context.now(), ("path", "key_file"))

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
        binding.check(self._wanted, self._context.now(), "path")
        return binding, record

    def _binding(self) -> model.Binding:
        if self._bundle.binding is None:
            raise InvalidInput("path", self._path, "holds a wrapped secret without its binding; ask for another")
        return self._bundle.binding

    def _wrapping(self) -> Wrapping:
        return Wrapping.reach(*vault_option(self._params, self._bundle.url, self._bundle.namespace))
