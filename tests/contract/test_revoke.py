# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What revoking a credential promises on every provider: dead there, gone from the store, whatever happens between."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.model.revocation import MARK
from ansible_collections.strategic.service_store.plugins.module_utils.provider.again import UNSURE
from lab.faults import FaultProxy
from tests.support.module import ModuleFailed
from tests.support.revocation import killed_at, revoke
from tests.support.rotation import killed_at as rotation_killed_at
from tests.support.rotation import rotate

from .accounts import aws
from .bench import front as front_of
from .rotating import Rotating, rotating, running

__all__ = ["rotating", "running"]

#: The call that kills a key, as the account's fault proxy names it.
KILLS = {
    "aws": "DeleteAccessKey",
    "aws-enforcing": "DeleteAccessKey",
    "azure": "POST */removePassword",
    "cloudstack": "registerUserKeys",
    "cloudstack-4.23": "deleteUserKeys",
    "openstack": "DELETE */application_credentials/*",
}
Front = tuple[FaultProxy, dict[str, str]]


@pytest.fixture
def front(rotating: Rotating) -> Iterator[Front]:
    """The fault proxy before the API of keys, and the endpoints that lead through it."""
    with contextlib.ExitStack() as stack:
        yield front_of(stack, rotating.account)


def run(rotating: Rotating, *, check: bool = False, diff: bool = False, **more: Any) -> dict[str, Any]:
    """Revoke the account's credential."""
    arguments = {**rotating.params(), "state": "revoked", "revocation": {"verify_every_s": 0.2}, **more}
    for name in ("verify_every_s", "verify_timeout_s"):
        arguments.pop(name)
    return rotating.store.run("cloud_credential", check=check, diff=diff, **arguments)


def places(got: dict[str, Any]) -> dict[str, str]:
    return {row["what"]: row["state"] for row in got["revocation"]["places"]}


def test_a_revoked_key_is_dead_and_its_record_is_gone(rotating: Rotating) -> None:
    old = rotating.main()
    key = rotating.id_of(old)
    rotating.account.faults.reset()
    predicted = run(rotating, check=True, diff=True)
    assert predicted["changed"] and rotating.account.writes() == [] and rotating.main().same_key(old)
    assert places(predicted) == {key: "alive", "account": "kept"} and not predicted["revocation"]["revoked"]
    got = run(rotating, diff=True)
    assert got["changed"] and got["diff"] == predicted["diff"] and got["revocation"]["revoked"]
    assert not rotating.works(old) and "account" not in rotating.store.opened.names()
    assert places(got) == {key: places(got)[key], "account": "removed"}
    assert places(got)[key] in ("deleted", "replaced")
    provider, store = got["revocation"]["places"]
    assert provider["at"] and "refused" in provider["proof"] and store["at"] >= provider["at"]
    print(f"{rotating.name}: calls of a revocation: {got['revocation']['calls']}")
    rotating.account.faults.reset()
    again = run(rotating)
    assert not again["changed"] and rotating.account.faults.operations() == []
    assert again["revocation"]["places"] == [] and not again["revocation"]["revoked"] and "report" not in again
    text = json.dumps([predicted, got, again])
    assert not [one for value in old.secrets.values() for one in spellings(value) if one in text]


def test_a_key_that_is_dead_already_is_no_error_where_a_rotator_can_look(rotating: Rotating) -> None:
    if not rotating.account.rotator:
        pytest.skip("nobody but the key itself could look")
    old, record = rotating.main(), rotating.record()
    run(rotating)
    rotating.store.opened.put("account", record)
    rotating.account.faults.reset()
    got = run(rotating)
    assert got["changed"] and got["revocation"]["revoked"] and rotating.account.writes() == []
    assert [row["state"] for row in got["revocation"]["places"]] == ["dead", "removed"]
    assert got["revocation"]["places"][0]["proof"].endswith("the provider lists it no longer")
    assert not rotating.works(old)


def test_a_refused_key_is_not_called_dead_where_nobody_can_look(rotating: Rotating) -> None:
    record, key = rotating.record(), rotating.id_of(rotating.main())
    run(rotating)
    rotating.store.opened.put("account", record)
    rotating.account.faults.reset()
    if rotating.account.provider == "azure":
        # Only Graph could tell the id of a secret that was registered without one.
        key = "in the record"
    for check in (True, False):
        with pytest.raises(ModuleFailed, match="not proven") as failed:
            run(rotating, rotator=None, check=check)
        result = failed.value.result
        assert "name a rotator" in result["msg"] and "state: absent" in result["msg"] and not result["changed"]
        assert f"key {key} is refused at {rotating.account.provider}, not proven deleted" in result["msg"]
        assert places(result) == {key: "refused", "account": "kept"} and not result["revocation"]["revoked"]
        assert "a signed call is refused" in result["revocation"]["places"][0]["proof"]
    assert rotating.record() == record and rotating.account.writes() == []


