# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence of a revocation says, and how it goes on over runs that did not finish."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.revocation import revocation

AT, LATER = "2026-11-22T04:30:00Z", "2026-11-23T05:00:01Z"
STORE = {"type": "encrypted_file", "path": "/srv/s.json", "auth": {"key_file": "/srv/key"}}


def place(place: str, what: str, state: str) -> dict[str, str]:
    return {"place": place, "where": "aws", "what": what, "state": state, "at": AT, "proof": "refused", "outlives": ""}


def own(*places: dict[str, str], why: str = "", forgotten: bool = False, notices: bool = False) -> dict[str, Any]:
    """Return an account's variables after its tasks."""
    key = {
        "name": "acme-key",
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
    assert third["complete"] and third["file"] == "" and "no such record" in third["text"]


def test_a_later_leak_has_evidence_of_its_own() -> None:
    first = revocation(own(*DEAD), AT)
    assert revocation(own(*DEAD), LATER, [first])["file"] == "acme-aws-revocation-20261123T050001Z"
    of_another = {**revocation(own(why="down"), AT), "keys": ["acme-rotator"]}
    assert revocation(own(*DEAD), LATER, [of_another])["began_at"] == LATER


@pytest.mark.parametrize("check", [True, False])
def test_what_the_store_could_only_forget_is_asked_of_its_owner(check: bool) -> None:
    told = revocation(own(forgotten=True), AT, check=check)
    assert rows(told) == {"record acme-key": "would be removed" if check else "removed", "credential acme-key": "asked"}
    assert "change the password" in told["text"]


def test_an_account_whose_key_another_one_answers_for_has_nothing_to_tell() -> None:
    told = revocation({**own(), "service_store_offboard": {}}, AT)
    assert (told["file"], told["keys"], told["complete"]) == ("", [], True)
    assert told["text"].startswith("Revocation of acme-aws") and "no such record" not in told["text"]
