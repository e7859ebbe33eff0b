# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all resource providers answer alike: the action of a method, a resource that is not there, lists by pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.clouds.azure.wire import AzureError, Json, Response

if TYPE_CHECKING:
    from lab.clouds.azure.arm import Call

_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def verb(call: Call, *methods: str) -> str:
    """The action that a method stands for; one that the resource does not serve is refused."""
    if call.request.method not in (methods or ("GET", "PUT", "DELETE")):
        raise AzureError(405, "MethodNotAllowed", f"The method {call.request.method} is not allowed here.")
    return _VERBS[call.request.method]


def missing(call: Call, what: str) -> Json:
    raise AzureError(
        404,
        "ResourceNotFound",
        f"The Resource '{what}' under resource group '{call.parts['g']}' was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def page(call: Call, items: list[Json]) -> Response:
    size, start = call.state.setting("page_size", 100), int(call.request.query.get("$skipToken", 0))
    body: Json = {"value": items[start : start + size]}
    if len(items) > start + size:
        version = call.request.query["api-version"]
        body["nextLink"] = f"{call.request.base_url}{call.request.path}?api-version={version}&$skipToken={start + size}"
    return Response(200, body)
