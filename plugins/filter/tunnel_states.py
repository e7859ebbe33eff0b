# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads the states of many tunnels from swanctl's output."""

from __future__ import annotations

from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import tunnel_states

DOCUMENTATION = r"""
name: tunnel_states
short_description: Read the states of many IPsec connections
version_added: 0.1.0
description:
  - Reads the output of C(swanctl --list-sas --pretty) once, and gives the newest installed CHILD_SA of each connection.
options:
  _input:
    description: Output of C(swanctl --list-sas --pretty).
    type: str
    required: true
  names:
    description: Names of the connections.
    type: list
    elements: str
    required: true
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Ask charon
  ansible.builtin.command: swanctl --list-sas --pretty
  register: sas
  changed_when: false

- name: Show which tunnels are down
  ansible.builtin.debug:
    msg: "{{ states.values() | rejectattr('up') | map(attribute='name') }}"
  vars:
    states: "{{ sas.stdout | strategic.service_store.tunnel_states(['globex-openstack', 'initech-cloudstack']) }}"
"""

RETURN = r"""
_value:
  description:
    - For each name what P(strategic.service_store.tunnel_state#filter) gives.
  type: dict
  sample:
    globex-openstack:
      name: globex-openstack
      up: false
      state: CONNECTING
"""


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"tunnel_states": tunnel_states}
