# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background processes, with real ones."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.process import Service, start_time

SERVER = "import time; print('ready https://127.0.0.1:1', flush=True); time.sleep(600)"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service("server", tmp_path / "run", tmp_path / "log")
    yield made
    made.stop()


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while start_time(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return start_time(pid) is None


def test_it_is_started_once_and_found_again(service: Service) -> None:
    assert service.start_until_ready(python(SERVER)) == "https://127.0.0.1:1"
    pid = service.pid()
    assert pid and os.getsid(pid) == pid
    assert service.start(python(SERVER)) == pid
    assert Service(service.name, service.run, service.logs).pid() == pid


def test_stopping_ends_what_it_started_too(service: Service, tmp_path: Path) -> None:
    child = tmp_path / "child"
    text = f"import subprocess,time; p=subprocess.Popen(['sleep','600']); open({str(child)!r},'w').write(str(p.pid)); "
    service.start_until_ready(python(text + SERVER))
    service.stop()
    assert service.pid() is None and not service.has_died()
    assert gone(int(child.read_text()))


def test_what_a_killed_process_left_behind_is_ended_before_it_starts_again(service: Service, tmp_path: Path) -> None:
    child = tmp_path / "child"
    text = f"import subprocess,time; p=subprocess.Popen(['sleep','600']); open({str(child)!r},'w').write(str(p.pid)); "
    service.start_until_ready(python(text + SERVER))
    first, orphan = service.pid(), int(child.read_text())
    assert first
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    assert start_time(orphan) is not None
    service.start_until_ready(python(SERVER))
    assert gone(orphan) and service.pid() not in (None, first)


def test_a_process_that_ignores_the_polite_signal_is_killed(service: Service) -> None:
    pid_before = service.start_until_ready(python("import signal; signal.signal(15, signal.SIG_IGN); " + SERVER))
    pid = service.pid()
    assert pid and pid_before
    service.stop(timeout_s=0.2)
    assert gone(pid)


def test_one_that_dies_is_noticed(service: Service) -> None:
    service.start_until_ready(python(SERVER))
    pid = service.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert service.pid() is None and service.has_died()


def test_a_pid_that_was_given_to_something_else_is_not_ours_and_not_killed(service: Service) -> None:
    service.start_until_ready(python(SERVER))
    record = service.run / "server.pid"
    ours = service.pid()
    assert ours
    try:
        # This very process, as if its pid had been ours before.
        record.write_text(json.dumps({"pid": os.getpid(), "start": 1}))
        assert service.pid() is None
        service.stop()
    finally:
        os.killpg(ours, signal.SIGKILL)
        os.waitpid(ours, 0)


def test_the_end_of_the_log_is_in_the_error(service: Service) -> None:
    # On a busy machine it may be gone before it is looked at for the first time.
    with pytest.raises(LabError, match="ended (at once|before it was ready); .*server.log ends with:\n(.|\n)*boom"):
        service.start_until_ready(python("raise SystemExit('boom')"))


def test_waiting_for_readiness_ends(service: Service) -> None:
    with pytest.raises(LabError, match="not ready within 0 s"):
        service.start_until_ready(python("import time; time.sleep(600)"), timeout_s=0.4)
    assert service.pid() is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": "x"}', "[]"])
def test_a_broken_pid_file_means_not_running(service: Service, text: str) -> None:
    service.run.mkdir(parents=True)
    (service.run / "server.pid").write_text(text)
    assert service.pid() is None
