# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that says what the register asks of each host once a customer is gone."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.gather import without
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.errors import RegisterError

DOCUMENTATION = r"""
name: register_without
short_description: The variables of the register's hosts as they are without one customer
version_added: 0.1.0
description:
  - Reads the register again, leaves one customer out, and returns what is left for each host.
options:
  _input:
    description: The folder of the register.
    type: str
    required: true
  customer:
    description: The customer to leave out.
    type: str
    required: true
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show the routes that stay
  ansible.builtin.debug:
    msg: "{{ rest['store-1'].service_store_ipsec_routes }}"
  vars:
    rest: "{{ service_store_register_dir | strategic.service_store.register_without('acme') }}"
"""

RETURN = r"""
_value:
  description: The variables by host.
  type: dict
"""


def register_without(folder: str, customer: str) -> dict[str, dict[str, Any]]:
    """Return the variables of each host without the customer; raises AnsibleFilterError for a wrong register."""
    try:
        return without(folder, customer)
    except RegisterError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"register_without": register_without}
