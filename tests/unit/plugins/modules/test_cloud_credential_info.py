# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloud_credential_info says when each key has to be replaced."""

from __future__ import annotations

import base64
import datetime
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module

SECRET = {"application_credential_id": "0123456789abcdef", "application_credential_secret": "canary-info-secret"}


@pytest.fixture
def option(tmp_path: Path) -> dict[str, Any]:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    return {"type": "encrypted_file", "path": str(tmp_path / "store.json"), "auth": {"key_file": str(key)}}


def days_ago(days: float) -> str:
    return written(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days))


def keep(option: dict[str, Any], name: str, **meta: str) -> None:
    record = parse(name, "openstack", SECRET).record()
    open_store(option, lambda *values: None).put(name, {**record, "meta": meta})


def test_every_key_has_its_state_by_the_policy(option: dict[str, Any]) -> None:
    keep(option, "fresh", registered_at=days_ago(1))
    keep(option, "aging", registered_at=days_ago(50))
    keep(option, "late", registered_at=days_ago(61))
    keep(option, "rotated", registered_at=days_ago(400), rotated_at=days_ago(1))
    keep(option, "ended", registered_at=days_ago(1), expires_at=days_ago(0.5))
    keep(option, "unknown")
    policy = {"max_age_days": 60, "warn_before_days": 14}
    found = run_module("cloud_credential_info", {"secret_store": option, "policy": policy})
    assert {row["name"]: row["state"] for row in found["credentials"]} == {
        "aging": "due",
        "ended": "expired",
        "fresh": "ok",
        "late": "overdue",
        "rotated": "ok",
        "unknown": "due",
    }
    rows = {row["name"]: row for row in found["credentials"]}
    assert rows["aging"]["due_at"] < written(datetime.datetime.now(datetime.UTC)) < rows["aging"]["overdue_at"]
    assert (rows["unknown"]["due_at"], rows["unknown"]["overdue_at"]) == ("", "")
    assert "canary-info-secret" not in str(found)


def test_the_operators_date_is_the_end_of_the_key(option: dict[str, Any]) -> None:
    keep(option, "handed-over", registered_at=days_ago(1))
    policy = {"expires_at": days_ago(-5)}
    (row,) = run_module("cloud_credential_info", {"secret_store": option, "policy": policy})["credentials"]
    assert (row["state"], row["expires_at"], row["overdue_at"]) == ("due", policy["expires_at"], policy["expires_at"])


def test_a_policy_that_cannot_be_kept_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="policy.max_age_days"):
        run_module("cloud_credential_info", {"secret_store": option, "policy": {"max_age_days": 10}})
