# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation promises on every provider that has keys; the matrix of kills is in test_rotation_crash.py."""

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import parse_journal
from tests.support.module import ModuleFailed, run_module
from tests.support.rotation import rotate

from .rotating import Rotating, rotating, running

__all__ = ["rotating", "running"]


def test_a_key_that_is_not_due_is_left_alone(rotating: Rotating) -> None:
    before = rotating.keys()
    rotating.account.faults.reset()
    got = rotating.run()
    assert not got["changed"] and got["rotation"]["state"] == "ok" and got["rotation"]["due_at"]
    assert rotating.account.writes() == [] and rotating.keys() == before
    assert got["tripwire"]["available"] is False and got["tripwire"]["why_not"]


def test_a_due_key_is_replaced_once_and_the_old_one_goes_after_the_grace(rotating: Rotating) -> None:
    old, traits = rotating.main(), rotating.traits()
    rotating.make_old(days=77)
    predicted = rotating.run(check=True, diff=True)
    assert predicted["changed"] and rotating.main().same_key(old) and rotating.journal() is None
    got = rotating.run(diff=True)
    assert got["changed"] and got["rotation"]["rotated"] and got["diff"] == predicted["diff"]
    new = rotating.main()
    assert not new.same_key(old) and rotating.works(new)
    assert got["credential"]["registered_at"] and got["rotation"]["state"] == "ok"
    if not traits.overlap:
        assert rotating.journal() is None and got["outage_s"] < 30
        print(f"{rotating.name}: no verified key in the store for {got['outage_s']} s")
    else:
        assert got["rotation"]["phase"] == "disabled" and rotating.journal()
        assert rotating.works(old) is (not traits.can_disable or not rotating.enforces)
        rotating.account.faults.reset()
        again = rotating.run()
        assert not again["changed"] and rotating.account.writes() == [] and rotating.main().same_key(new)
        late = rotate(rotating.params(), days_later=8)
        assert [change.action for change in late.applied] == ["remove"] and rotating.journal() is None
        assert not rotating.works(old)
    assert rotating.works(new) and rotating.keys() == [rotating.id_of(new)]
    assert not rotating.run()["changed"]


def test_force_rotates_now_and_without_grace_the_old_key_goes_at_once(rotating: Rotating) -> None:
    old = rotating.main()
    got = rotating.run(force=True, policy={"grace_days": 0})
    assert got["rotation"] == {**got["rotation"], "rotated": True, "phase": "none"}
    assert rotating.works(rotating.main()) and not rotating.works(old)
    assert rotating.keys() == [rotating.id_of(rotating.main())]
    print(f"{rotating.name}: calls of a whole rotation: {got['calls']}")


def test_force_during_the_grace_ends_it(rotating: Rotating) -> None:
    rotating.run(force=True)
    second = rotating.main()
    got = rotating.run(force=True, policy={"grace_days": 0})
    assert got["rotation"]["rotated"] and not rotating.main().same_key(second)
    assert rotating.keys() == [rotating.id_of(rotating.main())] and rotating.works(rotating.main())


def test_a_key_that_does_not_prove_itself_is_deleted_and_the_old_one_stays(rotating: Rotating) -> None:
    """With no time to verify, a second good call is never made."""
    old, overlap = rotating.main(), rotating.traits().overlap
    with pytest.raises(ModuleFailed, match="no 2 good calls in a row within 0 s") as failed:
        rotating.run(force=True, good_calls=2, verify_timeout_s=0)
    assert failed.value.result["changed"] is True
    if overlap:
        assert "the old key stays in use and the new one was deleted" in failed.value.result["msg"]
        assert rotating.main().same_key(old) and rotating.works(old) and rotating.journal() is None
        assert rotating.keys() == [rotating.id_of(old)]
    else:
        assert not rotating.main().same_key(old) and rotating.works(rotating.main())
        assert rotating.run()["changed"] and rotating.journal() is None


def test_check_mode_shows_the_rotation_and_makes_no_write(rotating: Rotating) -> None:
    before, old = rotating.keys(), rotating.main()
    rotating.account.faults.reset()
    got = rotating.run(check=True, diff=True, force=True)
    assert got["changed"] and "new key: in use" in got["diff"][0]["after"]
    assert rotating.account.writes() == [] and rotating.journal() is None
    assert rotating.keys() == before and rotating.main().same_key(old)


