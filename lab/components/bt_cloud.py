# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Umbrella's account at BT Cloud: CloudStack's API at a public address, with a source list per account.

The customer's own role may read the list but not change it; the provider's staff can.
"""

from __future__ import annotations

import secrets
from typing import Any

from ..context import Context
from ..topology import BT_CLOUD, BT_CLOUD_END
from . import servers
from .base import Component, Status

SECURITY_GROUP, VPC = "store-api", "prod"
ROLE = "BT Customer"
_VPC = {"name": VPC, "cidr": BT_CLOUD_END.network, "publicip": BT_CLOUD_END.outer[0]}


def make_keys() -> dict[str, str]:
    return {"api_key": secrets.token_urlsafe(64), "secret_key": secrets.token_urlsafe(64)}


def account(name: str, domain: str, role: str, keys: dict[str, str], groups: list[str]) -> dict[str, Any]:
    """One account of the emulator's configuration, with one user."""
    return {
        "name": name,
        "domain": domain,
        "role": role,
        "users": [{"username": name, "apikey": keys["api_key"], "secretkey": keys["secret_key"]}],
        "security_groups": [{"name": group, "description": "Who may use our services"} for group in groups],
    }


def config(ctx: Context) -> dict[str, Any]:
    umbrella, staff = ctx.once("umbrella-bt", make_keys), ctx.once("bt-cloud-staff", make_keys)
    return {
        "roles": {ROLE: {"type": "User", "allow": ["listConfigurations"], "deny": ["updateConfiguration"]}},
        "accounts": [
            {**account("umbrella", "umbrella", ROLE, umbrella, [SECURITY_GROUP]), "vpcs": [_VPC]},
            account("bt-operations", "ROOT", "Root Admin", staff, []),
        ],
    }


def up(ctx: Context) -> dict[str, Any]:
    servers.start(ctx, BT_CLOUD, "lab.clouds.cloudstack", config(ctx))
    return {"endpoints": {"api": f"{BT_CLOUD.url}/client/api"}, "security_group": SECURITY_GROUP, "vpc": VPC}


def down(ctx: Context) -> None:
    ctx.service(BT_CLOUD.name).stop()


def status(ctx: Context) -> Status:
    return servers.status(ctx, BT_CLOUD)


COMPONENT = Component("bt_cloud", ("clouds",), up, down, status)
