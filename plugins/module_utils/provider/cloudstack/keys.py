# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API key pairs of one CloudStack user ("listApis" of 4.18; RegisterUserKeysCmd, ListUserKeysCmd of 4.23).

Up to 4.22 a user has one pair, and registerUserKeys replaces it at once. From 4.23 on a user may have many, with names
and ends, and deleteUserKeys. The description that the server gives of registerUserKeys tells which of both it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Callable

from ...core.errors import ProviderError
from ...model.credential import Credential
from ..base import Key, KeyTraits
from ..once import at_most_once
from .pairs import as_key, in_utc, rules_of
from .session import CloudStackSession

_NO_LAST_USE = "CloudStack does not tell when a key was last used"
_OUTLIVES = (
    "the user has a new pair, whose secret was thrown away; an administrator can read it (getUserKeys) and may disable "
    "or delete the user"
)
_ONE = KeyTraits(
    overlap=False,
    labels=False,
    can_disable=False,
    tells_last_use=False,
    most=1,
    why_not=_NO_LAST_USE,
    outlives=_OUTLIVES,
    known_by="user_id",
)
_MANY = KeyTraits(
    overlap=True, labels=True, can_disable=False, tells_last_use=False, why_not=_NO_LAST_USE, known_by="user_id"
)
_LACKS = (
    "have the provider allow {} in the role of the account, or name a rotator: a credential of the same account, or of "
    "an administrator, whose role has it"
)
_UNSEEN = "no user that this credential sees has the key; it was replaced, or belongs to another account"
_WHO = (
    "have an administrator read the user's present pair (getUserKeys) and register it with cloud_credential, which "
    "also records whose it is"
)


