# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of a firewall as commands of Azure's own client, for whoever makes them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ...model.data_plane import EVERYBODY, Firewall
from ...model.plan import Change
from .acl_marks import spelled
from .sql_rules import ends, name_of

_COMMANDS = {"storage_account": "storage account", "key_vault": "keyvault"}


def render(subscription: str, store: str, now: Firewall, changes: Sequence[Change]) -> str:
    """Return the request in words, then the commands in their order: let in, remove, refuse the rest."""
    line = _sql_line if now.resource.kind == "sql_server" else _acl_line
    lines = [f"az {line(store, now, change)} --subscription {subscription}" for change in changes]
    opens = f"It does not restrict: {now.not_enforced}.\n" if now.not_enforced and now.denies else ""
    commands = "".join(f"{text}\n" for text in lines) or "Nothing is to be changed.\n"
    return f"\nFirewall of {now.resource}, now: {', '.join(now.addresses) or 'no rules'}\n{commands}{opens}"


def _acl_line(store: str, now: Firewall, change: Change) -> str:
    command, resource = _COMMANDS[now.resource.kind], now.resource
    if change.key == EVERYBODY:
        return f"{command} update --resource-group {resource.group} --name {resource.name} --default-action Deny"
    verb, address = ("add", spelled(change.key)) if change.action == "add" else ("remove", change.before.ref)
    name = "--account-name" if resource.kind == "storage_account" else "--name"
    where = f"--resource-group {resource.group} {name} {resource.name}"
    return f"{command} network-rule {verb} {where} --ip-address {address}"


def _sql_line(store: str, now: Firewall, change: Change) -> str:
    where = f"--resource-group {now.resource.group} --server {now.resource.name}"
    if change.action == "remove":
        return f"sql server firewall-rule delete {where} --name {shlex.quote(change.before.ref)}"
    start, end = ends(change.key)
    addresses = f"--start-ip-address {start} --end-ip-address {end}"
    return f"sql server firewall-rule create {where} --name {name_of(store, change.key)} {addresses}"
