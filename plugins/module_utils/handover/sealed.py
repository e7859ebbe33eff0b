# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seals a record of the secret store to somebody's public key, or wraps it for one opening, and writes a receipt."""

from __future__ import annotations

import datetime
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..core import handover as files
from ..core.errors import InvalidInput
from ..core.sealing import key_fingerprint
from ..model import handover as model
from ..model import psk_rotation as rotation
from ..model.plan import Change, Plan
from ..secret_store.factory import open_store
from ..secret_store.vault_wrap import Wrapping
from .options import Surroundings, vault_option

RECEIPT = ".receipt.json"
LEAST_TTL_S, MOST_TTL_S = 60, 32 * 86400  # 32 days is Vault's own longest lease


class Sealed:
    """Keeps a bundle that can still be opened at a path."""

    def __init__(self, context: Surroundings) -> None:
        self._context = context
        self._params = context.params
        self._path = os.path.expanduser(context.params["path"])
        self._method: str = context.params["method"]
        self._ttl_s = _ttl(context.params["ttl_s"])
        self._recipient: str = (context.params.get("recipient") or {}).get("name") or ""
        self._public_key, self._key_where = _public_key(context.params)
        self._key = key_fingerprint(self._public_key) if self._public_key else ""
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        vault = self._method == "vault_wrap"
        where, option = vault_option(context.params) if vault else ("", {})
        self._wrapping = Wrapping.log_in(where, option, context.keep_secret) if vault else None
        self._server = option
        self._record: Mapping[str, Any] = {}
        self._fingerprint = ""
        self._receipt: dict[str, Any] = {}
        self._status = "sealed"

    def plan(self) -> Plan:
        """Compare the bundle at the path, by its receipt, with what is wanted."""
        self._record = self._one_key(self._store.get(self._params["name"]))
        secrets = self._record.get("secrets")
        if not isinstance(secrets, dict) or not secrets:
            raise InvalidInput("name", self._params["name"], "holds no secret to hand over; name another record")
        self._context.keep_secret(*(str(secret) for secret in secrets.values()))
        self._fingerprint = files.secret_fingerprint(self._record)
        found = files.read_receipt(self._path + RECEIPT)
        if not self._params["renew"] and self._is_good(found):
            self._receipt = found
            self._status = self._look()
            return Plan()
        before = f"{found.get('method')} bundle until {found.get('expires_at')}" if found else None
        action = "update" if found else "add"
        return Plan((Change(action, self._params["name"], before, self._line(), self._path),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Seal, write the bundle, then the receipt: a bundle without one is made again by the next run."""
        (change,) = plan.changes
        now = self._context.now()
        binding = model.Binding(
            str(uuid.uuid4()),
            self._params["customer"],
            self._params["account"],
            self._params["purpose"],
            model.time_text(now),
            model.time_text(now + datetime.timedelta(seconds=self._ttl_s)),
            self._key,
        )
        sha256 = files.write(self._path, self._seal(binding).text(), "path")
        done(change)
        self._receipt = model.receipt(binding, self._method, self._fingerprint, sha256, self._recipient)
        files.write(self._path + RECEIPT, json.dumps(self._receipt, indent=2) + "\n", "path")

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the receipt; empty where check mode made none."""
        return {"status": self._status, "receipt": self._receipt, "fingerprint": self._fingerprint}

    def _one_key(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return of a pre-shared key that is being changed the one that is wanted; other records as they are."""
        successor = self._params["successor"]
        if successor and not record.get("secrets", {}).get(rotation.NEXT):
            raise InvalidInput(
                "successor", True, "has nothing to seal: no key is being changed; take vpn_psk, state: next"
            )
        self._context.keep_secret(*rotation.keys(record).values())
        return rotation.alone(record, rotation.NEXT if successor else rotation.KEY)

    def _seal(self, binding: model.Binding) -> model.Bundle:
        if self._wrapping is None:
            return files.seal(self._method, self._record, binding, self._public_key, self._key_where)
        token = self._wrapping.wrap(model.content(binding, self._record), self._ttl_s)
        self._context.keep_secret(token)
        server = self._server
        return model.Bundle("vault_wrap", token, binding, str(server.get("url")), str(server.get("namespace") or ""))

    def _is_good(self, found: Mapping[str, Any]) -> bool:
        """Return whether a receipt is that of the bundle at the path, for the same secret, reader and use."""
        wanted = {
            "method": self._method,
            "secret_fingerprint": self._fingerprint,
            "recipient_key": self._key,
            "bundle_sha256": files.file_sha256(self._path),
            **{name: self._params[name] for name in ("customer", "account", "purpose")},
        }
        same = all(found.get(name) == value for name, value in wanted.items())
        return same and str(found.get("expires_at") or "") > model.time_text(self._context.now())

    def _look(self) -> str:
        """Return whether a wrapped secret was opened; what is sealed to a key can be opened until it expires."""
        if self._wrapping is None:
            return "sealed"
        bundle, _sha256 = files.read_bundle(self._path, "path")
        self._context.keep_secret(bundle.payload)
        return "sealed" if self._wrapping.unspent(bundle.payload) else "opened"

    def _line(self) -> str:
        reader = f"{self._recipient} {self._key}".strip() or "whoever opens it first"
        use = "/".join(self._params[name] for name in ("customer", "account", "purpose"))
        return f"{self._method} bundle of {self._fingerprint} for {use}, to {reader}, good for {self._ttl_s} s"


def _ttl(ttl_s: int) -> int:
    if not LEAST_TTL_S <= ttl_s <= MOST_TTL_S:
        raise InvalidInput("ttl_s", ttl_s, f"is not between {LEAST_TTL_S} and {MOST_TTL_S} (32 days)")
    return ttl_s


def _public_key(params: Mapping[str, Any]) -> tuple[str, str]:
    """Return the recipient's public key and the option that it came from; empty for a wrapped secret."""
    recipient = params.get("recipient") or {}
    if params["method"] == "vault_wrap":
        return "", ""
    if recipient.get("public_key"):
        return str(recipient["public_key"]).strip(), "recipient.public_key"
    path, where = recipient.get("public_key_file"), "recipient.public_key_file"
    if not path:
        raise InvalidInput("recipient", None, "has no key; give public_key or public_key_file, or another method")
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            text = file.read().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput(where, path, "cannot be read as text") from exc
    if "PRIVATE KEY" in text or "AGE-SECRET-KEY" in text:
        raise InvalidInput(where, path, "holds a private key; give the public one, and have this one replaced")
    return text, where
