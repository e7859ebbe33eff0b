# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack's request signature: HMAC-SHA1 over the sorted, encoded, lower-cased parameters.

Version 3 adds `expires`; a request after that moment is refused.
Source: Apache CloudStack, "Programmer Guide", section "Signing API Requests".
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

# With enforce.post.requests.and.timestamps an expiry further ahead than this is refused as well.
MAX_AHEAD = datetime.timedelta(minutes=15)


def string_to_sign(params: Mapping[str, str]) -> str:
    """What is signed. Java's URLEncoder leaves `*` alone, hence the safe character."""
    signed = sorted((name, value) for name, value in params.items() if name.lower() != "signature")
    return "&".join(f"{name}={quote(value, safe='*')}" for name, value in signed).lower()


def sign(params: Mapping[str, str], secret: str) -> str:
    digest = hmac.new(secret.encode(), string_to_sign(params).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def signature_matches(params: Mapping[str, str], secret: str, given: str) -> bool:
    return hmac.compare_digest(sign(params, secret).encode(), given.encode())


def expiry_refusal(params: Mapping[str, str], now: datetime.datetime, *, enforced: bool) -> str | None:
    """Why the request's time is not acceptable, or None. Names are matched without regard to case."""
    lowered = {name.lower(): value for name, value in params.items()}
    if lowered.get("signatureversion") != "3":
        return "signature version 3 is enforced" if enforced else None
    try:
        expires = datetime.datetime.strptime(lowered.get("expires", ""), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return "expires is missing or malformed"
    if expires < now:
        return f"expired at {expires.isoformat()}"
    if enforced and expires > now + MAX_AHEAD:
        return "expires is too far ahead"
    return None
