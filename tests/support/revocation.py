# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revocations for tests: in this process with a hook at every point, or in a child that is killed at a named one."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.provider.revocation import Revocation, nowhere

from .rotation import CHILD_TIMEOUT_S, Outcome, Surroundings


def revoke(params: Mapping[str, Any], *, at: Callable[[str], None] = nowhere) -> Outcome:
    """Run one revocation as the module does, with a hook at every point."""
    context = Surroundings(params)
    points: list[str] = []
    applied: list[Change] = []

    def noted(point: str) -> None:
        points.append(point)
        at(point)

    run = Revocation(context, noted)
    plan = run.plan()
    if plan.changed:
        run.apply(plan, applied.append)
    return Outcome(run.facts(), applied, points, context)


def killed_at(params: Mapping[str, Any], point: str) -> bool:
    """Run a revocation in a child that ends with SIGKILL at ``point``; return whether it came that far."""
    with warnings.catch_warnings():
        # Threads here serve the fault proxy; the child uses nothing of theirs, and ends by itself if it hangs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        signal.alarm(CHILD_TIMEOUT_S)
        try:
            revoke(params, at=lambda here: os.kill(os.getpid(), signal.SIGKILL) if here == point else None)
        except Exception:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
