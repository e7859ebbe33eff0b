# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that says in words why a tunnel does not come up."""

from __future__ import annotations

from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import cause_of

DOCUMENTATION = r"""
name: tunnel_cause
short_description: Say in words why an IPsec connection does not come up
version_added: 0.1.0
description:
  - Reads the output of C(swanctl --initiate) or lines of charon's log and names the cause, the line that shows it, and
    what to do next.
options:
  _input:
    description: Log lines, oldest first.
    type: str
    required: true
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Try to bring the tunnel up
  ansible.builtin.command: swanctl --initiate --child globex-openstack --timeout 15
  register: attempt
  changed_when: true
  failed_when: false

- name: Say why it stays down
  ansible.builtin.debug:
    msg: "{{ (attempt.stdout ~ '\n' ~ attempt.stderr) | strategic.service_store.tunnel_cause }}"
"""

RETURN = r"""
_value:
  description: What went wrong.
  type: dict
  sample:
    cause: authentication failed
    evidence: "[IKE] received AUTHENTICATION_FAILED notify error"
    mend: give both ends the same pre-shared key and each other's id; compare the fingerprints;
      of certificates the other end's log says more
"""


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"tunnel_cause": cause_of}
