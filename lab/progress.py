# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells what the lab is doing, with the seconds it has taken so far."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

BEAT_S = 10.0


class Progress:
    """Lines on a stream; safe to use from several threads."""

    def __init__(self, stream: TextIO | None = None, beat_s: float = BEAT_S) -> None:
        self._stream = stream or sys.stderr
        self._beat_s = beat_s
        self._lock = threading.Lock()
        self._begin = time.monotonic()
        self._innermost: dict[str, list[object]] = {}

    def say(self, who: str, text: str) -> None:
        elapsed = time.monotonic() - self._begin
        with self._lock:
            print(f"{elapsed:6.1f} s  {who:<11} {text}", file=self._stream, flush=True)

    @contextlib.contextmanager
    def step(self, who: str, doing: str) -> Iterator[None]:
        """Says what begins, a sign of life every 10 s, and how long it took."""
        begin = time.monotonic()
        done = threading.Event()
        me = object()
        stack = self._innermost.setdefault(who, [])

        def beat() -> None:
            while not done.wait(self._beat_s):
                # Of steps within steps, the one that is at work speaks.
                if stack and stack[-1] is me:
                    self.say(who, f"still {doing}, {time.monotonic() - begin:.0f} s")

        stack.append(me)
        self.say(who, doing)
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            stack.remove(me)
        self.say(who, f"{doing}: done in {time.monotonic() - begin:.1f} s")
