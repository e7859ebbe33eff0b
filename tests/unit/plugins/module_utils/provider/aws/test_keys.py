# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM access keys on moto: room for a second key, keys of others, calls per rotation."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module
from tests.support.rotation import killed_at, rotate
from tests.support.servers import LabServer

from .conftest import EVERYTHING, REGION, SECRET, credential, session

USERS = {f"user-{number}": f"AKIAUSER{number:012}" for number in range(2)}
SERVER: dict[str, Any] = {
    "region": REGION,
    "users": [
        {"name": name, "access_key_id": key, "secret_access_key": SECRET, "policies": {"all": EVERYTHING}}
        for name, key in USERS.items()
    ],
}
FIRST = USERS["user-0"]


class Bench:
    """A moto with two users, and one encrypted file."""

    def __init__(self, server: LabServer, folder: Path) -> None:
        key = folder / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        self.server = server
        self.option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        self.store = open_store(self.option, lambda *values: None)

    def keep(self, name: str, key: str) -> None:
        self.store.put(name, credential(key).record())

    def params(self, name: str = "user-0", **more: Any) -> dict[str, Any]:
        endpoints = dict.fromkeys(("sts", "iam"), self.server.url)
        base = {"provider": "aws", "credential": name, "region": REGION, "endpoints": endpoints}
        store = {"ca_file": self.server.ca_file, "secret_store": self.option, "verify_every_s": 0}
        return {**base, **store, "force": True, **more}

    def run(self, name: str = "user-0", **more: Any) -> dict[str, Any]:
        return run_module("cloud_credential_rotation", self.params(name, **more), diff=True)

    def iam(self, name: str = "user-0") -> Any:
        """A client of IAM as somebody else, with the rights of another user."""
        return boto3.client(
            "iam",
            region_name=REGION,
            endpoint_url=self.server.url,
            verify=self.server.ca_file,
            aws_access_key_id=USERS["user-1"],
            aws_secret_access_key=SECRET,
            config=Config(proxies={}),
        )

    def keys(self, name: str = "user-0") -> list[str]:
        listed = self.iam().list_access_keys(UserName=name)["AccessKeyMetadata"]
        return [row["AccessKeyId"] for row in listed]

    def second(self) -> tuple[str, str]:
        """Somebody makes a second key by hand."""
        made = self.iam().create_access_key(UserName="user-0")["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]


@pytest.fixture(scope="module")
def moto(module_lab_server: Any) -> LabServer:
    server: LabServer = module_lab_server("aws", SERVER, args=["--which", "moto"])
    return server


@pytest.fixture
def bench(moto: LabServer, tmp_path: Path) -> Iterator[Bench]:
    moto.reset()
    made = Bench(moto, tmp_path)
    made.keep("user-0", FIRST)
    yield made


def test_with_two_keys_nothing_is_deleted_and_the_error_says_what_to_do(bench: Bench) -> None:
    other, secret = bench.second()
    session(bench.server.url, bench.server.ca_file, other, secret).probe()
    for more in ({}, {"replace_unused_days": 1}):
        with pytest.raises(ModuleFailed, match=f"find out who uses {other} and delete it when nobody does") as failed:
            bench.run(**more)
        assert failed.value.result["error"]["kind"] == "quota" and failed.value.result["changed"] is False
        assert f"{FIRST} (in the store, last used " in failed.value.result["msg"]
    assert sorted(bench.keys()) == sorted([FIRST, other]) and bench.store.version("user-0.rotation") == 0


def test_the_key_that_was_used_last_is_never_deleted_however_long_ago_that_was(bench: Bench) -> None:
    """A rotator manages the keys, so that the stored one has not been used at all."""
    other, secret = bench.second()
    bench.keep("rotator", USERS["user-1"])
    session(bench.server.url, bench.server.ca_file, other, secret).probe()
    with pytest.raises(ProviderError, match="never used"):
        rotate(bench.params(rotator="rotator", replace_unused_days=3), days_later=30)
    assert sorted(bench.keys()) == sorted([FIRST, other])


def test_a_second_key_that_nobody_uses_may_make_room_when_asked(bench: Bench) -> None:
    other, _secret = bench.second()
    predicted = [change.describe() for change in rotate(bench.params(replace_unused_days=3), days_later=4).applied]
    assert predicted[0] == f"remove user-0: key {other}"
    left = bench.keys()
    assert other not in left and FIRST in left and len(left) == 2


def test_a_rotation_takes_eight_calls_its_end_two_and_a_look_none(bench: Bench) -> None:
    got = bench.run()
    assert got["calls"] == {
        "iam.CreateAccessKey": 1,
        "iam.GetAccessKeyLastUsed": 2,
        "iam.ListAccessKeys": 1,
        "iam.UpdateAccessKey": 1,
        "sts.GetCallerIdentity": 3,
    }
    assert bench.run(force=False)["calls"] == {"iam.GetAccessKeyLastUsed": 1}
    assert rotate(bench.params(force=False), days_later=8).facts["calls"] == {
        "iam.DeleteAccessKey": 1,
        "iam.GetAccessKeyLastUsed": 1,
    }
    assert bench.run(force=False)["calls"] == {}


def test_recovery_leaves_a_key_that_somebody_else_made_and_uses(bench: Bench) -> None:
    """Both keys are new and only one was never used; IAM has no names for keys."""
    assert killed_at(bench.params(), "create:before")
    other, secret = bench.second()
    session(bench.server.url, bench.server.ca_file, other, secret).probe()
    with pytest.raises(ModuleFailed, match="LimitExceeded"):
        bench.run()
    assert sorted(bench.keys()) == sorted([FIRST, other])


def test_a_rotator_of_the_same_account_rotates_a_key_that_may_do_nothing(bench: Bench) -> None:
    bench.iam().delete_user_policy(UserName="user-0", PolicyName="all")
    with pytest.raises(ModuleFailed) as failed:
        bench.run()
    assert failed.value.result["error"]["kind"] == "no_permission" and bench.store.version("user-0.rotation") == 0
    bench.keep("rotator", USERS["user-1"])
    assert bench.run(rotator="rotator")["rotation"]["rotated"]
    with pytest.raises(ModuleFailed, match="is the credential itself"):
        bench.run(rotator="user-0")
