# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client secrets of one application: password credentials in Microsoft Graph.

"application: addPassword", "application: removePassword", "passwordCredential resource type" (Microsoft Graph v1.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...model.credential import Credential
from ..base import Key, KeyTraits
from ..once import at_most_once
from .session import AzureSession

_NO_LAST_USE = (
    "Graph's v1.0 does not tell when a client secret was last used; Entra ID's sign-in logs of service principals name "
    "its key id (servicePrincipalCredentialKeyId), for tenants that keep them"
)
_OUTLIVES = "access tokens that were issued before stay valid until they end, 60 to 90 minutes after they were issued"
_NO_DISABLE = "Entra ID cannot disable a client secret, only remove it"
_PERMISSION = (
    "grant the application Application.ReadWrite.OwnedBy in Microsoft Graph and make it an owner of itself, or name a "
    "rotator: an application that owns this one, or one with Application.ReadWrite.All"
)
#: How much of a secret Graph shows (hint).
_HINT_CHARS = 3


class ClientSecrets:
    """Adds and removes client secrets of the application to which the credential belongs.

    A new secret is not known to all of Entra ID at once, nor is a removed one forgotten at once.
    """

    traits = KeyTraits(
        overlap=True,
        labels=True,
        can_disable=False,
        tells_last_use=False,
        why_not=_NO_LAST_USE,
        outlives=_OUTLIVES,
    )

    def __init__(self, session: AzureSession, credential: Credential) -> None:
        self._session = session
        self._credential = credential
        self._path = f"/v1.0/applications(appId='{credential.public['client_id']}')"
        self._listed: tuple[Mapping[str, Any], ...] | None = None

    def keys(self) -> tuple[Key, ...]:
        """Return the application's client secrets, oldest first: one call."""
        return tuple(sorted(map(_key, self._passwords()), key=lambda key: (key.created_at, key.label)))

    def id_of(self, credential: Credential) -> str:
        """Return the key id that is recorded with the credential, else that of the one secret that begins as it does.

        Graph shows the first three characters of a secret (hint). Where they fit several secrets or none it is "".
        """
        known = str(credential.meta.get("key_id") or "")
        if known:
            return known
        begin = credential.secrets["client_secret"][:_HINT_CHARS]
        listed = self._passwords() if self._listed is None else self._listed
        fits = [str(item["keyId"]) for item in listed if item.get("hint") == begin]
        return fits[0] if len(fits) == 1 else ""

    def create(self, label: str, expires_at: str = "") -> Credential:
        """Add a client secret: one call. Without an end Entra ID sets one, two years ahead."""
        wanted = {"displayName": label, **({"endDateTime": expires_at} if expires_at else {})}
        made = self._send(f"add client secret {label}", "addPassword", {"passwordCredential": wanted})
        meta = {**self._credential.meta, "key_id": str(made["keyId"]), "expires_at": _instant(made.get("endDateTime"))}
        secrets = {"client_secret": str(made["secretText"])}
        return Credential(self._credential.name, self._credential.provider, self._credential.public, secrets, meta)

    def set_active(self, key_id: str, active: bool) -> None:
        """Refuse: there is no such switch."""
        raise ProviderError("azure", f"switch client secret {key_id}", _NO_DISABLE, "invalid")

    def delete(self, key_id: str) -> None:
        """Remove a client secret: one call, and one more where Graph refuses, to see whether it is gone already."""
        try:
            self._send(f"remove client secret {key_id}", "removePassword", {"keyId": key_id})
        except ProviderError as exc:
            if exc.kind not in {"invalid", "not_found"}:
                raise
            if key_id in {str(item["keyId"]) for item in self._passwords()}:
                raise

    def last_use(self, key_id: str) -> str:
        """Refuse: Graph does not tell."""
        raise ProviderError("azure", f"tell the last use of {key_id}", _NO_LAST_USE, "invalid")

    def _passwords(self) -> tuple[Mapping[str, Any], ...]:
        query = {"$select": "passwordCredentials"}
        doing = f"list the client secrets of application {self._credential.public['client_id']}"
        own, seen = self._credential.public["tenant_id"], self._session.public["tenant_id"]
        if own.lower() != seen.lower():
            why = f"whoever asks is of tenant {seen}, the application of {own}"
            hint = "name a rotator of the application's own tenant"
            raise ProviderError("azure", doing, why, "no_permission", hint=hint)
        try:
            found = self._session.send(doing, "GET", "graph", self._path, query=query).body
        except ProviderError as exc:
            raise _explained(exc) from exc
        self._listed = tuple(found["passwordCredentials"])
        return self._listed

    def _send(self, doing: str, action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an action; adding a secret is never repeated after an answer that may be lost."""
        session = self._session
        # A token that is asked for beforehand may be asked for again.
        session.call(doing, lambda _number: session.token("graph"))
        retry = at_most_once(session.access.retry) if action == "addPassword" else None
        path = f"{self._path}/{action}"
        try:
            answer = session.call(doing, lambda _number: session.send_once(doing, "POST", "graph", path, body), retry)
        except ProviderError as exc:
            raise _explained(exc) from exc
        return answer.body or {}


def _key(item: Mapping[str, Any]) -> Key:
    return Key(
        str(item["keyId"]),
        True,
        label=str(item.get("displayName") or ""),
        created_at=_instant(item.get("startDateTime")),
        expires_at=_instant(item.get("endDateTime")),
    )


def _instant(text: Any) -> str:
    """Return Graph's time (UTC, with or without fractions) as keys have it; "" for none."""
    return f"{str(text)[:19]}Z" if text else ""


def _explained(exc: ProviderError) -> ProviderError:
    """Return the error with what is needed, where a permission is missing."""
    if exc.kind != "no_permission":
        return exc
    return ProviderError(exc.provider, exc.doing, exc.why, exc.kind, exc.transient, _PERMISSION)
