# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client of an AWS service that keeps secrets or keys: whose access it uses, and what its errors mean."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any, Callable

from ..core.deps import load
from ..core.errors import InvalidInput, SecretStoreError
from .key import refuse_shared

WHY = "to use AWS as a secret store"
TIMEOUT_S = 30
#: What an error code of Secrets Manager or KMS means here.
MEANING: Mapping[str, str] = {
    "UnrecognizedClientException": "locked",
    "InvalidClientTokenId": "locked",
    "InvalidSignatureException": "locked",
    "SignatureDoesNotMatch": "locked",
    "AuthFailure": "locked",
    "ExpiredTokenException": "locked",
    "ExpiredToken": "locked",
    "MissingAuthenticationTokenException": "locked",
    "AccessDeniedException": "locked",
    "AccessDenied": "locked",
    "IncorrectKeyException": "locked",
    "InvalidCiphertextException": "locked",
    "NotFoundException": "locked",
    "DecryptionFailure": "sealed",
    "EncryptionFailure": "sealed",
    "DisabledException": "sealed",
    "KMSInvalidStateException": "sealed",
    "KeyUnavailableException": "sealed",
    "ResourceNotFoundException": "not_found",
    "ResourceExistsException": "conflict",
}
HINTS: Mapping[str, str] = {
    "locked": "check the credentials in secret_store.auth; a KMS key has to allow kms:Encrypt and kms:Decrypt",
    "sealed": "enable the KMS key (aws kms enable-key), or cancel its deletion (aws kms cancel-key-deletion)",
    "down": "run again",
    "deleting": "wait until AWS has deleted it, or restore it (aws secretsmanager restore-secret)",
    "conflict": "run again",
}


def connect(
    label: str,
    where: str,
    service: str,
    option: Mapping[str, Any],
    auth: Mapping[str, Any],
    keep_secret: Callable[..., None],
) -> AwsClient:
    """Return a client for ``option``'s region and url.

    The credentials are those of ``auth.profile`` in ``auth.credentials_file``, or what boto3 finds by itself:
    the environment, the shared file, the role of the machine. ``where`` names the option, for errors.
    """
    url = option.get("url")
    if url and not str(url).startswith("https://"):
        raise InvalidInput(f"{where}.url", url, "is not https; secrets never travel in the clear")
    session = _session(label, auth)
    region = option.get("region") or session.get_config_variable("region")
    if not region:
        raise InvalidInput(f"{where}.region", None, "is not set; give the region of the service")
    verify = auth.get("ca_file") or True
    try:
        _log_in(label, session, keep_secret)
        made = session.create_client(
            service, region_name=region, endpoint_url=url or None, verify=verify, config=_config()
        )
    except _failures() as exc:
        raise _translate(label, "log in", exc) from exc
    return AwsClient(label, made)


def key_id(label: str, auth: Mapping[str, Any]) -> str:
    """Return the id of the access key that ``connect`` would use, "" where there is none."""
    credentials = _session(label, auth).get_credentials()
    return str(credentials.get_frozen_credentials().access_key) if credentials else ""


class AwsClient:
    """Calls one service and translates its errors."""

    def __init__(self, label: str, client: Any) -> None:
        self.label = label
        self._client = client

    def call(self, doing: str, operation: str, conflict: Collection[str] = (), **arguments: Any) -> dict[str, Any]:
        """Make one call; raises SecretStoreError, of the kind ``conflict`` for the error codes named so."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except _failures() as exc:
            if getattr(exc, "response", {}).get("Error", {}).get("Code") in conflict:
                why = "it is at another version: somebody changed it at the same time"
                raise SecretStoreError(self.label, doing, why, HINTS["conflict"], "conflict") from exc
            raise _translate(self.label, doing, exc) from exc
        return answer

    def pages(self, doing: str, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        """Return all pages of a listing."""
        try:
            return list(self._client.get_paginator(operation).paginate(**arguments))
        except _failures() as exc:
            raise _translate(self.label, doing, exc) from exc


def _session(label: str, auth: Mapping[str, Any]) -> Any:
    session = load("botocore.session", "boto3", WHY).Session()
    path = auth.get("credentials_file")
    if path:
        path = os.path.expanduser(path)
        if not os.path.exists(path):
            raise SecretStoreError(label, "log in", f"{path} does not exist", kind="locked")
        refuse_shared(label, path, "log in")
        session.set_config_variable("credentials_file", path)
    if path or auth.get("profile"):
        # A profile that is set on the session wins over keys in the environment.
        session.set_config_variable("profile", auth.get("profile") or "default")
    return session


def _log_in(label: str, session: Any, keep_secret: Callable[..., None]) -> None:
    """Hide the session's credentials; raises SecretStoreError where it finds none."""
    credentials = session.get_credentials()
    if credentials is None:
        hint = "give secret_store.auth.credentials_file, or a role to the machine"
        raise SecretStoreError(label, "log in", "there are no AWS credentials here", hint, "locked")
    frozen = credentials.get_frozen_credentials()
    keep_secret(frozen.secret_key, frozen.token)


def _config() -> Any:
    return load("botocore.config", "boto3", WHY).Config(
        connect_timeout=TIMEOUT_S,
        read_timeout=TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 4},
        # None would read the environment's proxy, which must not decide where secrets go.
        proxies={},
        ignore_configured_endpoint_urls=True,
        user_agent_extra="strategic.service_store",
    )


def _failures() -> Any:
    errors = load("botocore.exceptions", "boto3", WHY)
    return (errors.BotoCoreError, errors.ClientError)


def _translate(label: str, doing: str, exc: Any) -> SecretStoreError:
    """Return the error in the words of this collection; AWS's texts name ids and ARNs, never a secret."""
    errors = load("botocore.exceptions", "boto3", WHY)
    if isinstance(exc, errors.ClientError):
        code, text = str(exc.response["Error"].get("Code", "")), str(exc.response["Error"].get("Message", ""))
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "InvalidRequestException" and "delet" in text:
            return SecretStoreError(label, doing, text, HINTS["deleting"], "deleting")
        kind = MEANING.get(code) or ("locked" if status in (401, 403) else "down" if status >= 500 else "other")
        return SecretStoreError(label, doing, f"{code}: {' '.join(text.split())[:300]}", HINTS.get(kind, ""), kind)
    if isinstance(exc, errors.SSLError):
        hint = "give secret_store.auth.ca_file"
        return SecretStoreError(label, doing, "its certificate is not trusted", hint, "tls")
    if isinstance(exc, (errors.NoCredentialsError, errors.CredentialRetrievalError, errors.ProfileNotFound)):
        return SecretStoreError(label, doing, str(exc), HINTS["locked"], "locked")
    if isinstance(exc, (errors.ConnectionError, errors.HTTPClientError)):
        why = f"it does not answer ({type(exc).__name__})"
        return SecretStoreError(label, doing, why, "check region, url and the network", "down")
    return SecretStoreError(label, doing, str(exc) or type(exc).__name__)
