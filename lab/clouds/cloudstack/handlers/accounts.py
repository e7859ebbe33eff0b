# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, users and their key pairs."""

from __future__ import annotations

from ..commands import USER
from ..context import Answer, Context
from ..errors import invalid
from ..params import Params, not_found
from ..roles import ACCOUNT_TYPES, BUILT_IN
from ..store import Account, KeyPair, User, new_key, stable_id


def _role_fields(account: Account) -> Answer:
    return {
        "accounttype": ACCOUNT_TYPES[account.role.type],
        "roleid": stable_id("role", account.role.name),
        "roletype": account.role.type,
        "rolename": account.role.name,
    }


def _user_fields(ctx: Context, user: User) -> Answer:
    account = ctx.store.accounts[user.account_id]
    fields: Answer = {
        "id": user.id,
        "username": user.username,
        "state": user.state,
        "accountid": account.id,
        **ctx.owner_fields(account.id),
        **_role_fields(account),
    }
    # The secret key is only in getUserKeys.
    if ctx.is_root or user.account_id == ctx.account.id:
        fields["apikey"] = user.apikey
    return fields


def list_users(ctx: Context, params: Params) -> Answer:
    shown = ctx.listed_accounts(params)
    wanted = {"id": params.text("id"), "username": params.text("username"), "state": params.text("state")}
    users = [
        _user_fields(ctx, user)
        for user in ctx.store.users.values()
        if user.account_id in shown and all(v is None or getattr(user, k) == v for k, v in wanted.items())
    ]
    return ctx.page(params, "user", users)


def list_accounts(ctx: Context, params: Params) -> Answer:
    shown = ctx.listed_accounts(params)
    wanted = {"id": params.text("id"), "name": params.text("name"), "state": params.text("state")}
    accounts = [
        {
            "id": account.id,
            "name": account.name,
            "state": account.state,
            "domainid": account.domain_id,
            "domain": account.domain,
            **_role_fields(account),
            "user": [_user_fields(ctx, u) for u in ctx.store.users.values() if u.account_id == account.id],
        }
        for account in ctx.store.accounts.values()
        if account.id in shown and all(v is None or getattr(account, k) == v for k, v in wanted.items())
    ]
    return ctx.page(params, "account", accounts)


def _user(ctx: Context, params: Params) -> User:
    user = ctx.store.users.get(params.text("id") or "")
    if user is None:
        raise not_found(ctx.command, "id", params.text("id") or "")
    ctx.check_access(user.account_id)
    return user


def list_role_permissions(ctx: Context, params: Params) -> Answer:
    roles = {role.name: role for role in (*BUILT_IN.values(), *(it.role for it in ctx.store.accounts.values()))}
    wanted = params.text("roleid")
    shown = [
        {
            "id": stable_id("rule", role.name, str(number)),
            "roleid": stable_id("role", role.name),
            "rolename": role.name,
            "rule": rule,
            "permission": permission,
        }
        for role in roles.values()
        if wanted in (None, stable_id("role", role.name))
        for number, (rule, permission) in enumerate(role.rules(ctx.store.commands))
    ]
    return {"count": len(shown), "rolepermission": shown} if shown else {}


def get_user_keys(ctx: Context, params: Params) -> Answer:
    user = _user(ctx, params)
    return {"userkeys": {"apikey": user.apikey, "secretkey": user.secretkey}}


def register_user_keys(ctx: Context, params: Params) -> Answer:
    user = _user(ctx, params)
    user.apikey, user.secretkey = new_key(), new_key()
    if not ctx.store.several_pairs:
        return get_user_keys(ctx, params)
    rules = tuple((part["rule"], part["permission"].lower()) for part in params.maps("rules"))
    name = params.text("name") or f"{user.username} - API Key Pair"
    pair = ctx.store.add_pair(user, name, params.text("enddate") or "", rules)
    return {"userkeys": _pair_fields(pair, show=True)}


def _pair_fields(pair: KeyPair, show: bool) -> Answer:
    fields: Answer = {
        "id": pair.id,
        "name": pair.name,
        "apikey": pair.apikey,
        "secretkey": pair.secretkey,
        "userid": pair.user_id,
        "created": pair.created,
        "state": pair.state,
    }
    if pair.enddate:
        fields["enddate"] = pair.enddate
    if show:
        fields["permissions"] = [{"rule": rule, "permission": permission} for rule, permission in pair.rules]
    return fields


def list_user_keys(ctx: Context, params: Params) -> Answer:
    user_id, everybody = params.text("userid"), params.flag("listall")
    if everybody and ctx.account.role.type == USER:
        raise invalid("listall is available for administrators only")
    shown = [
        _pair_fields(pair, bool(params.flag("showpermissions")))
        for pair in ctx.store.pairs.values()
        if (everybody or pair.user_id == (user_id or ctx.user.id))
        and params.text("keypairid") in (None, pair.id)
        and ctx.may_reach(ctx.store.accounts[ctx.store.users[pair.user_id].account_id])
    ]
    return ctx.page(params, "userapikey", shown)


def _check_pair(ctx: Context, params: Params) -> None:
    pair = ctx.store.pairs.get(params.text("keypairid") or "")
    if pair is None:
        raise not_found(ctx.command, "keypairid", params.text("keypairid") or "")
    ctx.check_access(ctx.store.users[pair.user_id].account_id)


def delete_user_keys(ctx: Context, params: Params) -> Answer:
    ctx.store.pairs.pop(params.text("keypairid") or "", None)
    return {"success": True}


CHECKS = {"deleteUserKeys": _check_pair}
SINCE_4_23 = {"listUserKeys": list_user_keys, "deleteUserKeys": delete_user_keys}
HANDLERS = {
    "listUsers": list_users,
    "listAccounts": list_accounts,
    "listRolePermissions": list_role_permissions,
    "getUserKeys": get_user_keys,
    "registerUserKeys": register_user_keys,
}
