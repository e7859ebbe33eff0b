# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rotating a CloudStack pair promises besides: jobs that nobody may ask about, and pairs that die at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError, SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from tests.support.module import ModuleFailed
from tests.support.revocation import revoke
from tests.support.rotation import killed_at, rotate

from .rotating import Rotating, rotating, running

__all__ = ["rotating", "running"]
newer = pytest.mark.parametrize("running", ["cloudstack-4.23"], indirect=True)
older = pytest.mark.parametrize("running", ["cloudstack"], indirect=True)
WHOLE = {"force": True, "policy": {"grace_days": 0}}
#: How CloudStack refuses a call that the role lacks (432), and one whose key or signature it does not take (401).
REFUSALS = {
    432: "The API [queryAsyncJobResult] does not exist or is not available for the account initech.",
    401: "unable to verify user credentials and/or request signature",
    403: "",
}


def refuse_polls(rotating: Rotating, status: int, times: int = 0) -> None:
    body = {"queryasyncjobresultresponse": {"errorcode": status, "errortext": REFUSALS[status]}}
    api = {"body": json.dumps(body), "headers": {"Content-Type": "application/json"}}
    # 403 is a front's, which knows nothing of the API.
    answer = api if REFUSALS[status] else {"body": "Forbidden"}
    rotating.account.faults.add(mode="status", operation="queryAsyncJobResult", status=status, times=times, **answer)


@newer
@pytest.mark.parametrize("status", REFUSALS)
def test_a_pair_whose_job_may_not_be_asked_about_may_have_been_made(rotating: Rotating, status: int) -> None:
    old = rotating.main()
    refuse_polls(rotating, status)
    with pytest.raises(ModuleFailed) as failed:
        rotating.run(**WHOLE, retries=0)
    journal = rotating.journal()
    assert journal and journal["phase"] == "creating", "the only trace of the pair was removed"
    assert rotating.main().same_key(old) and rotating.works(old)
    if status == 432:
        assert "allow queryAsyncJobResult in the role" in failed.value.result["msg"]
    rotating.account.faults.reset()
    rotating.run(**WHOLE)
    assert rotating.keys() == [rotating.id_of(rotating.main())] and rotating.journal() is None


@newer
def test_one_refused_question_about_a_job_costs_no_run(rotating: Rotating) -> None:
    refuse_polls(rotating, 432, times=1)
    got = rotating.run(**WHOLE)
    assert got["rotation"]["rotated"] and rotating.keys() == [rotating.id_of(rotating.main())]


@newer
def test_a_pair_that_was_deleted_without_anybody_being_told_is_dead_to_a_revocation(rotating: Rotating) -> None:
    old = rotating.main()
    refuse_polls(rotating, 432)
    facts = revoke(rotating.params(retries=0)).facts
    assert facts["revocation"]["revoked"] and not rotating.works(old)


def during(rotating: Rotating, by_hand: Callable[[], None]) -> Callable[[str], None]:
    """Somebody acts after the new pair is in the journal and before it is in the store."""
    return lambda point: by_hand() if point == "journal-created:after" else None


def made_by(rotating: Rotating) -> Credential:
    """A pair that somebody makes for the same user at the provider's console."""
    return rotating.adapter().create("by hand")


@older
def test_a_pair_registered_meanwhile_that_works_stays_and_ends_the_rotation(rotating: Rotating) -> None:
    made: list[Credential] = []

    def by_hand() -> None:
        made.append(made_by(rotating))
        rotating.put(made[0], owner="sec@customer.example")

    with pytest.raises(SecretStoreError, match="that one works and stays") as failed:
        rotate(rotating.params(force=True), at=during(rotating, by_hand))
    assert failed.value.kind == "conflict" and "is dead, and the rotation has ended" in str(failed.value)
    assert rotating.main().same_key(made[0]) and rotating.works(made[0]) and rotating.journal() is None
    assert not rotating.run()["changed"]
    assert rotating.run(force=True)["rotation"]["rotated"] and rotating.works(rotating.main())


@older
def test_a_pair_registered_meanwhile_that_died_with_the_rotation_is_replaced_and_told(rotating: Rotating) -> None:
    """It was made before the rotation asked for its own, and registered after."""
    dead = made_by(rotating)

    def by_hand() -> None:
        rotating.put(dead, owner="sec@customer.example")

    got = rotate(rotating.params(force=True), at=during(rotating, by_hand))
    assert got.facts["rotation"]["rotated"] and any("registered another key" in text for text in got.context.warnings)
    assert rotating.works(rotating.main()) and not rotating.main().same_key(dead)
    assert rotating.main().meta["owner"] == "sec@customer.example" and rotating.journal() is None
    assert not rotating.run()["changed"]


