# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access keys of one IAM user, at most two ("IAM and AWS STS quotas", AWS IAM User Guide)."""

from __future__ import annotations

from typing import Any

from ...core.errors import ProviderError
from ...model.credential import Credential
from ...model.key_age import written
from ..base import Key, KeyTraits
from .session import AwsSession

MOST_KEYS = 2
_OUTLIVES = "temporary credentials that the key was given (GetSessionToken) have an end of their own, 36 hours at most"


class AccessKeys:
    """Makes, switches and deletes access keys of the user to whom the credential's key belongs.

    Needs iam:GetAccessKeyLastUsed, ListAccessKeys, CreateAccessKey, UpdateAccessKey and DeleteAccessKey on that user.
    """

    traits = KeyTraits(
        overlap=True,
        labels=False,
        can_disable=True,
        tells_last_use=True,
        most=MOST_KEYS,
        outlives=_OUTLIVES,
        known_by="user_name",
    )

    def __init__(self, session: AwsSession, credential: Credential) -> None:
        self._session = session
        self._credential = credential
        self._user_name = ""

    def keys(self) -> tuple[Key, ...]:
        """Return the user's keys, oldest first: one call, and one for the user's name where it is not known yet."""
        user = self._listed_user()
        answer = self._call(f"list the access keys of {user}", "list_access_keys", UserName=user)
        keys = [
            Key(row["AccessKeyId"], row["Status"] == "Active", created_at=written(row["CreateDate"]))
            for row in answer["AccessKeyMetadata"]
        ]
        return tuple(sorted(keys, key=lambda key: (key.created_at, key.id)))

    def id_of(self, credential: Credential) -> str:
        """Return the access key id, which is a field of the credential."""
        return credential.public["access_key_id"]

    def create(self, label: str, expires_at: str = "") -> Credential:
        """Make a key; IAM keeps neither a label nor an end for it."""
        user = self._user()
        doing = f"create an access key for {user}"
        made = self._session.call_once(doing, "iam", "create_access_key", UserName=user)["AccessKey"]
        public = {**self._credential.public, "access_key_id": made["AccessKeyId"]}
        secrets = {"secret_access_key": made["SecretAccessKey"]}
        return Credential(self._credential.name, self._credential.provider, public, secrets, self._credential.meta)

    def set_active(self, key_id: str, active: bool) -> None:
        """Switch a key off or on; setting what is set already changes nothing."""
        status = "Active" if active else "Inactive"
        doing = f"make access key {key_id} {status.lower()}"
        self._call(doing, "update_access_key", UserName=self._user(), AccessKeyId=key_id, Status=status)

    def delete(self, key_id: str) -> None:
        """Delete a key; one that is gone already has been deleted."""
        try:
            self._call(f"delete access key {key_id}", "delete_access_key", UserName=self._user(), AccessKeyId=key_id)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def last_use(self, key_id: str) -> str:
        """Return when a key was last used, by iam:GetAccessKeyLastUsed; "" for never."""
        answer = self._call(
            f"ask when access key {key_id} was last used", "get_access_key_last_used", AccessKeyId=key_id
        )
        # The answer names the key's user, and every key asked about here is the same user's.
        self._user_name = str(answer.get("UserName") or self._user_name)
        used = answer["AccessKeyLastUsed"].get("LastUsedDate")
        return written(used) if used else ""

    def _user(self) -> str:
        """Return whose key it is; the signing key may be a rotator's, so IAM cannot infer it."""
        if not self._user_name:
            self.last_use(self.id_of(self._credential))
        return self._user_name

    def _listed_user(self) -> str:
        """Return whose keys are to be listed: where IAM tells nothing of a deleted key, by what registration recorded.

        Nothing is changed by that name: the user may have been renamed since, and another one made by its name.
        """
        try:
            return self._user()
        except ProviderError as exc:
            remembered = str(self._credential.meta.get("user_name") or "")
            if not remembered or exc.kind not in ("no_permission", "not_found"):
                raise
            self._refuse_other_account(exc.doing)
            return remembered

    def _refuse_other_account(self, doing: str) -> None:
        """Refuse where the session is of another account, which may have a user of the same name."""
        asking = "ask whose account this is (sts:GetCallerIdentity)"
        account = self._session.call(asking, "sts", "get_caller_identity")["Account"]
        known = self._credential.meta.get("account_id")
        if account != known:
            why = f"whoever asks is of account {account}, the key of {known or 'an account that was not recorded'}"
            hint = "name a rotator of the key's own account"
            raise ProviderError("aws", doing, why, "no_permission", hint=hint)

    def _call(self, doing: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._session.call(doing, "iam", operation, **parameters)
