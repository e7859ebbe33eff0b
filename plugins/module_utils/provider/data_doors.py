# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs at the firewalls of single resources: one call of each one's data, with a token that is good everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

from ..core.errors import ProviderError
from ..model.data_plane import Resource, parse_resources
from .base import Door
from .connect import access_of, credential_of, proxy_of
from .firewalls import plane_of
from .proof import UNPROVEN, Aim, Outcome, words
from .registry import provider as find_provider

#: Failures in which nothing answered. Where an answer is due, that is a refusal, whoever made it. Where a refusal is
#: due, it says nothing: a resource's firewall answers, and silent are the name service, the route, the firewall here.
_SILENCE = frozenset({"unreachable", "timeout"})


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""


def aims(context: Surroundings) -> list[Aim]:
    """Return one aim for each resource of the option ``data_plane``; raises InvalidValue, ProviderError.

    Where a resource is and the token are asked for through ``token_proxy`` where there is one: from the address that is
    to be refused both may be refused already, and the resource's own firewall would never be asked.
    """
    params = context.params
    if not params["data_plane"]:
        return []
    known = find_provider(params["provider"])
    plane = plane_of(params, known)
    resources = parse_resources("data_plane", params["data_plane"])
    for index, resource in enumerate(resources):
        plane.check(f"data_plane[{index}]", resource)
    access, asked_by = access_of(params), proxy_of("token_proxy", params.get("token_proxy"))
    credential = credential_of(context)
    way = known.open(credential, access)
    session = known.open(credential, replace(access, proxy=asked_by)) if asked_by else way
    with ThreadPoolExecutor(max_workers=access.workers) as pool:
        doors = list(pool.map(lambda resource: plane.door(session, way, resource), resources))
    return [_aim(params, resource, door) for resource, door in zip(resources, doors)]


def _aim(params: Mapping[str, Any], resource: Resource, door: Door) -> Aim:
    row = {"enforced_by": f"the firewall of {resource}", "enforced_at": door.address}
    what = str(params.get("what") or "a call of {resource}").replace("{resource}", str(resource))

    def attempt() -> Outcome:
        if door.unprovable:
            return Outcome(UNPROVEN, f"{UNPROVEN}: {door.unprovable}")
        token = door.token()
        try:
            let_in, why = door.knock(token)
        except ProviderError as exc:
            if exc.kind not in _SILENCE:
                raise
            if params["expect"] == "refused":
                return Outcome(UNPROVEN, f"{UNPROVEN}: the firewall gave no answer ({exc.kind}: {exc.why})")
            mend = (
                f"; name {door.address.partition('/')[0]} in the account's api_hosts, for its egress to let it through"
            )
            return Outcome("refused", f"{exc.kind}: {exc.why}{mend if params.get('proxy') else ''}")
        return Outcome("allowed" if let_in else "refused", why)

    return Aim(str(resource), attempt, params["expect"], words(params, row, what))
