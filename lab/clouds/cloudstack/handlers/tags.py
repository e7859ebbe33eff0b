# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource tags."""

from __future__ import annotations

from ..context import Answer, Context
from ..errors import invalid
from ..params import Params
from ..store import ACL_ITEM, ACL_LIST, FIREWALL_RULE, GROUP, GROUP_RULE, PUBLIC_IP, VPC

_KINDS = {kind.lower(): kind for kind in (GROUP, GROUP_RULE, FIREWALL_RULE, ACL_ITEM, PUBLIC_IP, ACL_LIST, VPC)}


def _targets(ctx: Context, params: Params) -> list[tuple[str, str]]:
    kind = _KINDS.get((params.text("resourcetype") or "").lower())
    if kind is None:
        raise invalid(f"Invalid resource type: '{params.text('resourcetype')}'")
    targets = []
    for resource_id in params.items("resourceids"):
        owner = ctx.store.owner_of(kind, resource_id)
        if owner is None:
            raise invalid(f"Unable to find resource by id {resource_id} and type {kind}")
        ctx.check_access(owner)
        targets.append((kind, resource_id))
    return targets


def create_tags(ctx: Context, params: Params) -> Answer:
    pairs, targets = params.pairs("tags"), _targets(ctx, params)
    for kind, resource_id in targets:
        for key in set(pairs) & set(ctx.store.tags.get((kind, resource_id), {})):
            raise invalid(f"tag {key} already on {kind} with id {resource_id}")
    for target in targets:
        ctx.store.tags.setdefault(target, {}).update(pairs)
    return {"success": True}


def delete_tags(ctx: Context, params: Params) -> Answer:
    pairs = params.pairs("tags")
    for target in _targets(ctx, params):
        held = ctx.store.tags.get(target, {})
        # A pair without a value removes the key whatever its value is; no pairs at all remove everything.
        for key in [k for k, v in held.items() if not pairs or (k in pairs and pairs[k] in ("", v))]:
            del held[key]
    return {"success": True}


def list_tags(ctx: Context, params: Params) -> Answer:
    shown = ctx.listed_accounts(params)
    kind = params.text("resourcetype")
    found = [
        tag
        for (held_kind, resource_id) in ctx.store.tags
        if (ctx.store.owner_of(held_kind, resource_id) in shown) and (kind or held_kind).lower() == held_kind.lower()
        for tag in ctx.tags_of(held_kind, resource_id)
    ]
    wanted = {name: params.text(name) for name in ("resourceid", "key", "value")}
    return ctx.page(params, "tag", [tag for tag in found if all(v is None or tag[k] == v for k, v in wanted.items())])


HANDLERS = {"createTags": create_tags, "deleteTags": delete_tags, "listTags": list_tags}
