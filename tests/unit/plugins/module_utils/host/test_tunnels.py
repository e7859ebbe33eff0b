# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our end of tunnels on their host: read, waited for, and explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.host import tunnels
from ansible_collections.strategic.service_store.plugins.module_utils.host.tunnels import Clock, Watched, explain, watch
from ansible_collections.strategic.service_store.plugins.module_utils.host.vici import ViciError
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_log import Line
from tests.support.vici import IDLE, UP, Charon, connection, recorded, sa


class Ticking:
    """A clock that goes on by a second whenever it is looked at, and by what is slept."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        self.time += 1
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(self.now, self.sleep)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnels, "EVERY_S", 0.02)


def no_journal() -> list[Line]:
    return []


def test_a_tunnel_of_a_real_charon_is_read_with_age_bytes_rekey_and_peer(tmp_path: Path) -> None:
    with Charon(tmp_path / "vici") as charon:
        up, idle = watch(str(charon.path), (), "up", 0).ends
    assert (up["name"], up["up"], up["configured"]) == (UP, True, True)
    assert (up["remote"], up["peer"], up["proposal"]) == ("192.0.2.2", "192.0.2.2", "AES_GCM_16-256")
    assert (up["esp_bytes_in"], up["esp_bytes_out"]) == (40, 60)
    assert 3000 < up["rekey_in_s"] < 3600 and 12000 < up["ike_rekey_in_s"] < 14400
    assert 0 <= up["silent_s"] <= up["installed_s"] <= up["established_s"] < 60
    assert idle == {"name": IDLE, "up": False, "state": "none", "configured": True,
                    "local": "192.0.2.1", "remote": "192.0.2.9"}  # fmt: skip


def test_a_tunnel_that_is_not_configured_is_missing_and_said_so(tmp_path: Path) -> None:
    with Charon(tmp_path / "vici") as charon:
        seen = watch(str(charon.path), ["acme-vpn-2"], "up", 0)
    (one,) = explain(seen, no_journal)
    assert (one["state"], one["configured"]) == ("missing", False)
    assert one["why"]["cause"] == "not configured" and "role ipsec" in one["why"]["mend"]


@pytest.mark.parametrize("wanted", ["up", "down"])
def test_a_wait_ends_as_soon_as_all_are_as_wanted(tmp_path: Path, wanted: str) -> None:
    ticking = Ticking()
    names = [UP] if wanted == "up" else [IDLE]
    with Charon(tmp_path / "vici", up_after=3 if wanted == "up" else 0) as charon:
        seen = watch(str(charon.path), names, wanted, 1000, ticking.clock)
        asked = sum(name == "list-sas" for _kind, name in charon.asked if _kind == 0)
    assert [one["up"] for one in seen.ends] == [wanted == "up"]
    assert asked == (4 if wanted == "up" else 1)


def test_a_wait_ends_when_it_is_over_with_what_was_seen_last(tmp_path: Path) -> None:
    with Charon(tmp_path / "vici", [connection("acme")], [sa("acme", state="CONNECTING")]) as charon:
        seen = watch(str(charon.path), ["acme"], "up", 5, Ticking().clock)
    assert seen.ends[0]["state"] == "CONNECTING" and 5 <= seen.waited_s < 7


def test_a_charon_that_is_started_during_the_wait_is_asked(tmp_path: Path) -> None:
    ticking, path = Ticking(), tmp_path / "vici"
    charon = Charon(path)

    def sleep(seconds: float) -> None:
        ticking.sleep(seconds)
        if len(ticking.slept) == 3:
            charon.__enter__()

    seen = watch(str(path), [UP], "up", 1000, Clock(ticking.now, sleep))
    charon.__exit__(None, None, None)
    assert seen.ends[0]["up"] and len(ticking.slept) == 3


def test_a_charon_that_never_runs_fails_the_wait(tmp_path: Path) -> None:
    with pytest.raises(ViciError, match="charon does not run"):
        watch(str(tmp_path / "vici"), [UP], "up", 5, Ticking().clock)


@pytest.mark.parametrize(
    ("log", "cause"),
    [("log-wrong-key", "authentication failed"), ("log-no-proposal", "no proposal chosen")],
)
def test_the_cause_is_in_what_a_real_charon_logs_during_the_wait(tmp_path: Path, log: str, cause: str) -> None:
    with Charon(tmp_path / "vici", sas=[], log=recorded(log)) as charon:
        seen = watch(str(charon.path), [UP, IDLE], "up", 8, Ticking().clock)
    up, idle = explain(seen, no_journal)
    assert up["why"]["cause"] == cause and up["why"]["evidence"].startswith("received ")
    # The other connection has its own cause, and not its neighbour's.
    assert idle["why"]["cause"] == "no attempt" and "--child idle" in idle["why"]["mend"]


def test_the_journal_is_read_where_the_wait_tells_nothing_and_only_then() -> None:
    down = {"name": "acme", "up": False, "state": "none", "configured": True, "remote": "203.0.113.7"}
    heard = Watched([down], [Line("received TS_UNACCEPTABLE notify, no CHILD_SA built", "acme", "3")])
    asked: list[int] = []

    def journal() -> list[Line]:
        asked.append(1)
        return [Line("received NO_PROPOSAL_CHOSEN notify error", "acme", "2")]

    assert explain(heard, journal)[0]["why"]["cause"] == "traffic selectors differ" and asked == []
    assert explain(Watched([down, down]), journal)[1]["why"]["cause"] == "no proposal chosen" and asked == [1]
    up = {**down, "up": True}
    assert explain(Watched([up]), journal) == [up] and asked == [1]


def test_the_journal_is_read_with_the_name_of_each_ike_sa() -> None:
    rows = [
        {"MESSAGE": "received AUTHENTICATION_FAILED notify error", "IKE_SA_NAME": "acme", "IKE_SA_UNIQUE_ID": "4"},
        {"MESSAGE": [98, 121, 116, 101, 115]},
        {"MESSAGE": "SIGTERM received, shutting down"},
    ]
    text = "\n".join([*(json.dumps(row) for row in rows), "-- no json --"])
    assert tunnels.journal_lines(text) == [
        Line("received AUTHENTICATION_FAILED notify error", "acme", "4"),
        Line("SIGTERM received, shutting down"),
    ]
