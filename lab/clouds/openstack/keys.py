# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keystone's key repositories, made without starting Keystone's own tool for four seconds each."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from lab.ca import write_private


def make_keys(folder: Path) -> None:
    """The primary (1) and the staged (0) key of a Fernet repository (Keystone's administrator guide)."""
    folder.mkdir(parents=True, mode=0o700)
    for name in ("0", "1"):
        write_private(folder / name, base64.urlsafe_b64encode(secrets.token_bytes(32)))
