# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud key that opens a secret store is known by its public id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.opener import opened_with

KEY = {"access_key_id": "AKIAOPENERAAAAAAAAA1", "secret_access_key": "canary/opener/0123456789abcdef0123456789"}


def private(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def profile(folder: Path) -> dict[str, str]:
    lines = [f"aws_{name} = {value}" for name, value in KEY.items()]
    return {"credentials_file": private(folder / "aws", "\n".join(["[default]", *lines]))}


@pytest.mark.parametrize(
    "option",
    [{"type": "aws_secrets_manager"}, {"type": "encrypted_file", "kek": {"type": "aws_kms", "key": "alias/a"}}],
)
def test_the_key_of_aws_that_opens_a_store_is_told(option: dict[str, Any], tmp_path: Path) -> None:
    assert opened_with({**option, "auth": profile(tmp_path)}) == {KEY["access_key_id"]}


def test_the_application_credential_that_opens_barbican_is_told(tmp_path: Path) -> None:
    held = {"application_credential_id": "a1", "application_credential_secret": "canary"}
    auth = {"credentials_file": private(tmp_path / "barbican", json.dumps(held))}
    assert opened_with({"type": "barbican", "auth": auth}) == {"a1"}


def test_other_stores_are_opened_by_no_key_of_a_cloud() -> None:
    assert opened_with({"type": "encrypted_file", "auth": {"key_file": "/nowhere"}}) == frozenset()
    assert opened_with({"type": "vault", "auth": {"token_file": "/nowhere"}}) == opened_with(None) == frozenset()
