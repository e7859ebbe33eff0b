#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module cloud_credential."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloud_credential
short_description: Registers a customer's cloud credential after a live signed probe
version_added: 0.1.0
description:
  - Makes one live, signed call with the credential before anything is stored. A credential that the cloud refuses
    is not stored, and the error tells a wrong key, an expired one, a clock that is off, a blocked source address, a
    missing permission, an untrusted certificate and an unreachable endpoint apart, as far as its answer does.
  - One schema for all providers.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
  - strategic.service_store.received_secret
  - strategic.service_store.judged_credential
  - strategic.service_store.credential_fields
  - strategic.service_store.revocation
attributes:
  check_mode:
    description: Makes the live probe, which only reads, and stores nothing.
    support: full
  diff_mode:
    description: Shows public fields and fingerprints, never a secret.
    support: full
options:
  state:
    description:
      - V(present) probes the credential and stores it. Without O(secret) and O(secret_from) the stored one is
        probed.
      - V(absent) removes it from the secret store. The provider keeps the key.
      - V(revoked) kills the key at the provider, sees it refused, and then removes it from the secret store with its
        versions, together with the keys that a rotation under way holds. A run that was killed is gone on with by the
        next one. Where something is left the error says what.
      - A key that is dead already is no error for V(revoked) where O(rotator), or another key of the record, can look.
        Where nobody can, the module fails and keeps the record, since a key that was only disabled is refused as well.
    type: str
    choices: [present, absent, revoked]
    default: present
  owner:
    description: Who answers for the credential on the customer's side.
    type: str
seealso:
  - module: strategic.service_store.cloud_credential_info
  - plugin: strategic.service_store.credential
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Register the key that a customer has sent
  strategic.service_store.cloud_credential:
    provider: cloudstack
    credential: initech-cloudstack
    endpoints: {api: https://cloud.initech.example/client/api}
    proxy: http://proxy-1.example.net:3128
    secret: "{{ initech_key }}"
    owner: cloud-team@initech.example
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Refuse a key that cannot keep the allowlist, and name what it may do besides
  strategic.service_store.cloud_credential:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_from: {file: /run/service-store/acme-aws.json}
    permissions: require
    needs: [allowlist, rotation]
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Register the application that rotates other applications' secrets
  strategic.service_store.cloud_credential:
    provider: azure
    credential: acme-azure-rotator
    purpose: rotator
    secret_from: {file: /run/service-store/acme-azure-rotator.json}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Register the key that the customer has sealed for us with secret_handover, and ask more of it
  strategic.service_store.cloud_credential:
    provider: cloudstack
    credential: initech-cloudstack
    endpoints: {api: https://cloud.initech.example/client/api}
    secret_from:
      sealed:
        file: /var/spool/handover/initech-cloudstack.json
        key_file: /etc/service-store/handover.key
        customer: initech
    secret_policy: {min_length: 64, forbidden_words: [initech], words_file: /usr/share/dict/words}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Does the stored key still work?
  strategic.service_store.cloud_credential:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: The key has leaked, so kill it everywhere and keep the evidence
  strategic.service_store.cloud_credential:
    state: revoked
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: evidence
"""

RETURN = r"""
credential:
  description: What is stored, without any secret.
  returned: success and O(state=present)
  type: dict
  sample:
    name: acme-aws
    provider: aws
    public: {access_key_id: AKIAIOSFODNN7EXAMPLE}
    fingerprint: "sha256:1f0c3d9a7b21"
    owner: cloud-team@acme.example
    registered_at: "2026-11-22T04:30:00Z"
identity:
  description: Who the provider says the credential is.
  returned: success and O(state=present)
  type: dict
  sample: {account: "123456789012", principal: "arn:aws:iam::123456789012:user/service-store"}
permissions:
  description:
    - What the credential may do against O(needs), in the provider's own terms. C(excess) names administrator rights
      first, then wildcards. C(not_told) says what the provider does not tell, and why; C(source) how it was found.
    - C(verdict) is the gravest of V(missing), V(not_told), V(excess) and V(exact).
  returned: success and O(permissions) is not V(ignore)
  type: dict
  sample:
    verdict: excess
    missing: []
    excess: [{level: wildcard, right: "ec2:*", from: policy AmazonEC2FullAccess of the user service-store}]
    source: IAM's policy simulation, and its policies for what is too much
    not_told: []
revocation:
  description:
    - Every place where the credential was, and what became of it there, whoever did it. C(revoked) is true
      where there were such places and nothing is left. In check mode and after a failure V(alive), V(refused)
      (no proof that it is deleted) and V(kept) are what is left.
    - C(proof) says how that is known, C(outlives) what goes on all the same.
  returned: O(state=revoked)
  type: dict
  sample:
    credential: acme-aws
    provider: aws
    revoked: true
    places:
      - place: provider
        where: aws
        what: AKIAIOSFODNN7EXAMPLE
        state: deleted
        at: "2026-11-22T04:30:02Z"
        proof: "a signed call is refused: The security token included in the request is invalid. (bad_key)"
        outlives: >-
          temporary credentials that the key was given (GetSessionToken) have an end of their own, 36 hours at most
      - place: secret_store
        where: encrypted_file /etc/service-store/secrets.json
        what: acme-aws
        state: removed
        at: "2026-11-22T04:30:03Z"
        proof: its versions were removed with it
        outlives: ""
    calls: {iam.DeleteAccessKey: 1, iam.GetAccessKeyLastUsed: 1, sts.GetCallerIdentity: 2}
error:
  description: What went wrong. For a refused credential V(kind) is V(bad_key), V(expired), V(clock_skew),
    V(ip_blocked), V(no_permission), V(tls) or V(unreachable), among others, as far as the provider's answer tells.
  returned: failure
  type: dict
  sample: {type: ProviderError, provider: aws, doing: get the caller's identity, kind: bad_key, transient: false}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_credential import CREDENTIAL_FIELDS
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_permissions import JUDGED_CREDENTIAL
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_received import RECEIVED_SECRET
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_revocation import REVOCATION
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registering import (
    Forgetting,
    Registering,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import PROVIDERS
from ansible_collections.strategic.service_store.plugins.module_utils.provider.revocation import Revocation

SPEC = spec.cloud(PROVIDERS).merge(
    RECEIVED_SECRET,
    JUDGED_CREDENTIAL,
    CREDENTIAL_FIELDS,
    REVOCATION,
    spec.Spec(
        {
            "state": {"type": "str", "choices": ["present", "absent", "revoked"], "default": "present"},
            "owner": {"type": "str"},
        },
        mutually_exclusive=(("secret", "secret_from"),),
    ),
)


#: What each state stands for.
KINDS: Mapping[str, Callable[[Context], Registering | Forgetting | Revocation]] = {
    "present": Registering,
    "absent": Forgetting,
    "revoked": Revocation,
}


class Task:
    """Registers, forgets or revokes one credential."""

    def __init__(self, context: Context) -> None:
        self._run = KINDS[context.params["state"]](context)

    def plan(self) -> Plan:
        """Read the store, probe or look for the keys, and return what has to change."""
        return self._run.plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Store, remove or kill the credential, unless somebody else changed it meanwhile."""
        self._run.apply(plan, done)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what is stored and who the provider says it is, or where it was revoked; never a secret."""
        return self._run.facts()


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
