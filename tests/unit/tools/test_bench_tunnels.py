# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of many tunnels: what counts as untouched, how a tunnel compares with the plain link, and the table."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import parse_tunnels
from tests.bench.stream import _swallow, send
from tests.bench.tunnel_hosts import FAR, NEAR
from tests.bench.tunnels import connection
from tools.bench.figures import Took
from tools.bench.tunnels import CHANGE, FRESH, RERUN, Report, Scale, Stream, as_json, table, untouched

STEPS = {FRESH: Took(50.0, 9.0), RERUN: Took(20.0, 8.0), CHANGE: Took(21.0, 8.5)}
SCALE = Scale(200, STEPS, 0.25, 12.0, (25.0, 26.5), 199, Stream((2000.0, 3000.0, 2500.0), (500.0, 200.0, 250.0)))
REPORT = Report("the kernel", (SCALE,), (0.5, 2.0))


def test_a_tunnel_is_untouched_where_both_its_ids_are_the_same() -> None:
    before = {"kept": (1, 1), "child anew": (2, 2), "anew": (3, 3), "gone": (4, 4)}
    after = {"kept": (1, 1), "child anew": (2, 9), "anew": (5, 3), "new": (6, 6)}
    assert untouched(before, after) == {"kept"}


def test_a_tunnel_is_compared_with_the_plain_link_by_medians() -> None:
    assert SCALE.stream.medians == (2500.0, 250.0)
    assert SCALE.stream.ratio == pytest.approx(0.1)


def test_the_table_tells_seconds_memory_who_encrypts_and_how_busy_the_machine_was() -> None:
    lines = table(REPORT).splitlines()
    assert lines[2].split()[0] == "200" and "50.0 s, 9.0 s of cpu" in lines[2] and "26.5 MiB" in lines[2]
    assert "carries 250 Mbit/s, the plain link 2500 Mbit/s, ratio 0.100; 199 of 199 others kept" in lines[3]
    assert lines[4] == "ESP by the kernel; load of the machine 0.5 before and 2.0 after"


def test_the_file_holds_every_figure() -> None:
    (scale,) = json.loads(json.dumps(as_json(REPORT)))["scales"]
    assert scale["steps"][FRESH] == {"seconds": 50.0, "cpu_s": 9.0}
    assert (scale["kept"], scale["reload_s"], scale["rss_mib"]) == (199, 0.25, [25.0, 26.5])
    assert scale["stream"] == {
        "plain_mbit_s": [2000.0, 3000.0, 2500.0],
        "tunnel_mbit_s": [500.0, 200.0, 250.0],
        "ratio": 0.1,
    }


def test_both_ends_of_two_hundred_connections_fit_and_share_nothing() -> None:
    near = parse_tunnels([connection(number, NEAR) for number in range(1, 301)], "near")
    far = parse_tunnels([connection(number, FAR) for number in range(1, 301)], "far")
    for ours, theirs in zip(near, far, strict=True):
        assert (ours.local, ours.remote) == (theirs.remote, theirs.local)
        assert (ours.local_selectors, ours.remote_selectors) == (theirs.remote_selectors, theirs.local_selectors)
        assert ours.initiate is not theirs.initiate and ours.allowed("tcp") == theirs.allowed("tcp")
    for end in (near, far):
        assert len({address for tunnel in end for address in tunnel.far}) == 300
        assert len({tunnel.local.identity for tunnel in end}) == 300


def test_a_stream_counts_what_has_arrived() -> None:
    arrived: list[int] = []

    def answer(listening: socket.socket) -> None:
        stream, _peer = listening.accept()
        with stream:
            arrived.append(_swallow(stream))
            stream.sendall(b"%d\n" % arrived[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        rate = send("127.0.0.1", "127.0.0.1", listening.getsockname()[1], 0.2)
        thread.join()
    assert arrived[0] > 0 and 0 < rate <= arrived[0] * 8 / 0.2 / 1e6
