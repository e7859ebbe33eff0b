# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Azure's refusals mean.

Numbers: "Microsoft Entra authentication and authorization error codes". Codes: "Resource Manager troubleshooting",
"Microsoft Graph error responses".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...core.errors import ProviderError
from ..tls import handshake_failed

_AADSTS = re.compile(r"AADSTS(\d+)")
#: MSAL says no more than this of an answer that it cannot read.
_STATUS_TEXT = re.compile(r"HTTP Error: (\d{3})")
_ENTRA = {
    7000215: "bad_key",
    7000216: "bad_key",
    7000218: "bad_key",
    700016: "bad_key",
    700027: "bad_key",
    90002: "bad_key",
    90023: "bad_key",
    900023: "bad_key",
    # The application is disabled, and no right of it can mend that.
    7000112: "bad_key",
    7000222: "expired",
    # Of assertions signed with a certificate or by a federation. A client secret comes without any time.
    700024: "clock_skew",
    53003: "ip_blocked",
    500011: "invalid",
    50196: "throttled",
    90033: "server",
}
_CODES = {
    "ExpiredAuthenticationToken": "expired",
    "InvalidAuthenticationToken": "bad_key",
    "InvalidAuthenticationTokenTenant": "bad_key",
    "AuthorizationFailed": "no_permission",
    "LinkedAuthorizationFailed": "no_permission",
    "Authorization_RequestDenied": "no_permission",
    "AccessDenied": "no_permission",
    "RequestDisallowedByPolicy": "no_permission",
    "PreconditionFailed": "conflict",
    "SecurityRuleConflict": "conflict",
    "ReadOnlyDisabledSubscription": "no_permission",
    "ScopeLocked": "no_permission",
    "TooManyFirewallRules": "quota",
    "TooManyTags": "quota",
}
_STATUS = {400: "invalid", 401: "bad_key", 403: "no_permission", 404: "not_found", 409: "conflict", 412: "conflict"}
#: What to do next where the code itself tells more than its kind.
_HINTS = {
    "IPGroupsIPAddressCountZero": "Azure's region takes no IP group without addresses: leave one entry, or delete the "
    "group once no rule refers to it",
}
#: Refusals of the moment: another operation on the same resource, or a new object that has not spread yet.
_PASSING = (
    "AnotherOperationInProgress",
    "RetryableError",
    "RetryableErrorDueToAnotherOperation",
    "StorageAccountOperationInProgress",
    "OperationInterrupted",
)


def refusal(doing: str, status: int, body: Any) -> ProviderError:
    """Return the error for an answer of Resource Manager or Graph."""
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    code, message = str(error.get("code") or f"HTTP {status}"), str(error.get("message") or "no reason given")
    why = f"{code}: {message}"
    if status == 429:
        return ProviderError("azure", doing, why, "throttled", True)
    if status >= 500 or status == 408:
        return ProviderError("azure", doing, why, "server", True)
    if code in _PASSING:
        return ProviderError("azure", doing, why, "conflict", True)
    if "LimitReached" in code or "QuotaExceeded" in code:
        return ProviderError("azure", doing, why, "quota")
    # Graph: a named location that was just made is not known everywhere at once.
    if code == "BadRequest" and "does not exist in the directory" in message:
        return ProviderError("azure", doing, why, "not_found", True)
    return ProviderError("azure", doing, why, _CODES.get(code) or _STATUS.get(status, "other"), hint=_HINTS.get(code))


def translate(doing: str, exc: BaseException, proxy: str | None = None) -> ProviderError:
    """Return the ProviderError for an exception of azure-core, azure-identity or what they stand on.

    azure-identity wraps whatever kept it from a token in ClientAuthenticationError; the cause says what it was.
    """
    chain = list(_causes(exc))
    names = {cls.__name__ for item in chain for cls in type(item).__mro__}
    why = _first_line(chain[0])
    numbers = [int(number) for item in chain for number in _AADSTS.findall(str(item))]
    if numbers:
        kind = _ENTRA.get(numbers[0], "bad_key")
        return ProviderError("azure", doing, why, kind, kind in ("throttled", "server"))
    if "SSLError" in names:
        return handshake_failed("azure", doing, why)
    if "ProxyError" in names:
        why = f"the proxy {proxy} did not let the call through: {why}"
        return ProviderError("azure", doing, why, "unreachable")
    if names & {"ReadTimeout", "ServiceResponseTimeoutError", "ReadTimeoutError"}:
        return ProviderError("azure", doing, why, "timeout", True)
    if names & {"ConnectTimeout", "ConnectTimeoutError", "ServiceRequestTimeoutError"}:
        return ProviderError("azure", doing, why, "unreachable")
    if names & {"ServiceRequestError", "ServiceResponseError", "ConnectionError"}:
        return ProviderError("azure", doing, why, "unreachable", True)
    return _from_status(doing, chain, why)


def _from_status(doing: str, chain: list[BaseException], why: str) -> ProviderError:
    """Return the error for an answer without an AADSTS number, such as a 5xx of the token endpoint."""
    text = " ".join(str(item) for item in chain)
    status = _STATUS_TEXT.search(text)
    if status and status.group(1) == "429":
        return ProviderError("azure", doing, why, "throttled", True)
    if status and status.group(1).startswith("5"):
        return ProviderError("azure", doing, why, "server", True)
    # MSAL: the authority did not describe the tenant.
    if "authority configuration" in text or "invalid_tenant" in text:
        return ProviderError("azure", doing, why, "bad_key", hint="check the credential's tenant_id")
    return ProviderError("azure", doing, why, "other")


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield an exception and everything it came from."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [exc]
    while todo:
        item = todo.pop(0)
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        inner = getattr(item, "inner_exception", None)
        todo += [item.__cause__, item.__context__, inner if isinstance(inner, BaseException) else None]
        todo += [part for part in getattr(item, "args", ()) if isinstance(part, BaseException)]
        reason = getattr(item, "reason", None)
        todo.append(reason if isinstance(reason, BaseException) else None)


def _first_line(exc: BaseException) -> str:
    text = str(exc).strip()
    # Entra ID's ids for its support follow on the same line and differ from call to call.
    return text.splitlines()[0].partition(" Trace ID:")[0] if text else type(exc).__name__
