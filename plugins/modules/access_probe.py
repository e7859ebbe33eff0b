#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module access_probe."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_probe
short_description: Proves that an API can be reached from here, or that it cannot
version_added: 0.1.0
description:
  - With O(provider) and O(credential) it makes one signed call of O(service), through O(proxy) where one is given.
  - With O(address) it opens a TCP connection, and a TLS one on request, from the host it runs on, directly or
    through O(proxy). This part needs nothing but Python.
  - With O(data_plane) it calls each resource's public endpoint, where a firewall of its own lets in by address.
  - With O(services), O(targets) or O(data_plane) one call makes any number of proofs at the same time.
  - It fails when an outcome is not the expected one. A call that fails for another reason than access (a wrong
    key, an untrusted certificate) proves nothing and always fails.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Only connects and reads, so it does the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
options:
  provider:
    description: The provider, for a signed call.
    type: str
    choices: [aws, azure, openstack, cloudstack, bt_cloud]
  credential:
    description: The name of the credential in the secret store, for a signed call.
    type: str
  service:
    description:
      - Which service to call. V(sts), V(iam), V(s3) or V(ec2) for V(provider=aws), V(entra), V(arm) or V(graph) for
        V(provider=azure), V(identity) or V(network) for V(provider=openstack), V(api) for V(provider=cloudstack)
        and V(provider=bt_cloud).
      - V(graph) reads the application's own service principal at Microsoft Graph, for which it needs no role in the
        subscription. It proves an application that only rotates the secrets of others.
      - Without it the call that proves the credential itself.
    type: str
  services:
    description: Several services, each called at the same time as the others. See O(service).
    type: list
    elements: str
  data_plane:
    description:
      - Resources with firewalls of their own, each called at the same time as the others, where Resource Manager says
        that its data is.
      - A storage account is asked for a list of its containers, a key vault for one of its secrets' names, one item
        long, which nothing is made of. The credential needs no right to that, since the refusal says who refused.
      - A SQL server is no matter of HTTP. It is returned as V(not proven), which fails nothing.
    type: list
    elements: dict
    suboptions:
      kind:
        description: What it is.
        type: str
        required: true
        choices: [storage_account, key_vault, sql_server]
      resource_group:
        description: The resource group that it is in.
        type: str
        required: true
      name:
        description: Its name, no id.
        type: str
        required: true
  token_proxy:
    description:
      - Through which proxy it is asked where the data of O(data_plane) is, and for the token.
      - The call itself leaves by O(proxy), or directly without it. So a call from an address that is not listed carries
        a token that is good, which a source restriction would not have given out there.
      - Without it everything leaves by O(proxy).
    type: str
  region:
    description: The region, for providers that have regions.
    type: str
  endpoints:
    description: The addresses of the provider's services, by service.
    type: dict
  proxy:
    description: Connect through this proxy, as V(http://host:3128), with CONNECT.
    type: str
  ca_file:
    description: The certificate authority of the endpoint, where it is not one of the system's.
    type: path
  timeout_s:
    description: How many seconds one attempt may take.
    type: float
    default: 10.0
  retries:
    description: How often a signed call that failed for a passing reason is tried again.
    type: int
    default: 1
  workers:
    description: How many attempts may run at once.
    type: int
    default: 16
  address:
    description: The host name or address to connect to, for a connection without a credential.
    type: str
  port:
    description: The port to connect to.
    type: int
    default: 443
  targets:
    description: Several addresses to connect to, each at the same time as the others.
    type: list
    elements: dict
    suboptions:
      address:
        description: The host name or address.
        type: str
        required: true
      port:
        description: The port.
        type: int
        default: 443
      allowed_from:
        description:
          - The names of the sources that may connect. Where O(source) is one of them V(allowed) is expected, and
            V(refused) where it is not. Without it O(expect) holds.
        type: list
        elements: str
      proxy:
        description: As O(proxy), for this target.
        type: str
      within_s:
        description: As O(within_s), for this target.
        type: float
      subject:
        description: As O(subject), for this target.
        type: str
      what:
        description: As O(what), for this target.
        type: str
      enforced_by:
        description: As O(enforced_by), for this target.
        type: str
      enforced_at:
        description: As O(enforced_at), for this target.
        type: str
  tls:
    description: Whether to complete a TLS handshake, without verifying the certificate unless O(ca_file) is given.
    type: bool
    default: false
  expect:
    description: The outcome that is wanted.
    type: str
    choices: [allowed, refused]
    default: allowed
  within_s:
    description:
      - How many seconds to go on trying until the outcome is the expected one, for changes that take time to spread.
    type: float
    default: 0.0
  subject:
    description: The cloud account or host that the proof is about, for the report. Without it the inventory host.
    type: str
  what:
    description:
      - What is proved, in words, for the report.
      - With O(services), C({service}) stands for each one's name; with O(data_plane), C({resource}).
    type: str
  source:
    description: From where, in words, for the report. Without it the proxy, or the host's name.
    type: str
  enforced_by:
    description: What allows or refuses it, in words, for the report.
    type: str
  enforced_at:
    description: Which server allows or refuses it, in words, for the report.
    type: str
seealso:
  - module: strategic.service_store.api_source_restriction
"""

EXAMPLES = r"""
- name: The key works from a listed address
  strategic.service_store.access_probe:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    service: s3
    proxy: http://store-1.example.net:3128
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: The same key is refused from this machine, which is not listed
  strategic.service_store.access_probe:
    provider: aws
    region: eu-central-1
    credential: acme-aws
    service: s3
    expect: refused
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: The vault's firewall refuses this machine, though its token is good
  strategic.service_store.access_probe:
    provider: azure
    credential: acme-azure
    data_plane:
      - {kind: key_vault, resource_group: prod, name: acme-keys}
    token_proxy: http://store-2.example.net:3128
    expect: refused
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: A host that is named nowhere does not get through the tunnel
  strategic.service_store.access_probe:
    address: 10.20.0.10
    port: 5000
    expect: refused
    enforced_by: ACL on the tunnel

- name: Of all store servers, only those named for a target reach it
  strategic.service_store.access_probe:
    source: "{{ inventory_hostname }}"
    targets:
      - {address: 10.20.0.10, port: 5000, allowed_from: [store-1, store-2]}
      - {address: 10.30.0.10, port: 443, allowed_from: []}
    timeout_s: 3
"""

RETURN = r"""
outcomes:
  description:
    - For each service, target or resource, in the order given, C(target) and what the other values here say of one.
    - The C(outcome) of a SQL server or a storage account without blobs is V(not proven), and C(why) says so.
    - So is that of a resource that should refuse and of which nothing answers.
  returned: O(services), O(targets) or O(data_plane) is given
  type: list
  elements: dict
  sample: [{target: "10.30.0.10:443", outcome: refused, why: timed out after 3 s, attempts: 1}]
target:
  description: What was probed.
  returned: success, for one service or address
  type: str
  sample: 10.30.0.10:443
outcome:
  description: What happened, V(allowed) or V(refused).
  returned: success, for one service or address
  type: str
  sample: refused
why:
  description: How that showed itself.
  returned: success
  type: str
  sample: "timed out after 3 s"
identity:
  description: Who the provider says the credential is.
  returned: a signed call was allowed
  type: dict
  sample: {account: "123456789012", principal: "arn:aws:iam::123456789012:user/service-store"}
attempts:
  description: How many attempts it took.
  returned: success
  type: int
  sample: 1
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec, spec_data_plane
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.provider.probe import Prober, prober
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import PROVIDERS

TARGET = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 443},
    "allowed_from": {"type": "list", "elements": "str"},
    "proxy": {"type": "str"},
    "within_s": {"type": "float"},
    "subject": {"type": "str"},
    "what": {"type": "str"},
    "enforced_by": {"type": "str"},
    "enforced_at": {"type": "str"},
}
SPEC = spec.SECRET_STORE.merge(
    spec.Spec(
        {
            "provider": {"type": "str", "choices": list(PROVIDERS)},
            "credential": {"type": "str"},
            "service": {"type": "str"},
            "services": {"type": "list", "elements": "str"},
            "data_plane": {**spec_data_plane.DATA_PLANE, "default": None},
            "token_proxy": {"type": "str", "no_log": False},  # a way, not a token
            "region": {"type": "str"},
            "endpoints": {"type": "dict"},
            "proxy": {"type": "str"},
            "ca_file": {"type": "path"},
            "timeout_s": {"type": "float", "default": 10.0},
            "retries": {"type": "int", "default": 1},
            "workers": {"type": "int", "default": 16},
            "address": {"type": "str"},
            "port": {"type": "int", "default": 443},
            "targets": {"type": "list", "elements": "dict", "options": TARGET},
            "tls": {"type": "bool", "default": False},
            "expect": {"type": "str", "choices": ["allowed", "refused"], "default": "allowed"},
            "within_s": {"type": "float", "default": 0.0},
            "subject": {"type": "str"},
            "what": {"type": "str"},
            "source": {"type": "str"},
            "enforced_by": {"type": "str"},
            "enforced_at": {"type": "str"},
        },
        required_together=(("provider", "credential"),),
        required_one_of=(("provider", "address", "targets"),),
        mutually_exclusive=(
            ("service", "services", "data_plane"),
            ("address", "targets", "data_plane"),
            ("provider", "targets"),
        ),
    )
)


class Task:
    """Tries the access until the outcome is the expected one, or the time is up."""

    def __init__(self, context: Context) -> None:
        self._prober: Prober = prober(context)

    def plan(self) -> Plan:
        """Probe; a probe changes nothing, so nothing is planned."""
        self._prober.run()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Change nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the outcome and the record for the report."""
        return self._prober.facts()


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
