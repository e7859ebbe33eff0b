# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens: JSON Web Tokens signed with a key that the emulator makes when it starts.

The real service signs with RS256; a client must treat the token as opaque, so the algorithm is no part of the
interface. HS256 keeps this package free of dependencies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from lab.clouds.azure.wire import AzureError, Request

ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
GRAPH_AUDIENCE = "https://graph.microsoft.com"
#: "Authorize access to blobs using Microsoft Entra ID"; "Authentication, requests and responses" of Key Vault.
DATA_AUDIENCES = {"https://storage.azure.com": "storage", "https://vault.azure.net": "vault"}


class Signer:
    """Issues and verifies tokens."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, claims: dict[str, Any]) -> str:
        head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        body = _encode(json.dumps(claims).encode())
        return f"{head}.{body}.{self._signature(head, body)}"

    def verify(self, token: str) -> dict[str, Any] | None:
        """The claims, or None for a token that this emulator did not sign."""
        parts = token.split(".")
        if len(parts) != 3 or not hmac.compare_digest(self._signature(parts[0], parts[1]), parts[2]):
            return None
        claims: dict[str, Any] = json.loads(_decode(parts[1]))
        return claims

    def _signature(self, head: str, body: str) -> str:
        return _encode(hmac.new(self._key, f"{head}.{body}".encode(), hashlib.sha256).digest())


def service_of(audience: str, base_url: str) -> str | None:
    """Which service an audience names: "arm", "graph", "storage", "vault", or None for none of them."""
    name = audience.rstrip("/")
    if name in DATA_AUDIENCES:
        return DATA_AUDIENCES[name]
    if name in (GRAPH_AUDIENCE, base_url + "/graph"):
        return "graph"
    if name in (*ARM_AUDIENCES, base_url):
        return "arm"
    return None


def bearer(request: Request, signer: Signer, service: str) -> dict[str, Any]:
    """The claims of the request's token, after the checks that the real services make, in their order."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    challenge = {"WWW-Authenticate": f'Bearer authorization_uri="{request.base_url}/common", error="invalid_token"'}
    if scheme.lower() != "bearer" or not token:
        raise AzureError(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
            headers=challenge,
        )
    claims = signer.verify(token.strip())
    if claims is None:
        raise AzureError(401, "InvalidAuthenticationToken", "The access token is invalid.", headers=challenge)
    if claims["exp"] <= time.time():
        raise AzureError(
            401,
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{claims['exp']}' is earlier than current UTC time "
            f"'{int(time.time())}'.",
            headers=challenge,
        )
    if claims["svc"] != service:
        raise AzureError(
            401,
            "InvalidAuthenticationTokenAudience",
            f"The access token has been obtained for wrong audience or resource '{claims['aud']}'.",
            headers=challenge,
        )
    return claims


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
