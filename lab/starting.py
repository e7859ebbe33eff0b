# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that somebody else wrote, as the child of a program of the lab: wait for it, announce it, end with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

START_TIMEOUT_S = 200.0
STOP_TIMEOUT_S = 30.0
_EVERY_S = 0.1
Answer = TypeVar("Answer")


def first_answer(
    ask: Callable[[], Answer],
    not_yet: type[Exception],
    runs: Callable[[], bool] = lambda: True,
    timeout_s: float = START_TIMEOUT_S,
) -> Answer:
    """Asks until there is an answer; raises the last not_yet where the server has ended, or after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return ask()
        except not_yet:
            if not runs() or time.monotonic() > deadline:
                raise
        time.sleep(_EVERY_S)


def attend(
    process: subprocess.Popen[bytes], begin: Callable[[], str], failures: tuple[type[Exception], ...], name: str
) -> int:
    """Prints `ready URL` once begin() gives the URL, stays until the process ends or SIGTERM ends it.

    Gives the exit status: the process's own, or 1 where begin() failed, which is said on stderr.
    """
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        print(f"ready {begin()}", flush=True)
        return max(process.wait(), 0)
    except failures as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # It must not outlive this program.
            process.kill()
            process.wait()
