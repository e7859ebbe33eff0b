# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the lab's cloud servers as real processes on loopback, each with a certificate of its own CA.

    def test_something(lab_server):
        azure = lab_server("azure", {"tenants": [...]})
        client(azure.url, verify=azure.ca_file)
        assert len(azure.calls()) == 3

Import the fixture in a conftest: ``from ...tests.support.servers import lab_server``.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 600.0
# Longer than the lab's programs give the server of somebody else that they started (lab.starting).
STOP_TIMEOUT_S = 60.0

# Without these the machine's own proxy and CA settings would win over what a test gives explicitly.
_LEFT_OUT = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def _environment() -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k.lower() not in _LEFT_OUT}
    # -m finds the package "lab" from here whatever the working directory is.
    env["PYTHONPATH"] = os.pathsep.join(p for p in (str(REPO), env.get("PYTHONPATH")) if p)
    env["PYTHONUNBUFFERED"] = "1"
    return env


@dataclass
class LabServer:
    """A running server. ``url`` has no trailing slash; ``log`` is where its stderr goes."""

    name: str
    url: str
    ca_file: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def calls(self) -> list[dict[str, Any]]:
        """The calls since start or the last reset, oldest first: {method|command, source, status}."""
        result: list[dict[str, Any]] = json.loads(self.lab("GET", "calls"))
        return result

    def reset(self) -> None:
        """Empties the state to what the configuration says, and the call log."""
        self.lab("POST", "reset")

    def lab(self, method: str, what: str, body: Any = None) -> bytes:
        """One request to the server's own ``/_lab/<what>``; raises urllib's HTTPError on a refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_lab/{what}", data=data, method=method, headers={"Content-Type": "application/json"}
        )
        context = ssl.create_default_context(cafile=self.ca_file)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def stop(self) -> int:
        """Ends the server with SIGTERM (SIGKILL after STOP_TIMEOUT_S) and gives its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_TIMEOUT_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return self.process.returncode


def _await_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    """The url of the line ``ready https://HOST:PORT``; fails with the end of the log when none comes."""
    stdout = process.stdout
    if stdout is None:
        raise RuntimeError("the server's stdout must be a pipe")
    deadline = time.monotonic() + START_TIMEOUT_S
    seen = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline and b"\n" not in seen:
            if not selector.select(timeout=0.5):
                continue
            chunk = os.read(stdout.fileno(), 4096)
            if not chunk:
                break
            seen += chunk
    line = seen.split(b"\n", 1)[0].decode(errors="replace")
    if not line.startswith("ready https://"):
        process.kill()
        tail = log.read_text(errors="replace")[-3000:] if log.exists() else ""
        raise RuntimeError(f"the server did not get ready in {START_TIMEOUT_S:.0f} s; it said {line!r}\n{tail}")
    return line.removeprefix("ready ").strip()


def start_server(
    name: str,
    config: Mapping[str, Any] | None,
    folder: Path,
    *,
    host: str = "127.0.0.1",
    args: Sequence[str] = (),
    module: str | None = None,
    ips: Sequence[str] = (),
) -> LabServer:
    """Starts ``python -m lab.clouds.<name>`` (or ``module``) on a free port; the caller stops it.

    folder: takes the CA, the configuration and the log. args: further arguments of the program.
    """
    from lab.ca import issue, make_ca

    folder.mkdir(parents=True, exist_ok=True)
    ca = make_ca(folder / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1", *ips])
    command = [
        sys.executable,
        "-m",
        module or f"lab.clouds.{name}",
        "--host",
        host,
        "--port",
        "0",
        "--cert",
        str(cert),
        "--key",
        str(key),
        *args,
    ]
    if config is not None:
        config_file = folder / f"{name}.json"
        config_file.write_text(json.dumps(config))
        command += ["--config", str(config_file)]
    log = folder / f"{name}.log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=_environment(), cwd=folder
        )
    url = _await_ready(process, log)
    if host == "0.0.0.0":
        url = f"https://127.0.0.1:{url.rsplit(':', 1)[1]}"
    return LabServer(name, url, str(ca.cert_path), log, process)


StartServer = Callable[..., LabServer]


@contextlib.contextmanager
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """What the fixtures give, for fixtures of another scope; every server that it started ends with it."""
    with contextlib.ExitStack() as stack:

        def start(
            name: str, config: Mapping[str, Any] | None = None, tmp: Path | None = None, **more: Any
        ) -> LabServer:
            server = start_server(name, config, tmp or tmp_path_factory.mktemp(name), **more)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """``lab_server(name, config=None, tmp=None, args=())`` starts a server for one test."""
    with starter(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def module_lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """As lab_server, for servers that a whole test file shares (reset() between tests)."""
    with starter(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def session_lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """As lab_server, for servers that the whole run shares (reset() between tests)."""
    with starter(tmp_path_factory) as start:
        yield start