@pytest.mark.parametrize("running", ["aws-enforcing"], indirect=True)
def test_a_disabled_key_is_refused_and_not_dead_until_a_rotator_deletes_it(rotating: Rotating) -> None:
    """AWS answers a signature by an inactive key as one by a key that it does not know."""
    old, key = rotating.main(), rotating.id_of(rotating.main())
    iam = administrator(rotating)
    rotating.adapter().set_active(key, False)
    assert not rotating.works(old)
    with pytest.raises(ModuleFailed, match="refused, not proven deleted"):
        run(rotating)
    assert rotating.main().same_key(old)
    got = run(rotating, rotator="administrator", revocation={"disable": True}, check=True)
    assert places(got) == {key: "disabled", "account": "kept"}
    got = run(rotating, rotator="administrator")
    assert got["revocation"]["revoked"] and places(got) == {key: "deleted", "account": "removed"}
    assert iam.list_access_keys(UserName="service-store")["AccessKeyMetadata"] == []


def administrator(rotating: Rotating) -> Any:
    """Make another user who may do everything, keep its key as ``administrator``, and return its client of IAM."""

    def client(key: str, secret: str) -> Any:
        connection = {"endpoint_url": rotating.account.server.url, "verify": rotating.account.server.ca_file}
        keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
        return boto3.client("iam", region_name=aws.REGION, config=Config(proxies={}), **connection, **keys)

    first = client(*aws.SECRET.values())
    first.create_user(UserName="administrator")
    policy = json.dumps(aws.ALLOW_ALL)
    first.put_user_policy(UserName="administrator", PolicyName="all", PolicyDocument=policy)
    made = first.create_access_key(UserName="administrator")["AccessKey"]
    fields = {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}
    rotating.store.keep("administrator", fields)
    return client(*fields.values())


def test_a_name_too_long_for_a_journal_keeps_no_key_from_being_revoked(rotating: Rotating) -> None:
    """Earlier versions registered such names."""
    old, name = rotating.main(), "a" * 128
    rotating.store.opened.put(name, rotating.record())
    got = run(rotating, credential=name)
    assert got["revocation"]["revoked"] and not rotating.works(old) and name not in rotating.store.opened.names()


def test_keys_of_a_rotation_in_its_grace_die_with_it(rotating: Rotating) -> None:
    if not rotating.traits().overlap:
        pytest.skip("a new key replaces the one before it")
    old = rotating.main()
    rotating.run(force=True)
    new = rotating.main()
    got = run(rotating, diff=True)
    assert not rotating.works(old) and not rotating.works(new)
    assert rotating.journal() is None and "account" not in rotating.store.opened.names()
    assert got["revocation"]["revoked"] and places(got)["account.rotation"] == "removed"
    assert len(got["revocation"]["places"]) == 4


def test_a_rotation_killed_anywhere_leaves_no_key_behind(rotating: Rotating) -> None:
    for point in ("create:after", "journal-created:after", "journal-switched:after"):
        rotating.reset()
        old = rotating.main()
        assert rotation_killed_at(rotating.params(force=True), point)
        main, adapter = rotating.main(), rotating.adapter()
        got = run(rotating)
        assert got["revocation"]["revoked"] and not rotating.works(main) and not rotating.works(old)
        assert rotating.journal() is None and "account" not in rotating.store.opened.names()
        if rotating.account.rotator and adapter.traits.overlap:
            # Its session is the rotator's, so it can still look.
            assert adapter.keys() == ()
        print(f"{rotating.name:16} a rotation killed at {point}: {len(got['revocation']['places'])} places cleared")


def test_killed_at_any_point_the_next_run_finishes(rotating: Rotating) -> None:
    whole = revoke(rotating.params())
    assert whole.points and whole.facts["revocation"]["revoked"]
    for point in dict.fromkeys(whole.points):
        rotating.reset()
        old = rotating.main()
        assert killed_at(rotating.params(), point), point
        stored = "account" in rotating.store.opened.names()
        assert stored or not rotating.works(old), f"{point}: the record is gone and the key is alive"
        again = revoke(rotating.params())
        # Where the record is gone, nothing is left to look by, and the run does not say that a key was revoked.
        found = again.facts["revocation"]
        assert found["revoked"] is bool(found["places"]) and (found["places"] or not stored), point
        assert not rotating.works(old) and "account" not in rotating.store.opened.names()
        assert stored is bool(again.applied), point
        print(f"{rotating.name:16} killed at {point:14} -> {'finished by the next run' if stored else 'was done'}")


