#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module vpn_gateway_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_gateway_info
short_description: Reads the cloud's end of a site-to-site tunnel, and where it differs from what is declared
version_added: 0.2.0
description:
  - Returns the parts of a gateway, its tunnels with their state and algorithms, and which of these are weak.
  - Where O(tunnel) is given as well, it returns what differs and the tunnels as our own end takes them. It never fails
    for what is there.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.vpn_gateway
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
seealso:
  - module: strategic.service_store.vpn_gateway
"""

EXAMPLES = r"""
- name: Does any tunnel of the customer's still take weak algorithms?
  strategic.service_store.vpn_gateway_info:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    name: acme-vpn
    scope: {kind: vpc, name: prod}
  register: cloud_end
  failed_when: cloud_end.weak | length > 0

- name: Is the cloud's end as declared, the pre-shared keys included?
  strategic.service_store.vpn_gateway_info:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
    name: acme-vpn
    scope: {kind: vpc, name: prod}
    tunnel: "{{ acme_tunnel }}"
    networks: [10.60.0.0/16]
    pre_shared_keys: [acme-vpn-1, acme-vpn-2]
  register: cloud_end
  failed_when: cloud_end.drift
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
drift:
  description: Whether anything differs from what is declared; false where O(tunnel) is not given.
  returned: success
  type: bool
  sample: true
differences:
  description:
    - What M(strategic.service_store.vpn_gateway) would change, in words, also of what somebody else made. A mark of
      the store that is missing there is no difference.
    - What it cannot change where it is, and what there is that it cannot use, comes with the reason.
  returned: success
  type: list
  elements: str
  sample: ["update acme-vpn: tunnel acme-vpn-1"]
drops:
  description: The tunnels that would drop through that, why, and for about how many seconds (null is for good).
  returned: success
  type: list
  elements: dict
  sample: [{tunnel: acme-vpn-1, why: key of tunnel acme-vpn-1 changes, about_s: 180}]
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
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_gateway import VPN_GATEWAY
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider import vpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import VPN_PROVIDERS

SPEC = spec.cloud(VPN_PROVIDERS).merge(VPN_GATEWAY)


class Task:
    """Reads the cloud's end of one tunnel and compares it with what is declared."""

    def __init__(self, context: Context) -> None:
        self._end, self._session = vpn.opened(context)
        self._differences: list[str] = []

    def plan(self) -> Plan:
        """Read and compare; an info module plans no change."""
        self._differences = self._end.differences()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the gateway and the drift."""
        return {
            **self._end.describe(),
            "drift": bool(self._differences),
            "differences": self._differences,
            "api_calls": self._session.calls.by_name(),
        }


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
