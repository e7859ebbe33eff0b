# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs, which come from the configuration."""

from __future__ import annotations

from ..context import Answer, Context, matches
from ..params import Params
from ..store import VPC


def list_vpcs(ctx: Context, params: Params) -> Answer:
    if params.text("id"):
        ctx.resource(VPC, "id", params.text("id"))
    shown, tags = ctx.listed_accounts(params), params.pairs("tags")
    vpcs = [
        {
            "id": vpc.id,
            "name": vpc.name,
            "displaytext": vpc.description,
            "state": "Enabled",
            "cidr": vpc.cidr,
            **ctx.owner_fields(vpc.account_id),
            "tags": ctx.tags_of(VPC, vpc.id),
        }
        for vpc in ctx.store.vpcs()
        if vpc.account_id in shown
        and params.text("name") in (None, vpc.name)
        and params.text("id") in (None, vpc.id)
        and params.text("cidr") in (None, vpc.cidr)
        and (params.text("keyword") or "") in vpc.name
    ]
    return ctx.page(params, "vpc", [vpc for vpc in vpcs if matches(vpc["tags"], tags)])


HANDLERS = {"listVPCs": list_vpcs}
