# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A register of two customers, and keys of chosen ages in an encrypted file; no cloud is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import site
from tests.support.playbook import Run

SECRET = {"api_key": "canary-notice-api-key", "secret_key": "canary-notice-0123456789abcdefghijklmnopqrst"}
OPERATOR = """\
service_store:
  name: test-store
  store_servers: [{name: s1, host: 127.0.0.1, public_address: 192.0.2.1}]
  vars: {service_store_rotation_defaults: {max_age_days: 60, warn_before_days: 10}}
"""
NOWHERE = 'endpoints: {api: "https://cloud.example:9/client/api"}'
CUSTOMER = "customer: {name}\nowners: {owners}\ncloud_accounts:\n"
ACCOUNT = """\
  - name: {name}
    provider: cloudstack
    {api}
    credential: {name}-key
    access: [{{method: api_source_restriction, store_servers: [s1]}}]
"""
OWNERS = {
    "acme": "{security: acme-security@acme.example, billing: money@acme.example}",
    "globex": "{operations: ops@globex.example}",
}


class Site(site.Site):
    """Accounts whose keys are so many days old; the name of an account begins with its customer's."""

    def __init__(self, folder: Path, ages: Mapping[str, float], api: str = NOWHERE) -> None:
        """``api`` is the part of an account that tells how its provider is reached."""
        customers = {}
        for customer, owners in OWNERS.items():
            own = "".join(ACCOUNT.format(name=name, api=api) for name in ages if name.startswith(customer))
            if own:
                customers[customer] = CUSTOMER.format(name=customer, owners=owners) + own
        super().__init__(folder, OPERATOR, customers)
        for name, days in ages.items():
            self.age(name, days)

    def age(self, name: str, days: float, secret: Mapping[str, str] | None = None) -> None:
        """Give an account a key that was registered so many days ago."""
        self.put(f"{name}-key", "cloudstack", secret or SECRET, days)

    def run(self, playbook: str, *arguments: str, env: Mapping[str, str] | None = None, **variables: Any) -> Run:
        """Run a playbook of the collection over all accounts, neither loud nor watched."""
        return super().run(playbook, *arguments, loud=False, env=env, variables=variables)

    def run_loudly(self, playbook: str, *arguments: str, **more: Any) -> Run:
        """Run a playbook for the leak scan, as ``site.Site.run`` does."""
        return super().run(playbook, *arguments, **more)
