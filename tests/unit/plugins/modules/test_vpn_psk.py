# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vpn_psk makes a key once, and shows it nowhere."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model import psk
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module


@pytest.fixture
def option(tmp_path: Path) -> dict[str, Any]:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    return {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(key)}}


def test_a_key_is_made_once_and_never_shown(option: dict[str, Any]) -> None:
    arguments = {"name": "globex-vpn", "secret_store": option}
    predicted = run_module("vpn_psk", arguments, check=True, diff=True)
    first = run_module("vpn_psk", arguments, diff=True)
    second = run_module("vpn_psk", arguments, diff=True)
    assert predicted["changed"] and first["changed"] and not second["changed"]
    assert predicted["diff"] == first["diff"]
    assert first["fingerprint"] == second["fingerprint"]
    assert first["strength_bits"] >= 256
    key = open_store(option, lambda *values: None).get("globex-vpn")["secrets"]["psk"]
    assert key not in json.dumps([predicted, first, second])


def test_absent_removes_it(option: dict[str, Any]) -> None:
    run_module("vpn_psk", {"name": "globex-vpn", "secret_store": option})
    gone = {"name": "globex-vpn", "state": "absent", "secret_store": option}
    assert run_module("vpn_psk", gone)["changed"]
    assert not run_module("vpn_psk", gone)["changed"]
    assert open_store(option, lambda *values: None).names() == ()


@pytest.mark.parametrize("length", [31, 65])
def test_a_length_that_is_unsafe_or_that_a_provider_refuses_is_refused(option: dict[str, Any], length: int) -> None:
    with pytest.raises(ModuleFailed, match=f"length: {length} is not between 32"):
        run_module("vpn_psk", {"name": "n", "length": length, "secret_store": option})


def test_a_key_never_starts_with_the_zero_that_aws_refuses() -> None:
    assert psk.generate(32, lambda letters: letters[-1]) == "9" * 32
