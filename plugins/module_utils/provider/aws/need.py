# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store needs of an IAM user, by capability ("Service Authorization Reference")."""

from __future__ import annotations

from ...model.permission import Need

NEEDS = {
    # AWS answers GetCallerIdentity to every valid key.
    "probe": Need(),
    "proof": Need((), ("sts:GetAccessKeyInfo", "iam:GetUser", "s3:ListAllMyBuckets", "ec2:DescribeSecurityGroups")),
    "allowlist": Need(
        (
            "ec2:DescribeSecurityGroups",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
        ),
        # For those who keep prefix lists and network ACLs as well, and to look at quotas that were raised.
        (
            "ec2:DescribeManagedPrefixLists",
            "ec2:GetManagedPrefixListEntries",
            "ec2:ModifyManagedPrefixList",
            "ec2:DescribeNetworkAcls",
            "ec2:CreateNetworkAclEntry",
            "ec2:DeleteNetworkAclEntry",
            "ec2:CreateTags",
            "ec2:DeleteTags",
            "servicequotas:GetServiceQuota",
        ),
    ),
    "source_restriction": Need(("iam:GetUserPolicy", "iam:PutUserPolicy", "iam:DeleteUserPolicy")),
    "vpn_gateway": Need(
        (
            "ec2:DescribeVpcs",
            "ec2:DescribeVpnConnections",
            "ec2:DescribeCustomerGateways",
            "ec2:DescribeVpnGateways",
            "ec2:DescribeRouteTables",
            "ec2:CreateCustomerGateway",
            "ec2:DeleteCustomerGateway",
            "ec2:CreateVpnGateway",
            "ec2:AttachVpnGateway",
            "ec2:DetachVpnGateway",
            "ec2:DeleteVpnGateway",
            "ec2:CreateVpnConnection",
            "ec2:ModifyVpnConnection",
            "ec2:ModifyVpnConnectionOptions",
            "ec2:ModifyVpnTunnelOptions",
            "ec2:DeleteVpnConnection",
            "ec2:CreateVpnConnectionRoute",
            "ec2:DeleteVpnConnectionRoute",
            "ec2:EnableVgwRoutePropagation",
            "ec2:DisableVgwRoutePropagation",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ),
        # For those whose tunnels end at a transit gateway.
        (
            "ec2:DescribeTransitGateways",
            "ec2:DescribeTransitGatewayAttachments",
            "ec2:DescribeTransitGatewayRouteTables",
            "ec2:SearchTransitGatewayRoutes",
            "ec2:CreateTransitGatewayRoute",
            "ec2:DeleteTransitGatewayRoute",
        ),
    ),
    "rotation": Need(
        (
            "iam:ListAccessKeys",
            "iam:CreateAccessKey",
            "iam:UpdateAccessKey",
            "iam:DeleteAccessKey",
            "iam:GetAccessKeyLastUsed",
        )
    ),
}
READING = (
    "sts:GetCallerIdentity",
    "iam:SimulatePrincipalPolicy",
    "iam:ListUserPolicies",
    "iam:GetUserPolicy",
    "iam:ListAttachedUserPolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListGroupsForUser",
    "iam:ListGroupPolicies",
    "iam:GetGroupPolicy",
    "iam:ListAttachedGroupPolicies",
)
#: By any of these a user can give itself, or somebody else, more than it has.
ADMINISTRATOR = (
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
    "iam:PutGroupPolicy",
    "iam:AttachGroupPolicy",
    "iam:AddUserToGroup",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeleteUserPermissionsBoundary",
    "iam:CreateUser",
    "iam:CreateLoginProfile",
    "iam:UpdateAssumeRolePolicy",
    "iam:PassRole",
    "sts:AssumeRole",
    "organizations:LeaveOrganization",
)
#: Asked in a simulation besides, since it tells only of the rights it is asked about.
POWERFUL = (
    *ADMINISTRATOR,
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:CreateSecurityGroup",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteBucket",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "lambda:CreateFunction",
    "cloudtrail:StopLogging",
)
HOW = (
    "have the account's administrator allow these actions in a policy of the IAM user: iam actions on the user's own "
    "ARN, ec2:Describe* on *, the others on the security groups"
)
