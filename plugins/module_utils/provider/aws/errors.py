# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What botocore's exceptions mean. Codes: EC2 "Error codes for the Amazon EC2 API", IAM and STS "Common errors"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...core.retry import asked_s
from ..tls import handshake_failed

_KINDS: Mapping[str, tuple[str, ...]] = {
    "bad_key": (
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "InvalidSignatureException",
    ),
    "expired": ("ExpiredToken", "ExpiredTokenException"),
    "clock_skew": ("RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired"),
    "no_permission": (
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
        "NotAuthorized",
        "OptInRequired",
    ),
    "not_found": (
        "InvalidGroup.NotFound",
        "InvalidGroupId.NotFound",
        "InvalidSecurityGroupID.NotFound",
        "InvalidPermission.NotFound",
        "InvalidPrefixListID.NotFound",
        "InvalidNetworkAclID.NotFound",
        "InvalidNetworkAclEntry.NotFound",
        "InvalidVpnConnectionID.NotFound",
        "InvalidCustomerGatewayID.NotFound",
        "InvalidVpnGatewayID.NotFound",
        "InvalidVpnGatewayAttachment.NotFound",
        "InvalidRouteTableID.NotFound",
        "InvalidRoute.NotFound",
        "InvalidTransitGatewayID.NotFound",
        "InvalidVpcID.NotFound",
        "NoSuchEntity",
        "NoSuchResourceException",
    ),
    "already_exists": (
        "InvalidPermission.Duplicate",
        "NetworkAclEntryAlreadyExists",
        "RouteAlreadyExists",
        "EntityAlreadyExists",
    ),
    "quota": (
        "RulesPerSecurityGroupLimitExceeded",
        "PrefixListMaxEntriesExceeded",
        "NetworkAclEntryLimitExceeded",
        "CustomerGatewayLimitExceeded",
        "VpnConnectionLimitExceeded",
        "VpnGatewayLimitExceeded",
        "VpnGatewayAttachmentLimitExceeded",
        "AttachmentLimitExceeded",
        "TagLimitExceeded",
        "LimitExceeded",
        "ServiceQuotaExceededException",
    ),
    "conflict": ("DeleteConflict", "DependencyViolation", "PrefixListVersionMismatch", "IncorrectState"),
}
_THROTTLED = (
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
    "RequestThrottledException",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "SlowDown",
)
_SERVER = ("InternalError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "Unavailable")
_BY_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes}
_DENIED = (
    "an explicit deny answered: if it is the account's source restriction, the call left from an address "
    "that is not "
    "listed (use the account's egress); otherwise look at the deny statements of this identity"
)


def translate(doing: str, exc: Exception, proxy: str | None = None) -> ProviderError:
    """Return the ProviderError for an exception of botocore."""
    response = getattr(exc, "response", None)
    if isinstance(response, dict) and response.get("Error"):
        return _refusal(doing, response)
    return _transport(doing, exc, proxy)


def _refusal(doing: str, response: Mapping[str, Any]) -> ProviderError:
    """Return the error for an answer of the service."""
    code = str(response["Error"].get("Code", ""))
    message = str(response["Error"].get("Message", ""))
    about = response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode") or 0)
    asked = asked_s((about.get("HTTPHeaders") or {}).get("retry-after"))
    kind, transient = _classify(code, message, status)
    hint = _DENIED if kind == "no_permission" and "explicit deny" in message else None
    return ProviderError("aws", doing, f"{code}: {message}", kind, transient, hint, asked)


def _classify(code: str, message: str, status: int) -> tuple[str, bool]:
    # STS and IAM report a clock that is off as a signature error, and say so in the text alone.
    if code in _KINDS["bad_key"] and ("Signature expired" in message or "Signature not yet current" in message):
        return "clock_skew", False
    if code in _THROTTLED or status == 429:
        return "throttled", True
    if code in _SERVER or status >= 500:
        return "server", True
    # IAM answers this while another change of the same identity is under way.
    if code == "ConcurrentModification":
        return "conflict", True
    if code in _BY_CODE:
        return _BY_CODE[code], False
    if code.startswith(("Invalid", "Missing", "Malformed", "Validation", "Unknown")):
        return "invalid", False
    return "other", False


def _transport(doing: str, exc: Exception, proxy: str | None) -> ProviderError:
    """Return the error for a call that got no answer; names are compared so that nothing of botocore is imported."""
    names = {cls.__name__ for cls in type(exc).__mro__}
    why = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
    if "ProxyConnectionError" in names:
        return ProviderError(
            "aws", doing, f"the proxy {proxy} did not let the call through: {why}", "unreachable", False
        )
    if "SSLError" in names:
        return handshake_failed("aws", doing, why)
    if "ConnectTimeoutError" in names:
        return ProviderError("aws", doing, why, "unreachable", False)
    if "ReadTimeoutError" in names:
        return ProviderError("aws", doing, why, "timeout", True)
    if names & {"ConnectionClosedError", "EndpointConnectionError", "HTTPClientError", "ConnectionError"}:
        return ProviderError("aws", doing, why, "unreachable", True)
    if "ResponseParserError" in names:
        return ProviderError("aws", doing, why, "server", True)
    if "ParamValidationError" in names:
        return ProviderError("aws", doing, str(exc), "invalid")
    return ProviderError("aws", doing, why, "other")
