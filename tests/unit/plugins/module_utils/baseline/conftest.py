# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hardened tree, made once, and the shipped controls."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import Control
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.bundle import pack, resolve
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.load import load_baseline
from tests.support.baseline_root import make_root

from .engine import Engine


@pytest.fixture(scope="session")
def controls() -> list[Control]:
    bundle = pack(resolve(load_baseline("debian12", []).controls, {}))
    return [Control.parse(entry) for entry in json.loads(bundle.content)["controls"]]


@pytest.fixture(scope="session")
def hardened(tmp_path_factory: pytest.TempPathFactory, controls: list[Control]) -> Path:
    root = make_root(tmp_path_factory.mktemp("hardened"))
    Engine(root, controls).repair()
    return root


@pytest.fixture
def bare_root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


@pytest.fixture
def hardened_root(tmp_path: Path, hardened: Path) -> Path:
    return Path(shutil.copytree(hardened, tmp_path / "root", symlinks=True))
