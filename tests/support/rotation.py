# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations for tests: in this process with a clock of their own, or in a child that is killed at a named point."""

from __future__ import annotations

import datetime
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation import Rotation, nowhere

CHILD_TIMEOUT_S = 600


@dataclass
class Surroundings:
    """What the runner gives to a task, with a clock that can be set forward by days."""

    params: Mapping[str, Any]
    days_later: float = 0.0
    kept: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def keep_secret(self, *values: str | None) -> None:
        self.kept += [value for value in values if value]

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=self.days_later)

    def sleep(self, seconds: float) -> None:
        pass


@dataclass
class Outcome:
    """What a run reported, and to which points it came."""

    facts: dict[str, Any]
    applied: list[Change]
    points: list[str]
    context: Surroundings


def driven(
    make: Callable[[Surroundings, Callable[[str], None]], Any], context: Surroundings, at: Callable[[str], None]
) -> Outcome:
    """Plan and apply a rotation or revocation as its module does, with a hook at every point."""
    points: list[str] = []
    applied: list[Change] = []

    def noted(point: str) -> None:
        points.append(point)
        at(point)

    run = make(context, noted)
    plan = run.plan()
    if plan.changed:
        run.apply(plan, applied.append)
    return Outcome(run.facts(), applied, points, context)


def killed(run: Callable[[Callable[[str], None]], Any], point: str, number: int = 1) -> bool:
    """Run something in a child that ends with SIGKILL when it comes to ``point`` for the ``number``th time.

    Returns whether it came that far; a failure of the run itself is no error here.
    """
    with warnings.catch_warnings():
        # Threads here serve the fault proxy; the child uses nothing of theirs, and ends by itself if it hangs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _child(run, point, number)
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, f"the child ended by signal {os.WTERMSIG(status)}"
        return True
    return False


def _child(run: Callable[[Callable[[str], None]], Any], point: str, number: int) -> None:
    signal.alarm(CHILD_TIMEOUT_S)
    seen = 0

    def kill(here: str) -> None:
        nonlocal seen
        seen += here == point
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        run(kill)
    except Exception:
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(0)


def rotate(params: Mapping[str, Any], *, days_later: float = 0.0, at: Callable[[str], None] = nowhere) -> Outcome:
    """Run one rotation as the module does, with a hook at every point."""
    return driven(Rotation, Surroundings(params, days_later), at)


def killed_at(params: Mapping[str, Any], point: str, *, days_later: float = 0.0, number: int = 1) -> bool:
    """Run a rotation in a child that is killed at ``point``; return whether it came that far."""
    return killed(lambda at: rotate(params, days_later=days_later, at=at), point, number)
