#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module vpn_tunnel_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_tunnel_info
short_description: Reads how tunnels are, from our end and from the cloud's, and says where the two disagree
version_added: 0.2.0
description:
  - Reads our end of tunnels on their host, from charon itself, and the cloud's end where Ansible runs. Either end may
    be wrong about a tunnel; a provider's own display lags by minutes or stays wrong.
  - With O(wait_s) it waits until the tunnels are up, and fails with the cause where they do not come up - no proposal
    chosen, authentication failed, the other end does not know this peer, traffic selectors differ, timeout, no attempt,
    not configured and others, each with the line of charon's log that shows it and the next step.
  - With O(probe) it asks an API through the tunnels, and tells a missing route, a filter (ACL) and silence apart.
  - It starts, ends and changes nothing.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.cloud
  - strategic.service_store.secret_store
options:
  tunnel_host:
    description:
      - The inventory host of our end, such as the store's gateway or a proxy host. It is reached with the connection,
        become and interpreter of its own variables, as with C(delegate_to).
      - The task's own host where it is left out.
    type: str
  tunnels:
    description:
      - The connections of our end, as the role P(strategic.service_store.ipsec#role) has them in C(ipsec_connections).
      - By default those of the cloud's end, or where the cloud is not asked all that charon has.
    type: list
    elements: str
  wait_s:
    description: How many seconds to wait for O(wait_for), 3600 at most. V(0) tells how it is, and never fails for it.
    type: int
    default: 0
  wait_for:
    description: What to wait for at our end. The wait is over as soon as all O(tunnels) are so.
    type: str
    choices: [up, down]
    default: up
  probe:
    description: An API behind the tunnels that is asked for a TCP connection when all of them are up.
    type: dict
    suboptions:
      host:
        description:
          - The inventory host that asks. The tunnel's host where it is left out; a gateway that is no source of the
            connection is refused by its own filter, so name a store server there.
        type: str
      address:
        description: IPv4 address of the API's host.
        type: str
        required: true
      port:
        description: TCP port of the API.
        type: int
        required: true
      timeout_s:
        description: How many seconds one attempt may take. With O(wait_s) it is tried again in what is left of them.
        type: int
        default: 4
  socket:
    description: The socket of charon's control interface (vici) on the tunnel's host.
    type: path
    default: /var/run/charon.vici
  name:
    description:
      - The name of the cloud's end, as in M(strategic.service_store.vpn_gateway). The cloud is asked where this and
        O(scope) are given, with O(provider) and O(credential).
      - Its tunnels and the connections of our end belong together by name, or else by the cloud's outer address.
    type: str
  store:
    description: The name of the service store that marks what it makes.
    type: str
    default: service-store
  scope:
    description: What the cloud's end attaches to, as in M(strategic.service_store.vpn_gateway).
    type: dict
    suboptions:
      kind:
        description: The kind, such as V(vpc), V(transit_gateway), V(virtual_network_gateway) or V(router).
        type: str
        required: true
      id:
        description: The provider's id. Give this or O(scope.name).
        type: str
      name:
        description: The name.
        type: str
      parent:
        description: What holds it, where the provider needs that.
        type: str
  parts:
    description: Set by the action plugin and refused in a task. Says what the host is asked for.
    type: list
    elements: str
    choices: [tunnels, probe, filter]
  provider:
    description: The cloud, where its end is to be read.
    required: false
  credential:
    description: The name of the account's credential in the secret store. Needed with O(scope).
    required: false
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
notes:
  - Our end needs root (C(become=true) or C(ansible_become) of the tunnel's host), strongSwan 5.9 or newer, and nothing
    but Python's standard library. The cloud's end is read without become.
  - Causes are from what charon logs while the tunnels are waited for, and where that tells nothing from the journal of
    C(strongswan.service) of the last quarter of an hour.
seealso:
  - module: strategic.service_store.vpn_gateway_info
  - plugin: strategic.service_store.rollout_report
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Are our tunnels up?
  hosts: store_gateways
  become: true
  tasks:
    - name: Ask charon
      strategic.service_store.vpn_tunnel_info:
      register: here

    - name: Show those that are not, and why
      ansible.builtin.debug:
        msg: "{{ item.name }}: {{ item.ours.why.cause }}. {{ item.ours.why.mend }}"
      loop: "{{ here.tunnels | rejectattr('up') }}"
      loop_control:
        label: "{{ item.name }}"

- name: What does the cloud say, and what do we?
  hosts: acme-aws
  tasks:
    - name: Compare both ends
      strategic.service_store.vpn_tunnel_info:
        tunnel_host: store-gw
        provider: aws
        region: eu-central-1
        credential: acme-aws
        secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
        name: acme-vpn
        scope: {kind: vpc, name: prod}
      register: both
      failed_when: both is failed or not both.agree

- name: Go on when the API answers through the tunnel
  hosts: store-gw
  become: true
  tasks:
    - name: Wait for the tunnel, and for the API as a store server sees it
      strategic.service_store.vpn_tunnel_info:
        tunnels: [globex-openstack]
        wait_s: 60
        probe: {host: store-1, address: 10.2.0.10, port: 5000}

- name: Take a tunnel out of service
  hosts: store-gw
  become: true
  tasks:
    - name: See that the customer has ended it
      strategic.service_store.vpn_tunnel_info:
        tunnels: [initech-cloudstack]
        wait_for: down
        wait_s: 300
"""

RETURN = r"""
tunnels:
  description: Each tunnel with both its ends; also when the task fails because a tunnel is not as waited for.
  returned: success, and when a wait is over
  type: list
  elements: dict
  contains:
    name:
      description: The connection of our end, or the cloud's name of a tunnel that our end does not have.
      type: str
    up:
      description: Whether our end has a CHILD_SA, so that packets can travel.
      type: bool
    ours:
      description:
        - Our end.
        - For one that is up there are addresses, the peer's identity, the proposal, bytes, the unique ids of its
          security associations, and in seconds their age (C(established_s), C(installed_s)), the time until new keys
          (C(rekey_in_s), C(ike_rekey_in_s)) and the time since the last packet from there (C(silent_s)).
      type: dict
      contains:
        state:
          description:
            - V(INSTALLED) for a tunnel that is up, the state of its IKE_SA in charon's words for one that is not,
              V(none) for one that is configured and does nothing, and V(missing) for one that is not configured.
          type: str
        configured:
          description: Whether charon has the connection.
          type: bool
        why:
          description: Why it is down, with C(cause), C(evidence) and C(mend). Left out for one that is up.
          type: dict
    cloud:
      description:
        - The cloud's end with its outer address, C(status) (V(up), V(down) or V(unknown) where the provider does not
          tell) and what it says besides. Null where the cloud was not asked, or has no such tunnel.
      type: dict
    agree:
      description: Whether nothing is in RV(tunnels[].disagreements).
      type: bool
    disagreements:
      description: Where the two ends differ, in words.
      type: list
      elements: str
  sample:
    - name: acme-vpn-1
      up: true
      ours:
        state: INSTALLED
        configured: true
        local: 192.0.2.1
        remote: 192.0.2.2
        peer: 192.0.2.2
        virtual_ip: ""
        proposal: AES_GCM_16-256
        encap: true
        esp_bytes_in: 40
        esp_bytes_out: 60
        silent_s: 2
        ike_id: 1
        child_id: 1
        established_s: 4
        installed_s: 4
        rekey_in_s: 3456
        ike_rekey_in_s: 13304
      cloud: {name: acme-vpn-1, status: down, detail: Disconnected, address: 192.0.2.2, identity: 192.0.2.2}
      agree: false
      disagreements: ["our end is up (the last packet came from there 2 s ago), and the cloud says down (Disconnected)"]
    - name: acme-vpn-2
      up: false
      ours:
        state: none
        configured: true
        local: 192.0.2.1
        remote: 192.0.2.3
        why:
          cause: authentication failed
          evidence: received AUTHENTICATION_FAILED notify error
          mend: give both ends the same pre-shared key and each other's id; compare the fingerprints;
            of certificates the other end's log says more
      cloud: {name: acme-vpn-2, status: down, detail: Disconnected, address: 192.0.2.3, identity: 192.0.2.3}
      agree: true
      disagreements: []
agree:
  description: Whether both ends of all tunnels agree.
  returned: success, and when a wait is over
  type: bool
  sample: false
probe:
  description: What became of the probe; left out where there was none, or a tunnel was down.
  returned: when O(probe) is given and all tunnels are up
  type: dict
  sample:
    address: 10.2.0.10
    port: 5000
    host: store-1
    ok: false
    cause: ACL
    evidence: our end refused the packets and counted them in unnamed_to_far
    mend: name the source, and the endpoint with its port, in the connection
report:
  description: The tunnels in the report of the callback P(strategic.service_store.rollout_report#callback).
  returned: success, and when a wait is over
  type: list
  elements: dict
  sample:
    - kind: tunnel
      subject: acme-aws
      name: acme-vpn-1
      up: true
      local: 192.0.2.1
      remote: 192.0.2.2
      esp_bytes_in: 40
      esp_bytes_out: 60
      proposal: AES_GCM_16-256
"""

from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_tunnel import VPN_TUNNEL as SPEC
from ansible_collections.strategic.service_store.plugins.module_utils.host.tunnel_task import TunnelTask


def main() -> None:
    """Run the module."""
    run(SPEC, TunnelTask)


if __name__ == "__main__":
    main()
