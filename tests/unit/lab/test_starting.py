# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as children of a program of the lab, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from lab import starting
from lab.starting import first_answer

PROGRAM = """
import subprocess, sys
from lab.starting import attend
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
def begin():
    if {fails}: raise ValueError("it has no licence")
    return "https://127.0.0.1:1"
sys.exit(attend(child, begin, (ValueError,), "server"))
"""


def program(fails: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM.format(fails=fails)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_answer_that_comes_late_is_waited_for() -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        if len(asked) < 3:
            raise ValueError("not yet")
        return len(asked)

    assert first_answer(ask, ValueError) == 3


def test_a_server_that_has_ended_is_not_waited_for_and_one_that_runs_for_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []
    clock = [0.0]

    def refuse() -> None:
        asked.append(clock[0])
        raise ValueError("refused")

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(starting, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    with pytest.raises(ValueError, match="refused"):
        first_answer(refuse, ValueError, runs=lambda: False)
    assert asked == [0.0]
    with pytest.raises(ValueError, match="refused"):
        first_answer(refuse, ValueError, timeout_s=5)
    assert 5 <= asked[-1] < 6


def test_the_server_is_announced_and_ends_with_its_program() -> None:
    with program(fails=False) as running:
        assert running.stdout is not None
        child = int(running.stdout.readline())
        assert running.stdout.readline() == "ready https://127.0.0.1:1\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_server_that_cannot_begin_is_ended_and_says_why() -> None:
    with program(fails=True) as running:
        out, err = running.communicate(timeout=60)
    assert running.returncode == 1 and "ready" not in out and err == "server: it has no licence\n"
