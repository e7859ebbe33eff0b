# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence of a revocation says, and how it goes on over runs that did not finish."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.revocation import opening, revocation

AT, LATER = "2026-11-22T04:30:00Z", "2026-11-23T05:00:01Z"
STORE = {"type": "encrypted_file", "path": "/srv/s.json", "auth": {"key_file": "/srv/key"}}


def place(place: str, what: str, state: str) -> dict[str, str]:
    return {"place": place, "where": "aws", "what": what, "state": state, "at": AT, "proof": "refused", "outlives": ""}


def own(
    *places: dict[str, str], why: str = "", forgotten: bool = False, notices: bool = False, fingerprint: str = ""
) -> dict[str, Any]:
    """Return an account's variables after its tasks."""
    key = {
        "name": "acme-key",
        "fingerprint": fingerprint,
        "revocation": {"places": list(places)} if places else {},
        "forgotten": forgotten,
        "notices": [STORE] if notices else [],
        "why": why,
    }
    return {
        "inventory_hostname": "acme-aws",
        "service_store_provider": "aws",
        "service_store_credential": "acme-key",
        "service_store_offboard": {"keys": [key]},
        "service_store_offboard_why": f"key acme-key: {why}" if why else "",
    }


def rows(told: dict[str, Any]) -> dict[str, str]:
    return {row["what"]: row["state"] for row in told["subjects"]["acme-aws"]}


DEAD = (place("provider", "AKIA1", "deleted"), place("secret_store", "acme-key", "removed"))


def test_a_key_that_died_is_told_with_its_places_and_their_proof() -> None:
    told = revocation(own(*DEAD, notices=True), AT)
    assert rows(told) == {"key AKIA1": "removed", "record acme-key": "removed", "notices about acme-key": "removed"}
    assert (told["complete"], told["finished_at"], told["file"]) == (True, AT, "acme-aws-revocation-20261122T043000Z")
    assert told["text"].startswith(f"Revocation of acme-key: began {AT}, finished {AT}")
    assert "acme-aws: key AKIA1 at aws" in told["text"] and "encrypted_file /srv/s.json" in told["text"]
    assert "key_file" not in str(told)


def test_check_mode_says_what_would_go_and_keeps_no_file() -> None:
    told = revocation(
        own(place("provider", "AKIA1", "alive"), place("secret_store", "acme-key", "kept")), AT, check=True
    )
    assert set(rows(told).values()) == {"would be removed"} and not told["complete"]
    assert told["file"] == "" and "nothing was done" in told["text"]


def test_a_run_that_failed_is_gone_on_with_in_its_file() -> None:
    half = (place("provider", "AKIA1", "deleted"), place("secret_store", "acme-key", "kept"))
    first = revocation(own(*half, why="the store is down"), AT)
    assert not first["complete"] and first["finished_at"] == ""
    assert rows(first)["key AKIA1"] == "removed" and rows(first)["credential acme-key"] == "remained"
    assert rows(first)["record acme-key"] == "remained"
    second = revocation(own(place("secret_store", "acme-key", "removed")), LATER, [first])
    assert rows(second) == {"key AKIA1": "removed", "record acme-key": "removed"}
    assert (second["complete"], second["file"]) == (True, first["file"])
    assert (second["began_at"], second["finished_at"]) == (AT, LATER)
    third = revocation(own(), LATER, [second])
    assert (third["complete"], third["waiting"], third["file"]) == (False, [], "") and "no such record" in third["text"]


def test_a_key_that_nobody_saw_dead_remains_though_its_record_has_gone_by_other_means() -> None:
    first = revocation(own(place("provider", "AKIA1", "alive"), place("secret_store", "acme-key", "kept"), why="x"), AT)
    assert first["waiting"] == ["key AKIA1", "record acme-key", "credential acme-key"]
    unseen = revocation(own(why="the provider is down", fingerprint="sha256:1"), AT)
    for begun, left in (first, ["key AKIA1", "credential acme-key"]), (unseen, ["credential acme-key"]):
        second = revocation(own(), LATER, [begun])
        assert (second["complete"], second["finished_at"], second["file"]) == (False, "", begun["file"])
        assert second["waiting"] == left and "no such record" not in second["text"]
        assert revocation(own(), LATER, [second])["waiting"] == left


