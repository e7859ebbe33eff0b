# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that holds an answer back, so that a run can be killed while it waits for it."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase
from typing import Any

from lab.fault_rules import Answer, operation_of
from lab.faults import FaultProxy

#: A run that nobody kills gets its answer all the same.
AT_MOST_S = 300


class HoldingProxy(FaultProxy):
    """Passes calls on, keeps all answers, and holds back one that ``operation`` (a pattern) or a later call gets.

    ``holds`` is set while and after an answer is held.
    """

    def __init__(self, *given: Any, operation: str, **more: Any) -> None:
        super().__init__(*given, **more)
        self._operation = operation
        self._left, self._begun = -1, False
        self._turn = threading.Lock()
        self._free = threading.Event()
        self.holds = threading.Event()
        self.answers: list[bytes] = []

    def hold(self, calls_later: int) -> None:
        """Hold the next answer to the operation, or to so many calls after it; call it once."""
        self._left = calls_later

    def let_go(self) -> None:
        """Give the held answer, and hold no other."""
        self._left = -1
        self._free.set()

    def forward(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        answer = super().forward(method, target, headers, body)
        with self._turn:
            self.answers.append(answer.body)
            mine = self._is_held(operation_of(method, target, dict(headers), body))
        if mine:
            self.holds.set()
            self._free.wait(AT_MOST_S)
        return answer

    def _is_held(self, operation: str) -> bool:
        """Count down from the operation's own call; say whether this one's answer is to be held."""
        begun = self._begun or fnmatchcase(operation, self._operation)
        if self._left < 0 or not begun:
            return False
        self._begun = True
        self._left -= 1
        return self._left < 0
