# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample application and its git server, as programs."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.ca import issue, make_ca
from lab.gitrepo import VERSIONS, make_repository

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("git") / "app.git"
    make_repository(folder)
    return folder


def git(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False, env={**clean, **environment}
    )


@pytest.mark.slow
def test_the_repository_is_the_same_every_time(repository: Path, tmp_path: Path) -> None:
    again = make_repository(tmp_path / "app.git")
    assert list(again) == [tag for tag, _subject in VERSIONS]
    assert {tag: git("-C", str(repository), "rev-parse", f"{tag}^{{commit}}").stdout.strip() for tag in again} == again
    assert again == make_repository(tmp_path / "app.git")


class Board:
    """One version of the application, running on loopback with its notes in `folder`."""

    def __init__(self, repository: Path, version: str, folder: Path) -> None:
        self.release = folder / version
        self.release.mkdir()
        archive = subprocess.run(["git", "-C", str(repository), "archive", version], check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", str(self.release)], input=archive.stdout, check=True)
        environment = {**os.environ, "BOARD_DATA": str(folder), "BOARD_PORT": "0", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "board"],
            cwd=self.release,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]

    def ask(self, path: str, data: Any = None, kind: str = "application/json") -> tuple[int, str]:
        body = data.encode() if isinstance(data, str) else None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": kind})
        try:
            with OPENER.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(60)


@pytest.fixture
def board(repository: Path, tmp_path: Path) -> Iterator[Any]:
    started: list[Board] = []

    def start(version: str) -> Board:
        started.append(Board(repository, version, tmp_path))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


@pytest.mark.parametrize(("version", "status"), [("v1", 200), ("v2", 200), ("v-bad", 503)])
def test_health(board: Any, version: str, status: int) -> None:
    app = board(version)
    assert app.ask("/healthz")[0] == status
    assert app.stop() == 0


@pytest.mark.slow
def test_notes_are_kept_over_an_upgrade_and_a_roll_back(board: Any) -> None:
    for version in ("v1", "v2", "v1"):
        app = board(version)
        status, _answer = app.ask("/api/notes", {"author": "ada", "text": f"written by {version}"})
        assert status == 201
        app.stop()
        subprocess.run(["rm", "-r", str(app.release)], check=True)
    notes = json.loads(board("v2").ask("/api/notes")[1])["notes"]
    assert [note["text"] for note in notes] == ["written by v1", "written by v2", "written by v1"]


def test_what_visitors_write_is_escaped_and_bounded(board: Any) -> None:
    app = board("v2")
    form = "application/x-www-form-urlencoded"
    assert app.ask("/", "author=%3Cb%3Ex&text=%3Cscript%3E&kind=outage", form)[0] == 200
    assert "<script>" not in app.ask("/")[1] and "&lt;script&gt;" in app.ask("/")[1]
    assert app.ask("/api/notes", {"author": "x" * 41, "text": "t"})[0] == 422
    assert app.ask("/api/notes", {"author": "x", "text": "t", "kind": "none"})[0] == 422
    assert app.ask("/api/notes", {"author": "x"})[0] == 400
    assert app.ask("/api/notes", "x" * 9000)[0] == 400
    assert app.ask("/../VERSION")[0] == 404


@pytest.fixture
def server(repository: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    ca = make_ca(tmp_path / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "lab.clouds.git",
            "--cert",
            str(cert),
            "--key",
            str(key),
            "--root",
            str(repository.parent),
        ],
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[1], str(ca.cert_path)
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()


@pytest.mark.slow
def test_git_clones_from_the_server(server: tuple[str, str], repository: Path, tmp_path: Path) -> None:
    url, ca_file = server
    done = git("clone", "--quiet", "--branch", "v1", f"{url}/app.git", str(tmp_path / "clone"), GIT_SSL_CAINFO=ca_file)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone" / "VERSION").read_text() == "1.0.0\n"
    assert git("clone", f"{url}/app.git", str(tmp_path / "no"), GIT_SSL_CAINFO="/etc/hostname").returncode != 0


@pytest.mark.parametrize(
    "path", ["/", "/app.git/", "/../ca/ca.key", "/%2e%2e/ca/ca.key", "/app.git/%00", "//etc/passwd", "/none"]
)
def test_the_server_gives_files_below_its_folder_and_nothing_else(server: tuple[str, str], path: str) -> None:
    url, ca_file = server
    context = ssl.create_default_context(cafile=ca_file)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(url + path, timeout=60)
    assert caught.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(urllib.request.Request(url + "/app.git/git-receive-pack", data=b"x"), timeout=60)
    assert refused.value.code == 403
    with opener.open(url + "/_lab/calls", timeout=60) as answer:
        calls = json.loads(answer.read())
    assert [call["status"] for call in calls] == [404, 403]
