#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module access_allowlist_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_allowlist_info
short_description: Reads the allowlists of a cloud account, and where they differ from what is declared
version_added: 0.1.0
description:
  - Returns the entries of any number of scopes in one spelling for all providers, with who made them.
  - Where the declared entries are given as well, it returns what is missing, what nobody declared and what has
    expired.
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
    description: The name of the service store whose mark makes an entry its own.
    type: str
    default: service-store
  allowlists:
    description: The scopes to read.
    type: list
    elements: dict
    required: true
    suboptions:
      scope:
        description: The object at the provider that holds the entries.
        type: dict
        required: true
        suboptions:
          kind:
            description: The kind, as in M(strategic.service_store.access_allowlist).
            type: str
            required: true
          id:
            description: The provider's id. Give this or O(allowlists[].scope.name).
            type: str
          name:
            description: The name.
            type: str
          parent:
            description: What holds it, where the provider needs that.
            type: str
      entries:
        description: The declared entries, to compare with. Without them nothing is compared.
        type: list
        elements: dict
        suboptions:
          cidr:
            description: An address, a prefix or a range.
            type: str
            required: true
          protocol:
            description: A name, a number, or V(all). Without it V(tcp), and V(all) in a list of bare addresses.
            type: str
          ports:
            description: A port, a range, or V(all).
            type: str
          owner:
            description: Who answers for the entry.
            type: str
          ticket:
            description: The ticket by which it was asked for.
            type: str
          expires:
            description: The last day (UTC) on which it is wanted.
            type: str
          reason:
            description: Why it is there.
            type: str
          waiver:
            description: Says that a very wide prefix is wanted, with V(owner) and V(expires).
            type: dict
      aggregate:
        description:
          - Merge entries of which the same is said, with the same protocol and ports, into the fewest prefixes that
            let in exactly the same addresses.
        type: bool
        default: false
  keep_addresses:
    description:
      - Addresses and prefixes from which the store moves away. Entries for exactly these stay where they are until
        the move is over, though they are not declared; they are not added where they are not.
    type: list
    elements: str
    default: []
seealso:
  - module: strategic.service_store.access_allowlist
"""

EXAMPLES = r"""
- name: Which entries does nobody declare?
  strategic.service_store.access_allowlist_info:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    allowlists:
      - scope: {kind: security_group, name: store-api}
        entries:
          - {cidr: 198.51.100.11, ports: "443"}
  register: found
  failed_when: found.drift
"""

RETURN = r"""
allowlists:
  description:
    - Each scope with its entries, and with C(missing) declared ones, C(undeclared) and C(expired) ones.
    - C(wider) are the undeclared ones that let in all that a declared one does, and more.
    - C(stale_marks) are entries of which a killed run left the mark alone. Nobody gets in by a mark, so it is no drift;
      M(strategic.service_store.access_allowlist) drops it.
  returned: success
  type: list
  elements: dict
  sample:
    - scope: {kind: security_group, id: "", name: store-api, parent: ""}
      ref: sg-0a1b2c3d4e5f67890
      entries:
        - cidr: 198.51.100.11/32
          protocol: tcp
          ports: "443"
          store: service-store
          owner: store-team
          ticket: CHG-1001
          expires: ""
          reason: store-1
      missing: []
      undeclared: []
      wider: []
      stale_marks: []
      expired: []
drift:
  description: Whether anything is missing, undeclared or expired. Without entries, only what expired.
  returned: success
  type: bool
  sample: false
api_calls:
  description: The calls made to the provider, by name.
  returned: success
  type: dict
  sample: {"ec2.DescribeSecurityGroupRules": 1}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec, spec_allowlist
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model import allowlist_report
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider import allowlists
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import PROVIDERS

SPEC = spec.cloud(PROVIDERS).merge(
    spec.Spec(
        {
            "store": {"type": "str", "default": "service-store"},
            "allowlists": spec_allowlist.allowlists(entries_required=False),
            "keep_addresses": spec_allowlist.KEEP,
        }
    )
)


class Task:
    """Reads the allowlists and compares them with what is declared."""

    def __init__(self, context: Context) -> None:
        self._declared = [item.get("entries") is not None for item in context.params["allowlists"]]
        self._context = context
        self._lists, self._session = allowlists.opened(context)

    def plan(self) -> Plan:
        """Read every scope; an info module plans no change."""
        self._lists.read()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the entries and the drift."""
        today = self._context.now().date()
        pairs = zip(self._lists.wanted, self._declared)
        rows = [self._lists.inspect(item, today, declared) for item, declared in pairs]
        drift = any(row[name] for row in rows for name in ("missing", "undeclared", "expired"))
        return {
            "allowlists": rows,
            "drift": drift,
            "api_calls": self._session.calls.by_name(),
            # Where nothing is declared nothing was compared but what had expired.
            **({"report": allowlist_report.drift(rows)} if drift or any(self._declared) else {}),
        }


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