def test_a_lost_answer_is_no_failure(rotating: Rotating, front: Front) -> None:
    faults, endpoints = front
    kills = KILLS[rotating.name]
    old = rotating.main()
    faults.add(mode="lost", operation=kills)
    got = run(rotating, endpoints=endpoints)
    assert got["revocation"]["revoked"] and not rotating.works(old)
    assert "account" not in rotating.store.opened.names()


def test_a_key_that_cannot_be_killed_stays_in_the_store_and_the_error_says_so(rotating: Rotating, front: Front) -> None:
    faults, endpoints = front
    kills = KILLS[rotating.name]
    old, key = rotating.main(), rotating.id_of(rotating.main())
    faults.add(mode="status", operation=kills, status=500, body="no", times=0)
    with pytest.raises(ModuleFailed, match=f"key {key} is alive at {rotating.account.provider}") as failed:
        run(rotating, endpoints=endpoints, retries=0)
    assert not failed.value.result["changed"] and "record account is in" in failed.value.result["msg"]
    assert places(failed.value.result) == {key: "alive", "account": "kept"}
    assert rotating.main().same_key(old) and rotating.works(old)
    faults.reset()
    assert run(rotating, endpoints=endpoints)["revocation"]["revoked"] and not rotating.works(old)


def test_a_key_that_the_provider_refuses_to_kill_is_not_marked_as_one_that_was_killed(
    rotating: Rotating, front: Front
) -> None:
    """The mark would let a later run, from an address that is not allowed, take the living key for dead."""
    faults, endpoints = front
    kills = KILLS[rotating.name]
    rotating.put(rotating.main(), **{MARK: {"at": "2026-11-22T04:30:00Z", "keys": [rotating.id_of(rotating.main())]}})
    faults.add(mode="status", operation=kills, status=403, body="{}", times=0)
    with pytest.raises(ModuleFailed) as failed:
        run(rotating, endpoints=endpoints, retries=0)
    said_nothing = failed.value.result["error"]["kind"] in UNSURE
    assert (MARK in rotating.main().meta) == said_nothing
    assert rotating.works(rotating.main())


def test_a_rotation_under_way_is_not_forgotten(rotating: Rotating) -> None:
    if not rotating.traits().overlap:
        pytest.skip("its keys have no grace period")
    rotate(rotating.params(force=True))
    with pytest.raises(ModuleFailed, match="a rotation is under way"):
        rotating.store.run("cloud_credential", provider=rotating.account.provider, state="absent")
    assert rotating.journal() and rotating.main()


def test_a_record_written_meanwhile_is_not_removed(rotating: Rotating) -> None:
    def by_hand(point: str) -> None:
        if point == "record:before":
            # As cloud_credential does it, which keeps what the record says of the revocation.
            rotating.put(rotating.main(), owner="somebody@customer.example")

    with pytest.raises(Exception, match="somebody changed it during the revocation"):
        revoke(rotating.params(), at=by_hand)
    assert rotating.main().meta["owner"] == "somebody@customer.example"
    assert revoke(rotating.params()).facts["revocation"]["revoked"]


def test_a_rotation_under_way_is_not_overtaken(rotating: Rotating) -> None:
    refused: list[str] = []

    def second(point: str) -> None:
        if point == "create:before":
            with pytest.raises(Exception, match="another run is rotating it at the same time"):
                revoke(rotating.params())
            refused.append(point)

    first = rotate(rotating.params(force=True), at=second)
    assert refused == ["create:before"] and first.facts["rotation"]["rotated"]


def test_a_key_is_disabled_where_that_can_be_done_and_refused_before_anything_where_not(rotating: Rotating) -> None:
    old = rotating.main()
    if not rotating.traits().can_disable:
        with pytest.raises(ModuleFailed, match="revocation.disable: True is not possible"):
            run(rotating, revocation={"disable": True})
        assert rotating.works(old) and rotating.main().same_key(old)
        return
    if not rotating.enforces:
        pytest.skip("this server takes a disabled key all the same")
    got = run(rotating, revocation={"disable": True})
    assert list(places(got).values()) == ["disabled", "removed"] and not rotating.works(old)


def test_the_rotator_is_another_credential(rotating: Rotating) -> None:
    with pytest.raises(ModuleFailed, match="rotator: account is the credential itself"):
        run(rotating, rotator="account")
