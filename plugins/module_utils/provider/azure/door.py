# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public endpoints of storage accounts and key vaults, and what their answers say of the firewall.

"Status and error codes" of Azure Storage; "Azure Key Vault REST API Error Codes". Storage refuses by address before it
looks at anything else. A vault looks at the token first, so that a call without one says nothing of its firewall.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import ProviderError
from ...model.data_plane import Resource
from ..base import Door
from .errors import refusal
from .guarded import TYPES
from .session import AzureSession, Reply

_LOGIN = "its login is TDS and no HTTP, and takes a user of the server, which the store is not"
_NO_BLOBS = "it has no blob endpoint"
_XML_CODE = re.compile(r"<Code>([A-Za-z0-9]+)</Code>")
_NO_RIGHT = "the firewall let the call in, which this credential has no right to on the data"


@dataclass(frozen=True)
class Service:
    """How one kind's data is asked for: the least call, and the codes of a 403 by who refused.

    ``refused`` are the firewall's, ``let_in`` those of what comes behind it.
    """

    name: str
    call: str
    headers: Mapping[str, str]
    refused: frozenset[str]
    let_in: frozenset[str]


_STORAGE = Service(
    "storage",
    "?comp=list&maxresults=1",
    {"x-ms-version": "2023-11-03"},
    frozenset({"AuthorizationFailure"}),
    frozenset({"AuthorizationPermissionMismatch", "InsufficientAccountPermissions"}),
)
_VAULT = Service(
    "vault",
    "secrets?api-version=7.4&maxresults=1",
    {"Accept": "application/json"},
    frozenset({"ForbiddenByFirewall", "ForbiddenByConnection"}),
    frozenset({"ForbiddenByRbac", "ForbiddenByPolicy", "AccessDenied"}),
)
_SERVICES = {"storage_account": _STORAGE, "key_vault": _VAULT}


def find(session: AzureSession, way: AzureSession, resource: Resource) -> Door:
    """Return the door of a resource: Resource Manager says where it is, in every cloud of Azure."""
    service = _SERVICES.get(resource.kind)
    if service is None:
        return Door(str(resource), unprovable=_LOGIN)
    kind, doing = TYPES[resource.kind], f"read the {resource}"
    path = kind.path(session.subscription_id, resource)
    properties = session.send(doing, "GET", "arm", path, query={"api-version": kind.version}).body["properties"]
    url = _address(properties)
    if not url and resource.kind == "storage_account":
        return Door(str(resource), unprovable=_NO_BLOBS)
    if not url.startswith("https://"):
        raise ProviderError(
            "azure", doing, f"its public endpoint is {url or 'not told'}, which is not https", "invalid"
        )
    base = url.rstrip("/")
    asked = f"call {resource} at {base}"
    return Door(
        base.removeprefix("https://"),
        token=lambda: session.call(f"get a token for {resource}", lambda _number: session.token(service.name)),
        knock=lambda token: way.call(asked, lambda _number: _knock(way, service, asked, base, token)),
    )


def _address(properties: Mapping[str, Any]) -> str:
    return str(properties.get("vaultUri") or (properties.get("primaryEndpoints") or {}).get("blob") or "")


def _knock(way: AzureSession, service: Service, doing: str, base: str, token: str) -> tuple[bool, str]:
    headers = {**service.headers, "Authorization": f"Bearer {token}"}
    got = way.get_once(doing, f"{base}/{service.call}", headers)
    if got.status == 200:
        return True, "answered 200"
    code = _code(got)
    if got.status == 403 and code in service.refused:
        return False, f"403 {code}"
    if got.status == 403 and code in service.let_in:
        return True, f"answered 403 {code}: {_NO_RIGHT}"
    # Whatever else it is, it says nothing of the firewall.
    raise refusal(doing, got.status, {"error": {"code": code, "message": "this says nothing of the firewall"}})


def _code(got: Reply) -> str:
    """Return the code of a refusal: storage's is a header and XML, a vault's is inside its JSON."""
    named = got.headers.get("x-ms-error-code") or "".join(_XML_CODE.findall(got.text)[:1])
    if named:
        return named
    try:
        error = json.loads(got.text)["error"]
        return str((error.get("innererror") or error)["code"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
