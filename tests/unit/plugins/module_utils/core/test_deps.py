# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A missing SDK is said with its name, its reason and the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.deps import load
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import MissingDependency


def test_a_missing_library_names_the_command() -> None:
    with pytest.raises(MissingDependency) as missing:
        load("no_such_sdk.client", "no-such-sdk", "to use nothing")
    assert str(missing.value) == (
        f"the Python library no-such-sdk is needed to use nothing and is not installed for {sys.executable}. "
        f"Next: {sys.executable} -m pip install no-such-sdk."
    )


def test_a_library_that_lacks_its_own_dependency_names_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_sdk.py").write_text("import inner_part_that_is_missing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingDependency, match="inner_part_that_is_missing is needed"):
        load("broken_sdk", "broken-sdk", "to use it")
