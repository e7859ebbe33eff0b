#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module cloud_credential_rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloud_credential_rotation
short_description: Replaces the key of a cloud account before it is too old, and survives being killed
version_added: 0.1.0
description:
  - Makes a new key, verifies it by several good calls in a row, puts it into the secret store in place of the old one,
    disables the old one, and deletes that on the first run after the grace period. Nothing is done while the key is not
    due, so the module may run as often as you like.
  - A journal in the secret store (the record V(<credential>.rotation)) is written before and after every call. A run
    that was killed at any point is gone on with by the next one. Never are both keys dead, and no key stays at the
    provider whose secret nobody has.
  - CloudStack before 4.23 replaces a pair of keys at once. There the new key is stored before it is verified, the time
    in between is returned as RV(outage_s), and O(rotator) is needed, since nobody else could ask for another pair after
    a crash between the call and the store. Where somebody registers another pair meanwhile, the one that works stays.
  - Of two runs for one credential at the same time one goes on and the other fails with the kind V(conflict).
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
  - strategic.service_store.rotation_policy
attributes:
  check_mode:
    description: Reads what a run would read and makes no change, neither at the provider nor in the secret store.
    support: full
  diff_mode:
    description: Shows keys by their ids, never a secret. A key that is still to be made has no id and is shown as new.
    support: full
options:
  rotator:
    description:
      - The name of a second credential in the secret store, which manages the keys of O(credential). Needed where a key
        may not make its successor, such as a restricted application credential of OpenStack, and for CloudStack.
    type: str
  force:
    description:
      - Rotates now, whatever the age. A rotation that was interrupted is finished and not begun again. A grace period
        that is under way ends.
    type: bool
    default: false
  good_calls:
    description: How many good calls in a row the new key has to make, each in a session of its own.
    type: int
    default: 3
  verify_every_s:
    description: The seconds between two such calls.
    type: float
    default: 1.0
  verify_timeout_s:
    description:
      - How many seconds they may take together. After that the new key is deleted, the old one stays, and the module
        fails. Providers take some seconds until a new key works everywhere.
    type: float
    default: 60.0
  label_prefix:
    description: What the name of a new key begins with, for providers whose keys have names.
    type: str
    default: service-store
  replace_unused_days:
    description:
      - Lets another key of the same principal go when there is no room for a new one (AWS takes two) and it was not
        used for so many days. The key that was used last never goes. Without it the module fails and says which keys
        there are.
    type: int
seealso:
  - module: strategic.service_store.cloud_credential
  - module: strategic.service_store.cloud_credential_info
"""

EXAMPLES = r"""
- name: Replace the key of an AWS account when it is due
  strategic.service_store.cloud_credential_rotation:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    policy: {max_age_days: 90, warn_before_days: 14, grace_days: 7}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: rotation

- name: Tell the people on call when somebody still uses the old key
  ansible.builtin.fail:
    msg: "{{ rotation.alert.text }}"
  when: rotation.alert

- name: A restricted application credential is replaced by an unrestricted one of the same user
  strategic.service_store.cloud_credential_rotation:
    provider: openstack
    credential: globex-openstack
    rotator: globex-openstack-rotator
    endpoints: {identity: https://keystone.globex.example/v3}
    policy: {max_age_days: 60, lifetime_days: 90}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: A key has leaked, so replace it now and delete it at once
  strategic.service_store.cloud_credential_rotation:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    force: true
    policy: {grace_days: 0}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
"""

RETURN = r"""
credential:
  description: What is stored now, without any secret.
  returned: success
  type: dict
  sample:
    name: acme-aws
    provider: aws
    public: {access_key_id: AKIAI44QH8DHBEXAMPLE}
    fingerprint: "sha256:1f0c3d9a7b21"
    owner: cloud-team@acme.example
    registered_at: "2026-11-22T04:30:00Z"
rotation:
  description:
    - Whether the store was switched to a new key in this run, the state of the stored key (V(ok), V(due), V(overdue),
      V(expired)), since when it is due, and how far a rotation has come.
    - V(state) is empty where an interrupted rotation is under way.
  returned: success
  type: dict
  sample:
    rotated: true
    state: ok
    due_at: "2027-02-06T04:30:00Z"
    phase: disabled
    old_key: AKIAIOSFODNN7EXAMPLE
    delete_after: "2026-11-29T04:30:02Z"
alert:
  description: A use of the old key after the switch, as the provider tells it; empty where there was none.
  returned: success
  type: dict
  sample:
    key: AKIAIOSFODNN7EXAMPLE
    used_at: "2026-11-24T11:02:41Z"
    switched_at: "2026-11-22T04:30:02Z"
    text: >-
      key AKIAIOSFODNN7EXAMPLE of acme-aws was used at 2026-11-24T11:02:41Z, after it had been replaced at
      2026-11-22T04:30:02Z: somebody has a copy of it, or a system was not told of the new key
tripwire:
  description: Whether the provider could be asked for the last use of the old key in this run, and why not.
  returned: success
  type: dict
  sample: {available: false, last_use: "", why_not: "no old key is in its grace period"}
outage_s:
  description: For how many seconds no verified key was in the store, where the provider replaces a key at once. After a
    kill it counts from the beginning of the rotation.
  returned: a rotation at such a provider
  type: float
  sample: 2.114
calls:
  description: The calls of this run by name.
  returned: success
  type: dict
  sample:
    iam.CreateAccessKey: 1
    iam.GetAccessKeyLastUsed: 2
    iam.ListAccessKeys: 1
    iam.UpdateAccessKey: 1
    sts.GetCallerIdentity: 3
error:
  description: What went wrong. V(kind) is V(conflict) where another run is rotating the same credential, and V(quota)
    where there is no room for a new key.
  returned: failure
  type: dict
  sample:
    type: SecretStoreError
    store: encrypted_file /etc/service-store/secrets.json
    doing: rotate acme-aws
    kind: conflict
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_rotation import ROTATION_POLICY
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import PROVIDERS
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation import Rotation

SPEC = spec.cloud(PROVIDERS).merge(
    ROTATION_POLICY,
    spec.Spec(
        {
            "rotator": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "good_calls": {"type": "int", "default": 3},
            "verify_every_s": {"type": "float", "default": 1.0},
            "verify_timeout_s": {"type": "float", "default": 60.0},
            "label_prefix": {"type": "str", "default": "service-store"},
            "replace_unused_days": {"type": "int"},
        }
    ),
)


class Task:
    """Rotates one credential, as far as it is due."""

    def __init__(self, context: Context) -> None:
        self._rotation = Rotation(context)

    def plan(self) -> Plan:
        """Return what a run has to do, from the records and, where they do not tell, from the provider."""
        return self._rotation.plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Take the steps."""
        self._rotation.apply(plan, done)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what is stored now, how far the rotation is, and whether the old key was used; never a secret."""
        return self._rotation.facts()


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
