# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option group of every cloud module."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.core.spec.cloud()."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - The provider of the cloud account.
      - V(bt_cloud) is CloudStack's API at BT Cloud.
    type: str
    required: true
    choices: [aws, azure, openstack, cloudstack, bt_cloud]
  credential:
    description:
      - The name of the account's credential in the secret store.
      - It is read inside the module and hidden from every result and log.
    type: str
    required: true
  region:
    description: The region, for providers that have regions.
    type: str
  endpoints:
    description:
      - The addresses of the provider's services, by service, for private clouds and test beds.
      - For V(aws) the names are those of the SDK (V(ec2), V(sts), V(iam), V(s3)). For V(azure) they are V(arm),
        V(entra) and V(graph), for V(openstack) V(identity) and V(network), for V(cloudstack) V(api).
      - Only https is taken.
    type: dict
  proxy:
    description:
      - The egress of the account, as V(http://host:3128). Calls go through it with CONNECT, so that TLS stays end
        to end and the proxy sees no credential.
      - Without it the call leaves directly. Proxy variables of the environment are never used.
    type: str
  ca_file:
    description: The certificate authority of the endpoints, where it is not one of the system's.
    type: path
  timeout_s:
    description: How many seconds one call may take.
    type: float
    default: 30.0
  retries:
    description:
      - How often a call that failed for a passing reason (throttled, server error, lost connection) is tried again,
        with growing random waits.
    type: int
    default: 4
  workers:
    description: How many calls may run at once.
    type: int
    default: 16
notes:
  - The module runs where Ansible runs. Give account hosts C(ansible_connection=local) and
    C(ansible_python_interpreter={{ ansible_playbook_python }}); the inventory plugin
    P(strategic.service_store.register#inventory) does so.
  - All modules of the action group C(strategic.service_store.cloud) share these options, so that C(module_defaults)
    can set them once for a play.
"""
