#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module vpn_psk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_psk
short_description: Generates a pre-shared key into the secret store, and never shows it
version_added: 0.1.0
description:
  - Generates a pre-shared key of letters and digits, which every provider takes, and keeps it in the secret store.
  - A key that is there already stays as it is.
  - The key itself is never returned. Roles take it through the lookup P(strategic.service_store.credential#lookup).
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Says whether a key would be made or removed.
    support: full
  diff_mode:
    description: Shows that there is a key, never the key.
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
    description: How many characters a new key has, 32 to 64.
    type: int
    default: 48
seealso:
  - plugin: strategic.service_store.credential
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: A key for the tunnel to a customer
  strategic.service_store.vpn_psk:
    name: globex-vpn
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

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model import psk
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

SPEC = spec.SECRET_STORE.merge(
    spec.Spec(
        {
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "length": {"type": "int", "default": 48},
        }
    )
)


class Task:
    """Keeps one pre-shared key in the secret store."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._name: str = context.params["name"]
        self._length = psk.check_length("length", context.params["length"])
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._facts: dict[str, Any] = {}

    def plan(self) -> Plan:
        """Compare what is stored with what is wanted."""
        present = self._store.version(self._name) > 0
        wanted = self._context.params["state"] == "present"
        if present and wanted:
            self._remember(str(self._store.get(self._name)["secrets"]["psk"]))
        if present == wanted:
            return Plan()
        line = "a pre-shared key"
        action, before, after = ("add", None, line) if wanted else ("remove", line, None)
        return Plan((Change(action, self._name, before, after, self._store.label),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Generate and store the key, or remove it."""
        for change in plan.changes:
            if change.action == "remove":
                self._store.delete(self._name)
            else:
                key = psk.generate(self._length, secrets.choice)
                self._remember(key)
                record = {"version": 1, "kind": "psk", "secrets": {"psk": key}, "meta": {"made_at": self._now()}}
                self._store.put(self._name, record, expect=0)
                self._facts["strength_bits"] = psk.strength_bits(self._length)
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the key's fingerprint, never the key."""
        return self._facts

    def _remember(self, key: str) -> None:
        self._context.keep_secret(key)
        self._facts["fingerprint"] = fingerprint(key)

    def _now(self) -> str:
        return self._context.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