def test_the_key_before_is_not_forgotten_for_the_death_of_another_one_of_its_name() -> None:
    first = revocation(own(why="the provider is down", fingerprint="sha256:1"), AT)
    keys = {"service_store_offboard": {"keys": [{"name": "acme-key", "fingerprint": "sha256:2"}]}}
    begun = opening({**own(), **keys}, LATER, [first])
    assert begun["waiting"] == ["credential acme-key (sha256:1)", "credential acme-key"]
    second = revocation(own(*DEAD, fingerprint="sha256:2"), LATER, [begun])
    assert rows(second)["key AKIA1"] == "removed" and second["waiting"] == ["credential acme-key (sha256:1)"]
    assert not second["complete"] and revocation(own(), LATER, [second])["waiting"] == second["waiting"]
    assert revocation(own(*DEAD, fingerprint="sha256:2"), LATER, [first])["waiting"] == second["waiting"]
    assert revocation(own(*DEAD, fingerprint="sha256:1"), LATER, [first])["complete"]
    seen = revocation(own(place("provider", "AKIA1", "alive"), why="x", fingerprint="sha256:1"), AT)
    another = revocation(own(place("provider", "AKIA2", "deleted"), fingerprint="sha256:2"), LATER, [seen])
    assert rows(another)["key AKIA1"] == "remained" and rows(another)["key AKIA2"] == "removed"


def test_a_run_that_is_cut_off_leaves_word_and_the_next_one_goes_on_with_it() -> None:
    keys = {"service_store_offboard": {"keys": [{"name": "acme-key", "fingerprint": "sha256:1"}]}}
    begun = opening({**own(), **keys}, AT)
    assert (begun["complete"], begun["file"]) == (False, "acme-aws-revocation-20261122T043000Z")
    assert begun["waiting"] == ["credential acme-key"] and "told no end" in begun["text"]
    done = revocation(own(*DEAD, fingerprint="sha256:1"), LATER, [begun])
    assert done["complete"] and done["file"] == begun["file"] and set(rows(done).values()) == {"removed"}
    assert revocation(own(), LATER, [begun])["waiting"] == ["credential acme-key"]
    # Another key's death, which was told before, is none of this one.
    told = {**begun, "subjects": {"acme-aws": done["subjects"]["acme-aws"][:1] + begun["subjects"]["acme-aws"]}}
    assert revocation(own(), LATER, [told])["waiting"] == ["credential acme-key"]


def test_notices_alone_are_no_sign_of_a_dead_key() -> None:
    told = revocation(own(notices=True), AT)
    assert rows(told) == {"notices about acme-key": "removed"} and told["file"]
    assert not told["complete"] and told["finished_at"] == "" and "not known here" in told["text"]
    later = revocation(own(), LATER, [told])
    assert (later["file"], later["waiting"]) == ("", [])


def test_a_later_leak_has_evidence_of_its_own() -> None:
    first = revocation(own(*DEAD), AT)
    assert revocation(own(*DEAD), LATER, [first])["file"] == "acme-aws-revocation-20261123T050001Z"
    of_another = {**revocation(own(why="down"), AT), "keys": ["acme-rotator"]}
    assert revocation(own(*DEAD), LATER, [of_another])["began_at"] == LATER


@pytest.mark.parametrize("check", [True, False])
def test_what_the_store_could_only_forget_is_asked_of_its_owner(check: bool) -> None:
    told = revocation(own(forgotten=True), AT, check=check)
    assert rows(told) == {"record acme-key": "would be removed" if check else "removed", "credential acme-key": "asked"}
    assert "change the password" in told["text"] and "service_store_revoke_ended=true" in told["text"]
    assert not told["complete"] and told["waiting"] == ["credential acme-key"]


def test_a_forgotten_password_waits_until_somebody_says_that_its_owner_has_ended_it() -> None:
    first = revocation(own(forgotten=True), AT)
    again = revocation(own(), LATER, [first])
    assert not again["complete"] and again["waiting"] == ["credential acme-key"] and again["file"] == first["file"]
    assert revocation(own(), LATER, [again], check=True, ended=True)["waiting"] == ["credential acme-key"]
    said = revocation(own(), LATER, [again], ended=True)
    assert (said["complete"], said["finished_at"], said["waiting"]) == (True, LATER, [])
    (row,) = (row for row in said["subjects"]["acme-aws"] if row["what"] == "credential acme-key")
    assert row["state"] == "removed" and row["at"] == LATER and "not tried out" in row["how"]
    assert revocation(own(), LATER, [said])["file"] == ""


def test_no_word_ends_what_this_run_has_failed_to_end() -> None:
    told = revocation(own(place("provider", "AKIA1", "alive"), why="down"), AT, ended=True)
    assert told["waiting"] == ["key AKIA1", "credential acme-key"]


def test_an_account_whose_key_another_one_answers_for_has_nothing_to_tell() -> None:
    told = revocation({**own(), "service_store_offboard": {}}, AT)
    assert (told["file"], told["keys"], told["complete"]) == ("", [], True)
    assert told["text"].startswith("Revocation of acme-aws") and "no such record" not in told["text"]
    failed = {"service_store_offboard": {}, "service_store_offboard_why": "key acme-key: down"}
    begun = revocation({**own(), **failed}, AT)
    assert begun["file"] == "" and begun["waiting"]
    stray = {**begun, "file": "acme-aws-revocation-20261122T043000Z"}
    assert revocation({**own(), "service_store_offboard": {}}, LATER, [stray])["file"] == ""