@older
@pytest.mark.parametrize("way", ["registered again", "by the rotator"])
def test_where_neither_pair_works_the_error_says_what_the_store_holds_and_the_next_run_converges(
    rotating: Rotating, way: str
) -> None:
    dead = made_by(rotating)
    kept: list[Credential] = []

    def by_hand() -> None:
        kept.append(made_by(rotating))
        rotating.put(dead)

    with pytest.raises(SecretStoreError, match="the store holds that one, which the provider refuses") as failed:
        rotate(rotating.params(force=True), at=during(rotating, by_hand))
    assert "cloud_credential" in str(failed.value) and "force: true" in str(failed.value)
    assert rotating.main().same_key(dead) and rotating.journal() is None
    if way == "registered again":
        secret = {**kept[0].public, **kept[0].secrets}
        rotating.store.run("cloud_credential", provider=rotating.account.provider, secret=secret)
        assert not rotating.run()["changed"]
    else:
        assert rotating.run(force=True)["rotation"]["rotated"]
    assert rotating.works(rotating.main()) and rotating.journal() is None


@older
def test_a_pair_of_another_user_registered_meanwhile_is_not_overwritten(rotating: Rotating) -> None:
    """The rotator's own user stands for it; its pair works, and so does the one that the rotation made."""
    record = dict(rotating.store.opened.get("rotator"))

    def by_hand() -> None:
        rotating.store.opened.put("account", record)

    with pytest.raises(SecretStoreError, match="is alive too and nobody keeps its secret any more") as failed:
        rotate(rotating.params(force=True), at=during(rotating, by_hand))
    assert "disable the user of" in str(failed.value)
    assert rotating.record() == record and rotating.journal() is None


@older
def test_a_provider_that_cannot_be_asked_leaves_the_journal_for_the_next_run(rotating: Rotating) -> None:
    def by_hand() -> None:
        rotating.put(made_by(rotating))
        rotating.account.faults.add(mode="status", operation="listUsers", status=500, body="no", times=0)

    with pytest.raises(ProviderError):
        rotate(rotating.params(force=True, retries=0), at=during(rotating, by_hand))
    assert rotating.journal() is not None
    rotating.account.faults.reset()
    with pytest.raises(SecretStoreError, match="that one works and stays"):
        rotate(rotating.params())
    assert rotating.journal() is None


@older
def test_from_an_address_that_is_not_allowed_the_only_pair_that_works_is_not_thrown_away(rotating: Rotating) -> None:
    """Both pairs are refused there; the rotator, which is asked whose pair lives, comes from elsewhere."""
    dead = made_by(rotating)

    def by_hand() -> None:
        rotating.put(dead)
        rotating.account.faults.add(mode="status", operation="listUsers", status=403, body="Forbidden", times=2)

    with pytest.raises(SecretStoreError, match="which one works is not known, and the journal stays") as failed:
        rotate(rotating.params(force=True, retries=0), at=during(rotating, by_hand))
    assert failed.value.kind == "conflict" and "from an address that the provider allows" in str(failed.value)
    journal = rotating.journal()
    assert journal and journal["new"] and rotating.main().same_key(dead)
    rotating.account.faults.reset()
    assert rotate(rotating.params()).facts["rotation"]["rotated"]
    assert rotating.works(rotating.main()) and rotating.journal() is None


@older
def test_a_record_removed_meanwhile_leaves_the_journal_with_the_only_pair_that_works(rotating: Rotating) -> None:
    def by_hand() -> None:
        rotating.store.opened.delete("account")

    with pytest.raises(SecretStoreError, match="account.rotation holds the only key that works"):
        rotate(rotating.params(force=True), at=during(rotating, by_hand))
    assert rotating.journal() is not None
    assert revoke(rotating.params()).facts["revocation"]["revoked"] and rotating.journal() is None


def forget_the_user(rotating: Rotating) -> None:
    """A record of an earlier version of the collection, which did not write down whose the pair is."""
    record: dict[str, Any] = rotating.record()
    meta = {name: value for name, value in record["meta"].items() if name != "user_id"}
    rotating.store.opened.put("account", {**record, "meta": meta})


@older
def test_a_record_that_does_not_say_whose_the_pair_is_rotates_after_a_lost_answer_too(rotating: Rotating) -> None:
    forget_the_user(rotating)
    old = rotating.main()
    assert killed_at(rotating.params(**WHOLE), "create:after")
    assert not rotating.works(old), "the pair is replaced, and the new one's secret is lost"
    rotating.run(**WHOLE)
    assert rotating.works(rotating.main()) and rotating.main().meta["user_id"] and rotating.journal() is None


@older
def test_whose_the_pair_is_costs_one_call_and_only_where_the_record_does_not_say(rotating: Rotating) -> None:
    usual = rotating.run(**WHOLE)["calls"]
    forget_the_user(rotating)
    asked = rotating.run(**WHOLE)["calls"]
    # Without the id the rotator's own look for the user goes over all that it sees, in one call as well.
    assert sum(asked.values()) - sum(usual.values()) == 1, (usual, asked)
