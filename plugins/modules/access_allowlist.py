#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module access_allowlist."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_allowlist
short_description: Keeps the allowlists of a cloud account as declared
version_added: 0.1.0
description:
  - Takes the whole desired set of entries for any number of scopes in one call, on any provider, in one spelling.
  - Reads all scopes with the provider's minimum of calls, computes what differs, and writes only that.
  - Adds before it removes, so that no address loses access while the list changes.
  - Marks its own entries at the provider (description or tag), and so recognises them without a state file.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Reads, plans and reports what would change, and makes no call that writes.
    support: full
  diff_mode:
    description: Shows the entries of each scope before and after.
    support: full
options:
  state:
    description: The desired set is present.
    type: str
    choices: [present]
    default: present
  store:
    description:
      - The name of the service store that marks its entries. Two stores that manage one scope need two names.
    type: str
    default: service-store
  allowlists:
    description: The desired entries of each scope.
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
            description:
              - V(security_group) for V(aws), V(openstack) and V(cloudstack), V(network_security_group) for
                V(azure), V(firewall) (the firewall of a public address) for V(cloudstack). In V(azure) a new rule goes
                in front of those that deny all of the same, and an entry that such a rule has come in front of is made
                anew. A rule that denies a part of it only is an exception, and nothing is put in front of it.
              - V(prefix_list) for V(aws), a customer-managed list of bare addresses to which rules elsewhere refer.
                What is said about an entry of it stays as first written, since the service cannot change it in place.
              - V(ip_group) for V(azure), a list of bare IPv4 addresses to which the rules of Azure Firewall refer. An
                address has no description there, so that tags of the group mark the entries; those of which the same
                is said share one. A list that would need more than 50 tags is refused.
              - V(address_group) for V(openstack), a list of bare addresses to which the rules of security groups refer
                (Neutron since Wallaby). Neutron keeps nothing about an address, so that the group's description names
                those of the store, C(svcstore:service-store(198.51.100.11 198.51.100.0/28)), and what else is said
                about them is not kept. A list that does not fit into its 255 characters is refused, unless the
                description says C(svcstore:service-store(*)). Then all of the group's addresses count as the store's,
                whoever put them there.
              - V(network_acl) for V(aws) and V(cloudstack) (the network ACL list of a VPC), by the inbound rules that
                allow; a new one goes in front of those that deny all of the same, and behind those that deny a part of
                it. Outbound rules, which in V(aws) let the answers out, are not touched. C(name) is the Name tag in
                V(aws).
            type: str
            required: true
          id:
            description: The provider's id. Give this or O(allowlists[].scope.name).
            type: str
          name:
            description: The name. A name that two objects share is refused.
            type: str
          parent:
            description: What holds it, where the provider needs that (resource group of V(azure), VPC of V(aws)).
            type: str
      entries:
        description: The desired entries. An empty list with O(allowlists[].purge=own) takes all own entries away.
        type: list
        elements: dict
        required: true
        suboptions:
          cidr:
            description:
              - An address, a prefix or a range, IPv4 or IPv6. V(192.0.2.10) means V(192.0.2.10/32), and
                V(192.0.2.10-192.0.2.20) the fewest prefixes that hold exactly these addresses.
              - Set host bits are refused, because a typing error there opens a whole network.
            type: str
            required: true
          protocol:
            description:
              - A name (V(tcp), V(udp), V(icmp), ...), a number, or V(all).
              - Without it V(tcp), and V(all) in a list of bare addresses, which takes nothing else.
            type: str
          ports:
            description:
              - A port V(443), a range V(8000-8010), or V(all). For ICMP a type V(8), or a type and code V(3-4).
              - Without it all ports.
            type: str
          owner:
            description: Who answers for the entry. One word, such as a team's name.
            type: str
          ticket:
            description: The ticket by which it was asked for.
            type: str
          expires:
            description: The last day (UTC) on which it is wanted, as V(2027-01-31). After it the entry is removed.
            type: str
          reason:
            description: Why it is there.
            type: str
          waiver:
            description:
              - Says that a prefix wider than C(/8) (IPv4) or C(/20) (IPv6), such as V(0.0.0.0/0), is wanted all the
                same.
              - Needs V(owner) and V(expires).
            type: dict
      aggregate:
        description:
          - Merge entries of which the same is said, with the same protocol and ports, into the fewest prefixes that
            let in exactly the same addresses.
        type: bool
        default: false
      purge:
        description:
          - V(none) removes nothing.
          - V(own) removes the entries that this store made and that are not wanted any more. Entries of others
            stay.
          - V(all) removes every entry that is not wanted.
        type: str
        choices: [none, own, all]
        default: own
  keep_addresses:
    description:
      - Addresses and prefixes from which the store moves away. Entries for exactly these stay where they are until
        the move is over, though they are not declared; they are not added where they are not.
    type: list
    elements: str
    default: []
