# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading many EC2 objects by id and by name with the fewest calls, and finding the one that a scope names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import ProviderError
from ...model.scope import Scope
from .session import AwsSession

#: EC2's Describe calls take up to 200 values per filter.
FILTER_VALUES = 200


@dataclass(frozen=True)
class Kind:
    """How EC2 lists one kind of object: the call, its filters and the fields of the answer."""

    what: str
    operation: str
    listed: str
    id_filter: str
    id_field: str
    name_filter: str
    name_field: str
    parent_field: str = ""


def describe(session: AwsSession, kind: Kind, scopes: Sequence[Scope]) -> list[Mapping[str, Any]]:
    """Return at least the objects that the scopes name: one call for those named by id, one for those by name."""
    by_id = sorted({scope.id for scope in scopes if scope.id})
    by_name = sorted({scope.name for scope in scopes if scope.name})
    found = list(_filtered(session, kind, kind.id_filter, by_id))
    return found + list(_filtered(session, kind, kind.name_filter, by_name))


def pick(kind: Kind, scope: Scope, objects: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the one object that a scope names; ``parent`` is the VPC, since names repeat from VPC to VPC."""
    found = {
        item[kind.id_field]: item
        for item in objects
        if (item[kind.id_field] == scope.id if scope.id else name_of(kind, item) == scope.name)
        and (not scope.parent or not kind.parent_field or item.get(kind.parent_field) == scope.parent)
    }
    if not found:
        raise ProviderError("aws", f"read {scope}", f"there is no such {kind.what} in this region", "not_found")
    if len(found) > 1:
        hint = f"give the {kind.what}'s id" + (", or its VPC's id as parent" if kind.parent_field else "")
        why = f"the name stands for {', '.join(sorted(found))}"
        raise ProviderError("aws", f"read {scope}", why, "invalid", hint=hint)
    return next(iter(found.values()))


def name_of(kind: Kind, item: Mapping[str, Any]) -> str:
    """Return an object's name, which for some kinds is a tag."""
    if kind.name_field:
        return str(item.get(kind.name_field) or "")
    return next((str(tag["Value"]) for tag in item.get("Tags") or () if tag["Key"] == "Name"), "")


def _filtered(session: AwsSession, kind: Kind, name: str, values: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what a filter finds, over all pages."""
    for start in range(0, len(values), FILTER_VALUES):
        some = values[start : start + FILTER_VALUES]
        doing = f"read the {kind.what}s {', '.join(some[:5])}"
        more: dict[str, Any] = {}
        while True:
            filters = [{"Name": name, "Values": list(some)}]
            answer = session.call(doing, "ec2", kind.operation, Filters=filters, **more)
            yield from answer[kind.listed]
            if not answer.get("NextToken"):
                break
            more = {"NextToken": answer["NextToken"]}
