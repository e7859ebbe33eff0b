# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application credentials of one Keystone user in one project ("Application Credentials", Keystone's user guide).

Keystone lets only the user itself make and delete them: with its password, or with an application credential that is
marked unrestricted. A restricted one, which is what a store should hold, needs a rotator of the same user.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ...core.errors import InvalidInput, ProviderError
from ...model.credential import Credential
from ..base import Key, KeyTraits
from ..once import at_most_once
from .session import OpenStackSession

_NO_LAST_USE = "Keystone does not record when an application credential was last used"
_NO_DISABLE = "Keystone cannot disable an application credential, only delete it"
_ROTATOR = (
    "name a rotator: the user's own password, or an unrestricted application credential, of the same user and project; "
    "a restricted application credential can neither make nor delete others"
)
_TAKEN = "the user has an application credential of that name, perhaps in another of its projects: take another label"


class ApplicationCredentials:
    """Makes and deletes application credentials; a new one may do what the one to be replaced may do."""

    traits = KeyTraits(
        overlap=True, labels=True, can_disable=False, tells_last_use=False, why_not=_NO_LAST_USE, known_by="user_id"
    )

    def __init__(self, session: OpenStackSession, credential: Credential) -> None:
        if "application_credential_id" not in credential.public:
            mend = "is a user's password; only application credentials are rotated, a user changes its own password"
            raise InvalidInput("credential", credential.name, mend)
        self._session = session
        self._credential = credential

    def keys(self) -> tuple[Key, ...]:
        """Return the user's application credentials in the project: one call. Keystone tells no time of creation."""
        doing = "list the application credentials"
        self._refuse_others(doing)
        found = self._call(doing, "GET", self._path())["application_credentials"]
        project = self._session.token().project_id
        keys = [_key(item) for item in found if item["project_id"] == project]
        return tuple(sorted(keys, key=lambda key: (key.expires_at or "9", key.label)))

    def id_of(self, credential: Credential) -> str:
        """Return the application credential's id, which is a field of the credential."""
        return credential.public.get("application_credential_id", "")

    def create(self, label: str, expires_at: str = "") -> Credential:
        """Make one by a new name with the roles and access rules of the one to be replaced: two calls."""
        old_id = self.id_of(self._credential)
        old = self._call(f"read application credential {old_id}", "GET", self._path(old_id))["application_credential"]
        project = self._session.token().project_id
        doing = f"create application credential {label}"
        if old["project_id"] != project:
            why = f"the rotator works in project {project}, application credential {old_id} in {old['project_id']}"
            raise ProviderError("openstack", doing, why, "no_permission", hint=_ROTATOR)
        body = {"application_credential": _like(old, label, expires_at)}
        made = self._call(doing, "POST", self._path(), body)["application_credential"]
        public = {**self._credential.public, "application_credential_id": str(made["id"])}
        public.pop("expires_at", None)
        if made.get("expires_at"):
            public["expires_at"] = _instant(made["expires_at"])
        secrets = {"application_credential_secret": str(made["secret"])}
        return Credential(self._credential.name, self._credential.provider, public, secrets, self._credential.meta)

    def set_active(self, key_id: str, active: bool) -> None:
        """Refuse: there is no such switch."""
        raise ProviderError("openstack", f"switch application credential {key_id}", _NO_DISABLE, "invalid")

    def delete(self, key_id: str) -> None:
        """Delete one: one call. Tokens that it was given end with it."""
        try:
            self._call(f"delete application credential {key_id}", "DELETE", self._path(key_id))
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def last_use(self, key_id: str) -> str:
        """Refuse: Keystone does not know."""
        raise ProviderError("openstack", f"tell the last use of {key_id}", _NO_LAST_USE, "invalid")

    def _refuse_others(self, doing: str) -> None:
        """Refuse where the session is of another user or project than the credential: it lists its own alone."""
        token = self._session.token()
        for what, seen in (("user_id", token.user_id), ("project_id", token.project_id)):
            known = self._credential.meta.get(what)
            if known and known != seen:
                kind = what.removesuffix("_id")
                why = f"whoever asks is of {kind} {seen}, the application credential of {kind} {known}"
                raise ProviderError("openstack", doing, why, "no_permission", hint=_ROTATOR)

    def _path(self, key_id: str = "") -> str:
        path = f"/v3/users/{self._session.token().user_id}/application_credentials"
        return f"{path}/{key_id}" if key_id else path

    def _call(self, doing: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call Keystone; a missing permission becomes one that says what a rotator is."""
        retry = at_most_once(self._session.access.retry) if method == "POST" else None
        try:
            return self._session.call(doing, method, path, body=body, service="identity", retry=retry)
        except ProviderError as exc:
            if exc.kind == "no_permission":
                raise ProviderError(exc.provider, exc.doing, exc.why, exc.kind, hint=_ROTATOR) from exc
            if exc.kind == "conflict" and method == "POST":
                raise ProviderError(exc.provider, exc.doing, exc.why, "already_exists", hint=_TAKEN) from exc
            raise


def _like(old: Mapping[str, Any], label: str, expires_at: str) -> dict[str, Any]:
    """Return the body of an application credential that may do what another may."""
    body: dict[str, Any] = {
        "name": label,
        "description": "made by strategic.service_store",
        "roles": [{"id": role["id"]} for role in old["roles"]],
        "unrestricted": bool(old.get("unrestricted")),
    }
    if old.get("access_rules") is not None:
        # By their content: Keystone finds the rules of the same user again.
        names = ("service", "method", "path")
        body["access_rules"] = [{name: rule[name] for name in names} for rule in old["access_rules"]]
    if expires_at:
        body["expires_at"] = expires_at.removesuffix("Z")
    return body


def _key(item: Mapping[str, Any]) -> Key:
    end = _instant(item.get("expires_at"))
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Key(str(item["id"]), not end or end > now, label=str(item["name"]), expires_at=end)


def _instant(text: Any) -> str:
    """Return Keystone's time (UTC, microseconds, no zone) as keys have it; "" for none."""
    return f"{str(text)[:19]}Z" if text else ""