seealso:
  - module: strategic.service_store.access_allowlist_info
"""

EXAMPLES = r"""
- name: Let the two store servers reach the API front of a customer, and nobody else that we put there
  strategic.service_store.access_allowlist:
    provider: openstack
    credential: globex-openstack
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    allowlists:
      - scope: {kind: security_group, name: store-api}
        entries:
          - {cidr: 198.51.100.11, ports: "443", owner: store-team, ticket: CHG-1001, reason: store-1}
          - {cidr: 198.51.100.12, ports: "443", owner: store-team, ticket: CHG-1001, reason: store-2}

- name: Give a supplier access until the end of January, on two groups in one call
  strategic.service_store.access_allowlist:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    proxy: http://store-1.example.net:3128
    secret_store: {type: vault, url: https://vault.example.net:8200, auth: {token_file: /run/vault/token}}
    allowlists:
      - scope: {kind: security_group, name: web}
        entries: &supplier
          - {cidr: 203.0.113.0/28, ports: 8000-8010, owner: web-team, expires: "2027-01-31"}
      - scope: {kind: security_group, id: sg-0a1b2c3d4e5f67890}
        entries: *supplier

- name: Keep the addresses in one prefix list to which many groups refer, and let them through the subnets' ACL
  strategic.service_store.access_allowlist:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    allowlists:
      - scope: {kind: prefix_list, name: store-servers}
        entries:
          - {cidr: 198.51.100.11, owner: store-team, reason: store-1}
          - {cidr: 198.51.100.12, owner: store-team, reason: store-2}
      - scope: {kind: network_acl, name: api-subnets}
        entries:
          - {cidr: 198.51.100.0/24, ports: "443", owner: store-team, ticket: CHG-1001}

- name: Keep the addresses to which Azure Firewall's rules refer; what the customer put into the same group stays
  strategic.service_store.access_allowlist:
    provider: azure
    credential: initech-azure
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    allowlists:
      - scope: {kind: ip_group, name: store-servers, parent: network}
        entries:
          - {cidr: 198.51.100.11, owner: store-team, ticket: CHG-1001}
          - {cidr: 198.51.100.12, owner: store-team, ticket: CHG-1001}

- name: Keep the addresses to which the rules of several security groups refer
  strategic.service_store.access_allowlist:
    provider: openstack
    credential: globex-openstack
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    allowlists:
      - scope: {kind: address_group, name: store-servers}
        entries:
          - {cidr: 198.51.100.11}
          - {cidr: 198.51.100.12}
"""

RETURN = r"""
allowlists:
  description:
    - What each scope holds after the task (in check mode, before it), and what was done to it.
    - C(stale_marks) are entries of which a killed run had left the mark alone, which was dropped.
  returned: success
  type: list
  elements: dict
  sample:
    - scope: {kind: security_group, id: "", name: store-api, parent: ""}
      ref: 5f6b8f0e-0c5c-4a39-9a6c-0d7f0b6b2f1e
      entries: 2
      added: ["198.51.100.12/32 tcp/443"]
      updated: []
      removed: []
      stale_marks: []
api_calls:
  description: The calls made to the provider, by name.
  returned: success
  type: dict
  sample: {"GET /v2.0/security-groups": 1, "POST /v2.0/security-group-rules": 1}
applied:
  description:
    - The changes that had taken effect before a failure.
    - C(mark) says that an entry was marked and not made. The next run makes it, or drops the mark.
  returned: failure, when something had been changed
  type: list
  elements: str
  sample: ["add security_group store-api: 198.51.100.11/32 tcp/443"]
unsure:
  description:
    - The changes of which nobody can say whether they took effect, since the provider could not be read afterwards.
    - The next run finds out and finishes what is missing.
  returned: failure, when there are any
  type: list
  elements: str
  sample: ["add security_group store-api: 198.51.100.12/32 tcp/443"]
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
            "state": {"type": "str", "choices": ["present"], "default": "present"},
            "store": {"type": "str", "default": "service-store"},
            "allowlists": spec_allowlist.allowlists(entries_required=True),
            "keep_addresses": spec_allowlist.KEEP,
        }
    )
)


class Task:
    """Brings any number of allowlists of one account to what is declared."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lists, self._session = allowlists.opened(context)

    def plan(self) -> Plan:
        """Read every scope and return what differs."""
        return self._lists.plan(self._context.now().date())

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Make the changes."""
        self._lists.apply(plan, done)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return each scope with what was done to it, and the calls it took."""
        shown = plan.changes if self._context.check_mode else applied
        scopes = self._lists.describe(shown)
        return {
            "allowlists": scopes,
            "api_calls": self._session.calls.by_name(),
            "report": allowlist_report.applied(scopes),
        }


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
