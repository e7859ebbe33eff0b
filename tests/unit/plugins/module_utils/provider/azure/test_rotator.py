# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that manages others' secrets sees no subscription, and its own secret is rotated all the same."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module
from tests.support.servers import LabServer

from .conftest import CLIENT, CONFIG, SUBSCRIPTION, TENANT

SECRET = "Rw18Q~bN6kTz3MxV9dPjL2qGs7HfC4yEa8UiWo"
FIELDS = {"tenant_id": TENANT, "client_id": CLIENT, "subscription_id": SUBSCRIPTION, "client_secret": SECRET}
#: It has no role anywhere, and owns itself.
ROTATOR = {
    "client_id": CLIENT,
    "display_name": "rotator",
    "secrets": [{"value": SECRET}],
    "graph_permissions": ["Application.ReadWrite.OwnedBy"],
}


class Registered:
    """A store with a rotator registered in it."""

    def __init__(self, server: LabServer, folder: Path) -> None:
        key = folder / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        self.server = server
        self.store = open_store(option, lambda *values: None)
        endpoints = {"arm": server.url, "entra": server.url, "graph": f"{server.url}/graph"}
        self.options = {"provider": "azure", "credential": "rotator", "secret_store": option, "endpoints": endpoints}
        self.register(purpose="rotator")

    def run(self, module: str, **more: Any) -> dict[str, Any]:
        return run_module(module, {**self.options, "ca_file": self.server.ca_file, "retries": 1, **more}, diff=True)

    def register(self, **more: Any) -> dict[str, Any]:
        return self.run("cloud_credential", secret=FIELDS, **more)

    def rotate(self, **more: Any) -> dict[str, Any]:
        return self.run("cloud_credential_rotation", force=True, verify_every_s=0, **more)

    def meta(self) -> dict[str, Any]:
        return dict(self.store.get("rotator")["meta"])


@pytest.fixture
def registered(lab_server: Any, tmp_path: Path) -> Registered:
    tenants = [{"id": TENANT, "display_name": "acme", "applications": [ROTATOR]}]
    return Registered(lab_server("azure", {**CONFIG, "tenants": tenants}), tmp_path)


def test_a_rotator_rotates_itself(registered: Registered) -> None:
    got = registered.rotate(policy={"grace_days": 0})
    assert got["rotation"]["rotated"] and got["rotation"]["phase"] == "none"
    assert registered.store.get("rotator")["secrets"]["client_secret"] != SECRET
    # What it is for goes to its successor, or the next rotation would fail.
    assert registered.meta()["purpose"] == "rotator"
    assert registered.rotate(policy={"grace_days": 0})["rotation"]["rotated"]
    assert registered.run("cloud_credential", state="revoked", revocation={"verify_every_s": 0.2})["changed"]


def test_the_purpose_is_recorded_once_and_shown(registered: Registered) -> None:
    assert registered.meta()["purpose"] == "rotator"
    assert not registered.register(purpose="rotator")["changed"]


def test_whether_a_stored_rotator_still_works_is_asked_without_saying_what_it_is(registered: Registered) -> None:
    assert not registered.run("cloud_credential")["changed"]
    with pytest.raises(ModuleFailed, match="no role in the subscription"):
        registered.register()


def test_a_record_that_does_not_say_what_it_is_for_takes_the_purpose_that_is_told(registered: Registered) -> None:
    record = dict(registered.store.get("rotator"))
    meta = {name: value for name, value in registered.meta().items() if name != "purpose"}
    registered.store.put("rotator", {**record, "meta": meta})
    with pytest.raises(ModuleFailed, match="no role in the subscription"):
        registered.rotate(verify_timeout_s=0)
    got = registered.run("cloud_credential", purpose="rotator")
    assert got["changed"] and "purpose=rotator" in got["diff"][0]["after"]
    assert registered.rotate()["rotation"]["rotated"]
