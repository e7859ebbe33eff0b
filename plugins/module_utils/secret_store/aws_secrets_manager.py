# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Secrets Manager: one secret for each record, versions by staging label.

A write lays the new version down as AWSPENDING and then moves AWSCURRENT from the version it has read. AWS refuses
the move where AWSCURRENT is elsewhere by then, which makes it the check-and-set. A writer that dies in between leaves
a pending version that nobody reads. The number of a version stands in the secret's text, beside the record.

AWS deletes a secret whatever its version is by then. So a removal that expects a version first makes a version
without a record the current one, by the same check-and-set, and whoever expects something else is refused from then
on. A removal that was killed in between leaves it, which reads as no record, and the next removal finishes it.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable

from ..core.errors import SecretStoreError
from . import aws_client
from .base import Record, check_expected, check_name, half_removed, missing

DEFAULT_PATH = "service_store"
CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
#: Somebody else's write in between; without ``expect`` it is tried again.
ATTEMPTS = 20
MOST_PAUSE_S = 0.5
#: AWS deletes in the background, and takes a name again only after it.
DELETING_S = 30.0


def open_secrets_manager(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> SecretsManager:
    """Return the store for ``{type: aws_secrets_manager, path: prefix, region, url, auth}``."""
    path = str(option.get("path") or DEFAULT_PATH).strip("/")
    label = f"aws_secrets_manager {path}"
    auth = option.get("auth") or {}
    return SecretsManager(aws_client.connect(label, "secret_store", "secretsmanager", option, auth, keep_secret), path)


@dataclass(frozen=True)
class _Version:
    """The present version of a record: AWS's id of it, its number, and what it holds; None while it is removed."""

    id: str
    number: int
    record: Record | None


class SecretsManager:
    """Keeps each record as one secret below a common first part of the name."""

    def __init__(self, client: aws_client.AwsClient, path: str) -> None:
        self.label = client.label
        self._client = client
        self._path = path

    def get(self, name: str) -> Record:
        """Return the record of that name."""
        found = self._read(name)
        if found is None or found.record is None:
            raise missing(self.label, name, self.names())
        return found.record

    def version(self, name: str) -> int:
        """Return the record's version, 0 where there is none."""
        return _number(self._read(name))

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Store a record and return its version."""
        check_name(self.label, name)
        for attempt in range(ATTEMPTS):
            try:
                return self._put_once(name, record, expect)
            except SecretStoreError as exc:
                if exc.kind != "conflict" or expect is not None or attempt == ATTEMPTS - 1:
                    raise
            # Apart from each other, so that writers who met once do not meet again.
            time.sleep(random.uniform(0, MOST_PAUSE_S))
        raise AssertionError("the last attempt returns or raises")

    def delete(self, name: str, expect: int | None = None) -> bool:
        """Remove a record with its versions, at once and for good; return whether there was one."""
        found = self._read(name)
        check_expected(self.label, f"delete {name}", expect, _number(found))
        if found is None:
            return False
        if expect:
            text = json.dumps({"version": found.number + 1, "record": None})
            self._exchange(name, text, str(uuid.uuid4()), found)
        # A revoked secret must not rest in AWS's recovery window. That somebody else has deleted it by now is no error.
        self._client.call(f"delete {name}", "delete_secret", SecretId=self._id(name), ForceDeleteWithoutRecovery=True)
        return found.record is not None

    def remnant(self, name: str) -> str | None:
        """Return that a removal was begun and its earlier versions are still there."""
        found = self._read(name)
        return "earlier versions, whose removal was begun" if found and found.record is None else None

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted."""
        start = f"{self._path}/"
        wanted = [{"Key": "name", "Values": [start]}]
        found = [
            str(row["Name"])[len(start) :]
            for page in self._client.pages("list", "list_secrets", Filters=wanted)
            for row in page["SecretList"]
            if str(row["Name"]).startswith(start)
        ]
        return tuple(sorted(name for name in found if "/" not in name))

    def _id(self, name: str) -> str:
        return f"{self._path}/{check_name(self.label, name)}"

    def _read(self, name: str) -> _Version | None:
        try:
            answer = self._client.call(
                f"read {name}", "get_secret_value", SecretId=self._id(name), VersionStage=CURRENT
            )
        except SecretStoreError as exc:
            # What is being deleted is gone for a reader; a writer is told by CreateSecret.
            if exc.kind in ("not_found", "deleting"):
                return None
            raise
        try:
            held = json.loads(answer["SecretString"])
            return _Version(str(answer["VersionId"]), int(held["version"]), held["record"])
        except (KeyError, TypeError, ValueError) as exc:
            why = "it is no record of this collection; somebody else wrote the secret"
            raise SecretStoreError(self.label, f"read {name}", why, kind="damaged") from exc

    def _put_once(self, name: str, record: Record, expect: int | None) -> int:
        present = self._read(name)
        check_expected(self.label, f"write {name}", expect, _number(present))
        if expect is not None and present and present.record is None:
            raise half_removed(self.label, f"write {name}")
        number = present.number + 1 if present else 1
        self._exchange(name, json.dumps({"version": number, "record": dict(record)}), str(uuid.uuid4()), present)
        return number

    def _exchange(self, name: str, text: str, token: str, present: _Version | None) -> None:
        """Make ``text`` the current version in place of ``present``; raises SecretStoreError (conflict)."""
        try:
            if present is None:
                self._create(name, text, token)
            else:
                # Somebody may have removed it since it was read: at once, or for AWS to do in the background.
                with _removed_is_conflict(self.label, f"write {name}"):
                    self._replace(name, text, token, present)
        except SecretStoreError as exc:
            # botocore sends a call again whose answer was lost, and meets its own write.
            if exc.kind != "conflict" or not self._is_current(name, token):
                raise

    def _create(self, name: str, text: str, token: str) -> None:
        arguments = {"Name": self._id(name), "SecretString": text, "ClientRequestToken": token}
        end = time.monotonic() + DELETING_S
        while True:
            try:
                self._client.call(f"write {name}", "create_secret", **arguments)
                return
            except SecretStoreError as exc:
                if exc.kind != "deleting" or time.monotonic() > end:
                    raise
            time.sleep(MOST_PAUSE_S)

    def _replace(self, name: str, text: str, token: str, present: _Version) -> None:
        doing, secret = f"write {name}", self._id(name)
        self._client.call(
            doing,
            "put_secret_value",
            SecretId=secret,
            SecretString=text,
            ClientRequestToken=token,
            VersionStages=[PENDING],
        )
        self._client.call(
            doing,
            "update_secret_version_stage",
            conflict=("InvalidParameterException",),
            SecretId=secret,
            VersionStage=CURRENT,
            MoveToVersionId=token,
            RemoveFromVersionId=present.id,
        )

    def _is_current(self, name: str, version_id: str) -> bool:
        found = self._read(name)
        return found is not None and found.id == version_id


@contextmanager
def _removed_is_conflict(label: str, doing: str) -> Iterator[None]:
    try:
        yield
    except SecretStoreError as exc:
        if exc.kind not in ("not_found", "deleting"):
            raise
        why = "it is at another version: somebody removed it at the same time"
        raise SecretStoreError(label, doing, why, aws_client.HINTS["conflict"], "conflict") from exc


def _number(version: _Version | None) -> int:
    return version.number if version and version.record is not None else 0