class UserKeys:
    """Makes key pairs for the user to whom the credential's pair belongs.

    The rotator's session must see that user in listUsers: the same account, or an administrator. Where a pair was
    replaced and the answer lost, the rotator knows the user by ``user_id``, which registration wrote into the meta.
    """

    def __init__(self, session: CloudStackSession, credential: Credential) -> None:
        self._session = session
        self._credential = credential
        self._user_id = str(credential.meta.get("user_id") or "")

    @cached_property
    def traits(self) -> KeyTraits:
        """Return what this server's version can do, by one listApis; refuses where the role lacks registerUserKeys."""
        doing = "ask whether the role may make key pairs"
        try:
            described = self._session.call(doing, "listApis", name="registerUserKeys")["api"][0]
        except ProviderError as exc:
            if exc.kind not in {"not_found", "no_permission"} and "unable to find an api" not in exc.why:
                raise
            why = "listApis does not show registerUserKeys: the role of the credential's account lacks it"
            hint = _LACKS.format("registerUserKeys")
            raise ProviderError(exc.provider, doing, why, "no_permission", hint=hint) from exc
        names = {param["name"] for param in described["params"]}
        return _MANY if {"name", "enddate"} <= names else _ONE

    def keys(self) -> tuple[Key, ...]:
        """Return the user's pairs; their ids are the API keys."""
        if self.traits.overlap:
            pairs = self._pairs()
            if not pairs:
                # A user without a pair, and not one whom this session does not see.
                self._user()
            return tuple(sorted(map(as_key, pairs), key=lambda key: (key.created_at, key.label)))
        user = self._user()
        held = str(user.get("apikey") or "")
        return (Key(held, user.get("state") == "enabled"),) if held else ()

    def id_of(self, credential: Credential) -> str:
        """Return the API key, which is a field of the credential."""
        return credential.public["api_key"]

    def create(self, label: str, expires_at: str = "") -> Credential:
        """Make a pair. Up to 4.22 the old one is dead from then on, and neither label nor end is kept."""
        options: dict[str, Any] = {}
        if self.traits.overlap:
            options = {"name": label, "enddate": in_utc(expires_at), "rules": rules_of(self._old_pair())}
        doing = f"make a new key pair for user {self._id()}"
        answer = self._once(doing, "registerUserKeys", id=self._id(), **options)
        if "jobid" in answer:
            answer = self._done(doing, str(answer["jobid"]))
        made = answer["userkeys"]
        public = {**self._credential.public, "api_key": str(made["apikey"])}
        meta = {**self._credential.meta, "user_id": self._id()}
        secrets = {"secret_key": str(made["secretkey"])}
        return Credential(self._credential.name, self._credential.provider, public, secrets, meta)

    def set_active(self, key_id: str, active: bool) -> None:
        """Refuse: there is no such switch for a pair."""
        why = "CloudStack cannot disable a key pair, only its user"
        raise ProviderError(self._session.provider, f"switch API key {key_id}", why, "invalid")

    def delete(self, key_id: str) -> None:
        """Delete a pair, which needs 4.23; up to 4.22 only one that is gone already has been deleted."""
        doing = f"delete API key {key_id}"
        if self.traits.overlap:
            found = [pair for pair in self._pairs() if pair["apikey"] == key_id]
            for pair in found:
                self._delete(doing, str(pair["id"]))
        elif key_id == self._user().get("apikey"):
            why = "CloudStack before 4.23 cannot delete a key pair (deleteUserKeys); it dies when the next one is made"
            hint = "make a new pair, or have an administrator of the account disable the user"
            raise ProviderError(self._session.provider, doing, why, "invalid", hint=hint)

    def last_use(self, key_id: str) -> str:
        """Refuse: CloudStack does not know."""
        raise ProviderError(self._session.provider, f"tell the last use of {key_id}", _NO_LAST_USE, "invalid")

    def _delete(self, doing: str, pair_id: str) -> None:
        try:
            job = self._session.submit(doing, "deleteUserKeys", keypairid=pair_id)
        except ProviderError as exc:
            if exc.kind == "no_permission":
                hint = _LACKS.format("deleteUserKeys")
                raise ProviderError(exc.provider, doing, exc.why, exc.kind, hint=hint) from exc
            if exc.kind != "not_found":
                raise
            return
        try:
            self._done(doing, job.job_id)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def _done(self, doing: str, job_id: str) -> Mapping[str, Any]:
        """Wait for a job and return its result; a failure says that its call may have taken effect all the same.

        A job goes on whether or not anybody may ask about it (queryAsyncJobResult), so a refusal of that question is
        no refusal of the call.
        """
        try:
            return self._session.wait(doing, job_id)
        except ProviderError as exc:
            hint = _LACKS.format("queryAsyncJobResult") if exc.kind == "no_permission" else exc.hint
            unsure = ProviderError(exc.provider, doing, exc.why, exc.kind, exc.transient, hint)
            unsure.retried = True
            raise unsure from exc

    def _once(self, doing: str, command: str, **params: Any) -> Any:
        """Call a command that must not be made twice."""
        wanted = {name: value for name, value in params.items() if value}
        retry = at_most_once(self._session.access.retry)
        return self._session.call(doing, command, retry=retry, **wanted)

    def _pairs(self) -> list[dict[str, Any]]:
        """Return the pairs of the credential's user (from 4.23 on): by its id where that is known, else by the pair."""
        doing = "list the user's key pairs"
        scope: dict[str, Any] = {"userid": self._user_id} if self._user_id else {} if self._own() else {"listall": True}
        found = self._session.list_all(doing, "listUserKeys", showpermissions=True, **scope)
        if not self._user_id:
            key = self._credential.public["api_key"]
            self._user_id = next((str(pair["userid"]) for pair in found if pair["apikey"] == key), "")
            if not self._user_id:
                raise ProviderError(self._session.provider, doing, _UNSEEN, "not_found", hint=_WHO)
        return [pair for pair in found if pair["userid"] == self._user_id]

    def _old_pair(self) -> Mapping[str, Any]:
        """Return the credential's pair; without it nobody knows by which rules its successor is to be bound."""
        found = [pair for pair in self._pairs() if pair["apikey"] == self._credential.public["api_key"]]
        if not found:
            raise ProviderError(
                self._session.provider, "read the rules of the old key pair", _UNSEEN, "not_found", hint=_WHO
            )
        return found[0]

    def _own(self) -> bool:
        """Return whether the session is the credential's own, not a rotator's."""
        return bool(self._session.credential.public["api_key"] == self._credential.public["api_key"])

    def _id(self) -> str:
        """Return the id of the credential's user, found where it is not known."""
        if not self._user_id:
            find: Callable[[], object] = self._pairs if self.traits.overlap else self._user
            find()
        return self._user_id

    def _user(self) -> Mapping[str, Any]:
        """Return the credential's user: by its id where that is known, else by the pair it has now; one call."""
        doing = "find the user of the credential's key"
        key = self._credential.public["api_key"]
        if self._user_id:
            found = self._session.list_all(doing, "listUsers", id=self._user_id)
        else:
            shown = self._session.list_all(doing, "listUsers", listall=None if self._own() else True)
            found = [item for item in shown if item.get("apikey") == key]
        user = found[0] if found else None
        if user is None:
            raise ProviderError(self._session.provider, doing, _UNSEEN, "not_found", hint=_WHO)
        self._user_id = str(user["id"])
        return user
