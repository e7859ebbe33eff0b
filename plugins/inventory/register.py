# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin register."""

from __future__ import annotations

DOCUMENTATION = r"""
name: register
short_description: Makes an inventory of the register of customers and cloud accounts
version_added: 0.1.0
author: strategic.service_store contributors (@strategic)
description:
  - Reads a folder with C(service_store.yml) (the operator's own hosts) and one YAML file for each customer.
  - Every cloud account becomes one inventory host, so that forks, C(--limit) and AWX's slicing work by cloud
    account.
  - Makes the groups C(cloud_accounts), C(provider_<provider>), C(customer_<customer>), C(access_<method>),
    C(store_servers), C(store_gateways), C(proxy_hosts), C(app_hosts) and C(probe_hosts).
  - Files are held against a JSON Schema. A mistake names the file and the line.
extends_documentation_fragment:
  - constructed
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [strategic.service_store.register]
  register:
    description: The folder of the register, absolute or relative to the inventory file.
    type: str
    default: register
"""

EXAMPLES = r"""
# service_store.inventory.yml
plugin: strategic.service_store.register
register: ./register
"""

import os
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

from ansible_collections.strategic.service_store.plugins.plugin_utils.register.errors import RegisterError
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.hosts import (
    Inventory,
    inventory_of,
)
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.load import read_register

SUFFIXES = ("service_store.inventory.yml", "service_store.inventory.yaml", "register.yml", "register.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Fills the inventory from the register."""

    NAME = "strategic.service_store.register"

    def verify_file(self, path: str) -> bool:
        """Return whether a file may be this plugin's configuration."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read the register and add its hosts, groups and variables."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        folder = os.path.join(os.path.dirname(os.path.abspath(path)), os.path.expanduser(self.get_option("register")))
        try:
            found = inventory_of(read_register(os.path.normpath(folder)))
        except RegisterError as exc:
            raise AnsibleParserError(str(exc)) from exc
        self._fill(found)

    def _fill(self, found: Inventory) -> None:
        for group in (
            "cloud_accounts",
            "store_servers",
            "store_gateways",
            "proxy_hosts",
            "app_hosts",
            "probe_hosts",
        ):
            self.inventory.add_group(group)
        for name, value in found.variables.items():
            self.inventory.set_variable("all", name, value)
        strict = self.get_option("strict")
        for host in found.hosts:
            self.inventory.add_host(host.name)
            for group in host.groups:
                self.inventory.add_group(group)
                self.inventory.add_child(group, host.name)
            for name, value in host.variables.items():
                self.inventory.set_variable(host.name, name, _trusted(value))
            variables = self.inventory.get_host(host.name).get_vars()
            self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)


def _trusted(value: Any) -> Any:
    """Let a template of this plugin's own (the interpreter) be rendered; text of the register never is."""
    if value != "{{ ansible_playbook_python }}":
        return value
    from ansible.template import trust_as_template

    return trust_as_template(value)
