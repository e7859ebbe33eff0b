# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that checks a list of named API endpoints."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.module_utils.model.acl import parse_endpoints
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

DOCUMENTATION = r"""
name: acl_endpoints
short_description: Check a list of named API endpoints
version_added: 0.1.0
description:
  - Refuses malformed addresses, ports out of range and repetitions.
options:
  _input:
    description: Dicts with C(name), C(address), C(port) and C(protocol) (V(tcp) where it is left out).
    type: list
    elements: dict
    required: true
  option:
    description: Name of the option the values come from; errors say it.
    type: str
    default: targets
  names_allowed:
    description: Whether C(address) may be a DNS name.
    type: bool
    default: false
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show the endpoints a proxy will serve
  ansible.builtin.debug:
    msg: "{{ vpn_proxy_targets | strategic.service_store.acl_endpoints('vpn_proxy_targets', names_allowed=true) }}"
"""

RETURN = r"""
_value:
  description: The endpoints, each with C(name), C(address), C(port), C(protocol) and C(is_address).
  type: list
  elements: dict
"""


def acl_endpoints(values: Any, option: str = "targets", names_allowed: bool = False) -> list[dict[str, Any]]:
    """Return the endpoints as plain data; raises AnsibleFilterError with option, value and mend."""
    try:
        return [endpoint.view() for endpoint in parse_endpoints(values, option, names_allowed)]
    except InvalidValue as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"acl_endpoints": acl_endpoints}
