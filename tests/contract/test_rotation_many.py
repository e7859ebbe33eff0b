# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many rotations at once on one secret store: each gets its own new key, and none overwrites another's record."""

from __future__ import annotations

import base64
import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse, parse_record
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.session import AwsSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.openbao import vault_option
from tests.support.rotation import rotate
from tests.support.servers import LabServer, starter

from .accounts.aws import ALLOW_ALL, REGION

pytestmark = pytest.mark.slow
MANY = 50
SECRET = "contract/Secret+Access/Key0123456789ab"
USERS = {f"user-{number}": f"AKIAUSER{number:012}" for number in range(MANY)}


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    users = [
        {"name": name, "access_key_id": key, "secret_access_key": SECRET, "policies": {"all": ALLOW_ALL}}
        for name, key in USERS.items()
    ]
    with starter(tmp_path_factory) as start:
        yield start("aws", {"region": REGION, "users": users}, args=["--which", "moto"])


@pytest.fixture(params=["encrypted_file", "vault"])
def option(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "vault":
        return vault_option(request.getfixturevalue("openbao"), tmp_path)
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    return {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(key)}}


def child(params: dict[str, Any]) -> int:
    """Rotate in a process of its own; returns its id."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            rotate(params)
            status = 0
        except Exception:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(status)
    return pid


def test_fifty_rotations_at_once_lose_nothing(moto: LabServer, option: dict[str, Any]) -> None:
    moto.reset()
    store = open_store(option, lambda *values: None)
    for name, key in USERS.items():
        store.put(name, parse(name, "aws", {"access_key_id": key, "secret_access_key": SECRET}).record())
    endpoints = dict.fromkeys(("sts", "iam"), moto.url)
    shared = {"provider": "aws", "region": REGION, "endpoints": endpoints, "ca_file": moto.ca_file}
    shared |= {"secret_store": option, "force": True, "verify_every_s": 0, "timeout_s": 120}
    access = Access(endpoints, REGION, ca_file=moto.ca_file, retry=Retry(0), timeout_s=120)
    # Children that begin with the SDK read and imported are quicker, and so more of them meet.
    AwsSession(parse_record("user-0", store.get("user-0")), access).probe()

    began = time.monotonic()
    children = [child({**shared, "credential": name}) for name in USERS]
    failed = [name for name, pid in zip(USERS, children, strict=True) if os.waitpid(pid, 0)[1]]
    print(f"{option['type']}: {MANY} rotations in {MANY} processes took {time.monotonic() - began:.1f} s")

    assert not failed
    assert len(store.names()) == 2 * MANY
    for name, first in USERS.items():
        stored = parse_record(name, store.get(name))
        journal = store.get(f"{name}.rotation")
        assert stored.public["access_key_id"] != first and journal["old_id"] == first
        assert journal["phase"] == "disabled" and journal["holder"] == {}
        assert AwsSession(stored, access).probe().principal.endswith(f"user/{name}")
