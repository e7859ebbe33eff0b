#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module secret_store_rewrap."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_store_rewrap
short_description: Moves an encrypted secret store to another key-encryption key
version_added: 0.1.0
description:
  - Brings the file of a secret store of the type V(encrypted_file) under the key-encryption key that O(secret_store)
    names, and encrypts its records anew under a fresh data key. The backup beside the file is replaced as well, so
    that the old key opens nothing any more.
  - Without a change where the file and its backup are under that key already. For a Vault transit key this means
    under its newest version.
  - A run that is killed leaves a whole file, and the next run finishes the work.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
  - strategic.service_store.secret_store.previous_key
attributes:
  check_mode:
    description: Opens the file with the key it has, and says whether it would be rewrapped.
    support: full
  diff_mode:
    description: Shows the type and name of the key before and after.
    support: full
options:
  force:
    description: Whether to give the file a new data key even where it is under the wanted key already.
    type: bool
    default: false
seealso:
  - module: strategic.service_store.cloud_credential
"""

EXAMPLES = r"""
- name: Put the key of the store into the HSM; the key file can be destroyed after it
  strategic.service_store.secret_store_rewrap:
    secret_store:
      path: /etc/service-store/secrets.json
      kek: {type: pkcs11, library: /usr/lib/softhsm/libsofthsm2.so, token_label: service-store, key: store-2027}
      auth: {pin_file: /etc/service-store/pin}
    previous:
      auth: {key_file: /etc/service-store/key}
"""

RETURN = r"""
kek:
  description: Type and name of the key-encryption key, before and after. Of a key file the name is a fingerprint.
  returned: success
  type: dict
  sample: {before: file 3f2a90cc11d0be57, after: pkcs11 service-store/store-2027}
records:
  description: How many records the file holds.
  returned: success
  type: int
  sample: 12
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.rewrap import Rewrap

SPEC = spec.SECRET_STORE.merge(spec.PREVIOUS_KEY, spec.Spec({"force": {"type": "bool", "default": False}}))


class Task:
    """Rewraps one file."""

    def __init__(self, context: Context) -> None:
        self._force = bool(context.params["force"])
        option = context.params.get("secret_store")
        if not option:
            raise InvalidInput("secret_store", None, "is not set; give the file and the key it shall have")
        self._path = option["path"]
        self._rewrap = Rewrap(option, context.params.get("previous"), context.keep_secret)

    def plan(self) -> Plan:
        """Open the file and compare its key with the wanted one."""
        self._state = self._rewrap.state()
        if self._state.done and not self._force:
            return Plan()
        return Plan((Change("update", "key", self._state.before, self._state.wanted, f"encrypted_file {self._path}"),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Write the file anew."""
        for change in plan.changes:
            self._rewrap.apply()
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return which key it was and is."""
        return {
            "kek": {"before": self._state.before, "after": self._state.wanted},
            "records": self._state.records,
        }


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
