# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vpn_tunnel_info in a play: our end on a host that is not the task's own, waits, probes, and what is refused."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.tunnels import ACCOUNT, DEAD, GATEWAY, REFUSING, ask
from tests.support.vici import IDLE, UP, Charon, recorded


@pytest.fixture
def charon(tmp_path_factory: pytest.TempPathFactory) -> Any:
    # The path of a unix socket has at most 107 bytes.
    with Charon(tmp_path_factory.mktemp("v") / "vici") as found:
        yield found


@pytest.mark.slow
def test_our_end_is_read_on_another_host_waited_for_and_probed(charon: Charon, tmp_path: Path) -> None:
    ours = {"tunnel_host": GATEWAY, "socket": str(charon.path)}
    with socket.create_server(("127.0.0.1", 0)) as api, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        probe = {"address": "127.0.0.1", "port": api.getsockname()[1]}
        charon.up_after = 4
        run, said = ask(
            tmp_path,
            {
                "comes_up": {**ours, "tunnels": [UP], "wait_s": 30, "probe": probe},
                "all": ours,
                "elsewhere": {**ours, "tunnels": [UP], "probe": {**probe, "host": ACCOUNT}},
                "refused": {
                    **ours,
                    "tunnels": [UP],
                    "wait_s": 1,
                    "probe": {**probe, "port": closed.getsockname()[1]},
                },
            },
        )
    assert run.status == 0, run.output[-4000:]
    refused = said.pop("refused")
    assert not any(result["changed"] or result.get("failed") for result in said.values()), run.output[-4000:]
    assert refused["failed"] and refused["probe"]["cause"] == "refused" and refused["tunnels"][0]["up"]
    assert f"does not answer {GATEWAY}. Cause: refused (the connection was refused by" in refused["msg"]
    assert charon.up_after == 0 and [one["up"] for one in said["comes_up"]["tunnels"]] == [True]
    assert said["comes_up"]["probe"] == {**probe, "host": GATEWAY, "ok": True}
    assert said["elsewhere"]["probe"] == {**probe, "host": ACCOUNT, "ok": True}
    assert [(one["name"], one["ours"]["state"]) for one in said["all"]["tunnels"]] == [
        (UP, "INSTALLED"),
        (IDLE, "none"),
    ]
    assert [(row["subject"], row["name"], row["up"]) for row in said["all"]["report"]] == [
        (ACCOUNT, UP, True),
        (ACCOUNT, IDLE, False),
    ]
    # The gateway's own temporary folder was used, and nothing was left in it.
    assert (tmp_path / "gateway").is_dir() and not list((tmp_path / "gateway").iterdir())


@pytest.mark.slow
def test_a_wait_that_fails_says_why_in_check_mode_too(charon: Charon, tmp_path: Path) -> None:
    charon.lists["list-sas"], charon.log = [], recorded("log-wrong-key")
    ours = {"tunnel_host": GATEWAY, "socket": str(charon.path), "tunnels": [UP]}
    run, said = ask(tmp_path, {"waits": {**ours, "wait_s": 2}, "tells": ours}, "--check")
    assert run.status == 0, run.output[-4000:]
    assert said["waits"]["failed"] and not said["waits"]["changed"]
    assert said["waits"]["msg"] == (
        f"The tunnel {UP} to 192.0.2.2 is not up after 2 s. Cause: authentication failed "
        "(received AUTHENTICATION_FAILED notify error). Next: give both ends the same pre-shared key and each other's "
        "id; compare the fingerprints; of certificates the other end's log says more."
    )
    assert said["waits"]["tunnels"][0]["ours"]["why"]["cause"] == "authentication failed"
    # Without a wait it tells how it is, and that is no failure.
    assert not said["tells"].get("failed") and not said["tells"]["tunnels"][0]["up"]


@pytest.mark.slow
def test_what_cannot_work_is_refused_with_the_option_the_value_and_the_mend(tmp_path: Path) -> None:
    run, said = ask(
        tmp_path,
        {
            "dead": {"tunnel_host": DEAD},
            "refusing": {"tunnel_host": REFUSING},
            "absent": {"tunnel_host": GATEWAY, "socket": str(tmp_path / "vici")},
            "nowhere": {"tunnel_host": "store-nowhere"},
            "account": {},
            "part": {"tunnel_host": GATEWAY, "parts": ["tunnels"]},
            "name": {"tunnel_host": GATEWAY, "tunnels": ["acme vpn"]},
            "wait": {"tunnel_host": GATEWAY, "wait_s": 4000},
            "api": {"tunnel_host": GATEWAY, "probe": {"address": "api.example", "port": 443}},
            "asks": {"tunnel_host": GATEWAY, "probe": {"address": "10.2.0.10", "port": 443, "host": "store-nowhere"}},
            "half": {"tunnel_host": GATEWAY, "name": "acme-vpn"},
            "cloud": {"tunnel_host": GATEWAY, "name": "acme-vpn", "scope": {"kind": "vpc", "name": "prod"}},
        },
    )
    assert run.status == 0, run.output[-4000:]
    words = {
        "dead": f"{DEAD}: cannot be reached: .*Connection refused",
        "refusing": f"^{REFUSING}: (?!charon).*nobody-at-all|^{REFUSING}: (?!charon).*become",
        "absent": f"{GATEWAY}: charon does not run: .*vici: No such file or directory. Next: look at journalctl",
        "nowhere": "tunnel_host: store-nowhere is no host of the inventory; name one of it",
        "account": f"tunnel_host: {ACCOUNT} is a cloud account and no host; name the host of our end",
        "part": "parts: is set by the action plugin and not by a task; leave it out",
        "name": r"tunnels\[0\]: acme vpn is no connection's name; write it as in ipsec_connections",
        "wait": "wait_s: 4000 is out of bounds; write 0 to 3600 seconds",
        "api": "probe.address: api.example is no IPv4 address; write that of the API's host",
        "asks": "probe.host: store-nowhere is no host of the inventory",
        "half": "parameters are required together: name, scope",
        "cloud": "provider: is missing; the cloud's end, which scope names, is read with it",
    }
    for name, pattern in words.items():
        assert said[name]["failed"] and not said[name].get("unreachable"), (name, said[name])
        assert re.search(pattern, said[name]["msg"]), (name, said[name]["msg"])
