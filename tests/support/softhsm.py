# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PKCS#11 token for tests: Debian's SoftHSM, in a folder of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
TOKEN = "service-store"


@dataclass(frozen=True)
class Token:
    """A token, its user's PIN, and the file that tells SoftHSM where it is."""

    pin: str
    config: Path

    def add_key(self, label: str) -> None:
        """Make an AES key that cannot be read out."""
        import pkcs11

        # In this process SoftHSM reads its configuration when it is initialised.
        library = pkcs11.lib(LIBRARY)
        try:
            with library.get_token(token_label=TOKEN).open(user_pin=self.pin, rw=True) as session:
                kept = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
                session.generate_key(pkcs11.KeyType.AES, 256, label=label, store=True, template=kept)
        finally:
            library.finalize()

    def option(self, folder: Path, key: str = "kek") -> dict[str, Any]:
        """Return ``kek`` and ``auth`` of a store whose file is under this token's key."""
        pin_file = folder / "pin"
        pin_file.write_text(self.pin, encoding="utf-8")
        pin_file.chmod(0o600)
        kek = {"type": "pkcs11", "library": LIBRARY, "token_label": TOKEN, "key": key}
        return {"kek": kek, "auth": {"pin_file": str(pin_file)}}


def make_token(folder: Path) -> Token:
    """Initialise a token; the caller sets SOFTHSM2_CONF to its ``config``."""
    tokens = folder / "tokens"
    tokens.mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n", encoding="utf-8")
    pin = str(secrets.randbelow(10**8) + 10**8)
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", pin, "--pin", pin]
    env = {**os.environ, "SOFTHSM2_CONF": str(config)}
    subprocess.run(command, env=env, check=True, capture_output=True)
    return Token(pin, config)
