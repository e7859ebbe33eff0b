#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module api_source_restriction_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_source_restriction_info
short_description: Reads from which source addresses the API of a cloud account may be used
version_added: 0.1.0
description:
  - Returns the addresses, what enforces them, which services do, and what stays reachable from everywhere.
  - With O(addresses) it also returns what the firewalls of O(data_plane) lack of them and let in besides.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
options:
  store:
    description: The name of the service store whose mark makes a policy its own.
    type: str
    default: service-store
  addresses:
    description: The declared addresses and prefixes, to compare the firewalls of O(data_plane) with.
    type: list
    elements: str
    default: []
  keep_addresses:
    description: Addresses and prefixes from which the store moves away; they are no drift.
    type: list
    elements: str
    default: []
  data_plane:
    description: Resources whose data has a firewall of its own, for O(provider=azure) alone.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The kind of resource.
        type: str
        required: true
        choices: [storage_account, key_vault, sql_server]
      resource_group:
        description: The resource group that it is in.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
seealso:
  - module: strategic.service_store.api_source_restriction
"""

EXAMPLES = r"""
- name: Who may use this key, from where?
  strategic.service_store.api_source_restriction_info:
    provider: cloudstack
    credential: umbrella-bt
    endpoints: {api: https://cloud.umbrella.example/client/api}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Who gets at the customer's blobs and keys, beside our store servers?
  strategic.service_store.api_source_restriction_info:
    provider: azure
    credential: acme-azure
    addresses: [198.51.100.11, 198.51.100.12]
    data_plane:
      - {kind: storage_account, resource_group: prod, name: acmedata}
      - {kind: key_vault, resource_group: prod, name: acme-keys}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: found
  failed_when: found.drift
"""

RETURN = r"""
addresses:
  description: The addresses that may use the API; empty where nothing restricts.
  returned: success
  type: list
  elements: str
  sample: [198.51.100.11/32]
enforced_by:
  description: What refuses a call from another address, in words.
  returned: success
  type: str
  sample: api.allowed.source.cidr.list of the account
enforced_at:
  description: The services that refuse.
  returned: success
  type: list
  elements: str
  sample: [api]
not_enforced:
  description: What stays reachable from everywhere, in words; empty where nothing does.
  returned: success
  type: str
  sample: ""
applied_by:
  description: Who can change it, V(store), V(provider) or V(customer).
  returned: success
  type: str
  sample: provider
data_plane:
  description:
    - Each resource of O(data_plane) with the C(addresses) that its firewall lets in, those of this store's C(own), the
      declared ones that are C(missing), those that nobody declared (C(undeclared)), whether it is a
      restriction (C(enforced); not where nobody is refused, or a rule is wider than /8), and in words what comes in
      besides (C(not_enforced)).
    - C(shut) says why no public address gets in whatever the rules say; empty where they decide.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: key_vault
      resource_group: prod
      name: acme-keys
      addresses: [198.51.100.11/32, 203.0.113.0/24]
      own: [198.51.100.11/32]
      missing: [198.51.100.12/32]
      undeclared: [203.0.113.0/24]
      enforced: false
      not_enforced: every address, since nobody is refused; what Azure lets pass the firewall (AzureServices)
      shut: ""
drift:
  description:
    - Whether anything is C(missing), C(undeclared) or not C(enforced) at a resource of O(data_plane), or one is
      C(shut); false where no O(addresses) were given.
  returned: success
  type: bool
  sample: true
api_calls:
  description: The calls made to the provider, by name.
  returned: success
  type: dict
  sample: {listConfigurations: 1}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec, spec_data_plane
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model import mark
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider import firewalls
from ansible_collections.strategic.service_store.plugins.module_utils.provider.connect import connect
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import (
    PROVIDERS,
    capability,
    provider,
)

SPEC = spec.cloud(PROVIDERS).merge(
    spec.Spec(
        {
            "store": {"type": "str", "default": "service-store"},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "keep_addresses": {"type": "list", "elements": "str", "default": []},
            "data_plane": spec_data_plane.DATA_PLANE,
        }
    )
)


class Task:
    """Reads the source restriction of one account."""

    def __init__(self, context: Context) -> None:
        params = context.params
        store = mark.check_store("store", params["store"])
        known = provider(params["provider"])
        adapter_of = capability(known, "source_restriction")
        guarded = firewalls.parse(params, known)
        self._declared = bool(params["addresses"])
        _known, self._session = connect(context)
        self._adapter = adapter_of(self._session, store)
        self._firewalls = firewalls.Firewalls(guarded, known, self._session, store, params["workers"])

    def plan(self) -> Plan:
        """Read; an info module plans no change."""
        self._now = self._adapter.read_restriction()
        self._firewalls.read()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what is enforced, by whom."""
        now = self._now
        rows = [self._firewalls.inspect(item, self._declared) for item in self._firewalls.wanted]
        return {
            "addresses": list(now.addresses),
            "enforced_by": now.enforced_by,
            "enforced_at": list(now.enforced_at),
            "not_enforced": now.not_enforced,
            "applied_by": now.applied_by,
            "data_plane": rows,
            "drift": self._declared and any(map(firewalls.drifts, rows)),
            "api_calls": self._session.calls.by_name(),
        }


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