def test_no_secret_leaves_the_module_and_the_journal_hides_its_own(rotating: Rotating) -> None:
    old = rotating.main()
    outputs = [rotating.run(check=True, diff=True, force=True), rotating.run(diff=True, force=True)]
    journal = rotating.journal()
    listed = run_module("cloud_credential_info", {"secret_store": rotating.store.option})
    assert "account.rotation" not in [row["name"] for row in listed["credentials"]]
    outputs += [listed, rotating.run(diff=True)]
    with pytest.raises(ModuleFailed) as failed:
        rotating.run(diff=True, force=True, good_calls=2, verify_timeout_s=0)
    shown = [repr(parse_journal("account", journal))] if journal else []
    text = json.dumps([*outputs, failed.value.result, *shown, repr(rotating.main())])
    hidden = {name: value for name, value in rotating.account.rotator.items() if "secret" in name or name == "password"}
    known = [*old.secrets.values(), *rotating.main().secrets.values(), *hidden.values()]
    assert not [value for value in known for written in spellings(value) if written in text]


def stopped(rotating: Rotating) -> bool:
    """Start another rotation; return whether it was stopped, which it may be only for the sake of the first one."""
    try:
        rotate(rotating.params(force=True))
    except SecretStoreError as exc:
        assert exc.kind == "conflict" and "another run is rotating it at the same time" in str(exc)
        return True
    return False


def test_two_rotations_at_once_one_goes_on_and_the_other_says_why_it_stops(rotating: Rotating) -> None:
    """A second run is started at every point of the first one, from its claim (its first note) to its last note."""
    refused: list[str] = []

    def second(point: str) -> None:
        if point != "journal-creating:before" and stopped(rotating):
            refused.append(point)

    first = rotate(rotating.params(force=True), at=second)
    claim, *held, last = first.points
    assert claim == "journal-creating:before" and last.startswith("journal-") and last.endswith(":after")
    assert refused == held and "create:before" in held and "store-switch:after" in held
    assert first.facts["rotation"]["rotated"] and rotating.works(rotating.main())


def test_of_two_rotations_that_begin_at_once_the_first_to_claim_it_goes_on(rotating: Rotating) -> None:
    if not rotating.traits().overlap:
        pytest.skip("the other rotation is over by then, without a trace, and this one is simply the next")
    old = rotating.keys()

    def second(point: str) -> None:
        if point == "journal-creating:before":
            assert not stopped(rotating)

    with pytest.raises(SecretStoreError, match="another run is rotating it at the same time"):
        rotate(rotating.params(force=True), at=second)
    assert len(set(rotating.keys()) - set(old)) == 1 and rotating.works(rotating.main())


def test_a_run_that_was_overtaken_stops_and_leaves_no_key_behind(rotating: Rotating) -> None:
    """The first run hangs after its call for so long that a second one takes over; both have made a key."""
    if not rotating.traits().overlap:
        pytest.skip("a new key replaces the one before it")

    def second(point: str) -> None:
        if point == "create:after":
            rotate(rotating.params(force=True), days_later=0.1)

    with pytest.raises(SecretStoreError, match="another run is rotating it at the same time") as failed:
        rotate(rotating.params(force=True), at=second)
    assert failed.value.kind == "conflict"
    rotate(rotating.params(), days_later=8)
    assert rotating.keys() == [rotating.id_of(rotating.main())] and rotating.works(rotating.main())


def test_a_key_registered_by_hand_meanwhile_is_not_overwritten(rotating: Rotating) -> None:
    if not rotating.traits().overlap:
        pytest.skip("the old key is dead already")
    old = rotating.main()
    other = {**rotating.record(), "public": dict.fromkeys(old.public, "AKIABYHANDAAAAAAAAAA")}

    def by_hand(point: str) -> None:
        if point == "journal-verified:before":
            rotating.store.opened.put("account", other)

    with pytest.raises(SecretStoreError, match="somebody registered another key") as failed:
        rotate(rotating.params(force=True), at=by_hand)
    assert failed.value.kind == "conflict" and rotating.record() == other
    rotating.put(old)
    assert rotating.keys() == [rotating.id_of(old)] and rotating.works(old)


def test_an_owner_written_meanwhile_is_kept(rotating: Rotating) -> None:
    def written(point: str) -> None:
        if point == "journal-verified:before":
            rotating.put(rotating.main(), owner="sec@customer.example")

    rotate(rotating.params(force=True), at=written)
    assert rotating.main().meta["owner"] == "sec@customer.example" and rotating.works(rotating.main())


def test_use_of_the_old_key_after_the_switch_raises_an_alert(rotating: Rotating) -> None:
    old, traits = rotating.main(), rotating.traits()
    rotating.run(force=True)
    if not traits.overlap:
        pytest.skip("the old key is dead from the switch on")
    calm = rotating.run()
    assert calm["alert"] == {}
    if not traits.tells_last_use:
        assert calm["tripwire"] == {"available": False, "last_use": "", "why_not": traits.why_not}
        return
    # Uses are told to the second.
    time.sleep(1.1)
    rotating.works(old)
    got = rotating.run()
    if not rotating.tells:
        pytest.skip("this server does not keep count of uses")
    assert got["alert"]["key"] == rotating.id_of(old) and not got["changed"]
    assert any("ALERT" in str(warning) for warning in got["warnings"])
