# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that checks a list of named sources."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.module_utils.model.acl import parse_sources
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

DOCUMENTATION = r"""
name: acl_sources
short_description: Check a list of named source addresses
version_added: 0.1.0
description:
  - Refuses malformed addresses, host bits, networks too wide to be a list of named servers, and repetitions.
options:
  _input:
    description: Addresses, or dicts with C(name) and C(address).
    type: list
    elements: raw
    required: true
  option:
    description: Name of the option the values come from; errors say it.
    type: str
    default: sources
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show the allowed sources in their one spelling
  ansible.builtin.debug:
    msg: "{{ api_acl_allowed | strategic.service_store.acl_sources('api_acl_allowed') }}"
"""

RETURN = r"""
_value:
  description: The sources, each with C(name), C(address) (a prefix) and C(version).
  type: list
  elements: dict
"""


def acl_sources(values: Any, option: str = "sources") -> list[dict[str, Any]]:
    """Return the sources as plain data; raises AnsibleFilterError with option, value and mend."""
    try:
        return [source.view() for source in parse_sources(values, option)]
    except InvalidValue as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"acl_sources": acl_sources}
