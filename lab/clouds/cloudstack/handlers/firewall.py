# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules of public addresses.

One rule holds a list of networks, which cannot be changed; no two rules may share a network and a port.
"""

from __future__ import annotations

from collections.abc import Callable

from ..context import Answer, Context, matches
from ..params import Params
from ..rules import check_firewall_conflict, check_ipv4_cidrs, check_public_ports
from ..store import FIREWALL_RULE, PUBLIC_IP, Resource, Rule, new_id, stable_id


def _network_id(address: Resource) -> str:
    return stable_id("network", address.account_id)


def list_addresses(ctx: Context, params: Params) -> Answer:
    shown, wanted_ip = ctx.listed_accounts(params), params.text("ipaddress")
    addresses = [
        {
            "id": address.id,
            "ipaddress": address.name,
            "state": "Allocated",
            "issourcenat": True,
            "isstaticnat": False,
            "associatednetworkid": _network_id(address),
            **ctx.owner_fields(address.account_id),
            "tags": ctx.tags_of(PUBLIC_IP, address.id),
        }
        for address in ctx.store.of_kind(PUBLIC_IP)
        if address.account_id in shown and wanted_ip in (None, address.name) and params.text("id") in (None, address.id)
    ]
    return ctx.page(params, "publicipaddress", addresses)


def _rule_fields(ctx: Context, rule: Rule) -> Answer:
    address = ctx.store.resources[rule.parent_id]
    fields: Answer = {
        "id": rule.id,
        "protocol": rule.protocol,
        "ipaddressid": address.id,
        "ipaddress": address.name,
        "networkid": _network_id(address),
        "state": rule.state,
        "cidrlist": ",".join(rule.cidrs),
        "tags": ctx.tags_of(FIREWALL_RULE, rule.id),
        "fordisplay": True,
    }
    for name in ("startport", "endport", "icmptype", "icmpcode"):
        if getattr(rule, name) is not None:
            fields[name] = getattr(rule, name)
    return fields


def list_rules(ctx: Context, params: Params) -> Answer:
    if params.text("ipaddressid"):
        ctx.resource(PUBLIC_IP, "ipaddressid", params.text("ipaddressid"))
        shown = set(ctx.store.accounts)
    else:
        shown = ctx.listed_accounts(params)
    rules = [
        _rule_fields(ctx, rule)
        for rule in ctx.store.rules.values()
        if rule.kind == FIREWALL_RULE
        and rule.account_id in shown
        and params.text("ipaddressid") in (None, rule.parent_id)
        and params.text("id") in (None, rule.id)
    ]
    wanted = params.pairs("tags")
    return ctx.page(params, "firewallrule", [rule for rule in rules if matches(rule["tags"], wanted)])


def create_rule(ctx: Context, params: Params) -> tuple[str, Callable[[], Answer]]:
    address = ctx.resource(PUBLIC_IP, "ipaddressid", params.text("ipaddressid"))
    protocol = (params.text("protocol") or "").lower()
    cidrs = params.items("cidrlist") or ["0.0.0.0/0"]
    check_ipv4_cidrs(cidrs)
    start, end = check_public_ports(params, protocol)
    rule = Rule(
        new_id(),
        FIREWALL_RULE,
        address.id,
        address.account_id,
        protocol,
        start,
        end,
        params.number("icmptype"),
        params.number("icmpcode"),
        tuple(cidrs),
        state="Add",
    )
    check_firewall_conflict(ctx.store, rule)
    ctx.store.rules[rule.id] = rule

    def apply() -> Answer:
        rule.state = "Active"
        return {"firewallrule": _rule_fields(ctx, rule)}

    return rule.id, apply


def delete_rule(ctx: Context, params: Params) -> Answer:
    ctx.store.drop_rule(ctx.rule(FIREWALL_RULE, params.text("id")).id)
    return {"success": True}


def check_rule(ctx: Context, params: Params) -> None:
    ctx.rule(FIREWALL_RULE, params.text("id"))


CHECKS = {"deleteFirewallRule": check_rule}
HANDLERS = {
    "listPublicIpAddresses": list_addresses,
    "listFirewallRules": list_rules,
    "deleteFirewallRule": delete_rule,
}
CREATORS = {"createFirewallRule": create_rule}
