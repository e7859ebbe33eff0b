# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups.

A rule holds one network or one other group; what is already there is passed over, and a call that adds
nothing at all is refused.
"""

from __future__ import annotations

from ..context import Answer, Context, matches
from ..errors import IN_USE, INTERNAL, ApiError, invalid
from ..params import Params
from ..rules import check_cidrs, group_protocol
from ..store import GROUP, GROUP_RULE, Resource, Rule, new_id


def rule_fields(ctx: Context, rule: Rule) -> Answer:
    fields: Answer = {"ruleid": rule.id, "protocol": rule.protocol, "tags": ctx.tags_of(GROUP_RULE, rule.id)}
    if rule.protocol == "icmp":
        fields.update(icmptype=rule.startport, icmpcode=rule.endport)
    elif rule.protocol in {"tcp", "udp"}:
        fields.update(startport=rule.startport, endport=rule.endport)
    if rule.group:
        fields.update(account=rule.group[0], securitygroupname=rule.group[1])
    else:
        fields["cidr"] = rule.cidrs[0]
    return fields


def group_fields(ctx: Context, group: Resource) -> Answer:
    rules = ctx.store.rules_of(group.id)
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        **ctx.owner_fields(group.account_id),
        "ingressrule": [rule_fields(ctx, rule) for rule in rules if rule.direction == "Ingress"],
        "egressrule": [rule_fields(ctx, rule) for rule in rules if rule.direction == "Egress"],
        "tags": ctx.tags_of(GROUP, group.id),
        "virtualmachinecount": 0,
        "virtualmachineids": [],
    }


def list_groups(ctx: Context, params: Params) -> Answer:
    if params.text("id"):
        ctx.resource(GROUP, "id", params.text("id"))
    shown, name = ctx.listed_accounts(params), params.text("securitygroupname")
    groups = [
        group_fields(ctx, group)
        for group in ctx.store.of_kind(GROUP)
        if group.account_id in shown and name in (None, group.name) and params.text("id") in (None, group.id)
    ]
    wanted = params.pairs("tags")
    return ctx.page(params, "securitygroup", [group for group in groups if matches(group["tags"], wanted)])


def _named(ctx: Context, params: Params, id_name: str, name_name: str) -> Resource:
    if params.text(id_name):
        return ctx.resource(GROUP, id_name, params.text(id_name))
    owner, name = ctx.owner(params), params.text(name_name)
    for group in ctx.store.of_kind(GROUP):
        if group.account_id == owner.id and group.name == name:
            return group
    raise invalid(f"Unable to find security group {name} for account {owner.name}")


def create_group(ctx: Context, params: Params) -> Answer:
    owner, name = ctx.owner(params), params.text("name") or ""
    if any(group.account_id == owner.id and group.name == name for group in ctx.store.of_kind(GROUP)):
        raise invalid(
            f"Unable to create security group, a group with name {name} already exists in the account {owner.name}"
        )
    group = Resource(new_id(), GROUP, name, owner.id, params.text("description") or "")
    ctx.store.resources[group.id] = group
    return {"securitygroup": group_fields(ctx, group)}


def delete_group(ctx: Context, params: Params) -> Answer:
    group = _named(ctx, params, "id", "name")
    if group.name == "default":
        raise invalid(f"The network group default is reserved for account {ctx.store.accounts[group.account_id].name}")
    referring = [r for r in ctx.store.rules.values() if r.group and r.group[1] == group.name]
    if any(rule.parent_id != group.id for rule in referring):
        raise ApiError(IN_USE, "Cannot delete group when there are security rules that allow this group")
    for rule in ctx.store.rules_of(group.id):
        ctx.store.drop_rule(rule.id)
    del ctx.store.resources[group.id]
    return {"success": True, "displaytext": ""}


def _authorize(ctx: Context, params: Params, direction: str) -> Answer:
    group = _named(ctx, params, "securitygroupid", "securitygroupname")
    cidrs, groups = params.items("cidrlist"), params.maps("usersecuritygrouplist")
    if not cidrs and not groups:
        raise invalid("At least one cidr or at least one security group needs to be specified")
    check_cidrs(cidrs)
    protocol, start, end = group_protocol(params)

    def rule(cidrs: tuple[str, ...] = (), other: tuple[str, str] | None = None) -> Rule:
        return Rule(
            new_id(),
            GROUP_RULE,
            group.id,
            group.account_id,
            protocol,
            start,
            end,
            cidrs=cidrs,
            direction=direction,
            group=other,
        )

    wanted = [rule(cidrs=(cidr,)) for cidr in cidrs]
    wanted += [rule(other=(other.get("account", ""), other.get("group", ""))) for other in groups]
    held = {_identity(rule) for rule in ctx.store.rules_of(group.id)}
    new: list[Rule] = []
    for one in wanted:
        if _identity(one) not in held:
            held.add(_identity(one))
            new.append(one)
    if not new:
        # CloudStack says no more than this when every rule is already there.
        raise ApiError(INTERNAL, f"Failed to authorize security group {direction.lower()} rule(s)")
    ctx.store.rules.update({one.id: one for one in new})
    answer = {key: value for key, value in group_fields(ctx, group).items() if not key.endswith("rule")}
    answer[f"{direction.lower()}rule"] = [rule_fields(ctx, one) for one in new]
    return {"securitygroup": answer}


def _identity(rule: Rule) -> tuple[object, ...]:
    return (rule.direction, rule.protocol, rule.startport, rule.endport, rule.cidrs, rule.group)


def authorize_ingress(ctx: Context, params: Params) -> Answer:
    return _authorize(ctx, params, "Ingress")


def authorize_egress(ctx: Context, params: Params) -> Answer:
    return _authorize(ctx, params, "Egress")


def _revoke(ctx: Context, params: Params, direction: str) -> Answer:
    rule = ctx.rule(GROUP_RULE, params.text("id"))
    if rule.direction != direction:
        raise invalid(f"Mismatch in rule type for security rule with id {rule.id}")
    ctx.store.drop_rule(rule.id)
    return {"success": True}


def revoke_ingress(ctx: Context, params: Params) -> Answer:
    return _revoke(ctx, params, "Ingress")


def revoke_egress(ctx: Context, params: Params) -> Answer:
    return _revoke(ctx, params, "Egress")


def check_group(ctx: Context, params: Params) -> None:
    _named(ctx, params, "securitygroupid", "securitygroupname")


def check_rule(ctx: Context, params: Params) -> None:
    ctx.rule(GROUP_RULE, params.text("id"))


CHECKS = {
    "authorizeSecurityGroupIngress": check_group,
    "authorizeSecurityGroupEgress": check_group,
    "revokeSecurityGroupIngress": check_rule,
    "revokeSecurityGroupEgress": check_rule,
}
HANDLERS = {
    "listSecurityGroups": list_groups,
    "createSecurityGroup": create_group,
    "deleteSecurityGroup": delete_group,
    "authorizeSecurityGroupIngress": authorize_ingress,
    "authorizeSecurityGroupEgress": authorize_egress,
    "revokeSecurityGroupIngress": revoke_ingress,
    "revokeSecurityGroupEgress": revoke_egress,
}
