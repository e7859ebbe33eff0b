# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator of Azure's control plane: Entra ID, Azure Resource Manager and Microsoft Graph, over TLS.

    python -m lab.clouds.azure --host 127.0.0.1 --port 0 --cert F --key F [--config JSONFILE]

prints one line `ready https://HOST:PORT` and serves until SIGTERM. Standard library only.

What a client is told to use, with BASE = https://HOST:PORT:

    authority (Entra ID)        BASE            token endpoint BASE/<tenant>/oauth2/v2.0/token
    Azure Resource Manager      BASE            scope BASE/.default
    Microsoft Graph             BASE/graph      scope BASE/graph/.default

Tokens carry an audience, as the real ones do: a token for Resource Manager is refused by Graph.

Configuration (JSON; every id is a UUID, and one that is left out is derived from the name):

    {"tenants": [{"id": ..., "display_name": ...,
                  "applications": [{"client_id": ..., "display_name": ..., "service_principal_id": ...,
                                    "secrets": [{"value": ..., "expires": "2030-01-01T00:00:00Z", "name": ...}],
                                    "owners": [<client ids; itself when left out>],
                                    "roles": [{"role": "Network Contributor", "scope": "/subscriptions/..."}],
                                    "graph_permissions": ["Policy.Read.All"]}],
                  "named_locations": [<body as Graph takes it, "id" allowed>], "policies": [<likewise>]}],
     "subscriptions": [{"id": ..., "display_name": ..., "tenant_id": ...,
                        "resource_groups": [{"name": ..., "location": "westeurope",
                                             "network_security_groups": [{"name": ..., "rules": [
                                                 {"name": ..., <properties of a security rule>}]}],
                                             "storage_accounts": [{"name": ..., "tags": {}, "properties": {...}}],
                                             "vaults": [<likewise>],
                                             "sql_servers": [{"name": ..., "properties": {...}, "rules": [
                                                 {"name": ..., "startIpAddress": ..., "endIpAddress": ...}]}],
                                             "ip_groups": [{"name": ..., "addresses": [...], "tags": {...}}],
                                             "public_ips": [{"name": ..., <body of its PUT>}],
                                             "networks": [<likewise>], "local_gateways": [<likewise>],
                                             "gateways": [<likewise>], "connections": [<likewise>]}]}],
     "role_definitions": [{"name": ..., "actions": [...], "not_actions": [...], "data_actions": [...]}],
     "public_addresses": [<what public IP addresses get, in turn; those of 203.0.113.0/24 when left out>],
     "token_lifetime_s": 3600, "operation_polls": 0, "page_size": 100, "secret_delay_s": 0, "secret_servers": 1}

Roles: Owner, Contributor, User Access Administrator, Network Contributor, Reader, and those of `role_definitions`.
`operation_polls` is how often a long-running operation answers InProgress before Succeeded. `secret_delay_s` is how
long it takes until all of the token endpoint's `secret_servers`, which take turns, know that a secret came or went;
they learn it one after the other.

Lab's own paths, for loopback and the server's own /24 only: GET /_lab/calls (a list of {method, path, source,
status}), POST /_lab/reset, POST /_lab/throttle {"count": N} (the next N calls to Resource Manager answer
429), POST /_lab/vpn {"connection": NAME, "status": "Connected", "ingress": BYTES, "egress": BYTES} (what Resource
Manager then says of the connection of that name).

The firewalls of storage accounts, key vaults and SQL servers are enforced at BASE/storage/<account>,
BASE/vault/<vault> and BASE/sql/<server>, which hold no data, by the TCP peer's address too. The first two take tokens
for https://storage.azure.com and https://vault.azure.net, and Resource Manager tells where they are.

Conditional Access is enforced where the service enforces it: at the token endpoint, by the TCP peer's
address. A token that was issued works from anywhere until it expires, because Resource Manager looks at no
address.
"""

from __future__ import annotations
