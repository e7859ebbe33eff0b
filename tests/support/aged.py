# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A register of two customers, and keys of chosen ages in an encrypted file; no cloud is needed."""

from __future__ import annotations

import base64
import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.playbook import Run, run_playbook

SECRET = {"api_key": "canary-notice-api-key", "secret_key": "canary-notice-0123456789abcdefghijklmnopqrst"}
OPERATOR = """\
service_store:
  name: test-store
  store_servers: [{name: s1, host: 127.0.0.1, public_address: 192.0.2.1}]
  vars: {service_store_rotation_defaults: {max_age_days: 60, warn_before_days: 10}}
"""
CUSTOMER = "customer: {name}\nowners: {owners}\ncloud_accounts:\n"
ACCOUNT = """\
  - name: {name}
    provider: cloudstack
    endpoints: {{api: "https://cloud.example:9/client/api"}}
    credential: {name}-key
    access: [{{method: api_source_restriction, store_servers: [s1]}}]
"""
OWNERS = {
    "acme": "{security: acme-security@acme.example, billing: money@acme.example}",
    "globex": "{operations: ops@globex.example}",
}


class Site:
    """Accounts whose keys are so many days old; the name of an account begins with its customer's."""

    def __init__(self, folder: Path, ages: Mapping[str, float]) -> None:
        self.folder = folder
        register = folder / "register"
        register.mkdir(parents=True)
        (register / "service_store.yml").write_text(OPERATOR)
        for customer, owners in OWNERS.items():
            own = "".join(ACCOUNT.format(name=name) for name in ages if name.startswith(customer))
            if own:
                (register / f"{customer}.yml").write_text(CUSTOMER.format(name=customer, owners=owners) + own)
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        key = folder.parent / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        auth = {"key_file": str(key)}
        self.option: dict[str, Any] = {"type": "encrypted_file", "path": str(folder / "secrets.json"), "auth": auth}
        self.store = open_store(self.option, lambda *values: None)
        for name, days in ages.items():
            self.age(name, days)

    def age(self, name: str, days: float) -> None:
        """Give an account a key that was registered so many days ago."""
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
        record = parse(f"{name}-key", "cloudstack", SECRET).record()
        self.store.put(f"{name}-key", {**record, "meta": {"registered_at": written(then)}})

    def run(self, playbook: str, *arguments: str, env: Mapping[str, str] | None = None, **variables: Any) -> Run:
        """Run a playbook of the collection over all accounts."""
        return run_playbook(
            f"strategic.service_store.{playbook}",
            self.folder,
            *["-i", str(self.folder / "service_store.inventory.yml"), *arguments],
            variables={"service_store_secret_store": self.option, **variables},
            env=env,
            watch=False,
        )
