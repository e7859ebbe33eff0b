# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACL lists and their numbered items."""

from __future__ import annotations

from collections.abc import Callable

from ..context import Answer, Context, matches
from ..errors import invalid
from ..params import Params
from ..rules import check_cidrs, check_public_ports
from ..store import ACL_ITEM, ACL_LIST, Rule, new_id, stable_id


def list_lists(ctx: Context, params: Params) -> Answer:
    shown = ctx.listed_accounts(params)
    lists = [
        {
            "id": listed.id,
            "name": listed.name,
            "description": listed.description,
            "vpcid": stable_id("vpc", listed.account_id),
            "fordisplay": True,
        }
        for listed in ctx.store.of_kind(ACL_LIST)
        if listed.account_id in shown
        and params.text("name") in (None, listed.name)
        and params.text("id") in (None, listed.id)
    ]
    return ctx.page(params, "networkacllist", lists)


def _item_fields(ctx: Context, rule: Rule) -> Answer:
    fields: Answer = {
        "id": rule.id,
        "protocol": rule.protocol,
        "traffictype": rule.direction,
        "state": rule.state,
        "cidrlist": ",".join(rule.cidrs),
        "tags": ctx.tags_of(ACL_ITEM, rule.id),
        "aclid": rule.parent_id,
        "aclname": ctx.store.resources[rule.parent_id].name,
        "number": rule.number,
        "action": rule.action,
        "reason": rule.reason,
        "fordisplay": True,
    }
    for name in ("startport", "endport", "icmptype", "icmpcode"):
        if getattr(rule, name) is not None:
            fields[name] = getattr(rule, name)
    return fields


def list_items(ctx: Context, params: Params) -> Answer:
    if params.text("aclid"):
        ctx.resource(ACL_LIST, "aclid", params.text("aclid"))
        shown = set(ctx.store.accounts)
    else:
        shown = ctx.listed_accounts(params)
    wanted = {"id": params.text("id"), "parent_id": params.text("aclid"), "protocol": params.text("protocol"),
              "direction": params.text("traffictype"), "action": params.text("action")}  # fmt: skip
    items = [
        _item_fields(ctx, rule)
        for rule in sorted(ctx.store.rules.values(), key=lambda rule: rule.number)
        if rule.kind == ACL_ITEM
        and rule.account_id in shown
        and all(v is None or getattr(rule, k).lower() == v.lower() for k, v in wanted.items())
    ]
    tags = params.pairs("tags")
    return ctx.page(params, "networkacl", [item for item in items if matches(item["tags"], tags)])


def create_item(ctx: Context, params: Params) -> tuple[str, Callable[[], Answer]]:
    listed = ctx.resource(ACL_LIST, "aclid", params.text("aclid"))
    protocol = (params.text("protocol") or "").lower()
    cidrs = params.items("cidrlist") or ["0.0.0.0/0"]
    check_cidrs(cidrs)
    start, end = check_public_ports(params, protocol)
    action, direction = (
        (params.text("action") or "allow").lower(),
        (params.text("traffictype") or "ingress").lower(),
    )
    if action not in {"allow", "deny"}:
        raise invalid(f"Invalid action. Allowed actions are allow and deny: {action}")
    if direction not in {"ingress", "egress"}:
        raise invalid(f"Invalid traffic type {direction}")
    taken = {rule.number for rule in ctx.store.rules_of(listed.id)}
    number = params.number("number") or max(taken, default=0) + 1
    if number in taken:
        raise invalid(f"ACL item with number {number} already exists in ACL: {listed.id}")
    rule = Rule(
        new_id(),
        ACL_ITEM,
        listed.id,
        listed.account_id,
        protocol,
        start,
        end,
        params.number("icmptype"),
        params.number("icmpcode"),
        tuple(cidrs),
        direction.capitalize(),
        "Add",
        number,
        action.capitalize(),
        params.text("reason") or "",
    )
    ctx.store.rules[rule.id] = rule

    def apply() -> Answer:
        rule.state = "Active"
        return {"networkacl": _item_fields(ctx, rule)}

    return rule.id, apply


def delete_item(ctx: Context, params: Params) -> Answer:
    ctx.store.drop_rule(ctx.rule(ACL_ITEM, params.text("id")).id)
    return {"success": True}


def update_item(ctx: Context, params: Params) -> Answer:
    """Change an item in place; without ``partialupgrade`` what is not given goes back to its default."""
    rule = ctx.rule(ACL_ITEM, params.text("id"))
    partial = params.flag("partialupgrade")
    protocol = (params.text("protocol") or (rule.protocol if partial else "all")).lower()
    cidrs = params.items("cidrlist") or (list(rule.cidrs) if partial else ["0.0.0.0/0"])
    check_cidrs(cidrs)
    start, end = check_public_ports(params, protocol)
    number = params.number("number") or rule.number
    if any(other.number == number and other is not rule for other in ctx.store.rules_of(rule.parent_id)):
        raise invalid(f"ACL item with number {number} already exists in ACL: {rule.parent_id}")
    if start is not None or not partial:
        rule.startport, rule.endport = start, end
    rule.protocol, rule.cidrs, rule.number = protocol, tuple(cidrs), number
    rule.reason = params.text("reason") or (rule.reason if partial else "")
    return {"networkacl": _item_fields(ctx, rule)}


def check_item(ctx: Context, params: Params) -> None:
    ctx.rule(ACL_ITEM, params.text("id"))


CHECKS = {"deleteNetworkACL": check_item, "updateNetworkACLItem": check_item}
HANDLERS = {
    "listNetworkACLLists": list_lists,
    "listNetworkACLs": list_items,
    "updateNetworkACLItem": update_item,
    "deleteNetworkACL": delete_item,
}
CREATORS = {"createNetworkACL": create_item}
