# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of a firewall as commands of Azure's own client, for whoever makes them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ...model.data_plane import EVERYBODY, Firewall, applied
from ...model.plan import Change
from .acl_marks import spelled
from .sql_rules import ends, name_of, replaced

_COMMANDS = {"storage_account": "storage account", "key_vault": "keyvault"}


def render(subscription: str, store: str, now: Firewall, changes: Sequence[Change]) -> str:
    """Return the request in words, then the commands in their order: let in, remove, refuse the rest."""
    sql = now.resource.kind == "sql_server"
    line, skipped = (_sql_line, replaced(store, changes)) if sql else (_acl_line, [])
    made = [change for change in changes if change not in skipped]
    lines = [f"az {line(store, now, change)} --subscription {shlex.quote(subscription)}" for change in made]
    besides = applied(now, changes).not_enforced
    opens = f"It does not restrict: {besides}.\n" if besides else ""
    commands = "".join(f"{text}\n" for text in lines) or "Nothing is to be changed.\n"
    return f"\nFirewall of {now.resource}, now: {', '.join(now.addresses) or 'no rules'}\n{commands}{opens}"


def _acl_line(store: str, now: Firewall, change: Change) -> str:
    command, resource = _COMMANDS[now.resource.kind], now.resource
    group, called = shlex.quote(resource.group), shlex.quote(resource.name)
    if change.key == EVERYBODY:
        return f"{command} update --resource-group {group} --name {called} --default-action Deny"
    verb, address = ("add", spelled(change.key)) if change.action == "add" else ("remove", change.before.ref)
    name = "--account-name" if resource.kind == "storage_account" else "--name"
    where = f"--resource-group {group} {name} {called}"
    return f"{command} network-rule {verb} {where} --ip-address {shlex.quote(address)}"


def _sql_line(store: str, now: Firewall, change: Change) -> str:
    where = f"--resource-group {shlex.quote(now.resource.group)} --server {shlex.quote(now.resource.name)}"
    if change.action == "remove":
        return f"sql server firewall-rule delete {where} --name {shlex.quote(change.before.ref)}"
    start, end = ends(change.key)
    addresses = f"--start-ip-address {start} --end-ip-address {end}"
    return f"sql server firewall-rule create {where} --name {shlex.quote(name_of(store, change.key))} {addresses}"
