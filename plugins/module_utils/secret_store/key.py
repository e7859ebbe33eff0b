# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where what opens a store comes from: a file of the owner's, the environment's path to one, or systemd."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from typing import Any

from ..core.errors import SecretStoreError

KEY_BYTES = 32
KEY_ENV = "SERVICE_STORE_KEY_FILE"
#: systemd.exec(5), LoadCredential=: the service finds its credentials in this folder.
SYSTEMD_ENV = "CREDENTIALS_DIRECTORY"
SYSTEMD_NAME = "service-store-key"


def refuse_shared(label: str, path: str, doing: str) -> None:
    """Refuse a file that others than its owner can read or write, or that belongs to somebody else."""
    info = os.stat(path)
    if stat.S_IMODE(info.st_mode) & 0o077:
        mode = f"{stat.S_IMODE(info.st_mode):04o}"
        raise SecretStoreError(
            label, doing, f"{path} has mode {mode}, others can get at it", f"chmod 600 {path}", "unsafe"
        )
    if info.st_uid not in (os.geteuid(), 0):
        why = f"{path} belongs to user id {info.st_uid}, not to the user who runs this"
        raise SecretStoreError(label, doing, why, "give the file to the user who runs the playbooks", "unsafe")


def find_file(named: str | None, env: str, systemd_name: str, environ: Mapping[str, str]) -> str | None:
    """Return the path of a secret file: the option, then the environment, then systemd's credential."""
    path = named or environ.get(env)
    if path:
        return os.path.expanduser(str(path))
    folder = environ.get(SYSTEMD_ENV)
    candidate = os.path.join(folder, systemd_name) if folder else ""
    return candidate if candidate and os.path.exists(candidate) else None


def read_file(label: str, path: str, doing: str) -> str:
    """Return what a secret file holds, without the white space around it.

    Raises SecretStoreError (locked) where there is none, (unsafe) where others can read it.
    """
    path = os.path.expanduser(path)
    if not os.path.exists(path):
        raise SecretStoreError(label, doing, f"{path} does not exist", kind="locked")
    refuse_shared(label, path, doing)
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def load_key(label: str, auth: Mapping[str, Any], environ: Mapping[str, str]) -> bytes:
    """Return the 32 bytes of the key; a key file holds them as base64 on one line.

    Raises SecretStoreError (locked) where no key file is named or there is none, (unsafe) where others can read it.
    """
    path = find_file(auth.get("key_file"), KEY_ENV, SYSTEMD_NAME, environ)
    doing = "unlock it"
    make = "make one with: (umask 077; openssl rand -base64 32 > KEYFILE)"
    if not path:
        why = f"no key file is named in secret_store.auth.key_file or {KEY_ENV}"
        raise SecretStoreError(label, doing, why, make, "locked")
    if not os.path.exists(path):
        raise SecretStoreError(label, doing, f"the key file {path} does not exist", make, "locked")
    refuse_shared(label, path, doing)
    with open(path, "rb") as file:
        text = file.read().strip()
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretStoreError(label, doing, f"{path} does not hold {KEY_BYTES} bytes in base64", make, "locked")
    return key
