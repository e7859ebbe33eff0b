# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HashiCorp Vault and OpenBao: the KV secrets engine version 2, through hvac.

KV removes a record with its versions whatever its version is by then. So a removal that expects a version first writes
REMOVED over it with check-and-set: whoever expects the record, or that there is none, is refused from then on. A
removal that was killed in between leaves REMOVED, which reads as no record, and the next removal finishes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..core.errors import SecretStoreError
from . import vault_client
from .base import Record, check_expected, check_name, half_removed, missing

DEFAULT_PATH = "secret/service_store"
#: Writes without an expectation, on a mount that asks for a version with each.
ATTEMPTS = 20
#: What stands in for a record while it is being removed.
REMOVED = {"service_store": "removed"}


def open_vault(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> Vault:
    """Return the store for ``{type: vault, url, path: mount/folder, namespace, auth}``."""
    path = str(option.get("path") or DEFAULT_PATH)
    label = f"vault {option.get('url')} {path}"
    return Vault(vault_client.connect(label, "secret_store", option, option.get("auth") or {}, keep_secret), path)


class Vault:
    """Keeps each record as one secret of KV version 2, in one folder of one mount."""

    def __init__(self, client: vault_client.VaultClient, path: str) -> None:
        self.label = client.label
        self._client = client.hvac
        self._call = client.call
        self._mount, _slash, self._folder = path.strip("/").partition("/")

    def get(self, name: str) -> Record:
        """Return the record of that name."""
        found = self._read(name)
        if found is None:
            raise missing(self.label, name, self.names())
        record: Record = found["data"]
        return record

    def version(self, name: str) -> int:
        """Return the record's version, 0 where there is none."""
        found = self._read(name)
        return int(found["metadata"]["version"]) if found else 0

    def put(self, name: str, record: Record, expect: int | None = None) -> int:
        """Store a record and return its version."""
        for _attempt in range(ATTEMPTS):
            try:
                return self._write(name, record, expect)
            except SecretStoreError as exc:
                cas = self._other_cas(name, expect, exc)
            try:
                return self._write(name, record, cas)
            except SecretStoreError as exc:
                # Without an expectation somebody else's write in between is no conflict.
                if exc.kind != "conflict" or expect is not None:
                    raise
        why = "others write it all the time"
        raise SecretStoreError(self.label, f"write {name}", why, "run again", "conflict")

    def _write(self, name: str, record: Record, cas: int | None) -> int:
        write = self._client.secrets.kv.v2.create_or_update_secret
        answer = self._call(
            f"write {name}", write, path=self._path(name), secret=dict(record), cas=cas, mount_point=self._mount
        )
        return int(answer["data"]["version"])

    def _other_cas(self, name: str, expect: int | None, refused: SecretStoreError) -> int:
        """Return the version that the server wants to be told where it is not ``expect``; else raise ``refused``.

        A mount may ask for a version with every write, and counts on where a record was deleted by `kv delete`.
        """
        if refused.kind == "cas_required" or (refused.kind == "conflict" and expect == 0):
            number, deleted = self._metadata(name, refused)
            if expect is None or deleted:
                return number
            if self.remnant(name):
                raise half_removed(self.label, f"write {name}") from None
        raise refused

    def _metadata(self, name: str, refused: SecretStoreError) -> tuple[int, bool]:
        """Return the newest version and whether it was deleted; raises ``refused`` where it may not be known."""
        read = self._client.secrets.kv.v2.read_secret_metadata
        none = {"data": {"current_version": 0, "versions": {}}}
        try:
            answer = self._call(f"read {name}", read, path=self._path(name), mount_point=self._mount, absent=none)
        except SecretStoreError:
            raise refused from None
        number = int(answer["data"]["current_version"])
        newest = answer["data"]["versions"].get(str(number), {})
        return number, bool(newest.get("deletion_time") or newest.get("destroyed"))

    def delete(self, name: str, expect: int | None = None) -> bool:
        """Remove a record with all its versions; return whether there was one."""
        there = self.version(name)
        check_expected(self.label, f"delete {name}", expect, there)
        if expect == 0 and not self.remnant(name):
            return False
        if expect:
            self._write(name, REMOVED, expect)
        kv = self._client.secrets.kv.v2
        path = self._path(name)
        self._call(f"delete {name}", kv.delete_metadata_and_all_versions, path=path, mount_point=self._mount)
        return bool(there)

    def remnant(self, name: str) -> str | None:
        """Return that a removal was begun and its earlier versions are still there."""
        found = self._read_newest(name)
        return "earlier versions, whose removal was begun" if found and found["data"] == REMOVED else None

    def names(self) -> tuple[str, ...]:
        """Return the names of all records, sorted."""
        kv = self._client.secrets.kv.v2
        answer = self._call(
            "list", kv.list_secrets, path=self._folder, mount_point=self._mount, absent={"data": {"keys": []}}
        )
        return tuple(sorted(key for key in answer["data"]["keys"] if not key.endswith("/")))

    def _path(self, name: str) -> str:
        name = check_name(self.label, name)
        return f"{self._folder}/{name}" if self._folder else name

    def _read(self, name: str) -> Mapping[str, Any] | None:
        found = self._read_newest(name)
        return None if found and found["data"] == REMOVED else found

    def _read_newest(self, name: str) -> Mapping[str, Any] | None:
        kv = self._client.secrets.kv.v2
        answer = self._call(
            f"read {name}",
            kv.read_secret_version,
            path=self._path(name),
            mount_point=self._mount,
            raise_on_deleted_version=True,
            absent=None,
        )
        found: Mapping[str, Any] | None = answer["data"] if answer else None
        return found
