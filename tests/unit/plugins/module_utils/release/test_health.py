# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks against real listeners on loopback."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.release.health import (
    Check,
    probe,
    wait_until_well,
)


class Page(http.server.BaseHTTPRequestHandler):
    """Answers with the status in its path; /late/N answers 503 until it was asked N times."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        first, _slash, number = self.path.strip("/").partition("/")
        status = int(first) if first.isdigit() else 200 if type(self).asked >= int(number) else 503
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"release 2.0.0")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    Page.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_http(url: str) -> None:
    assert probe(Check("http", url=f"{url}/200"), "/") is None
    assert probe(Check("http", url=f"{url}/204", status=(200, 204)), "/") is None
    assert probe(Check("http", url=f"{url}/200", contains="2.0.0"), "/") is None
    assert "answered 503, not 200" in str(probe(Check("http", url=f"{url}/503"), "/"))
    assert "does not contain '2.1.0'" in str(probe(Check("http", url=f"{url}/200", contains="2.1.0"), "/"))


def test_a_redirect_is_not_followed(url: str) -> None:
    assert "answered 302, not 200" in str(probe(Check("http", url=f"{url}/302"), "/"))


def test_a_proxy_of_the_environment_is_not_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert probe(Check("http", url=f"{url}/200"), "/") is None


def test_a_server_that_hangs_is_given_up(silent_port: int) -> None:
    # Nothing ends this but the check itself: the port never says a word.
    why = probe(Check("http", url=f"http://127.0.0.1:{silent_port}/", timeout_s=0.3), "/")
    assert "no answer from" in str(why) and "timed out" in str(why)


def test_tcp(silent_port: int) -> None:
    assert probe(Check("tcp", port=silent_port), "/") is None
    with socket.socket() as bound:
        # Nobody listens there, and nobody else can.
        bound.bind(("127.0.0.1", 0))
        free = bound.getsockname()[1]
        assert f"no connection to 127.0.0.1:{free}: Connection refused" == probe(Check("tcp", port=free), "/")


def test_command(tmp_path: object) -> None:
    assert probe(Check("command", command=("true",)), "/") is None
    assert probe(Check("command", command=("sh", "-c", "echo why >&2; exit 4")), "/") == "sh ended with 4: why"
    assert probe(Check("command", command=("sleep", "600"), timeout_s=0.1), "/") == "sleep did not end within 0.1 s"
    assert "could not be run" in str(probe(Check("command", command=("/nonexistent",)), "/"))


def test_it_is_tried_until_it_is_well_and_no_longer(url: str) -> None:
    slept: list[float] = []
    assert wait_until_well(Check("http", url=f"{url}/late/3", interval_s=2), "/", slept.append) is None
    assert slept == [2, 2] and Page.asked == 3


def test_the_last_reason_is_told(url: str) -> None:
    slept: list[float] = []
    why = wait_until_well(Check("http", url=f"{url}/late/9", retries=3), "/", slept.append)
    assert "answered 503" in str(why) and len(slept) == 2


@pytest.mark.parametrize(
    "check",
    [Check("http", url="x"), Check("tcp", port=0), Check("command"), Check("tcp", port=1, retries=0),
     Check("tcp", port=1, interval_s=-1)],
    ids=["url", "port", "command", "retries", "interval"],
)  # fmt: skip
def test_what_cannot_work_is_refused(check: Check) -> None:
    with pytest.raises(InvalidInput, match="health"):
        check.validate()
