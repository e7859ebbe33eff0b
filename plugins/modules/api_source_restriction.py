#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module api_source_restriction."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_source_restriction
short_description: Says from which source addresses the API of a cloud account may be used
version_added: 0.1.0
description:
  - Where the account's credential can set the restriction, this module sets it. AWS gets an IAM policy that denies
    every call from other addresses except calls that AWS services make on the user's behalf. CloudStack gets
    C(api.allowed.source.cidr.list) of the account. Azure gets a named location with a Conditional Access policy where
    the application may make one, and the firewalls of O(data_plane) get the same list.
  - Where the provider's or the customer's staff has to do it, the module returns a sheet with the exact request for
    them, and says whether it is in effect. Nothing is reported as changed that this module did not change.
  - It refuses a list that leaves out an address from which the account is used.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Reads, plans and reports what would change, and makes no call that writes.
    support: full
  diff_mode:
    description: Shows the addresses before and after.
    support: full
options:
  state:
    description:
      - V(present) brings the restriction to what is declared, or returns the sheet where somebody else has to.
      - V(rendered) only returns the sheet.
      - V(absent) removes the restriction that is this store's own. Where the list is shared with others, or somebody
        else has to change it, it returns the request to take O(addresses) out and changes nothing - an account's only
        list that loses its last address is open to everybody.
    type: str
    choices: [present, rendered, absent]
    default: present
  store:
    description: The name of the service store that marks what it creates at the provider.
    type: str
    default: service-store
  addresses:
    description: The addresses and prefixes from which the API may be used; with O(state=absent) those to be taken out.
    type: list
    elements: str
    required: true
  purge:
    description:
      - V(none) removes no address, with two exceptions. An entry that lets everybody in (V(0.0.0.0/0), V(::/0), and
        SQL's 0.0.0.0-255.255.255.255) is no restriction and goes whatever is said here. A SQL rule of this store's own
        that somebody has edited is made anew where its address is declared, and what it was edited to goes.
      - V(own) removes addresses that are known to be this store's and are not wanted any more.
      - V(all) removes every address that is not wanted.
    type: str
    choices: [none, own, all]
    default: own
  callers:
    description:
      - The addresses from which this account is used, as the provider sees them (the egress's public address).
      - A list of O(addresses) without one of them is refused.
    type: list
    elements: str
    default: []
  keep_addresses:
    description:
      - Addresses and prefixes from which the store moves away. Where the provider holds exactly these they stay until
        the move is over, though they are not declared; they are not added where they are not.
    type: list
    elements: str
    default: []
  former_addresses:
    description:
      - Addresses and prefixes that were this store's and are not any more. With O(purge=own) they go also where the
        provider does not tell whose an address is.
    type: list
    elements: str
    default: []
  data_plane:
    description:
      - Resources whose data has a firewall of its own, which gets the same list. For O(provider=azure) alone, where
        Resource Manager itself refuses nobody by address.
      - Rules come first, then rules go as O(purge) says, and after them whoever no rule lets in is refused. From
        then on those who used the resource without a rule are shut out, so name them in O(addresses) as well. What
        else lets in (subnets, trusted services of Azure, private endpoints) stays and is returned.
      - IPv6 is left out, since these endpoints have none.
      - What this module has made bears its mark (a tag of the resource, or the rule's name), by which V(own) is told.
      - With O(state=absent) the store's own rules go. Who is refused besides stays refused, even where this module
        closed the resource - opening it to everybody is never a side effect.
      - A resource that takes no call from public addresses at all is refused; this module does not open it.
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
  allow_lock_out:
    description: Take a list that leaves out one of O(callers), for moving an account away from this store.
    type: bool
    default: false
seealso:
  - module: strategic.service_store.api_source_restriction_info
  - module: strategic.service_store.access_probe
"""

EXAMPLES = r"""
- name: Only our two store servers may use the customer's key
  strategic.service_store.api_source_restriction:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    proxy: http://store-1.example.net:3128
    addresses: [198.51.100.11, 198.51.100.12]
    callers: [198.51.100.11]
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Only our store servers get at the tokens, the blobs, the keys and the database
  strategic.service_store.api_source_restriction:
    provider: azure
    credential: acme-azure
    proxy: http://store-2.example.net:3128
    addresses: [198.51.100.11, 198.51.100.12]
    callers: [198.51.100.12]
    data_plane:
      - {kind: storage_account, resource_group: prod, name: acmedata}
      - {kind: key_vault, resource_group: prod, name: acme-keys}
      - {kind: sql_server, resource_group: prod, name: acme-sql}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Write the request for BT Cloud's staff
  strategic.service_store.api_source_restriction:
    state: rendered
    provider: bt_cloud
    credential: umbrella-bt
    endpoints: {api: https://cloud.umbrella.example/client/api}
    addresses: [198.51.100.11, 198.51.100.12]
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: request
"""

RETURN = r"""
addresses:
  description: The addresses that may use the API once this is applied.
  returned: success
  type: list
  elements: str
  sample: [198.51.100.11/32, 198.51.100.12/32]
in_effect:
  description:
    - Whether the provider holds exactly these addresses after the task; with O(state=absent) whether nothing of this
      store's own is left there, as far as it can be seen. The resources of O(data_plane) count as well.
  returned: success
  type: bool
  sample: true
enforced_by:
  description: What refuses a call from another address, in words.
  returned: success
  type: str
  sample: IAM policy svcstore-source-restriction (Deny, NotIpAddress aws:SourceIp)
enforced_at:
  description: The services that refuse.
  returned: success
  type: list
  elements: str
  sample: [sts, iam, s3, ec2]
not_enforced:
  description: What stays reachable from everywhere, in words; empty where nothing does.
  returned: success
  type: str
  sample: ""
applied_by:
  description: Who can change it, V(store) (this module), V(provider) or V(customer).
  returned: success
  type: str
  sample: store
sheet:
  description: What whoever applies it has to do, in words and commands.
  returned: O(state=rendered), or somebody else has to apply it or take it back
  type: str
  sample: "Request to the provider's staff ..."
list_changed:
  description: Whether the account's own list changed, be it that a firewall of O(data_plane) did or not.
  returned: success
  type: bool
  sample: true
data_plane:
  description:
    - Each resource of O(data_plane) with the C(addresses) that its firewall lets in once this is applied, those of
      them that were C(added), the C(removed) ones, whether it is so after the task (C(in_effect)), whether it
      is a restriction then (C(enforced); not where nobody is refused, or a rule is wider than /8), and in words what
      comes in besides (C(not_enforced)).
    - With O(state=absent) C(note) says of a resource that has been deleted that it is not there any more; it is empty
      otherwise.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: storage_account
      resource_group: prod
      name: acmedata
      addresses: [198.51.100.11/32, 198.51.100.12/32]
      added: [198.51.100.12/32]
      removed: []
      in_effect: true
      enforced: true
      not_enforced: what Azure lets pass the firewall (AzureServices)
      note: ""
api_calls:
  description: The calls made to the provider, by name.
  returned: success
  type: dict
  sample: {"iam.GetUserPolicy": 1}
applied:
  description: The changes that had taken effect before a failure.
  returned: failure, when something had been changed
  type: list
  elements: str
  sample: ["add storage_account prod/acmedata: 198.51.100.12/32"]
unsure:
  description:
    - The changes of O(data_plane) of which nobody can say whether they took effect, since the resource could not be
      read afterwards.
    - The next run finds out and finishes what is missing.
  returned: failure, when there are any
  type: list
  elements: str
  sample: ["update storage_account prod/acmedata: everybody else"]
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec, spec_data_plane
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model import mark, restriction
from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import parse_prefixes
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
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
            "state": {"type": "str", "choices": ["present", "rendered", "absent"], "default": "present"},
            "store": {"type": "str", "default": "service-store"},
            "addresses": {"type": "list", "elements": "str", "required": True},
            "purge": {"type": "str", "choices": ["none", "own", "all"], "default": "own"},
            "callers": {"type": "list", "elements": "str", "default": []},
            "keep_addresses": {"type": "list", "elements": "str", "default": []},
            "former_addresses": {"type": "list", "elements": "str", "default": []},
            "data_plane": spec_data_plane.DATA_PLANE,
            "allow_lock_out": {"type": "bool", "default": False},
        }
    )
)


class Task:
    """Brings the source restriction of one account to what is declared, or renders it for whoever can."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self._context = context
        self._wanted = parse_prefixes("addresses", params["addresses"])
        if not self._wanted:
            raise InvalidValue("addresses", "[]", "would let nobody in; name at least the egress of the account")
        self._leaving = parse_prefixes("keep_addresses", params["keep_addresses"])
        self._former = parse_prefixes("former_addresses", params["former_addresses"])
        callers = [cidr.partition("/")[0] for cidr in parse_prefixes("callers", params["callers"])]
        self._absent, self._rendered = params["state"] == "absent", params["state"] == "rendered"
        if not params["allow_lock_out"] and not self._absent:
            restriction.refuse_lock_out(callers, self._wanted)
        mark.check_store("store", params["store"])
        known = provider(params["provider"])
        adapter_of = capability(known, "source_restriction")
        guarded = firewalls.parse(params, known)
        _known, self._session = connect(context)
        self._adapter = adapter_of(self._session, params["store"])
        self._firewalls = firewalls.Firewalls(guarded, known, self._session, params["store"], params["workers"])

    def plan(self) -> Plan:
        """Read what is enforced; only what this module can change itself is planned."""
        self._now = self._adapter.read_restriction()
        subject, purge = self._context.params["credential"], self._context.params["purge"]
        if self._absent:
            wanted = restriction.withdraw(subject, self._now)
        else:
            wanted = restriction.plan(subject, self._now, self._wanted, purge, self._leaving, self._former)
        self._target = restriction.target_of(wanted.changes[0]) if wanted.changed else tuple(self._now.addresses)
        self._sheet = self._needs_sheet()
        self._in_effect = not wanted.changed and not (self._absent and self._sheet)
        behind = self._firewalls.plan(self._absent, writes=not self._rendered)
        return (Plan() if self._sheet else wanted) + (Plan() if self._rendered else behind)

    def _needs_sheet(self) -> bool:
        if self._absent:
            return restriction.asks_others(self._now, self._wanted)
        return self._now.applied_by != "store" or self._rendered

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Set the restriction, then the firewalls."""
        behind = [change for change in plan.changes if self._firewalls.owns(change)]
        for change in plan.changes[: len(plan.changes) - len(behind)]:
            self._adapter.apply_restriction(self._now, self._target)
            self._in_effect = True
            done(change)
        self._firewalls.apply(behind, done)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return what holds now, who enforces it, and the sheet where one is needed."""
        now = self._now
        check = self._context.check_mode
        shown = plan.changes if check else applied
        rows = [self._firewalls.describe(item, applied, check) for item in self._firewalls.wanted]
        facts: dict[str, Any] = {
            "addresses": list(self._target),
            "in_effect": self._in_effect,
            "enforced_by": now.enforced_by,
            "enforced_at": list(now.enforced_at),
            "not_enforced": now.not_enforced,
            "applied_by": now.applied_by,
        }
        report = [{"kind": "restriction", **facts}, *map(firewalls.report, rows)]
        facts["in_effect"] = self._in_effect and all(row["in_effect"] for row in rows)
        facts["list_changed"] = not all(map(self._firewalls.owns, shown))
        facts["data_plane"] = rows
        if self._sheet:
            sheet = restriction.withdrawal if self._absent else self._adapter.render_restriction
            facts["sheet"] = sheet(now, self._wanted if self._absent else self._target)
            facts["sheet"] += self._firewalls.sheets() if self._rendered else ""
        return {**facts, "api_calls": self._session.calls.by_name(), "report": report}


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
