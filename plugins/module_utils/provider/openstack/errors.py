# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Keystone's and Neutron's refusals mean, and keystoneauth's exceptions where no answer came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import ProviderError
from ..tls import handshake_failed

#: NeutronError.type (neutron_lib.exceptions); what is not here is told by the status.
_NEUTRON: Mapping[str, str] = {
    "OverQuota": "quota",
    "SecurityGroupRuleExists": "already_exists",
    "DuplicateSecurityGroupRuleInPost": "invalid",
    "AddressesAlreadyExist": "already_exists",
    "PolicyNotAuthorized": "no_permission",
    "RevisionNumberConstraintFailed": "conflict",
    # These two come with status 400.
    "EndpointGroupInUse": "conflict",
    "VPNStateInvalidToUpdate": "conflict",
}
_STATUS: Mapping[int, str] = {
    400: "invalid",
    401: "bad_key",
    403: "no_permission",
    404: "not_found",
    405: "invalid",
    409: "conflict",
    413: "invalid",
    429: "throttled",
}
_TRANSIENT = frozenset({"throttled", "server"})
_EXPIRED_OR_WRONG = (
    "check that the secret belongs to this application credential or user, and that an application credential has not "
    "expired: Keystone gives the same answer to both (openstack application credential show, field expires_at)"
)
_NOT_KEYSTONE = "give Keystone's URL with /v3 in endpoints.identity"
_BLOCKED = "the API front answered, not OpenStack: use the account's egress, or have its address put on the list"


@dataclass(frozen=True)
class Answer:
    """An answer without its connection: status, body as text, and whether it was given to a request for a token."""

    status: int
    text: str
    login: bool = False


def refusal(doing: str, answer: Answer) -> ProviderError:
    """Return the error for an answer that is no success."""
    name, message = _body(answer.text)
    from_openstack = bool(message)
    why = f"{name or answer.status}: {message or _plain(answer.text)}"
    # Of a user's password alone does Keystone say that it is too old (keystone.exception.PasswordExpired).
    if answer.login and answer.status == 401 and "password is expired" in message:
        return ProviderError("openstack", doing, why, "expired", hint="change the user's password and register it")
    if answer.login and from_openstack and answer.status in (401, 404):
        # An unknown application credential is "not found", a wrong secret "requires authentication".
        return ProviderError("openstack", doing, why, "bad_key", hint=_EXPIRED_OR_WRONG)
    if answer.login and answer.status == 404:
        return ProviderError("openstack", doing, why, "invalid", hint=_NOT_KEYSTONE)
    if answer.status == 403 and not from_openstack:
        return ProviderError("openstack", doing, why, "ip_blocked", hint=_BLOCKED)
    kind = _NEUTRON.get(name) or _STATUS.get(answer.status) or ("server" if answer.status >= 500 else "other")
    return ProviderError("openstack", doing, why, kind, kind in _TRANSIENT)


def no_answer(doing: str, exc: Exception, proxy: str | None) -> ProviderError:
    """Return the error for a call that got no answer, by the names of what keystoneauth and requests raised."""
    names = {cls.__name__ for item in _chain(exc) for cls in type(item).__mro__}
    why = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
    if "ProxyError" in names:
        why = f"the proxy {proxy} did not let the call through: {why}"
        return ProviderError("openstack", doing, why, "unreachable")
    if "SSLError" in names:
        return handshake_failed("openstack", doing, why)
    # Before ConnectionError: requests' own ConnectTimeout is both.
    if "ReadTimeout" in names:
        return ProviderError("openstack", doing, why, "timeout", True)
    if "ConnectTimeout" in names:
        return ProviderError("openstack", doing, why, "unreachable")
    if names & {"ConnectionError", "ConnectionException", "ChunkedEncodingError"}:
        return ProviderError("openstack", doing, why, "unreachable", True)
    if names & {"CatalogException", "EndpointException", "EndpointNotFound"}:
        hint = "check region against the catalog, or name the service's URL in endpoints.network"
        return ProviderError("openstack", doing, why, "not_found", hint=hint)
    return ProviderError("openstack", doing, why, "other")


def _chain(exc: BaseException) -> list[BaseException]:
    """Return an exception and what it came from; keystoneauth keeps the cause as context."""
    found: list[BaseException] = []
    following: BaseException | None = exc
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


def _body(text: str) -> tuple[str, str]:
    """Return the type and message of Neutron's or Keystone's error body; empty texts for anybody else's."""
    try:
        body: Any = json.loads(text)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    found = body.get("NeutronError") or body.get("error")
    if isinstance(found, dict):
        return str(found.get("type") or ""), str(found.get("message") or "")
    return "", str(found or "")


def _plain(text: str) -> str:
    """Return the start of a page of somebody's on one line."""
    return " ".join(text.split())[:120] or "no text"
