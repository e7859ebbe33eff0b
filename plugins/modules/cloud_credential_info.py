#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module cloud_credential_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloud_credential_info
short_description: Lists the cloud credentials of a secret store, never a secret
version_added: 0.1.0
description:
  - Returns name, provider, public fields, fingerprint, owner and age of every credential, or of those that are
    named.
  - Makes no call to any cloud. To see whether a credential works, use M(strategic.service_store.cloud_credential).
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
options:
  names:
    description: The credentials to return. Without it all of them.
    type: list
    elements: str
seealso:
  - module: strategic.service_store.cloud_credential
"""

EXAMPLES = r"""
- name: Which keys are older than 90 days?
  strategic.service_store.cloud_credential_info:
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: known
- ansible.builtin.debug:
    msg: "{{ known.credentials | selectattr('age_days', 'gt', 90) | map(attribute='name') }}"
"""

RETURN = r"""
credentials:
  description: The credentials, sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - name: acme-aws
      provider: aws
      public: {access_key_id: AKIAIOSFODNN7EXAMPLE}
      fingerprint: "sha256:1f0c3d9a7b21"
      owner: cloud-team@acme.example
      registered_at: "2026-11-22T04:30:00Z"
      age_days: 0
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS, parse_record
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider import registration
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

SPEC = spec.SECRET_STORE.merge(spec.Spec({"names": {"type": "list", "elements": "str"}}))


class Task:
    """Lists credentials."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)

    def plan(self) -> Plan:
        """Plan nothing: an info module changes nothing."""
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what may be known of each credential."""
        named = self._context.params.get("names")
        records = {
            name: self._store.get(name) for name in (self._store.names() if named is None else sorted(set(named)))
        }
        if named is None:
            # A store also keeps pre-shared keys and the journals of rotations.
            records = {name: record for name, record in records.items() if record.get("provider") in FIELDS}
        return {"credentials": [self._row(name, record) for name, record in records.items()]}

    def _row(self, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
        credential = parse_record(name, record)
        self._context.keep_secret(*credential.secrets.values())
        row = registration.shown(credential)
        return {**row, "age_days": registration.age_days(row["registered_at"], self._context.now())}


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
