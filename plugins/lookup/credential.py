# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin credential."""

from __future__ import annotations

DOCUMENTATION = r"""
name: credential
short_description: Returns a field of a registered credential or secret
version_added: 0.1.0
author: strategic.service_store contributors (@strategic)
description:
  - Reads the secret store that the variable E(service_store_secret_store) names, at the moment the value is needed.
  - Made for the C(no_log) options of third-party modules and for templates of secrets, such as pre-shared keys. The
    modules of this collection take a credential by name and need no lookup.
options:
  _terms:
    description:
      - The names of credentials, as V(name) or V(name.field).
      - V(name) alone returns the whole record as a dictionary of its public and secret fields.
    type: list
    elements: str
    required: true
  default:
    description:
      - What to return for a field that its record has not, or not now, such as the successor of a pre-shared key that
        is not being changed. Without it that is an error. A record that is not there is one in any case.
    type: str
  secret_store:
    description: Where credentials rest, as in M(strategic.service_store.cloud_credential).
    type: dict
    vars:
      - name: service_store_secret_store
notes:
  - What it returns is secret. Use it only in options that are C(no_log), or set C(no_log=true) on the task. Never
    put it into a fact.
seealso:
  - module: strategic.service_store.cloud_credential
"""

EXAMPLES = r"""
- name: Hand a customer's key to a module of another collection
  ngine_io.cloudstack.zone_info:
    api_url: https://cloud.initech.example/client/api
    api_key: "{{ lookup('strategic.service_store.credential', 'initech-cloudstack.api_key') }}"
    api_secret: "{{ lookup('strategic.service_store.credential', 'initech-cloudstack.secret_key') }}"
  no_log: true

- name: Accept a tunnel's key, and its successor while it is being changed
  ansible.builtin.include_role:
    name: strategic.service_store.ipsec
  vars:
    ipsec_secrets:
      globex: "{{ lookup('strategic.service_store.credential', 'globex-vpn.psk') }}"
    ipsec_secrets_also:
      globex: "{{ lookup('strategic.service_store.credential', 'globex-vpn.psk_next', default='') }}"
"""

RETURN = r"""
_raw:
  description: The fields, one for each term.
  type: list
  elements: raw
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ServiceStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.base import SecretStore
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store


class LookupModule(LookupBase):
    """Reads fields of records out of the secret store."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return one value for each term."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            # Nothing is printed here, so there is nothing to hide the store's own key from.
            store = open_store(self.get_option("secret_store"), lambda *values: None)
            default = self.get_option("default")
            return [_field(store, str(term), default) for term in terms]
        except ServiceStoreError as exc:
            raise AnsibleLookupError(str(exc)) from exc


def _field(store: SecretStore, term: str, default: str | None) -> Any:
    """Return ``name.field``; a name may hold dots itself, so the longest name that exists wins."""
    names = store.names()
    name = next(
        (known for known in sorted(names, key=len, reverse=True) if term == known or term.startswith(known + ".")),
        None,
    )
    record = store.get(name or term)
    fields = {**(record.get("public") or {}), **(record.get("secrets") or {})}
    if name is None or term == name:
        return fields
    field = term[len(name) + 1 :]
    if field not in fields:
        if default is not None:
            return default
        raise AnsibleLookupError(f"{name} has no field {field!r}; it has {', '.join(sorted(fields))}")
    return fields[field]
