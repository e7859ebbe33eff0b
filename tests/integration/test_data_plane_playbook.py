# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the register to the firewalls of Azure's resources: access closes them, audit sees drift, access mends it."""

from __future__ import annotations

import base64
import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.nat import WayOut
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
    - {{name: s1, host: 127.0.0.1, proxy_port: {port}, public_address: {address}}}
    - {{name: s2, host: 127.0.0.2, public_address: 192.0.2.2}}
"""
CUSTOMER = """\
customer: acme
cloud_accounts:
  - name: acme-azure
    provider: azure
    endpoints: {{arm: "{url}", entra: "{url}", graph: "{url}/graph"}}
    ca_file: {ca_file}
    credential: acme-azure
    {egress}
    access:
      - method: api_source_restriction
        store_servers: [s1, s2]
        data_plane:
          - {{kind: storage_account, resource_group: prod, name: acmedata}}
          - {{kind: key_vault, resource_group: prod, name: acme-keys}}
          - {{kind: sql_server, resource_group: prod, name: acme-sql}}
"""
#: The public endpoints with whom a token for them is made for, "" where none is looked at.
DOORS = {
    "/storage/acmedata/?comp=list": "https://storage.azure.com",
    "/vault/acme-keys/secrets": "https://vault.azure.net",
    "/sql/acme-sql": "",
}
#: The firewalls' own refusals; others come from behind them.
FIREWALL = ("AuthorizationFailure", "ForbiddenByFirewall", "40615")
EGRESS = "127.0.0.2"


class Site:
    """One account of the register beside its emulator."""

    def __init__(self, server: LabServer, folder: Path, egress: WayOut | None = None) -> None:
        self.server, self.folder = server, folder
        register = folder / "register"
        register.mkdir(parents=True)
        port, address = (egress.port, egress.address) if egress else (3128, "127.0.0.1")
        (register / "service_store.yml").write_text(OPERATOR.format(port=port, address=address))
        uses = "egress: s1" if egress else ""
        (register / "acme.yml").write_text(CUSTOMER.format(url=server.url, ca_file=server.ca_file, egress=uses))
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
            env={"ANSIBLE_CALLBACKS_ENABLED": "strategic.service_store.rollout_report"},
            watch=False,
        )

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The last report's records of one kind."""
        (file,) = self.folder.rglob("report.json")
        return [record for record in json.loads(file.read_text())["records"] if record["kind"] == kind]

    def doors(self) -> list[bool]:
        """Whether each public endpoint's firewall lets this machine in."""
        session = requests.Session()
        session.trust_env, session.verify = False, self.server.ca_file
        answers = []
        for path, resource in DOORS.items():
            headers = {"Authorization": f"Bearer {self.token(session, resource)}"} if resource else {}
            answers.append(session.get(self.server.url + path, headers=headers, timeout=60).text)
        return [not any(code in answer for code in FIREWALL) for answer in answers]

    def token(self, session: requests.Session, resource: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": SECRET["client_id"],
            "client_secret": SECRET["client_secret"],
            "scope": f"{resource}/.default",
        }
        answer = session.post(f"{self.server.url}/{SECRET['tenant_id']}/oauth2/v2.0/token", data=form, timeout=60)
        return str(answer.json()["access_token"])

    def arm(self, method: str, path: str, body: Any = None, egress: WayOut | None = None) -> Any:
        """One call as the customer makes it."""
        session = requests.Session()
        session.trust_env, session.verify = False, self.server.ca_file
        session.proxies = {"https": egress.proxy} if egress else {}
        answer = session.request(
            method,
            f"{self.server.url}{INSIDE}/resourceGroups/prod/providers/{path}",
            params={"api-version": "2021-11-01"},
            headers={"Authorization": f"Bearer {self.token(session, self.server.url)}"},
            json=body,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json()


def test_the_register_closes_the_doors_and_the_audit_watches_them(lab_server: StartServer, tmp_path: Path) -> None:
    site = Site(lab_server("azure", CONFIG), tmp_path / "site")
    assert site.doors() == [True, True, False]
    early = site.run("audit")
    assert early.status != 0 and "The source restriction is in effect" in early.output

    first = site.run("access", "--skip-tags", "prove", "--diff")
    assert first.status == 0, first.output[-3000:]
    assert "storage_account prod/acmedata" in first.output and "+everybody else: refused" in first.output
    assert site.doors() == [True, True, True]
    again = site.run("access", "--skip-tags", "prove")
    assert again.status == 0 and "changed=0" in again.output, again.output[-3000:]
    assert site.run("audit").status == 0
    # Without an egress this machine is the listed address, and nothing is expected to be refused to it.
    proven = site.run("prove")
    assert proven.status == 0, proven.output[-3000:]
    assert {row["expected"] for row in site.records("proof")} == {"allowed"}
    assert {row["target"] for row in site.records("unproven")} == {"acme-azure", "sql_server prod/acme-sql"}

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


@pytest.mark.long
def test_the_proofs_knock_at_the_doors_from_the_egress_and_from_elsewhere(
    lab_server: StartServer, tmp_path: Path
) -> None:
    with WayOut(EGRESS, tmp_path / "way") as egress:
        site = Site(lab_server("azure", CONFIG), tmp_path / "site", egress)
        ran = site.run("access")
        assert ran.status == 0, ran.output[-4000:]
        found = {
            (row["target"], row["source"]): (row["actual"], row["enforced_by"], row["enforced_at"], row["evidence"])
            for row in site.records("proof")
            if row["target"].startswith(("storage", "key"))
        }
        at = f"127.0.0.1:{site.server.port}"
        storage, vault = "storage_account prod/acmedata", "key_vault prod/acme-keys"
        behind = "the firewall let the call in, which this credential has no right to on the data"
        by_storage = (f"the firewall of {storage}", f"{at}/storage/acmedata")
        by_vault = (f"the firewall of {vault}", f"{at}/vault/acme-keys")
        assert found == {
            (storage, "s1"): ("allowed", *by_storage, "answered 200"),
            (vault, "s1"): ("allowed", *by_vault, f"answered 403 ForbiddenByRbac: {behind}"),
            (storage, "controller, directly"): ("refused", *by_storage, "403 AuthorizationFailure"),
            (vault, "controller, directly"): ("refused", *by_vault, "403 ForbiddenByFirewall"),
        }
        assert {row["target"] for row in site.records("unproven")} == {"sql_server prod/acme-sql"}
        assert "acme-azure: sql_server prod/acme-sql, not proven: its login is TDS" in " ".join(ran.output.split())

        here = {"properties": {"networkAcls": {"defaultAction": "Allow"}}}
        site.arm("PATCH", "Microsoft.Storage/storageAccounts/acmedata", here, egress)
        opened = site.run("prove")
        assert opened.status != 0
        assert "access from controller, directly to storage_account prod/acmedata was allowed" in " ".join(
            opened.output.split()
        )
        assert [row["target"] for row in site.records("proof") if not row["ok"]] == [storage]
        for path, content in left_behind(site.folder):
            assert SECRET["client_secret"].encode() not in content and b"eyJ" not in content, path
