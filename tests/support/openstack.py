# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Keystone and Neutron for tests, and a hand in them that is not the product's."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.servers import LabServer, StartServer

Json = dict[str, Any]


class Account:
    """One project: what the lab made for it, and plain calls with its application credential."""

    def __init__(self, server: LabServer, made: Mapping[str, Any]) -> None:
        self.made = made
        self.identity = f"{server.url}/v3"
        context = ssl.create_default_context(cafile=server.ca_file)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        self._token = ""
        self._network = ""

    @property
    def secret(self) -> dict[str, str]:
        names = ("application_credential_id", "application_credential_secret")
        return {name: str(self.made[name]) for name in names}

    @property
    def password(self) -> dict[str, str]:
        """The fields of a credential that is the user's own password."""
        names = {"username": "user", "password": "password", "user_domain_name": "domain", "project_name": "project"}
        return {field: str(self.made[name]) for field, name in names.items()}

    @property
    def network(self) -> str:
        """Neutron's URL, out of the catalog."""
        self._log_in()
        return self._network

    def call(self, method: str, path: str, body: Any = None) -> Json:
        """Call Neutron as somebody else of the project would."""
        self._log_in()
        return self._send(method, f"{self._network}{path}", body)[1]

    def add_rule(self, group: str, **more: Any) -> Json:
        """Add one rule to a security group, given by name."""
        rule = {"direction": "ingress", "ethertype": "IPv4", "security_group_id": self.made["security_groups"][group]}
        return self.call("POST", "/v2.0/security-group-rules", {"security_group_rule": {**rule, **more}})

    def list_path(self, name: str, action: str = "") -> str:
        """The path of an address group, given by name, or of an action on it."""
        return f"/v2.0/address-groups/{self.made['address_groups'][name]}{action}"

    def rules(self, group: str) -> list[Json]:
        group_id = self.made["security_groups"][group]
        found = self.call("GET", f"/v2.0/security-group-rules?security_group_id={group_id}")
        rules: list[Json] = found["security_group_rules"]
        return rules

    def _log_in(self) -> None:
        if self._token:
            return
        names = {"id": "application_credential_id", "secret": "application_credential_secret"}
        credential = {short: self.made[name] for short, name in names.items()}
        identity = {"methods": ["application_credential"], "application_credential": credential}
        headers, body = self._send("POST", f"{self.identity}/auth/tokens", {"auth": {"identity": identity}})
        self._token = headers["X-Subject-Token"]
        services = {service["type"]: service["endpoints"] for service in body["token"]["catalog"]}
        self._network = services["network"][0]["url"]

    def _send(self, method: str, url: str, body: Any) -> tuple[Mapping[str, str], Json]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Auth-Token": self._token}
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        with self._opener.open(request, timeout=60) as answer:
            content = answer.read()
            return answer.headers, json.loads(content) if content else {}


def start(
    start_server: StartServer, accounts: list[Json], folder: Path | None = None
) -> tuple[LabServer, list[Account]]:
    """Start both services with these accounts (see lab.clouds.openstack); some 15 s once everything is cached."""
    from lab.clouds.openstack import environment
    from lab.progress import Progress

    # Here and not in the server: installing it for the first time takes longer than a start may.
    environment.ensure(Progress(sys.stderr))
    server = start_server("openstack", {"accounts": accounts}, folder)
    return server, [Account(server, made) for made in json.loads(server.lab("GET", "accounts"))]
