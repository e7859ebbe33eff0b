# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault proxy that looks at the provider after each call it passes on, and can kill the caller there."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from lab.fault_rules import Answer
from lab.faults import FaultProxy

CHILD_TIMEOUT_S = 120
#: What a scope holds: each entry as a line, with what is said about it; and each mark without its entry.
State = dict[str, str]


def marked_only(line: str) -> str:
    """Return the line of an entry of which a scope holds the mark alone."""
    return f"mark of {line}"


class WatchingProxy(FaultProxy):
    """Passes calls on one at a time and notes in ``seen`` what the provider holds after each of them.

    ``look`` asks the provider itself, so that what is seen is no word of the module's or of the proxy's.
    """

    def __init__(self, *given: Any, look: Callable[[], State], **more: Any) -> None:
        super().__init__(*given, **more)
        self._look = look
        self._turn = threading.Lock()
        self._passed = 0
        self._victim: tuple[int, int] | None = None
        self.seen: list[State] = []

    def begin(self) -> None:
        """Forget rules, calls and what was seen."""
        self.reset()
        with self._turn:
            self._passed, self._victim, self.seen = 0, None, []

    def forward(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        with self._turn:
            answer = super().forward(method, target, headers, body)
            self.seen.append(self._look())
            self._passed += 1
            if self._victim and self._passed == self._victim[1]:
                os.kill(self._victim[0], signal.SIGKILL)
        return answer

    def run_and_kill(self, run: Callable[[], object], after: int) -> bool:
        """Run something in a child that gets SIGKILL when the ``after``th call is made and not yet answered.

        Returns whether it came that far; a failure of the run itself is no error here.
        """
        start, go = os.pipe()
        with warnings.catch_warnings():
            # Threads here serve this proxy; the child uses nothing of theirs, and ends by itself if it hangs.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _child(run, start)
        self._victim = (pid, after)
        os.write(go, b"!")
        _pid, status = os.waitpid(pid, 0)
        os.close(start)
        os.close(go)
        # Calls that the child had sent by then arrive all the same.
        with self._turn:
            self._victim = None
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL, f"the child ended by signal {os.WTERMSIG(status)}"
            return True
        return False


def _child(run: Callable[[], object], start: int) -> None:
    signal.alarm(CHILD_TIMEOUT_S)
    try:
        os.read(start, 1)
        with contextlib.suppress(AssertionError):
            run()
    except Exception:
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(0)
