# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that puts a customer's keys in the order in which they are revoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.keys import accounts_of, in_order

DOCUMENTATION = r"""
name: offboarding_keys
short_description: A customer's credentials and rotators in the order in which they are revoked
version_added: 0.1.0
description:
  - Names each key once, however many accounts use it, and none before the keys that it manages.
  - Made for the playbook C(strategic.service_store.offboard).
options:
  _input:
    description: The variables of all hosts (C(hostvars)).
    type: dict
    required: true
  customer:
    description: The customer.
    type: str
    required: true
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show the order
  ansible.builtin.debug:
    msg: "{{ hostvars | strategic.service_store.offboarding_keys('acme') | map(attribute='name') }}"
"""

RETURN = r"""
_value:
  description:
    - The keys. C(account) revokes the key in C(turn), by C(rotator) where that is not empty. C(users) are the
      customer's accounts that name it as C(credential) or as rotator (C(manages)), C(others) those of other customers.
  type: list
  elements: dict
  sample:
    - name: acme-cloudstack
      account: acme-cloudstack
      turn: 0
      rotator: acme-rotator
      manages: false
      credential: true
      users: [acme-cloudstack]
      others: []
"""


def offboarding_keys(hostvars: Mapping[str, Any], customer: str) -> list[dict[str, Any]]:
    """Return the keys of a customer in their order."""
    return in_order(accounts_of(hostvars), customer)


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"offboarding_keys": offboarding_keys}
