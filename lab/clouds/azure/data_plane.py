# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public endpoints behind the firewalls: they hold nothing, and refuse by the TCP peer's address like the services.

BASE/storage/<account>/..., BASE/vault/<vault>/... and BASE/sql/<server> stand for <account>.blob.core.windows.net,
<vault>.vault.azure.net and <server>.database.windows.net. SQL speaks TDS really; its refusal (error 40615) is given
here as JSON. Whoever is let in gets an empty list: credentials of the data plane are not looked at.
"""

from __future__ import annotations

import re

from lab.clouds.azure import network_acls, sql
from lab.clouds.azure.state import ResourceGroup, State
from lab.clouds.azure.wire import AzureError, Request, Response

_PATH = re.compile(r"^/(?P<service>storage|vault|sql)/(?P<name>[A-Za-z0-9-]+)(/|$)")


def serves(request: Request) -> bool:
    return _PATH.match(request.path) is not None


def handle(state: State, request: Request) -> Response:
    """Answers as the service would before it looks at the credential."""
    match = _PATH.match(request.path)
    service, name = (match["service"], match["name"].lower()) if match else ("", "")
    for subscription in state.subscriptions.values():
        for group in subscription.groups.values():
            if _lets_in(service, name, group, request.source):
                return Response(200, {"value": []})
    raise AzureError(404, "ResourceNotFound", f"There is no {service} of the name {name}.")


def _lets_in(service: str, name: str, group: ResourceGroup, source: str) -> bool:
    """Whether this group has the resource and it takes the call; a refusal is raised."""
    if service == "sql":
        server = group.sql_servers.get(name)
        if server is not None and not sql.lets_in(server, source):
            raise _refused(service, name, source)
        return server is not None
    resource = (group.vaults if service == "vault" else group.storage_accounts).get(name)
    if resource is not None and not network_acls.lets_in(resource["properties"], source):
        raise _refused(service, name, source)
    return resource is not None


def _refused(service: str, name: str, source: str) -> AzureError:
    if service == "storage":
        return AzureError(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
    if service == "vault":
        text = f"Client address is not authorized and caller is not a trusted service.\r\nClient address: {source}\r\n"
        return AzureError(403, "Forbidden", f"{text}Vault: {name}", details=[{"code": "ForbiddenByFirewall"}])
    text = f"Cannot open server '{name}' requested by the login. Client with IP address '{source}' is not allowed"
    return AzureError(403, "40615", f"{text} to access the server.")
