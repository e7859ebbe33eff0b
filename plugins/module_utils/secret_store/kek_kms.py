# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KEK in AWS KMS: a symmetric key that never leaves it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Callable

from . import aws_client
from .kek import KekId, decoded, required


def open_kms(
    label: str, option: Mapping[str, Any], auth: Mapping[str, Any], keep_secret: Callable[..., None]
) -> KmsKek:
    """Return the KEK for ``{type: aws_kms, key, region, url}``; ``auth`` as for AWS Secrets Manager."""
    key = required(option, "key", "give the id, ARN or alias of a symmetric KMS key")
    client = aws_client.connect(label, "secret_store.kek", "kms", option, auth, keep_secret)
    return KmsKek(client, key)


class KmsKek:
    """Wraps by KMS Encrypt; the encryption context, which CloudTrail shows, binds the data key to the file."""

    def __init__(self, client: aws_client.AwsClient, key: str) -> None:
        self.id = KekId("aws_kms", key)
        self.label = client.label
        self._client, self._key = client, key

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """Return KMS's ciphertext in base64."""
        context = _bound(file_id)
        answer = self._client.call(
            "wrap its data key", "encrypt", KeyId=self._key, Plaintext=data_key, EncryptionContext=context
        )
        return base64.b64encode(answer["CiphertextBlob"]).decode("ascii")

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """Return the data key."""
        blob = decoded(self.label, wrapped)
        answer = self._client.call(
            "unlock it", "decrypt", KeyId=self._key, CiphertextBlob=blob, EncryptionContext=_bound(file_id)
        )
        opened: bytes = answer["Plaintext"]
        return opened

    def is_newest(self, wrapped: str) -> bool:
        """Return True: KMS does not tell which of a key's rotated material has wrapped something."""
        return True


def _bound(file_id: str) -> dict[str, str]:
    return {"service_store": file_id}
