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
  - Says of each whether its key is V(ok), V(due), V(overdue) or V(expired) by O(policy). The age is that of the
    record, so a key that was made long before it was registered is older than it says. The policy is that of
    M(strategic.service_store.cloud_credential_rotation).
  - Makes no call to any cloud. To see whether a credential works, use M(strategic.service_store.cloud_credential).
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
  - strategic.service_store.rotation_policy
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
  - module: strategic.service_store.cloud_credential_rotation
"""

EXAMPLES = r"""
- name: Which keys have to be replaced?
  strategic.service_store.cloud_credential_info:
    policy: {max_age_days: 90, warn_before_days: 14}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: known
- ansible.builtin.debug:
    msg: "{{ known.credentials | rejectattr('state', 'equalto', 'ok') | map(attribute='name') }}"
"""

RETURN = r"""
credentials:
  description:
    - The credentials, sorted by name.
    - C(state) is V(ok), V(due) from C(due_at) on, V(overdue) from C(overdue_at) on, or V(expired) from
      C(expires_at) on. A time that is not known is empty; a key whose age is not known is due.
    - C(permissions) is what M(strategic.service_store.cloud_credential) found when it last compared them with what
      the store needs, and since when that is so; it is absent where it was never asked to. It names five of the
      rights that are too much and counts them all.
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
      state: ok
      due_at: "2027-02-06T04:30:00Z"
      overdue_at: "2027-02-20T04:30:00Z"
      expires_at: ""
      permissions:
        needs: [allowlist, rotation]
        verdict: excess
        missing: []
        excess: ["ec2:* (policy AmazonEC2FullAccess of the user service-store)"]
        excess_count: 1
        not_told: []
        since: "2026-11-22T04:30:00Z"
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_rotation import ROTATION_POLICY
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS, parse_record
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import known_state, parse_policy
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider import registration
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

SPEC = spec.SECRET_STORE.merge(ROTATION_POLICY, spec.Spec({"names": {"type": "list", "elements": "str"}}))


class Task:
    """Lists credentials."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._policy = parse_policy(context.params["policy"], {})
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)

    def plan(self) -> Plan:
        """Plan nothing: an info module changes nothing."""
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what may be known of each credential."""
        named = self._context.params.get("names")
        records = self._all() if named is None else {name: self._store.get(name) for name in sorted(set(named))}
        return {"credentials": [self._row(name, record) for name, record in records.items()]}

    def _all(self) -> dict[str, Mapping[str, Any]]:
        """Return every credential's record; a store also keeps pre-shared keys and the journals of rotations."""
        found = {}
        for name in self._store.names():
            try:
                record = self._store.get(name)
            except SecretStoreError as exc:
                # Removed since it was listed, or by a run that was killed before the end; the others are there.
                if exc.kind != "not_found":
                    raise
                continue
            if record.get("provider") in FIELDS:
                found[name] = record
        return found

    def _row(self, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
        credential = parse_record(name, record)
        self._context.keep_secret(*credential.secrets.values())
        row = registration.shown(credential)
        now = self._context.now()
        told = str(credential.public.get("expires_at") or credential.meta.get("expires_at") or "")
        age = registration.age_days(row["registered_at"], now)
        if credential.meta.get("permissions"):
            row["permissions"] = credential.meta["permissions"]
        return {**row, "age_days": age, **known_state(self._policy, credential.meta, told, now)}


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
