# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret store of each backend, empty."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

Opener = Callable[[], Any]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "store.key"
    path.write_bytes(base64.b64encode(os.urandom(32)))
    path.chmod(0o600)
    return path


@pytest.fixture
def file_option(tmp_path: Path, key_file: Path) -> dict[str, Any]:
    return {"type": "encrypted_file", "path": str(tmp_path / "secrets.json"), "auth": {"key_file": str(key_file)}}


@pytest.fixture
def open_file(file_option: dict[str, Any]) -> Iterator[Opener]:
    yield lambda: open_store(file_option, lambda *values: None)
