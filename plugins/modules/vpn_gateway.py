#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module vpn_gateway."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_gateway
short_description: Keeps the cloud's end of a site-to-site tunnel as declared
version_added: 0.2.0
description:
  - Makes the gateway, the connection with its tunnels, and the routes on the cloud's side from the definition that our
    own end is made of, and returns that definition with the addresses that the provider gave.
  - Changes what differs where it is, one tunnel at a time where a connection has two, and waits for the first before it
    takes the second. Check mode says which tunnels would drop, and for about how long.
  - Refuses weak algorithms at the cloud's end by the same rules as at ours.
  - Marks what it makes, and removes nothing else.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.vpn_gateway
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Reads, plans and reports what would change and drop, and makes no call that writes.
    support: full
  diff_mode:
    description: Shows each part before and after; of a pre-shared key only its fingerprint.
    support: full
options:
  state:
    description:
      - V(present) keeps the gateway as declared.
      - V(absent) removes what this store made, last made first. What others use as well stays.
    type: str
    choices: [present, absent]
    default: present
  adopt:
    description:
      - Takes over a connection of that name that somebody else made, and brings it to what is declared. From then on it
        bears this store's mark, and V(absent) removes it. Without it such a connection is refused where it differs.
      - What belongs to the connection, such as the static routes of V(aws), is taken over with it, and goes where it is
        not declared.
    type: bool
    default: false
seealso:
  - module: strategic.service_store.vpn_gateway_info
  - module: strategic.service_store.vpn_psk
"""

EXAMPLES = r"""
- name: One key for each tunnel, of characters that AWS takes
  strategic.service_store.vpn_psk:
    name: "{{ item }}"
    providers: [aws]
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  loop: [acme-vpn-1, acme-vpn-2]

- name: The cloud's end, for two named store servers and one API
  strategic.service_store.vpn_gateway:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    name: acme-vpn
    scope: {kind: vpc, name: prod}
    tunnel:
      local: {address: 198.51.100.10}
      sources:
        - {name: store-1, address: 10.20.0.11}
        - {name: store-2, address: 10.20.0.12}
      targets:
        - {name: api, address: 10.60.1.10, port: 443}
    networks: [10.60.0.0/16]
    pre_shared_keys: [acme-vpn-1, acme-vpn-2]
  register: cloud_end

- name: Our own end, of the same definition
  ansible.builtin.include_role:
    name: strategic.service_store.ipsec
    apply:
      delegate_to: store-gw
  vars:
    ipsec_connections: "{{ cloud_end.tunnels }}"
    ipsec_secrets:
      acme-vpn-1: "{{ lookup('strategic.service_store.credential', 'acme-vpn-1.psk') }}"
      acme-vpn-2: "{{ lookup('strategic.service_store.credential', 'acme-vpn-2.psk') }}"

- name: The same end at an Azure VPN gateway, which is there already
  strategic.service_store.vpn_gateway:
    provider: azure
    credential: acme-azure
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    name: acme-vpn
    scope: {kind: virtual_network_gateway, name: hub, parent: network}
    tunnel:
      local: {address: 198.51.100.10}
      sources:
        - {name: store-1, address: 10.20.0.11}
      targets:
        - {name: api, address: 10.60.1.10, port: 443}
      ike_proposals: [aes256gcm16-prfsha384-ecp384]
      esp_proposals: [aes256gcm16-ecp384]
    pre_shared_keys: [acme-vpn]
  register: cloud_end

- name: Take it all away when the customer leaves
  strategic.service_store.vpn_gateway:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    name: acme-vpn
    scope: {kind: vpc, name: prod}
    state: absent
"""

RETURN = r"""
gateway:
  description: The gateway and the parts it is made of, with the provider's ids and whether this store made them.
  returned: success
  type: dict
  sample:
    name: acme-vpn
    ref: vpn-0a1b2c3d4e5f67890
    scope: {kind: vpc, id: "", name: prod, parent: ""}
    parts:
      - {kind: customer gateway, name: 198.51.100.10, ref: cgw-0a1b2c3d4e5f67890, own: true}
      - {kind: connection, name: acme-vpn, ref: vpn-0a1b2c3d4e5f67890, own: true}
tunnels:
  description:
    - The tunnels as the role P(strategic.service_store.ipsec#role) takes them in C(ipsec_connections), without the
      keys. Empty while there is no outer address yet, as in check mode before the first run.
  returned: success
  type: list
  elements: dict
  sample:
    - name: acme-vpn-1
      kind: site
      local: {address: 198.51.100.10, id: 198.51.100.10, inside_address: ""}
      remote: {address: 203.0.113.7, id: 203.0.113.7, inside_address: ""}
      sources: [{name: store-1, address: 10.20.0.11/32}]
      targets: [{name: api, address: 10.60.1.10, port: 443, protocol: tcp}]
ends:
  description:
    - The tunnels as the provider shows them, with outer address, link network, state, algorithms and the key's
      fingerprint, which is "(not ours)" for a key so weak that it could be found by its fingerprint.
  returned: success
  type: list
  elements: dict
  sample:
    - name: acme-vpn-1
      address: 203.0.113.7
      identity: 203.0.113.7
      inside_cidr: 169.254.10.0/30
      status: up
      detail: ""
      accepts: [aes256gcm16, ecp384, sha384]
      fingerprint: "sha256:1f0c3d9a7b21"
drops:
  description:
    - The tunnels that drop through the changes, why, and for about how many seconds (null is for good). In check mode
      those that would. One that is down already is not among them.
  returned: success
  type: list
  elements: dict
  sample: [{tunnel: acme-vpn-1, why: ike groups of tunnel acme-vpn-1 changes, about_s: 180}]
weak:
  description: Weak algorithms that the cloud's end takes as it is, in words; empty where there are none.
  returned: success
  type: list
  elements: str
  sample: ["acme-vpn-1: takes sha1, which is withdrawn; use sha256"]
api_calls:
  description: The calls made to the provider, by name.
  returned: success
  type: dict
  sample: {ec2.DescribeVpnConnections: 1, ec2.DescribeCustomerGateways: 1}
applied:
  description: The changes that had taken effect before a failure.
  returned: failure, when something had been changed
  type: list
  elements: str
  sample: ["add acme-vpn: customer gateway 198.51.100.10"]
unsure:
  description: The changes of which nobody can say whether they took effect; the next run finds out.
  returned: failure, when there are any
  type: list
  elements: str
  sample: ["add acme-vpn: connection acme-vpn"]
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_gateway import VPN_GATEWAY
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider import vpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import VPN_PROVIDERS

SPEC = spec.cloud(VPN_PROVIDERS).merge(
    VPN_GATEWAY,
    spec.Spec(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "adopt": {"type": "bool", "default": False},
        },
        required_if=(("state", "present", ("tunnel", "pre_shared_keys")),),
    ),
)


class Task:
    """Brings the cloud's end of one tunnel to what is declared, or takes it away."""

    def __init__(self, context: Context) -> None:
        self._params = context.params
        self._end, self._session = vpn.opened(context)

    def plan(self) -> Plan:
        """Read the parts and return what differs."""
        return self._end.plan(self._params["state"] == "absent", self._params["adopt"])

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Make the changes."""
        self._end.apply(plan, done)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the gateway, both ends' view of its tunnels, and the calls it took."""
        return {**self._end.describe(), "api_calls": self._session.calls.by_name()}


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
