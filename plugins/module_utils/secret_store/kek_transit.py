# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KEK in the transit secrets engine of HashiCorp Vault or OpenBao: the key never leaves the server."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Callable

from ..core.errors import SecretStoreError
from . import vault_client
from .kek import KekId, required

DEFAULT_MOUNT = "transit"


def open_transit(
    label: str, option: Mapping[str, Any], auth: Mapping[str, Any], keep_secret: Callable[..., None]
) -> TransitKek:
    """Return the KEK for ``{type: vault_transit, url, namespace, mount, key}``; ``auth`` as for a Vault store."""
    key = required(option, "key", "give the name of a transit key")
    mount = str(option.get("mount") or DEFAULT_MOUNT).strip("/")
    client = vault_client.connect(label, "secret_store.kek", option, auth, keep_secret)
    return TransitKek(client, mount, key)


class TransitKek:
    """Wraps by transit. The policy needs update on encrypt/KEY and decrypt/KEY, and to rewrap read on keys/KEY."""

    def __init__(self, client: vault_client.VaultClient, mount: str, key: str) -> None:
        self.id = KekId("vault_transit", f"{mount}/{key}")
        self._client, self._mount, self._key = client, mount, key

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """Return transit's ciphertext, ``vault:v<version>:...``."""
        text = base64.b64encode(data_key).decode("ascii")
        answer = self._call("wrap its data key", "encrypt_data", plaintext=text, associated_data=_bound(file_id))
        return str(answer["ciphertext"])

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """Return the data key."""
        answer = self._call("unlock it", "decrypt_data", ciphertext=wrapped, associated_data=_bound(file_id))
        return base64.b64decode(answer["plaintext"])

    def is_newest(self, wrapped: str) -> bool:
        """Return whether the newest version of the transit key has wrapped it."""
        answer = self._call("read the transit key", "read_key")
        return wrapped.split(":")[1:2] == [f"v{answer['latest_version']}"]

    def _call(self, doing: str, operation: str, **arguments: Any) -> Mapping[str, Any]:
        call = getattr(self._client.hvac.secrets.transit, operation)
        try:
            answer = self._client.call(doing, call, name=self._key, mount_point=self._mount, **arguments)
        except SecretStoreError as exc:
            if exc.kind not in ("other", "not_found"):
                raise
            # Transit answers a foreign ciphertext, an unknown key and a disabled version with 400 or 404.
            hint = f"check the transit key {self._mount}/{self._key}"
            raise SecretStoreError(self._client.label, doing, _why(exc), hint, "locked") from exc
        data: Mapping[str, Any] = answer["data"]
        return data


def _why(exc: SecretStoreError) -> str:
    if exc.kind == "not_found":
        return "there is no such transit mount or key"
    return str(exc).partition(f"{exc.doing}: ")[2].rstrip(".") or "the server refused"


def _bound(file_id: str) -> str:
    return base64.b64encode(file_id.encode("ascii")).decode("ascii")
