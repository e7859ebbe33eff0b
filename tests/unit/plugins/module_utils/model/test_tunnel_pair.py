# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of tunnels beside each other: who belongs to whom, where they disagree, and what a failed wait says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model import tunnel_pair
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.records import clean

NAME, ADDRESS = "acme-vpn-1", "203.0.113.7"


def ours(name: str = NAME, **more: Any) -> dict[str, Any]:
    up = {"name": name, "up": True, "state": "INSTALLED", "configured": True, "remote": ADDRESS, "silent_s": 3}
    return {**up, "local": "198.51.100.10", "esp_bytes_in": 10, "esp_bytes_out": 20, "proposal": "AES", **more}


def down(name: str = NAME, state: str = "CONNECTING", **more: Any) -> dict[str, Any]:
    return {"name": name, "up": False, "state": state, "configured": True, "remote": ADDRESS, "local": "", **more}


MISSING = {**down(state="missing"), "configured": False, "remote": ""}


def end(status: str, name: str = NAME, address: str = ADDRESS, detail: str = "") -> dict[str, Any]:
    more = {"identity": address, "inside_cidr": "", "accepts": [], "fingerprint": "sha256:1f0c3d9a7b21"}
    return {"name": name, "status": status, "address": address, "detail": detail, **more}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        pytest.param(ours(), end("up"), [], id="both up"),
        pytest.param(down(), end("down"), [], id="both down"),
        pytest.param(ours(), end("unknown"), [], id="up, and the cloud does not tell"),
        pytest.param(down(), end("unknown"), [], id="down, and the cloud does not tell"),
        pytest.param(
            ours(),
            end("down", detail="Disconnected"),
            ["our end is up (the last packet came from there 3 s ago), and the cloud says down (Disconnected)"],
            id="up and down",
        ),
        pytest.param(
            ours(silent_s=None),
            end("down"),
            ["our end is up (no packet came from there yet), and the cloud says down"],
            id="up without a packet, and down",
        ),
        pytest.param(
            down(),
            end("up", detail="Connected"),
            ["our end is down (CONNECTING), and the cloud says up (Connected)"],
            id="down and up",
        ),
        pytest.param(
            ours(),
            end("up", address="203.0.113.99"),
            ["our end speaks with 203.0.113.7, and the cloud's end is 203.0.113.99"],
            id="another address",
        ),
        pytest.param(ours(), end("up", address=""), [], id="no address yet"),
        pytest.param(
            MISSING, end("down"), ["the cloud has this tunnel, and our end has no such connection"], id="missing here"
        ),
        pytest.param(
            ours(), None, ["our end has this connection, and the cloud has no such tunnel"], id="missing there"
        ),
        pytest.param(MISSING, None, [], id="missing at both"),
    ],
)
def test_ends_disagree_in_words(one: dict[str, Any], other: dict[str, Any] | None, said: list[str]) -> None:
    (pair,) = tunnel_pair.pairs([one], [other] if other else [])
    assert pair["disagreements"] == said
    assert pair["agree"] is (not said)
    assert pair["up"] is one["up"]


def test_ends_belong_together_by_name_and_else_by_address() -> None:
    mine = [ours("globex", remote="203.0.113.9"), ours("acme-vpn-2", remote="203.0.113.8"), ours("other", remote="")]
    clouds = [
        end("up", "acme-vpn-1", "203.0.113.9"),
        end("up", "acme-vpn-2", "203.0.113.8"),
        end("up", "acme-vpn-3", ""),
    ]
    found = tunnel_pair.pairs(mine, clouds)
    assert [(one["name"], (one["cloud"] or {}).get("name")) for one in found] == [
        ("globex", "acme-vpn-1"),
        ("acme-vpn-2", "acme-vpn-2"),
        ("other", None),
        ("acme-vpn-3", "acme-vpn-3"),
    ]
    assert found[3]["ours"] == {"state": "missing", "configured": False} and not found[3]["up"]


def test_a_name_counts_more_than_an_address() -> None:
    mine = [ours("a", remote="203.0.113.8"), ours("b", remote="203.0.113.8")]
    found = tunnel_pair.pairs(mine, [end("up", "b", "203.0.113.8")])
    assert [(one["cloud"] or {}).get("name") for one in found] == [None, "b"]


def test_where_the_cloud_was_not_asked_nothing_disagrees() -> None:
    (pair,) = tunnel_pair.pairs([ours()], None)
    assert pair["cloud"] is None and pair["agree"] and pair["disagreements"] == []


def test_what_the_cloud_takes_and_the_fingerprint_of_its_key_stay_out() -> None:
    (pair,) = tunnel_pair.pairs([ours()], [end("up")])
    assert set(pair["cloud"]) == {"name", "status", "detail", "address", "identity"}


def test_the_report_has_what_the_role_reports() -> None:
    tunnels = tunnel_pair.pairs([ours(), {**MISSING, "name": "acme-vpn-2"}], [end("up")])
    rows = tunnel_pair.records("acme-aws", tunnels)
    assert rows[0] == {
        "kind": "tunnel",
        "subject": "acme-aws",
        "name": NAME,
        "up": True,
        "local": "198.51.100.10",
        "remote": ADDRESS,
        "esp_bytes_in": 10,
        "esp_bytes_out": 20,
        "proposal": "AES",
    }
    kept = [clean(row, "store-gw", "access") for row in rows]
    assert [record and (record.subject, record.values["up"]) for record in kept] == [
        ("acme-aws", True),
        ("acme-aws", False),
    ]


def test_a_failed_wait_says_cause_evidence_mend_and_what_the_cloud_says() -> None:
    why = {"cause": "timeout", "evidence": "giving up after 3 retransmits", "mend": "open udp/500"}
    tunnels = tunnel_pair.pairs([ours("fine"), down(why=why)], [end("down", detail="IPSEC IS DOWN")])
    assert tunnel_pair.failure(tunnels, "up", 60) == (
        "The tunnel acme-vpn-1 to 203.0.113.7 is not up after 60 s. Cause: timeout (giving up after 3 retransmits). "
        "The cloud says down (IPSEC IS DOWN). Next: open udp/500."
    )
    assert tunnel_pair.failure(tunnel_pair.pairs([ours()], None), "up", 60) == ""
    assert "is not down after 5 s. Next: terminate it" in tunnel_pair.failure(
        tunnel_pair.pairs([ours()], None), "down", 5
    )


@pytest.mark.parametrize("address", ["%any", "0.0.0.0/0"])
def test_an_end_that_may_have_any_address_has_none(address: str) -> None:
    connection = {"road": {"local_addrs": [address], "remote_addrs": [address]}}
    assert tunnel_pair.our_end("road", [], [connection])["remote"] == ""
