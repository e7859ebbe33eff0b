# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store needs of an application, by capability.

Actions of Resource Manager ("Azure permissions for Networking"), and application permissions of Microsoft Graph
("Microsoft Graph permissions reference"), the latter written ``graph:NAME``.
"""

from __future__ import annotations

from ...model.permission import Need

GRAPH = "graph:"
NEEDS = {
    # Any role in the subscription makes it visible, which is what the probe asks.
    "probe": Need(),
    "proof": Need((), ("graph:Application.Read.All",)),
    "allowlist": Need(
        ("Microsoft.Network/networkSecurityGroups/read", "Microsoft.Network/networkSecurityGroups/write"),
        # For those who keep IP groups as well.
        ("Microsoft.Network/ipGroups/read", "Microsoft.Network/ipGroups/write"),
    ),
    "source_restriction": Need(("graph:Policy.ReadWrite.ConditionalAccess", "graph:Application.Read.All")),
    "storage_account": Need(
        ("Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/write"),
    ),
    "key_vault": Need(("Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults/write")),
    "sql_server": Need(
        (
            "Microsoft.Sql/servers/read",
            "Microsoft.Sql/servers/firewallRules/read",
            "Microsoft.Sql/servers/firewallRules/write",
            "Microsoft.Sql/servers/firewallRules/delete",
        )
    ),
    "vpn_gateway": Need(
        (
            "Microsoft.Network/virtualNetworkGateways/read",
            "Microsoft.Network/publicIPAddresses/read",
            "Microsoft.Network/localNetworkGateways/read",
            "Microsoft.Network/localNetworkGateways/write",
            "Microsoft.Network/localNetworkGateways/delete",
            "Microsoft.Network/connections/read",
            "Microsoft.Network/connections/write",
            "Microsoft.Network/connections/delete",
            # Reading a key is an action since 2025; a role that may read everything does not have it.
            "Microsoft.Network/connections/sharedKey/action",
            "Microsoft.Network/connections/sharedKey/write",
        ),
        # For those whose gateways the store makes ("About roles and permissions for VPN").
        (
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
            "Microsoft.Network/publicIPAddresses/write",
            "Microsoft.Network/publicIPAddresses/join/action",
            "Microsoft.Network/publicIPAddresses/delete",
            "Microsoft.Network/virtualNetworkGateways/write",
            # Before a gateway is removed: whether connections of others lead to it.
            "Microsoft.Network/virtualNetworkGateways/connections/read",
            "Microsoft.Network/virtualNetworkGateways/delete",
        ),
    ),
    "rotation": Need(("graph:Application.ReadWrite.OwnedBy",)),
}
READING = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
)
#: What a permission of Graph holds of others.
IMPLIED = {
    "Application.ReadWrite.All": ("Application.ReadWrite.OwnedBy", "Application.Read.All"),
    "Directory.Read.All": ("Application.Read.All",),
    "Directory.ReadWrite.All": ("Directory.Read.All", "Application.Read.All"),
}
#: By any of these an application can give itself, or somebody else, more than it has.
ADMINISTRATOR = (
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/elevateAccess/action",
    "graph:RoleManagement.ReadWrite.Directory",
    "graph:AppRoleAssignment.ReadWrite.All",
    "graph:Application.ReadWrite.All",
    "graph:Directory.ReadWrite.All",
    "graph:Policy.ReadWrite.PermissionGrant",
    "graph:Domain.ReadWrite.All",
)
#: Built-in roles that are named first whatever they leave out ("Azure built-in roles").
STRONG_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
HOW = (
    "for actions of Microsoft.*: assign the application a role that has them, on the subscription or the resources "
    "themselves (az role assignment create); for graph: permissions: add the application permission in the app "
    "registration and have an administrator of the tenant consent to it"
)
