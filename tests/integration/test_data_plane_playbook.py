# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the register to the firewalls of Azure's resources: access closes them, audit sees drift, access mends it."""

from __future__ import annotations

import base64
import datetime
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.servers import LabServer, StartServer

pytestmark = pytest.mark.slow
SECRET = {
    "tenant_id": "11111111-1111-4111-8111-111111111111",
    "client_id": "22222222-2222-4222-8222-222222222222",
    "subscription_id": "33333333-3333-4333-8333-333333333333",
    "client_secret": "canary~data-plane-0123456789abcdefghij",
}
INSIDE = f"/subscriptions/{SECRET['subscription_id']}"
CONFIG = {
    "tenants": [
        {
            "id": SECRET["tenant_id"],
            "applications": [
                {
                    "client_id": SECRET["client_id"],
                    "secrets": [{"value": SECRET["client_secret"]}],
                    "roles": [{"role": "Contributor", "scope": INSIDE}],
                    "graph_permissions": ["Application.Read.All", "Policy.ReadWrite.ConditionalAccess"],
                }
            ],
        }
    ],
    "subscriptions": [
        {
            "id": SECRET["subscription_id"],
            "tenant_id": SECRET["tenant_id"],
            "resource_groups": [
                {
                    "name": "prod",
                    "storage_accounts": [{"name": "acmedata"}],
                    "vaults": [{"name": "acme-keys"}],
                    "sql_servers": [{"name": "acme-sql"}],
                }
            ],
        }
    ],
}
OPERATOR = """\
service_store:
  name: test-store
  store_servers:
    - {name: s1, host: 127.0.0.1, public_address: 127.0.0.1}
    - {name: s2, host: 127.0.0.2, public_address: 192.0.2.2}
"""
CUSTOMER = """\
customer: acme
cloud_accounts:
  - name: acme-azure
    provider: azure
    endpoints: {{arm: "{url}", entra: "{url}", graph: "{url}/graph"}}
    ca_file: {ca_file}
    credential: acme-azure
    access:
      - method: api_source_restriction
        store_servers: [s1, s2]
        data_plane:
          - {{kind: storage_account, resource_group: prod, name: acmedata}}
          - {{kind: key_vault, resource_group: prod, name: acme-keys}}
          - {{kind: sql_server, resource_group: prod, name: acme-sql}}
"""
DOORS = ("/storage/acmedata/", "/vault/acme-keys/secrets", "/sql/acme-sql")


class Site:
    """One account of the register beside its emulator."""

    def __init__(self, server: LabServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        register = folder / "register"
        register.mkdir(parents=True)
        (register / "service_store.yml").write_text(OPERATOR)
        (register / "acme.yml").write_text(CUSTOMER.format(url=server.url, ca_file=server.ca_file))
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        key = folder.parent / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        path = str(folder / "secrets.json")
        self.option = {"type": "encrypted_file", "path": path, "auth": {"key_file": str(key)}}
        meta = {"registered_at": written(datetime.datetime.now(datetime.UTC))}
        record = {**parse("acme-azure", "azure", SECRET).record(), "meta": meta}
        open_store(self.option, lambda *values: None).put("acme-azure", record)

    def run(self, playbook: str, *arguments: str) -> Run:
        return run_playbook(
            f"strategic.service_store.{playbook}",
            self.folder,
            *["-i", str(self.folder / "service_store.inventory.yml"), "--limit", "acme-azure", *arguments],
            variables={
                "service_store_secret_store": self.option,
                "service_store_rendered_dir": str(self.folder / "rendered"),
            },
            watch=False,
        )

    def doors(self) -> list[int]:
        session = requests.Session()
        session.trust_env, session.verify = False, self.server.ca_file
        return [session.get(self.server.url + path, timeout=10).status_code for path in DOORS]

    def arm(self, method: str, path: str, body: Any = None, version: str = "2021-11-01") -> Any:
        """One call as the customer makes it."""
        session = requests.Session()
        session.trust_env, session.verify = False, self.server.ca_file
        form = {
            "grant_type": "client_credentials",
            "client_id": SECRET["client_id"],
            "client_secret": SECRET["client_secret"],
            "scope": f"{self.server.url}/.default",
        }
        token = session.post(f"{self.server.url}/{SECRET['tenant_id']}/oauth2/v2.0/token", data=form, timeout=10)
        answer = session.request(
            method,
            f"{self.server.url}{INSIDE}/resourceGroups/prod/providers/{path}",
            params={"api-version": version},
            headers={"Authorization": f"Bearer {token.json()['access_token']}"},
            json=body,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json()


def test_the_register_closes_the_doors_and_the_audit_watches_them(lab_server: StartServer, tmp_path: Path) -> None:
    site = Site(lab_server("azure", CONFIG), tmp_path / "site")
    assert site.doors() == [200, 200, 403]
    early = site.run("audit")
    assert early.status != 0 and "The source restriction is in effect" in early.output

    first = site.run("access", "--skip-tags", "prove", "--diff")
    assert first.status == 0, first.output[-3000:]
    assert "storage_account prod/acmedata" in first.output and "+everybody else: refused" in first.output
    assert site.doors() == [200, 200, 200]
    again = site.run("access", "--skip-tags", "prove")
    assert again.status == 0 and "changed=0" in again.output, again.output[-3000:]
    assert site.run("audit").status == 0

    site.arm(
        "PATCH", "Microsoft.KeyVault/vaults/acme-keys", {"properties": {"networkAcls": {"defaultAction": "Allow"}}}
    )
    drifted = site.run("audit", "--diff")
    assert drifted.status != 0 and "key_vault prod/acme-keys" in drifted.output
    assert "storage_account prod/acmedata\n" not in drifted.output
    mended = site.run("access", "--skip-tags", "prove")
    assert mended.status == 0 and site.run("audit").status == 0

    rule = {"properties": {"startIpAddress": "203.0.113.9", "endIpAddress": "203.0.113.9"}}
    site.arm("PUT", "Microsoft.Sql/servers/acme-sql/firewallRules/by-hand", rule)
    strange = site.run("audit")
    assert strange.status != 0 and "203.0.113.9/32" in strange.output, strange.output[-3000:]

    gone = site.run("offboard", "-e", "service_store_offboard_customer=acme", "--check", "--diff")
    assert "rule 127.0.0.1/32 at sql_server acme-sql" in gone.output, gone.output[-3000:]
    for path, content in left_behind(site.folder):
        assert SECRET["client_secret"].encode() not in content, path
    assert not [run for run in (first, again, drifted, mended, strange, gone) if SECRET["client_secret"] in run.output]
