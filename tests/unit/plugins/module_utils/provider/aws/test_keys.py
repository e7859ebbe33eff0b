# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM access keys on moto: room for a second key, keys of others, calls per rotation."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import Policy
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation_keys import KeyRing
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
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

    def listed(self, name: str = "user-0") -> list[str]:
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
    assert sorted(bench.listed()) == sorted([FIRST, other]) and bench.store.version("user-0.rotation") == 0


def test_the_key_that_was_used_last_is_never_deleted_however_long_ago_that_was(bench: Bench) -> None:
    """A rotator manages the keys, so that the stored one has not been used at all."""
    other, secret = bench.second()
    bench.keep("rotator", USERS["user-1"])
    session(bench.server.url, bench.server.ca_file, other, secret).probe()
    with pytest.raises(ProviderError, match="never used"):
        rotate(bench.params(rotator="rotator", replace_unused_days=3), days_later=30)
    assert sorted(bench.listed()) == sorted([FIRST, other])


def test_a_second_key_that_nobody_uses_may_make_room_when_asked(bench: Bench) -> None:
    other, _secret = bench.second()
    predicted = [change.describe() for change in rotate(bench.params(replace_unused_days=3), days_later=4).applied]
    assert predicted[0] == f"remove user-0: key {other}"
    left = bench.listed()
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


@pytest.mark.parametrize(("days", "force"), [(0, False), (8, False), (0, True)], ids=["grace", "its end", "forced end"])
def test_a_use_of_the_old_key_is_told_also_by_the_run_that_deletes_it(bench: Bench, days: int, force: bool) -> None:
    bench.run()
    assert rotate(bench.params(force=False)).facts["alert"] == {}
    # Uses are told to the second.
    time.sleep(1.1)
    session(bench.server.url, bench.server.ca_file, FIRST, SECRET).probe()
    got = rotate(bench.params(force=force), days_later=days)
    assert got.facts["alert"]["key"] == FIRST and any("ALERT" in text for text in got.context.warnings)
    assert (FIRST in bench.listed()) is (not days and not force)


def test_an_old_key_that_somebody_deleted_by_hand_stops_nothing(bench: Bench) -> None:
    def by_hand(point: str) -> None:
        if point == "journal-switched:after":
            bench.iam().delete_access_key(UserName="user-0", AccessKeyId=FIRST)

    assert rotate(bench.params(), at=by_hand).facts["rotation"]["phase"] == "disabled"
    during = rotate(bench.params(force=False)).facts
    assert (
        during["alert"] == {} and not during["tripwire"]["available"] and "cannot be found" in str(during["tripwire"])
    )
    rotate(bench.params(force=False), days_later=8)
    assert bench.store.version("user-0.rotation") == 0 and len(bench.listed()) == 1


def test_recovery_leaves_a_key_that_somebody_else_made_and_uses(bench: Bench) -> None:
    """Both keys are new and only one was never used; IAM has no names for keys."""
    assert killed_at(bench.params(), "create:before")
    other, secret = bench.second()
    session(bench.server.url, bench.server.ca_file, other, secret).probe()
    with pytest.raises(ModuleFailed, match="LimitExceeded"):
        bench.run()
    assert sorted(bench.listed()) == sorted([FIRST, other])


def test_a_rotator_of_the_same_account_rotates_a_key_that_may_do_nothing(bench: Bench) -> None:
    bench.iam().delete_user_policy(UserName="user-0", PolicyName="all")
    with pytest.raises(ModuleFailed) as failed:
        bench.run()
    assert failed.value.result["error"]["kind"] == "no_permission" and bench.store.version("user-0.rotation") == 0
    bench.keep("rotator", USERS["user-1"])
    assert bench.run(rotator="rotator")["rotation"]["rotated"]
    with pytest.raises(ModuleFailed, match="is the credential itself"):
        bench.run(rotator="user-0")


REFUSED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
    "<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>"
)


@pytest.fixture
def faults(bench: Bench, tmp_path: Path) -> Iterator[FaultProxy]:
    """Spoils calls to IAM and STS; AWS answers so where a server does not know a new key yet."""
    cert, key = issue(make_ca(tmp_path / "ca"), ["localhost"], ["127.0.0.1"])
    with FaultProxy(bench.server.url, bench.server.ca_file, str(cert), str(key)) as proxy:
        yield proxy


def spoiled(bench: Bench, faults: FaultProxy, **more: Any) -> dict[str, Any]:
    endpoints = dict.fromkeys(("sts", "iam"), faults.url)
    bundle = Path(bench.option["path"]).with_name("bundle.pem")
    bundle.write_text(Path(bench.server.ca_file).read_text() + (bundle.parent / "ca" / "ca.pem").read_text())
    return bench.run(endpoints=endpoints, ca_file=str(bundle), **more)


def test_one_bad_call_begins_the_row_of_good_ones_again(bench: Bench, faults: FaultProxy) -> None:
    faults.add(mode="status", operation="GetCallerIdentity", status=403, body=REFUSED, first=3, times=1)
    got = spoiled(bench, faults)
    assert got["rotation"]["rotated"] and got["calls"]["sts.GetCallerIdentity"] == 6


def test_a_failure_is_told_though_the_last_call_before_the_time_was_up_was_good(
    bench: Bench, faults: FaultProxy, tmp_path: Path
) -> None:
    faults.add(mode="status", operation="GetCallerIdentity", status=403, body=REFUSED, first=1, times=1)
    ticks: list[float] = []
    access = Access(dict.fromkeys(("sts", "iam"), faults.url), REGION, ca_file=str(tmp_path / "ca" / "ca.pem"))
    policy = Policy(good_calls=3, verify_every_s=6, verify_timeout_s=10)
    ring = KeyRing(provider("aws"), access, policy, None, ticks.append, lambda: sum(ticks))
    told = "the last failure: InvalidClientTokenId.*; then 1 were good, and the time was up"
    with pytest.raises(ProviderError, match=told) as failed:
        ring.verify(credential(FIRST))
    assert failed.value.kind == "bad_key" and ring.calls() == {"sts.GetCallerIdentity": 2}


def test_a_key_that_is_never_known_is_deleted_and_the_error_says_what_was_answered(
    bench: Bench, faults: FaultProxy
) -> None:
    faults.add(mode="status", operation="GetCallerIdentity", status=403, body=REFUSED, times=0)
    with pytest.raises(ModuleFailed, match="within 1 s; the last one failed: InvalidClientTokenId") as failed:
        spoiled(bench, faults, verify_timeout_s=1, verify_every_s=0.2)
    assert failed.value.result["error"]["kind"] == "bad_key"
    assert failed.value.result["applied"] == ["add user-0: new key", "remove user-0: new key"]
    assert bench.listed() == [FIRST] and bench.store.version("user-0.rotation") == 0
    assert bench.store.get("user-0")["public"]["access_key_id"] == FIRST


def test_a_part_of_the_provider_that_does_not_know_the_new_key_yet_is_waited_for(
    bench: Bench, faults: FaultProxy
) -> None:
    faults.add(mode="status", operation="UpdateAccessKey", status=403, body=REFUSED, times=2)
    got = spoiled(bench, faults)
    assert got["rotation"]["phase"] == "disabled" and got["calls"]["iam.UpdateAccessKey"] == 3
