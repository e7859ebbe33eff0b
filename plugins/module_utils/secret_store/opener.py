# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With which cloud key a secret store is opened: whoever kills that key locks itself out of every record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .aws_client import key_id
from .key import read_file


def opened_with(option: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the public ids of the cloud keys that open the store of this option; empty where none does.

    That is the access key of AWS Secrets Manager or KMS, or the application credential of Barbican.
    """
    store = option or {}
    auth = store.get("auth") or {}
    kind, kek = store.get("type"), (store.get("kek") or {}).get("type")
    if kind == "aws_secrets_manager" or kek == "aws_kms":
        found = key_id("secret store", auth)
        return frozenset((found,) if found else ())
    if kind == "barbican" and auth.get("credentials_file"):
        held = json.loads(read_file("secret store", auth["credentials_file"], "log in"))
        return frozenset((str(held["application_credential_id"]),))
    return frozenset()
