# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure of the library cs or of requests means, as a ProviderError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ..tls import handshake_failed

#: ApiErrorCode of CloudStack's API that means one thing only: (kind, transient).
_CODES: Mapping[int, tuple[str, bool]] = {
    429: ("throttled", True),
    432: ("no_permission", False),
    531: ("no_permission", False),
    532: ("quota", False),
    533: ("quota", False),
    534: ("server", True),
    535: ("quota", False),
    536: ("conflict", False),
    537: ("conflict", False),
}
#: Texts by which the codes of many meanings (401, 431, 530) are told apart; the first that fits wins.
_TEXTS: tuple[tuple[str, str, bool], ...] = (
    ("entity does not exist", "not_found", False),
    ("unable to find", "not_found", False),
    ("failed to authorize security group", "already_exists", False),
    ("already exists", "already_exists", False),
    ("already existed", "already_exists", False),
    ("fail to find", "not_found", False),
    ("still related vpn connections", "conflict", False),
    ("the limit is", "quota", False),
    ("already on", "already_exists", False),
    ("not available from ip address", "ip_blocked", False),
    ("not allowed to execute commands from ip", "ip_blocked", False),
    ("not available for user", "no_permission", False),
    ("acquire lock", "conflict", True),
    ("maximum number of resources", "quota", False),
)
_BY_CODE = {401: ("bad_key", False), 430: ("invalid", False), 431: ("invalid", False), 530: ("server", True)}


def api_error(provider: str, doing: str, error: Mapping[str, Any], in_job: bool = False) -> ProviderError:
    """Translate an error body ``{errorcode, errortext}``; a failed job is final, whatever its code."""
    code, text = int(error.get("errorcode") or 0), str(error.get("errortext") or "no reason given")
    kind, transient = _CODES.get(code) or _by_text(text) or _BY_CODE.get(code, ("other", False))
    if in_job and kind == "server":
        transient = False
    return ProviderError(provider, doing, f"{code} {text}", kind, transient)


def _by_text(text: str) -> tuple[str, bool] | None:
    lowered = text.lower()
    return next(((kind, transient) for part, kind, transient in _TEXTS if part in lowered), None)


def failure(sdk: Any, requests: Any, provider: str, doing: str, exc: Exception) -> ProviderError | None:
    """Translate an exception of a call; None for one that is no failure of the call."""
    if isinstance(exc, sdk.CloudStackApiException) and isinstance(exc.error, Mapping):
        return api_error(provider, doing, exc.error)
    if isinstance(exc, sdk.CloudStackException):
        return _no_api(provider, doing, exc)
    if isinstance(exc, requests.exceptions.RequestException):
        return _transport(requests.exceptions, provider, doing, exc)
    return None


def _no_api(provider: str, doing: str, exc: Any) -> ProviderError:
    """Something else than CloudStack answered: a front, a proxy, a web server."""
    status = getattr(exc.response, "status_code", 0)
    why = f"HTTP {status} and no answer of CloudStack's API"
    if status == 429:
        return ProviderError(provider, doing, why, "throttled", True)
    if status == 403:
        return ProviderError(provider, doing, why, "ip_blocked")
    if status >= 500:
        return ProviderError(provider, doing, why, "server", True)
    return ProviderError(
        provider, doing, why, "invalid", hint="give the API's address in endpoints.api, such as https://HOST/client/api"
    )


def _transport(kinds: Any, provider: str, doing: str, exc: Exception) -> ProviderError:
    why = _innermost(exc)
    if isinstance(exc, kinds.ProxyError):
        return ProviderError(provider, doing, f"the proxy did not connect: {why}", "unreachable")
    if isinstance(exc, kinds.SSLError):
        return handshake_failed(provider, doing, why)
    if isinstance(exc, kinds.ConnectTimeout):
        return ProviderError(provider, doing, "no connection in time", "unreachable")
    if isinstance(exc, kinds.Timeout):
        return ProviderError(provider, doing, "no answer in time", "timeout", True)
    if isinstance(exc, kinds.ConnectionError):
        # A connection that was never made is no passing fault; one that broke after the request was sent is.
        made = "Failed to establish" not in str(exc) and "NewConnectionError" not in repr(exc)
        kind = "server" if made else "unreachable"
        return ProviderError(provider, doing, f"the connection broke: {why}" if made else why, kind, made)
    if isinstance(exc, kinds.ChunkedEncodingError):
        return ProviderError(provider, doing, "the answer broke off", "server", True)
    return ProviderError(provider, doing, why, "other")


def _innermost(exc: BaseException) -> str:
    """Return the reason at the bottom of the library's wrappings, which carry no query and so no key."""
    while True:
        inner = getattr(exc, "reason", None) or next((arg for arg in exc.args if isinstance(arg, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        exc = inner
    text = str(getattr(exc, "strerror", None) or exc)
    return text.partition("(_ssl.c")[0].strip() or type(exc).__name__
