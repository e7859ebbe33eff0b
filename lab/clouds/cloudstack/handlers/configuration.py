# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, global or of one account."""

from __future__ import annotations

from ..config import ACCOUNT_SCOPED, DEFAULT_SETTINGS
from ..context import Answer, Context
from ..errors import invalid
from ..params import Params, not_found
from ..store import Account


def _account(ctx: Context, params: Params) -> Account | None:
    account_id = params.text("accountid")
    if account_id is None:
        return None
    account = ctx.store.accounts.get(account_id)
    if account is None:
        raise not_found(ctx.command, "accountid", account_id)
    ctx.check_access(account.id)
    return account


def _fields(ctx: Context, name: str, account: Account | None) -> Answer:
    fields: Answer = {
        "category": "Advanced",
        "name": name,
        "value": ctx.store.setting(name, account),
        "defaultvalue": DEFAULT_SETTINGS.get(name, ""),
        "description": "",
        "isdynamic": True,
        "scope": "Account" if name in ACCOUNT_SCOPED else "Global",
    }
    if account is not None:
        fields["id"] = account.id
    return fields


def list_configurations(ctx: Context, params: Params) -> Answer:
    account, wanted, keyword = _account(ctx, params), params.text("name"), params.text("keyword") or ""
    names = sorted(ctx.store.settings)
    if account is not None:
        names = [name for name in names if name in ACCOUNT_SCOPED]
    shown = [name for name in names if wanted in (None, name) and keyword in name]
    return ctx.page(params, "configuration", [_fields(ctx, name, account) for name in shown])


def update_configuration(ctx: Context, params: Params) -> Answer:
    account, name, value = _account(ctx, params), params.text("name") or "", params.text("value")
    if name not in ctx.store.settings:
        raise invalid(f"Config parameter with name {name} doesn't exist")
    if account is not None and name not in ACCOUNT_SCOPED:
        raise invalid(f"Invalid scope id provided for the parameter {name}")
    if value is None:
        # CloudStack leaves the value as it is when none is given.
        return {"configuration": _fields(ctx, name, account)}
    (ctx.store.settings if account is None else account.settings)[name] = value
    return {"configuration": _fields(ctx, name, account)}


HANDLERS = {"listConfigurations": list_configurations, "updateConfiguration": update_configuration}
