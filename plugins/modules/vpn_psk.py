#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module vpn_psk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_psk
short_description: Keeps a pre-shared key in the secret store, generated or received, and never shows it
version_added: 0.1.0
description:
  - Generates a pre-shared key of letters and digits, which every provider takes, and keeps it in the secret store.
  - Or takes over a key that the other side has made. It is checked first - a weak one, one that was in use before, and
    one with characters that a provider refuses, is not stored.
  - A generated key that is there already stays as it is.
  - The key itself is never returned. Roles take it through the lookup P(strategic.service_store.credential#lookup),
    the other side gets it through M(strategic.service_store.secret_handover).
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
  - strategic.service_store.received_secret
attributes:
  check_mode:
    description: Says whether a key would be made, taken over or removed. A received key is checked.
    support: full
  diff_mode:
    description: Shows that there is a key, and the fingerprint of a received one, never the key.
    support: full
options:
  name:
    description: The name of the key in the secret store.
    type: str
    required: true
  state:
    description: Whether the key shall be there.
    type: str
    choices: [present, absent]
    default: present
  length:
    description: How many characters a new key has, 32 to 64, or more where every one of O(providers) takes more.
    type: int
    default: 48
  providers:
    description:
      - The providers that have to take the key. AWS takes letters, digits, C(.) and C(_), others refuse quotes, C(-)
        or C(~).
      - Without it every provider has to.
    type: list
    elements: str
    choices: [aws, azure, openstack, cloudstack, bt_cloud]
  renew:
    description:
      - Makes a new key in place of the one that is there. Both ends of the tunnel need it then.
      - It is for the one run that shall change it; a play with it is never unchanged.
    type: bool
    default: false
seealso:
  - module: strategic.service_store.secret_handover
  - plugin: strategic.service_store.credential
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: A key for the tunnel to a customer
  strategic.service_store.vpn_psk:
    name: globex-vpn
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: The key that the customer's network team has made, for a tunnel to AWS
  strategic.service_store.vpn_psk:
    name: acme-vpn
    providers: [aws]
    secret_from:
      sealed: {file: /var/spool/handover/acme-vpn.json, key_file: /etc/service-store/handover.key, customer: acme}
    secret_policy: {min_length: 40, forbidden_words: [acme]}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
"""

RETURN = r"""
fingerprint:
  description: A short name of the key, to compare it with the other end's.
  returned: success, and there is a key
  type: str
  sample: "sha256:1f0c3d9a7b21"
strength_bits:
  description: The entropy of a newly generated key, in bits.
  returned: a key was generated
  type: int
  sample: 285
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core import received, spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_received import RECEIVED_SECRET
from ansible_collections.strategic.service_store.plugins.module_utils.model import psk
from ansible_collections.strategic.service_store.plugins.module_utils.model.handover import (
    RESERVED_LINE,
    Expected,
    is_reserved,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.secret_policy import drawn_bits
from ansible_collections.strategic.service_store.plugins.module_utils.provider.received import from_bundle
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.key import read_file

SPEC = spec.SECRET_STORE.merge(
    RECEIVED_SECRET,
    spec.Spec(
        {
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "length": {"type": "int", "default": 48},
            "providers": {"type": "list", "elements": "str", "choices": list(psk.PROVIDERS)},
            "renew": {"type": "bool", "default": False},
        },
        mutually_exclusive=(("secret_from", "renew"),),
    ),
)


class Task:
    """Keeps one pre-shared key in the secret store."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._params = context.params
        self._name: str = context.params["name"]
        self._facts: dict[str, Any] = {}
        base = psk.policy(context.params.get("providers") or ())
        self._policy = received.policy_of(base, context.params.get("secret_policy"))
        self._received = self._receive() if context.params["state"] == "present" else None
        self._length: int = context.params["length"]
        if self._received is None:
            psk.check_length("length", self._length, self._policy)
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._stored: Mapping[str, Any] = {}
        self._version = 0

    def plan(self) -> Plan:
        """Compare what is stored with what is wanted."""
        before = self._read()
        if self._params["state"] == "absent":
            gone = self._line(None) if before else self._left()
            return Plan((Change("remove", self._name, gone, None, self._store.label),)) if gone else Plan()
        if before is None:
            return Plan((Change("add", self._name, None, self._line(self._received), self._store.label),))
        if self._received == before or (self._received is None and not self._params["renew"]):
            return Plan()
        if self._received is not None:
            received.check_reuse("secret_from", self._received, self._policy, self._stored.get("meta") or {})
        after = self._line(self._received) if self._received else "a new pre-shared key"
        return Plan((Change("update", self._name, self._line(before), after, self._store.label),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Store the received key or a generated one, or remove it, unless somebody else changed it meanwhile."""
        for change in plan.changes:
            if change.action == "remove":
                self._store.delete(self._name, expect=self._version)
            else:
                self._put(self._received or self._generate())
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the key's fingerprint, never the key."""
        return self._facts

    def _read(self) -> str | None:
        """Return the stored key; what only keeps the name free is no record, another kind is not ours to change."""
        self._version = self._store.version(self._name)
        record = self._store.get(self._name) if self._version else None
        if record is None or is_reserved(record):
            return None
        self._stored = record
        key = self._key()
        self._remember(key)
        return key

    def _left(self) -> str | None:
        """Return in words what there is to remove although there is no key."""
        return RESERVED_LINE if self._version else self._store.remnant(self._name)

    def _receive(self) -> str | None:
        """Return the key that the options lead to, which has passed the gate."""
        source = self._params.get("secret_from")
        if not source:
            return None
        if source.get("file"):
            where, key = "secret_from.file", read_file(f"file {source['file']}", source["file"], "read the key")
        elif source.get("env"):
            where, key = "secret_from.env", os.environ.get(source["env"], "").strip()
        else:
            where = "secret_from.sealed"
            key = from_bundle(source["sealed"], Expected("", self._name, "psk"), self._context).get("psk", "")
        if not key:
            raise InvalidInput(where, None, "holds no pre-shared key")
        self._remember(key)
        received.check(where, key, self._policy, [self._name])
        return key

    def _generate(self) -> str:
        key = received.generate(self._policy, self._length, [self._name])
        self._facts["strength_bits"] = drawn_bits(self._policy, self._length)
        return key

    def _put(self, key: str) -> None:
        self._remember(key)
        replaced = [self._key()] if self._stored else []
        history = received.remember(self._stored.get("meta") or {}, replaced, self._policy.reuse)
        record = {
            "version": 1,
            "kind": "psk",
            "secrets": {"psk": key},
            "meta": {"made_at": self._context.now().strftime("%Y-%m-%dT%H:%M:%SZ"), **history},
        }
        self._store.put(self._name, record, expect=self._version)

    def _key(self) -> str:
        """Return the stored key; raises InvalidInput where the record is something else."""
        key = (self._stored.get("secrets") or {}).get("psk")
        if not isinstance(key, str) or not key:
            raise InvalidInput("name", self._name, "is no pre-shared key in this secret store; take another name")
        return key

    def _line(self, key: str | None) -> str:
        """Return a key in one line of a diff; a generated one is not known before."""
        return f"a pre-shared key, {fingerprint(key)}" if key else "a pre-shared key"

    def _remember(self, key: str) -> None:
        self._context.keep_secret(key)
        self._facts["fingerprint"] = fingerprint(key)


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
