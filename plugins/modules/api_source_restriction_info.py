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
api_calls:
  description: The calls made to the provider, by name.
  returned: success
  type: dict
  sample: {listConfigurations: 1}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model import mark
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider.connect import connect
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import (
    PROVIDERS,
    capability,
    provider,
)

SPEC = spec.cloud(PROVIDERS).merge(spec.Spec({"store": {"type": "str", "default": "service-store"}}))


class Task:
    """Reads the source restriction of one account."""

    def __init__(self, context: Context) -> None:
        store = mark.check_store("store", context.params["store"])
        adapter_of = capability(provider(context.params["provider"]), "source_restriction")
        _known, self._session = connect(context)
        self._adapter = adapter_of(self._session, store)

    def plan(self) -> Plan:
        """Read; an info module plans no change."""
        self._now = self._adapter.read_restriction()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what is enforced, by whom."""
        now = self._now
        return {
            "addresses": list(now.addresses),
            "enforced_by": now.enforced_by,
            "enforced_at": list(now.enforced_at),
            "not_enforced": now.not_enforced,
            "applied_by": now.applied_by,
            "api_calls": self._session.calls.by_name(),
        }


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
