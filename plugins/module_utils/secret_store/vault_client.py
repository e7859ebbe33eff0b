# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection to HashiCorp Vault or OpenBao through hvac: how it is opened, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..core.deps import load
from ..core.errors import InvalidInput, SecretStoreError
from .key import read_file

WHY = "to use Vault or OpenBao"


def connect(
    label: str, where: str, option: Mapping[str, Any], auth: Mapping[str, Any], keep_secret: Callable[..., None]
) -> VaultClient:
    """Return an authenticated connection to ``option``'s url and namespace.

    ``auth`` is ``token_file``, or ``role_id`` with ``secret_id_file`` (AppRole); ``ca_file`` is the server's CA.
    ``where`` is the name of the option that holds the url, for errors.
    """
    client = reach(label, where, option, auth)
    client.login(auth, keep_secret)
    return client


def reach(label: str, where: str, option: Mapping[str, Any], auth: Mapping[str, Any]) -> VaultClient:
    """Return a connection that is not logged in, for what needs no identity of one's own."""
    url = option.get("url")
    if not str(url or "").startswith("https://"):
        mend = "is not https; secrets never travel in the clear" if url else "is not set; give the server's address"
        raise InvalidInput(f"{where}.url", url, mend)
    return VaultClient(label, _hvac(str(url), option.get("namespace"), auth))


def _hvac(url: str, namespace: str | None, auth: Mapping[str, Any]) -> Any:
    requests = load("requests", "requests", WHY)
    http = requests.Session()
    # A proxy or CA of the environment must not decide where secrets go (requests: Session.trust_env).
    http.trust_env = False
    http.verify = auth.get("ca_file") or True
    hvac = load("hvac", "hvac", WHY)
    return hvac.Client(url=url, namespace=namespace or None, session=http, timeout=30, verify=http.verify)


class VaultClient:
    """Calls hvac and translates its errors."""

    def __init__(self, label: str, hvac: Any) -> None:
        self.label = label
        self.hvac = hvac

    def login(self, auth: Mapping[str, Any], keep_secret: Callable[..., None]) -> None:
        """Authenticate; the token and the secret id are hidden from then on."""
        if auth.get("role_id"):
            secret_id = self._file(auth.get("secret_id_file"), "secret_id_file")
            keep_secret(secret_id)
            self.call("log in", self.hvac.auth.approle.login, role_id=auth["role_id"], secret_id=secret_id)
        else:
            self.hvac.token = self._file(auth.get("token_file"), "token_file")
        keep_secret(self.hvac.token)

    def _file(self, path: str | None, name: str) -> str:
        if not path:
            mend = "is not set; give token_file, or role_id with secret_id_file"
            raise InvalidInput(f"secret_store.auth.{name}", None, mend)
        return read_file(self.label, path, "log in")

    def call(self, doing: str, call: Callable[..., Any], absent: Any = ..., **arguments: Any) -> Any:
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
        if isinstance(exc, errors.VaultDown) or "is sealed" in why.lower():
            return SecretStoreError(self.label, doing, "it is sealed", "unseal it (bao operator unseal)", "sealed")
        if isinstance(exc, (errors.Forbidden, errors.Unauthorized)):
            return SecretStoreError(self.label, doing, why, "renew the token, or grant its policy this path", "locked")
        if "check-and-set parameter required" in why:
            return SecretStoreError(self.label, doing, why, "", "cas_required")
        if "check-and-set" in why:
            why = "it is at another version: somebody changed it at the same time"
            return SecretStoreError(self.label, doing, why, "run again", "conflict")
        return SecretStoreError(self.label, doing, why)
