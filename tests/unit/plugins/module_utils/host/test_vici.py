# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of charon's control interface, against what a real charon sent, and against what none would send."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.host import vici
from ansible_collections.strategic.service_store.plugins.module_utils.host.vici import Vici, ViciError, decode
from tests.support.vici import EVENT, IDLE, UP, Charon, encode, packet, recorded


@pytest.mark.parametrize("piece", [65536, 3])
def test_what_a_real_charon_lists_is_read_in_whatever_pieces_it_comes(tmp_path: Path, piece: int) -> None:
    with Charon(tmp_path / "vici") as charon:
        charon.piece = piece
        with Vici(str(charon.path)) as asked:
            connections = asked.listed("list-conns", "list-conn")
            sas = asked.listed("list-sas", "list-sa")
    assert [name for one in connections for name in one] == [UP, IDLE]
    assert connections[1][IDLE]["remote_addrs"] == ["192.0.2.9"]
    (ike,) = sas
    assert ike[UP]["remote-host"] == "192.0.2.2" and ike[UP]["dh-group"] == "ECP_384"
    assert ike[UP]["child-sas"][f"{UP}-1"]["local-ts"] == ["10.1.0.1/32"]


def test_events_are_heard_for_as_long_as_asked_and_those_between_are_not_lost(tmp_path: Path) -> None:
    with (
        Charon(tmp_path / "vici", log=recorded("log-wrong-key")) as charon,
        Vici(str(charon.path)) as listening,
    ):
        listening.listen("log")
        # The log has come by now, and is there though an answer was waited for.
        listening.listed("list-sas", "list-sa")
        said = [message["msg"] for name, message in listening.heard(0.3) if name == "log"]
    assert "received AUTHENTICATION_FAILED notify error" in said
    assert "loaded IKE shared key with id 'ike-1' for: '192.0.2.2'" in said


def test_a_message_of_every_kind_is_decoded() -> None:
    message = {"key": "wert mit ü", "section": {"inner": {"a": "1"}, "list": ["x", ""]}, "empty": [], "none": {}}
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x03\x03key\x00\x09short", id="a value that is cut off"),
        pytest.param(b"\x01\x03sec", id="a section without an end"),
        pytest.param(b"\x02", id="an end without a section"),
        pytest.param(b"\x05\x00\x01x", id="an item without a list"),
        pytest.param(b"\x09", id="a type that there is none of"),
        pytest.param(b"\x03", id="a name that is cut off"),
    ],
)
def test_a_malformed_message_is_refused(raw: bytes) -> None:
    with pytest.raises(ViciError, match="malformed"):
        decode(raw)


def test_a_charon_that_does_not_run_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(
        ViciError, match=r"charon does not run: .*vici: No such file.*journalctl -u strongswan"
    ) as found:
        Vici(str(tmp_path / "vici"))
    assert not found.value.running


def test_a_charon_that_ends_is_told(tmp_path: Path) -> None:
    with Charon(tmp_path / "vici") as charon:
        asked = Vici(str(charon.path))
        asked.listed("list-conns", "list-conn")
    with asked, pytest.raises(ViciError, match="charon closed") as found:
        asked.listed("list-sas", "list-sa")
    assert not found.value.running


def test_a_command_that_charon_does_not_know_is_told(tmp_path: Path) -> None:
    with Charon(tmp_path / "vici") as charon, Vici(str(charon.path)) as asked:
        charon.commands.remove("list-sas")
        with pytest.raises(ViciError, match="does not know list-sas; use strongSwan 5.9 or newer"):
            asked.listed("list-sas", "list-sa")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", "is not charon", id="something else"),
        pytest.param(b"\x00\x00\x00\x00", "is not charon", id="an empty packet"),
        pytest.param(b"", "did not answer", id="silence"),
        pytest.param(packet(EVENT, "log", {"msg": "x"}), "did not answer", id="events alone"),
    ],
)
def test_what_is_not_charon_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str) -> None:
    monkeypatch.setattr(vici, "ANSWER_S", 0.2)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "vici"))
        server.listen()
        done = threading.Event()

        def serve() -> None:
            with server.accept()[0] as client:
                client.sendall(answer)
                done.wait(5)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with Vici(str(tmp_path / "vici")) as asked, pytest.raises(ViciError, match=words):
            asked.listed("list-sas", "list-sa")
        done.set()
        thread.join()
