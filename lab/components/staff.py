# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the staff of private customers keep to themselves: the key that secrets are sealed to, and that of their store.

The operator gets the public key, by the register. The staff's secret store, secrets.json beside these files, is made by
its own plays.
"""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ..ca import write_private
from ..context import Context
from .base import Component, Status

CUSTOMERS = ("globex", "initech")
PRIVATE, PUBLIC, STORE_KEY = "handover.key", "handover.pem", "store.key"


def folder_of(ctx: Context, customer: str) -> Path:
    """The staff's own folder; nobody of the operator's reads more of it than the public key."""
    return ctx.folder / "staff" / customer


def make(folder: Path) -> None:
    """Makes the keys that are not there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / PRIVATE).exists():
        key = X25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(folder / PRIVATE, pem)
    write_private(folder / PUBLIC, _public_pem(folder / PRIVATE), mode=0o644)
    if not (folder / STORE_KEY).exists():
        write_private(folder / STORE_KEY, base64.b64encode(os.urandom(32)))


def _public_pem(private: Path) -> bytes:
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def up(ctx: Context) -> dict[str, Any]:
    for customer in CUSTOMERS:
        make(folder_of(ctx, customer))
    return {"public_keys": {customer: str(folder_of(ctx, customer) / PUBLIC) for customer in CUSTOMERS}}


def down(ctx: Context) -> None:
    shutil.rmtree(ctx.folder / "staff", ignore_errors=True)


def status(ctx: Context) -> Status:
    wanted = [folder_of(ctx, customer) / name for customer in CUSTOMERS for name in (PRIVATE, PUBLIC, STORE_KEY)]
    missing = [str(path.relative_to(ctx.folder)) for path in wanted if not path.is_file()]
    return Status(not missing, f"missing: {', '.join(missing)}" if missing else f"keys of {', '.join(CUSTOMERS)}")


COMPONENT = Component("staff", (), up, down, status)
