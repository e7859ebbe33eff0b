# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-time hand-over: response wrapping of HashiCorp Vault and OpenBao, whose token opens once and then is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..core.errors import SecretStoreError
from . import vault_client

#: What the server says of a token that was used, has expired, or never was one; it does not tell these apart.
_SPENT = "wrapping token is not valid"
_CREATED_BY = "sys/wrapping/wrap"


def spent(label: str, doing: str) -> SecretStoreError:
    """Return the error of a wrapped secret that cannot be opened any more."""
    why = "it was opened before, or has expired; it opens once"
    hint = "if it was not you, somebody else knows the secret: have it replaced; otherwise ask for another bundle"
    return SecretStoreError(label, doing, why, hint, "spent")


class Wrapping:
    """Wraps with the operator's identity; opening needs the token alone."""

    def __init__(self, client: vault_client.VaultClient) -> None:
        self._client = client

    @classmethod
    def log_in(cls, where: str, option: Mapping[str, Any], keep_secret: Callable[..., None]) -> Wrapping:
        """Return the server's wrapping for somebody who may wrap (update on sys/wrapping/wrap)."""
        label = f"vault {option.get('url')}"
        return cls(vault_client.connect(label, where, option, option.get("auth") or {}, keep_secret))

    @classmethod
    def reach(cls, where: str, option: Mapping[str, Any]) -> Wrapping:
        """Return the server's wrapping for somebody who has a wrapping token and nothing else."""
        label = f"vault {option.get('url')}"
        return cls(vault_client.reach(label, where, option, option.get("auth") or {}))

    def wrap(self, content: Mapping[str, Any], ttl_s: int) -> str:
        """Return a token that gives out ``content`` once, within ``ttl_s`` seconds."""
        sys = self._client.hvac.sys
        answer = self._client.call("wrap a secret", sys.wrap, payload=dict(content), ttl=f"{ttl_s}s")
        token: str = answer["wrap_info"]["token"]
        return token

    def unspent(self, token: str) -> bool:
        """Return whether the token can still be opened; asking does not use it up.

        Raises SecretStoreError (unsafe) for a token that wraps something else: somebody exchanged it.
        """
        try:
            found = self._as_holder(token, "look up the wrapped secret", "/v1/sys/wrapping/lookup", {"token": token})
        except SecretStoreError as exc:
            if exc.kind == "spent":
                return False
            raise
        if found["data"]["creation_path"] != _CREATED_BY:
            why = "its token wraps something else than a handed-over secret"
            raise SecretStoreError(
                self._client.label, "open the wrapped secret", why, "do not use it, and ask its sender", "unsafe"
            )
        return True

    def unwrap(self, token: str) -> dict[str, Any]:
        """Return what the token wraps; from then on it is used up. Raises SecretStoreError (spent) the second time."""
        answer = self._as_holder(token, "open the wrapped secret", "/v1/sys/wrapping/unwrap", {"token": token})
        content: dict[str, Any] = answer["data"]
        return content

    def _as_holder(self, token: str, doing: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call with the wrapping token as the only identity, so that no right of the operator's can matter."""
        hvac = self._client.hvac
        mine, hvac.token = hvac.token, token if path.endswith("unwrap") else None
        try:
            sent = {} if hvac.token else dict(body)
            answer: dict[str, Any] = self._client.call(doing, hvac.adapter.post, url=path, json=sent)
        except SecretStoreError as exc:
            if _SPENT in str(exc):
                raise spent(self._client.label, doing) from None
            raise
        finally:
            hvac.token = mine
        return answer
