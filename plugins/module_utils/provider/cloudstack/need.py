# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store needs of a CloudStack account's role, by capability: commands ("listApis" of 4.18 and 4.23)."""

from __future__ import annotations

from ...model.permission import Need

_JOBS = ("queryAsyncJobResult",)
_TAGS = ("createTags", "deleteTags", "listTags")
#: Of one kind of allowlist each; an account has those that its zone offers.
_FIREWALL = ("listPublicIpAddresses", "listFirewallRules", "createFirewallRule", "deleteFirewallRule")
#: For those who keep the network ACL lists of VPCs as well.
_ACLS = (
    "listNetworkACLLists",
    "listNetworkACLs",
    "createNetworkACL",
    "updateNetworkACLItem",
    "deleteNetworkACL",
)
#: What a server has from 4.23 on, where registerUserKeys and deleteUserKeys are jobs. Older ones have no such commands,
#: and there nothing of a rotation has to be waited for.
SEVERAL_PAIRS = "several key pairs"
SINCE_4_23 = ("listUserKeys", "deleteUserKeys")
NEEDS = {
    "probe": Need(("listUsers",)),
    "proof": Need(("listUsers",)),
    "allowlist": Need(
        (
            "listSecurityGroups",
            "authorizeSecurityGroupIngress",
            "revokeSecurityGroupIngress",
            *_FIREWALL,
            *_TAGS,
            *_JOBS,
        ),
        _ACLS,
    ),
    # The marks are tags of the VPC.
    "vpn_gateway": Need(
        (
            "listVPCs",
            "listVpnGateways",
            "createVpnGateway",
            "deleteVpnGateway",
            "listVpnCustomerGateways",
            "createVpnCustomerGateway",
            "updateVpnCustomerGateway",
            "deleteVpnCustomerGateway",
            "listVpnConnections",
            "createVpnConnection",
            "resetVpnConnection",
            "deleteVpnConnection",
            *_TAGS,
            *_JOBS,
        )
    ),
    # Without the settings the list is the provider's to apply, and the store renders it.
    "source_restriction": Need(("listUsers",), ("listConfigurations", "updateConfiguration")),
    "rotation": Need(("listUsers", "registerUserKeys"), ("getUserKeys",), ((SEVERAL_PAIRS, (*SINCE_4_23, *_JOBS)),)),
}
READING = ("listApis", "listUsers", "listRolePermissions")
#: By any of these an account can give itself, or somebody else, more than it has.
ADMINISTRATOR = (
    "createAccount",
    "createUser",
    "updateUser",
    "getUserKeys",
    "createRole",
    "updateRole",
    "importRole",
    "createRolePermission",
    "updateRolePermission",
    "updateAccount",
    "updateConfiguration",
    "addHost",
)
HOW = (
    "have the provider's administrator allow these commands in the role of the account (createRolePermission), or give "
    "the account a role that has them (updateAccount)"
)
