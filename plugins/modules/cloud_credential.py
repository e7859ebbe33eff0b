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
      where nothing is left. In check mode and after a failure V(alive), V(refused) (no proof that it is
      deleted) and V(kept) are what is left.
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
from dataclasses import replace
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_credential import CREDENTIAL_FIELDS
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_permissions import JUDGED_CREDENTIAL
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_received import RECEIVED_SECRET
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_revocation import REVOCATION
from ansible_collections.strategic.service_store.plugins.module_utils.model import credential as model
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import SUFFIX, has_journal
from ansible_collections.strategic.service_store.plugins.module_utils.provider import purpose, registration
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Identity
from ansible_collections.strategic.service_store.plugins.module_utils.provider.connect import access_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.permissions import Review
from ansible_collections.strategic.service_store.plugins.module_utils.provider.received import check_reuse
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import (
    PROVIDERS,
    provider,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.revocation import Revocation
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

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


class Task:
    """Registers, forgets or revokes one credential."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._params = context.params
        self._name: str = context.params["credential"]
        self._given = registration.given(context) if self._params["state"] == "present" else None
        self._access = access_of(context.params)
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._review = Review(context)
        self._identity: Identity | None = None
        self._shown: dict[str, Any] = {}
        self._version = 0
        self._revocation = Revocation(context) if self._params["state"] == "revoked" else None

    def plan(self) -> Plan:
        """Probe the credential and compare it with what is stored."""
        if self._revocation:
            return self._revocation.plan()
        stored = self._stored()
        if self._params["state"] == "absent":
            self._refuse_rotating()
            before = registration.line(stored) if stored else self._store.remnant(self._name)
            return Plan((Change("remove", self._name, before, None, self._store.label),)) if before else Plan()
        wanted = self._wanted(stored)
        # A key that was never good here has no day of registration yet: CloudStack's refusals are read by it.
        known = stored is not None and stored.same_key(wanted)
        probed = wanted if known else replace(wanted, meta={})
        cloud = provider(self._params["provider"])
        session = cloud.open(probed, self._access)
        self._identity = purpose.probe(cloud, session, wanted)
        learned = {**self._identity.remember, **self._review.look(cloud, session, self._identity, stored)}
        wanted = replace(wanted, meta={**wanted.meta, **learned})
        self._wanted_record = wanted
        self._shown = registration.shown(wanted)
        kept = ("owner", purpose.META, *learned)
        # A store that only AWX writes remembers nothing of a good key; that is no reason to refuse it.
        kept = () if getattr(self._store, "read_only", False) else kept
        if stored and known and all(stored.meta.get(it) == wanted.meta.get(it) for it in kept):
            self._shown = registration.shown(stored)
            return Plan()
        before = registration.line(stored) if stored else None
        action = "update" if stored else "add"
        return Plan((Change(action, self._name, before, registration.line(wanted), self._store.label),))

    def _refuse_rotating(self) -> None:
        """Refuse to forget a credential while the journal of its rotation holds keys that live."""
        if has_journal(self._name) and self._store.version(self._name + SUFFIX):
            why = f"a rotation is under way, and its journal {self._name + SUFFIX} holds keys that may be alive"
            hint = "let cloud_credential_rotation finish, or end the keys with state: revoked"
            raise SecretStoreError(self._store.label, f"remove {self._name}", why, hint, "conflict")

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Store or remove the credential, unless somebody else changed it meanwhile."""
        if self._revocation:
            self._revocation.apply(plan, done)
            return
        for change in plan.changes:
            if change.action == "remove":
                self._store.delete(self._name, expect=self._version)
            else:
                self._store.put(self._name, self._wanted_record.record(), expect=self._version)
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what is stored and who the provider says it is, or where it was revoked; never a secret."""
        if self._revocation:
            return self._revocation.facts()
        if self._identity is None:
            return {"report": {"kind": "credential", "provider": self._params["provider"], "state": "absent"}}
        report = {
            "kind": "credential",
            "provider": self._params["provider"],
            "state": "registered",
            "fingerprint": self._shown["fingerprint"],
            "age_days": registration.age_days(self._shown["registered_at"], self._context.now()),
        }
        identity = {"account": self._identity.account, "principal": self._identity.principal}
        return {"credential": self._shown, "identity": identity, **self._review.facts(), "report": report}

    def _stored(self) -> model.Credential | None:
        self._version = self._store.version(self._name)
        if not self._version:
            return None
        stored = model.parse_record(self._name, self._store.get(self._name))
        self._context.keep_secret(*stored.secrets.values())
        return stored

    def _wanted(self, stored: model.Credential | None) -> model.Credential:
        if self._given is None and stored is None:
            why = "it is not registered and neither secret nor secret_from is given"
            raise SecretStoreError(self._store.label, f"probe {self._name}", why, kind="not_found")
        owner, policy = self._params.get("owner"), self._params.get("secret_policy")
        check_reuse(self._given, stored, policy)
        wanted = registration.with_meta(self._given, stored, owner, self._context.now(), policy)
        return purpose.recorded(wanted, self._params["purpose"], stored, fresh=self._given is not None)


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
