# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads the state of a tunnel from swanctl's output."""

from __future__ import annotations

from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import tunnel_state

DOCUMENTATION = r"""
name: tunnel_state
short_description: Read the state of one IPsec connection
version_added: 0.1.0
description:
  - Reads the output of C(swanctl --list-sas --pretty) and gives the newest installed CHILD_SA of a connection.
options:
  _input:
    description: Output of C(swanctl --list-sas --pretty).
    type: str
    required: true
  name:
    description: Name of the connection.
    type: str
    required: true
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Ask charon
  ansible.builtin.command: swanctl --list-sas --pretty
  register: sas
  changed_when: false

- name: Show whether the tunnel is up
  ansible.builtin.debug:
    msg: "{{ sas.stdout | strategic.service_store.tunnel_state('globex-openstack') }}"
"""

RETURN = r"""
_value:
  description:
    - C(up), C(state) and, where it is up, addresses, proposal, bytes and unique ids.
    - The unique ids tell an untouched security association from one that was made anew.
  type: dict
  sample:
    name: globex-openstack
    up: true
    state: INSTALLED
    local: 10.203.0.14
    remote: 10.203.0.20
    peer: 10.203.0.20
    virtual_ip: ""
    proposal: AES_GCM_16-256
    encap: true
    esp_bytes_in: 5120
    esp_bytes_out: 2048
    silent_s: 3
    ike_id: 1
    child_id: 1
    established_s: 42
    installed_s: 42
    rekey_in_s: 3331
    ike_rekey_in_s: 13860
"""


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"tunnel_state": tunnel_state}
