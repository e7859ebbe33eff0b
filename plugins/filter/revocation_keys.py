# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that names the keys which a revocation kills, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.keys import accounts_of, of_accounts

DOCUMENTATION = r"""
name: revocation_keys
short_description: The keys of some accounts in the order in which they are killed, and who else uses them
version_added: 0.1.0
description:
  - Names each key once, however many of the accounts use it, and none before the keys that it manages.
  - Made for the playbook C(strategic.service_store.revoke).
options:
  _input:
    description: The variables of all hosts (C(hostvars)).
    type: dict
    required: true
  accounts:
    description: The accounts whose keys leaked.
    type: list
    elements: str
    required: true
  key:
    description: Which of their keys.
    type: str
    choices: [credential, rotator]
    default: credential
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Who would lose a key?
  ansible.builtin.debug:
    msg: "{{ hostvars | strategic.service_store.revocation_keys(['acme-aws']) | map(attribute='affected') | flatten }}"
"""

RETURN = r"""
_value:
  description:
    - The keys. C(account) kills the key in C(turn), by C(rotator) where that is not empty. C(affected) are all accounts
      of the register that name it as credential or rotator, whoever's they are. The rest is as in the filter
      C(offboarding_keys).
  type: list
  elements: dict
  sample:
    - name: acme-cloudstack
      account: acme-cloudstack
      turn: 0
      rotator: acme-rotator
      manages: false
      credential: true
      users: []
      others: []
      affected: [acme-cloudstack]
"""


def revocation_keys(
    hostvars: Mapping[str, Any], accounts: Sequence[str], key: str = "credential"
) -> list[dict[str, Any]]:
    """Return the keys of some accounts in their order."""
    return of_accounts(accounts_of(hostvars), accounts, key)


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"revocation_keys": revocation_keys}
