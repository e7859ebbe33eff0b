# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the secret store that the option ``secret_store`` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..core.errors import InvalidInput
from .base import SecretStore

TYPES = ("encrypted_file", "vault", "aws_secrets_manager", "barbican", "awx")


def open_store(option: Mapping[str, Any] | None, keep_secret: Callable[..., None]) -> SecretStore:
    """Return the store; ``keep_secret`` learns of every secret needed to open it (keys, tokens)."""
    if not option:
        mend = "is not set; give {type: encrypted_file, path: ...}, or set service_store_secret_store for the playbooks"
        raise InvalidInput("secret_store", None, mend)
    kind = option.get("type") or "encrypted_file"
    if kind == "encrypted_file":
        from .encrypted_file import open_encrypted_file

        return open_encrypted_file(option, keep_secret)
    if kind == "vault":
        from .vault import open_vault

        return open_vault(option, keep_secret)
    if kind == "aws_secrets_manager":
        from .aws_secrets_manager import open_secrets_manager

        return open_secrets_manager(option, keep_secret)
    if kind == "barbican":
        from .barbican import open_barbican

        return open_barbican(option, keep_secret)
    if kind == "awx":
        from .awx import open_awx

        return open_awx(option, keep_secret)
    raise InvalidInput("secret_store.type", kind, f"is not known; it is one of {', '.join(TYPES)}")
