# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HashiCorp Vault and OpenBao: the KV secrets engine version 2, through hvac."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from ..core.deps import load
from ..core.errors import InvalidInput, SecretStoreError
from .base import Record, check_name, missing
from .key import refuse_shared

DEFAULT_PATH = "secret/service_store"
WHY = "to use a Vault or OpenBao secret store"


def open_vault(option: Mapping[str, Any], keep_secret: Callable[..., None]) -> Vault:
    """Return the store for ``{type: vault, url, path: mount/folder, namespace, auth}``.

    ``auth`` is ``token_file``, or ``role_id`` with ``secret_id_file`` (AppRole); ``ca_file`` is the server's CA.
    """
    url = str(option["url"])
    if not url.startswith("https://"):
        raise InvalidInput("secret_store.url", url, "is not https; secrets never travel in the clear")
    auth = option.get("auth") or {}
    client = _client(url, option.get("namespace"), auth)
    store = Vault(client, url, str(option.get("path") or DEFAULT_PATH))
    store.login(auth, keep_secret)
    return store


def _client(url: str, namespace: str | None, auth: Mapping[str, Any]) -> Any:
    requests = load("requests", "requests", WHY)
    http = requests.Session()
    # A proxy or CA of the environment must not decide where secrets go (requests: Session.trust_env).
    http.trust_env = False
    http.verify = auth.get("ca_file") or True
    hvac = load("hvac", "hvac", WHY)
    return hvac.Client(url=url, namespace=namespace or None, session=http, timeout=15, verify=http.verify)


class Vault:
    """Keeps each record as one secret of KV version 2, in one folder of one mount."""

    def __init__(self, client: Any, url: str, path: str) -> None:
        self.label = f"vault {url} {path}"
        self._client = client
        self._mount, _slash, self._folder = path.strip("/").partition("/")

    def login(self, auth: Mapping[str, Any], keep_secret: Callable[..., None]) -> None:
        """Authenticate; the token and the secret id are hidden from then on."""
        if auth.get("role_id"):
            secret_id = self._file(auth.get("secret_id_file"), "secret_id_file")
            keep_secret(secret_id)
            self._call("log in", self._client.auth.approle.login, role_id=auth["role_id"], secret_id=secret_id)
        else:
            self._client.token = self._file(auth.get("token_file"), "token_file")
        keep_secret(self._client.token)

    def _file(self, path: str | None, name: str) -> str:
        if not path:
            mend = "is not set; give token_file, or role_id with secret_id_file"
            raise InvalidInput(f"secret_store.auth.{name}", None, mend)
        path = os.path.expanduser(path)
        if not os.path.exists(path):
            raise SecretStoreError(self.label, "log in", f"{path} does not exist", kind="locked")
        refuse_shared(self.label, path, "log in")
        with open(path, encoding="utf-8") as file:
            return file.read().strip()

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
        kv = self._client.secrets.kv.v2
        path = self._path(name)
        answer = self._call(
            f"write {name}",
            kv.create_or_update_secret,
            path=path,
            secret=dict(record),
            cas=expect,
            mount_point=self._mount,
        )
        return int(answer["data"]["version"])

    def delete(self, name: str) -> bool:
        """Remove a record with all its versions; return whether there was one."""
        there = self._read(name) is not None
        kv = self._client.secrets.kv.v2
        path = self._path(name)
        self._call(f"delete {name}", kv.delete_metadata_and_all_versions, path=path, mount_point=self._mount)
        return there

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

    def _call(self, doing: str, call: Callable[..., Any], absent: Any = ..., **arguments: Any) -> Any:
        """Call hvac and translate its errors; ``absent`` is what a missing path means, where that is no error."""
        errors = load("hvac.exceptions", "hvac", WHY)
        requests = load("requests", "requests", WHY)
        try:
            return call(**arguments)
        except errors.InvalidPath as exc:
            if absent is not ...:
                return absent
            raise SecretStoreError(
                self.label, doing, "there is no such mount or path", "enable KV version 2 there", "not_found"
            ) from exc
        except errors.VaultError as exc:
            raise self._translate(doing, exc, errors) from exc
        except requests.exceptions.SSLError as exc:
            raise SecretStoreError(
                self.label, doing, "its certificate is not trusted", "give secret_store.auth.ca_file", "tls"
            ) from exc
        except requests.exceptions.RequestException as exc:
            why = f"it does not answer ({type(exc).__name__})"
            raise SecretStoreError(self.label, doing, why, "start the server, or check the URL", "down") from exc

    def _translate(self, doing: str, exc: Exception, errors: Any) -> SecretStoreError:
        """Return the error in the words of this collection; hvac's text holds the server's reason, never a secret."""
        why = "; ".join(getattr(exc, "errors", None) or [str(exc) or type(exc).__name__])
        if isinstance(exc, errors.VaultDown) or "sealed" in why.lower():
            return SecretStoreError(self.label, doing, "it is sealed", "unseal it (bao operator unseal)", "sealed")
        if isinstance(exc, (errors.Forbidden, errors.Unauthorized)):
            return SecretStoreError(self.label, doing, why, "renew the token, or grant its policy this path", "locked")
        if "check-and-set" in why:
            why = "it is at another version: somebody changed it at the same time"
            return SecretStoreError(self.label, doing, why, "run again", "conflict")
        return SecretStoreError(self.label, doing, why)
