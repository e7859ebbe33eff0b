# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few calls of Barbican's API (version 1), through keystoneauth's session, and what their failures mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from ..core.deps import load
from ..core.errors import InvalidInput, SecretStoreError
from .key import read_file

WHY = "to use Barbican as a secret store"
FIELDS = ("application_credential_id", "application_credential_secret")
#: The most that Barbican lists at once (its max_limit_paging).
PAGE = 100
KINDS: Mapping[int, str] = {401: "locked", 403: "locked", 404: "not_found", 409: "conflict", 413: "invalid"}
HINTS: Mapping[str, str] = {
    "locked": "check the application credential, its role and its access rules",
    "down": "check Keystone, Barbican and the network",
    "invalid": "the record is longer than Barbican's max_secret_in_bytes",
}


@dataclass(frozen=True)
class Row:
    """One secret of a listing; ``filled`` says whether it has a payload."""

    id: str
    name: str
    algorithm: str
    mode: str
    filled: bool


def connect(
    label: str, option: Mapping[str, Any], auth: Mapping[str, Any], timeout_s: float, keep_secret: Callable[..., None]
) -> BarbicanClient:
    """Return a client; ``auth.credentials_file`` is JSON with an application credential's id and secret."""
    url = str(option.get("url") or "")
    if not url.startswith("https://"):
        mend = "is not https; secrets never travel in the clear" if url else "is not set; give Keystone's address"
        raise InvalidInput("secret_store.url", url or None, mend)
    credential = _credential(label, auth)
    keep_secret(credential[FIELDS[1]])
    base = url.rstrip("/")
    v3 = load("keystoneauth1.identity.v3", "openstacksdk", WHY)
    plugin = v3.ApplicationCredential(base if base.endswith("/v3") else f"{base}/v3", **credential)
    http = load("requests", "requests", WHY).Session()
    # A proxy or CA of the environment must not decide where secrets go (requests: Session.trust_env).
    http.trust_env = False
    sessions = load("keystoneauth1.session", "openstacksdk", WHY)
    session = sessions.Session(auth=plugin, session=http, verify=auth.get("ca_file") or True, timeout=timeout_s)
    return BarbicanClient(label, session, option.get("region"))


def _credential(label: str, auth: Mapping[str, Any]) -> dict[str, str]:
    path = auth.get("credentials_file")
    if not path:
        mend = f"is not set; give a JSON file with {' and '.join(FIELDS)}"
        raise InvalidInput("secret_store.auth.credentials_file", None, mend)
    try:
        held = json.loads(read_file(label, path, "log in"))
        return {name: str(held[name]) for name in FIELDS}
    except (ValueError, TypeError, KeyError) as exc:
        why = f"{path} is no JSON with {' and '.join(FIELDS)}"
        raise SecretStoreError(label, "log in", why, kind="locked") from exc


class BarbicanClient:
    """Calls Barbican and translates its errors."""

    def __init__(self, label: str, session: Any, region: str | None) -> None:
        self.label = label
        self._session = session
        self._region = region
        self._url = ""

    def secrets(self, doing: str, **query: str) -> list[Row]:
        """Return the secrets of the project that match."""
        rows: list[Row] = []
        while True:
            paging = {"limit": PAGE, "offset": len(rows)}
            answer = self._call(doing, "GET", "/secrets", params={**query, **paging})
            found = answer.json()["secrets"]
            rows += [_row(item) for item in found]
            if len(found) < PAGE:
                return rows

    def create(self, doing: str, name: str, algorithm: str, mode: str) -> str:
        """Make a secret without a payload and return its id."""
        body = {"name": name, "algorithm": algorithm, "mode": mode, "secret_type": "opaque"}
        return _id(self._call(doing, "POST", "/secrets", json=body).json()["secret_ref"])

    def fill(self, doing: str, secret_id: str, text: str) -> bool:
        """Write a secret's payload; return False where the secret is gone."""
        headers = {"Content-Type": "text/plain"}
        data = text.encode("ascii")
        answer = self._call(doing, "PUT", f"/secrets/{secret_id}", absent=True, data=data, headers=headers)
        return answer is not None

    def payload(self, doing: str, secret_id: str) -> str | None:
        """Return a secret's payload, None where the secret is gone."""
        headers = {"Accept": "text/plain"}
        answer = self._call(doing, "GET", f"/secrets/{secret_id}/payload", absent=True, headers=headers)
        return None if answer is None else str(answer.text)

    def delete(self, doing: str, secret_id: str) -> None:
        """Delete a secret, unless it is gone."""
        self._call(doing, "DELETE", f"/secrets/{secret_id}", absent=True)

    def _call(self, doing: str, method: str, path: str, absent: bool = False, **arguments: Any) -> Any:
        """Return the answer; with ``absent`` None where there is no such secret."""
        failures = load("keystoneauth1.exceptions", "openstacksdk", WHY)
        try:
            answer = self._session.request(self._endpoint() + path, method, raise_exc=False, **arguments)
        except failures.ClientException as exc:
            raise self._no_answer(doing, exc, failures) from exc
        if 200 <= answer.status_code < 300:
            return answer
        if absent and answer.status_code == 404:
            return None
        kind = KINDS.get(answer.status_code) or ("down" if answer.status_code >= 500 else "other")
        raise SecretStoreError(self.label, doing, _why(answer), HINTS.get(kind, ""), kind)

    def _endpoint(self) -> str:
        if not self._url:
            failures = load("keystoneauth1.exceptions", "openstacksdk", WHY)
            try:
                found = self._session.get_endpoint(
                    service_type="key-manager", interface="public", region_name=self._region
                )
            except failures.EndpointNotFound:
                found = None
            if not found:
                why = "Keystone's catalog has no key-manager" + (f" in {self._region}" if self._region else "")
                raise SecretStoreError(self.label, "find Barbican", why, "check secret_store.region")
            if not str(found).startswith("https://"):
                why = f"the catalog gives {found}, which is not https"
                raise SecretStoreError(self.label, "find Barbican", why, "let the cloud mend its catalog", "unsafe")
            base = str(found).rstrip("/")
            self._url = base if base.endswith("/v1") else f"{base}/v1"
        return self._url

    def _no_answer(self, doing: str, exc: Exception, failures: Any) -> SecretStoreError:
        if isinstance(exc, failures.SSLError):
            hint = "give secret_store.auth.ca_file"
            return SecretStoreError(self.label, doing, "its certificate is not trusted", hint, "tls")
        status = getattr(exc, "http_status", None) or 0
        if isinstance(exc, failures.HttpError) and status in (400, 401, 403, 404):
            why = f"Keystone refuses the application credential ({status})"
            return SecretStoreError(self.label, doing, why, HINTS["locked"], "locked")
        why = f"it does not answer ({type(exc).__name__})"
        return SecretStoreError(self.label, doing, why, HINTS["down"], "down")


def _row(item: Mapping[str, Any]) -> Row:
    return Row(
        _id(str(item["secret_ref"])),
        str(item.get("name") or ""),
        str(item.get("algorithm") or ""),
        str(item.get("mode") or ""),
        bool(item.get("content_types")),
    )


def _id(reference: str) -> str:
    return reference.rstrip("/").rpartition("/")[2]


def _why(answer: Any) -> str:
    """Return the reason that Barbican or the middleware before it gives, on one line."""
    try:
        body = answer.json()
        text = str(body.get("description") or body.get("title") or body.get("error", {}).get("message") or "")
    except (ValueError, AttributeError):
        text = ""
    return f"{answer.status_code}: {' '.join(text.split())[:300] or answer.reason}"
