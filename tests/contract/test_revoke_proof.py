# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves a key dead: its own user's list, or an answer to its end; no intention, and no other user's list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.revocation import MARK
from ansible_collections.strategic.service_store.plugins.module_utils.provider.revocation import NotRevoked
from tests.support.revocation import killed_at, revoke

from .rotating import Rotating, rotating, running
from .test_revoke import administrator, places

__all__ = ["rotating", "running"]
aws = pytest.mark.parametrize("running", ["aws-enforcing"], indirect=True)
cloudstack = pytest.mark.parametrize("running", ["cloudstack", "cloudstack-4.23"], indirect=True)
DENIED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error>"
    "<RequestId>fault</RequestId></ErrorResponse>"
)


def state(facts: Mapping[str, Any]) -> tuple[str, str]:
    """The state of the first place, and how it is known."""
    first = facts["revocation"]["places"][0]
    return first["state"], first["proof"]


def deny(rotating: Rotating, *operations: str, first: int = 1) -> None:
    for operation in operations:
        rotating.account.faults.add(mode="status", operation=operation, status=403, body=DENIED, times=0, first=first)


@cloudstack
def test_a_mark_is_no_proof_from_an_address_that_is_not_allowed(rotating: Rotating) -> None:
    old, alone = rotating.main(), rotating.params(rotator=None, retries=0)
    assert killed_at(alone, "mark:after")
    rotating.account.faults.add(mode="status", status=403, body="Forbidden", times=0)
    with pytest.raises(NotRevoked, match="whether it is dead is not proven"):
        revoke(alone)
    rotating.account.faults.reset()
    assert rotating.works(old) and rotating.main().same_key(old)
    assert revoke(alone).facts["revocation"]["revoked"] and not rotating.works(old)


@cloudstack
def test_the_answer_to_the_end_of_a_key_is_proof_where_its_refusal_is_none(rotating: Rotating) -> None:
    """CloudStack says the same of a dead pair and of an address that is not allowed."""
    alone = rotating.params(rotator=None)
    assert killed_at(alone, "kill:after")
    with pytest.raises(NotRevoked, match="whether it is dead is not proven"):
        revoke(alone)
    assert revoke(rotating.params()).facts["revocation"]["revoked"]
    if rotating.name != "cloudstack":
        # From 4.23 on a pair that deletes itself cannot ask what became of that.
        return
    rotating.reset()
    assert killed_at(alone, "record:before")
    found, proof = state(revoke(alone).facts)
    assert found == "dead" and "the provider answered that it was" in proof


@aws
def test_a_key_that_was_to_be_disabled_is_not_called_dead(rotating: Rotating) -> None:
    disable: dict[str, Any] = {"revocation": {"disable": True}}
    key, record = rotating.id_of(rotating.main()), rotating.record()
    iam = administrator(rotating)
    assert killed_at(rotating.params(**disable), "kill:after")
    marked = rotating.record()
    found, proof = state(revoke(rotating.params(**disable)).facts)
    assert found == "disabled" and "an earlier run went to have it disabled" in proof
    rotating.store.opened.put("account", marked)
    with pytest.raises(NotRevoked, match="refused, not proven deleted"):
        revoke(rotating.params())
    found, proof = state(revoke(rotating.params(rotator="administrator", **disable)).facts)
    assert found == "disabled" and "the provider lists it as disabled" in proof
    assert [row["Status"] for row in iam.list_access_keys(UserName="service-store")["AccessKeyMetadata"]] == [
        "Inactive"
    ]
    # A mark of an earlier version does not say how the key was to end.
    meta = {**record["meta"], MARK: {"at": "2026-11-22T04:30:00Z", "keys": [key]}}
    rotating.store.opened.put("account", {**record, "meta": meta})
    with pytest.raises(NotRevoked, match="refused, not proven deleted"):
        revoke(rotating.params())


@aws
def test_a_key_that_works_when_it_is_registered_again_is_not_being_revoked(rotating: Rotating) -> None:
    assert killed_at(rotating.params(), "mark:after") and MARK in rotating.main().meta
    rotating.store.run("cloud_credential", owner="somebody@customer.example")
    assert MARK not in rotating.main().meta


def in_grace_with_another_user(rotating: Rotating) -> tuple[str, Any]:
    """A key in its grace period, and then a key of another user in the record; returns the first and IAM."""
    old = rotating.id_of(rotating.main())
    iam = administrator(rotating)
    rotating.run(force=True)
    iam.delete_access_key(UserName="service-store", AccessKeyId=rotating.id_of(rotating.main()))
    rotating.store.opened.put("account", dict(rotating.store.opened.get("administrator")))
    return old, iam


def listed(iam: Any) -> list[str]:
    return [row["AccessKeyId"] for row in iam.list_access_keys(UserName="service-store")["AccessKeyMetadata"]]


@aws
def test_a_key_in_its_grace_is_looked_for_at_its_own_user(rotating: Rotating) -> None:
    old, iam = in_grace_with_another_user(rotating)
    assert listed(iam) == [old]
    seen: list[list[str]] = []

    def look(point: str) -> None:
        # The administrator's own key dies last.
        if point == "kill:before":
            seen.append(listed(iam))

    got = revoke(rotating.params(), at=look).facts
    assert got["revocation"]["revoked"] and places(got)[old] == "deleted"
    assert seen == [[old], []] and rotating.journal() is None


@aws
def test_a_key_in_its_grace_is_not_dead_where_nobody_sees_its_user(rotating: Rotating) -> None:
    old, iam = in_grace_with_another_user(rotating)
    record = rotating.record()
    deny(rotating, "GetAccessKeyLastUsed", "ListAccessKeys", first=2)
    with pytest.raises(NotRevoked, match=f"prove that key {old} is deleted.*not authorized") as failed:
        revoke(rotating.params(retries=0))
    assert "name a rotator that may list the keys of its user" in str(failed.value)
    assert rotating.journal() is not None and rotating.record() == record and old in listed(iam)


@aws
def test_a_deleted_key_of_which_iam_tells_nothing_is_looked_for_by_its_users_name(rotating: Rotating) -> None:
    administrator(rotating)
    revoked = rotating.record()
    revoke(rotating.params())
    params = rotating.params(rotator="administrator", retries=0)
    deny(rotating, "GetAccessKeyLastUsed")
    # Another account may have a user of the same name.
    for name, value in (("account_id", "210987654321"), ("user_name", "")):
        rotating.store.opened.put("account", {**revoked, "meta": {**revoked["meta"], name: value}})
        with pytest.raises(NotRevoked, match="refused, not proven deleted"):
            revoke(params)
    rotating.store.opened.put("account", revoked)
    found, proof = state(revoke(params).facts)
    assert found == "dead" and proof.endswith("the provider lists it no longer")
