# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Barbican behind a real Keystone for tests, and the option ``secret_store`` that opens it."""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import openstack
from tests.support.servers import LabServer, StartServer

#: Barbican's own user, and the project that keeps its secrets there.
SERVICE = {"domain": "operator", "project": "services", "user": "barbican", "role": "admin"}
OWNER = {"domain": "operator", "project": "vault", "user": "service-store"}
#: What the store calls, and nothing else; the documentation names the same.
RULES = [
    {"service": "key-manager", "method": method, "path": path}
    for path, methods in {
        "/v1/secrets": ("GET", "POST"),
        "/v1/secrets/*": ("PUT", "DELETE"),
        "/v1/secrets/*/payload": ("GET",),
    }.items()
    for method in methods
]


@dataclass(frozen=True)
class Barbican:
    """Both running servers, and the account that may keep secrets."""

    keystone: LabServer
    server: LabServer
    account: openstack.Account

    def write_credential(self, path: Path, secret: str | None = None) -> None:
        """Write the application credential of the account, or one with another secret."""
        made = self.account.secret
        path.write_text(json.dumps({**made, "application_credential_secret": secret} if secret else made))
        path.chmod(0o600)

    def option(self, folder: Path) -> dict[str, Any]:
        """Return the option for an empty store of its own."""
        self.write_credential(folder / "credential")
        # Each server has a CA of its own.
        bundle = folder / "ca.pem"
        bundle.write_text("".join(Path(server.ca_file).read_text() for server in (self.keystone, self.server)))
        return {
            "type": "barbican",
            "url": self.keystone.url,
            "region": "RegionOne",
            "path": uuid.uuid4().hex,
            "auth": {"credentials_file": str(folder / "credential"), "ca_file": str(bundle)},
        }


def start(start_server: StartServer) -> Barbican:
    """Start Keystone and Barbican; some 25 s once everything is cached."""
    from lab.clouds.openstack import barbican
    from lab.progress import Progress

    # Here and not in the server: installing it for the first time takes longer than a start may.
    barbican.ensure(Progress(sys.stderr))
    accounts = [{**SERVICE, "access_rules": None}, {**OWNER, "access_rules": RULES}]
    keystone, (service, owner) = openstack.start(start_server, [{**row, "security_groups": []} for row in accounts])
    config = {
        "identity": f"{keystone.url}/v3",
        "identity_ca": keystone.ca_file,
        "domain": SERVICE["domain"],
        "project": SERVICE["project"],
        "username": SERVICE["user"],
        "password": service.made["password"],
    }
    server = start_server("barbican", config, module="lab.clouds.openstack.barbican")
    return Barbican(keystone, server, owner)
