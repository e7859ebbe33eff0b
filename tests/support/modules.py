# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of the collection as a process of its own, and kills it at any step it takes.

    answer = run_module(app_release.main, {"application": "board", ...})
    answer = run_module(app_release.main, {...}, kill_at=7)

A step is anything the module does to the disk or starts: the interpreter announces each one to an audit hook (PEP 578),
which ends the process with SIGKILL just before the step is taken. Nothing of the module is replaced.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.testing import patch_module_args

STEPS = frozenset(
    {
        "os.rename",
        "os.symlink",
        "os.mkdir",
        "os.remove",
        "os.rmdir",
        "os.link",
        "os.chown",
        "os.chmod",
        "os.truncate",
        "subprocess.Popen",
        "fcntl.flock",
    }
)


@dataclass(frozen=True)
class Answer:
    """What a module returned; nothing when it was killed. `steps` is how many steps it took."""

    returned: dict[str, Any] = field(default_factory=dict)
    killed: bool = False
    steps: int = 0
    output: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.returned[name]


def run_module(
    main: Callable[[], None],
    arguments: Mapping[str, Any],
    *,
    check: bool = False,
    kill_at: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run `main` in a child process. A fork: one interpreter start for hundreds of runs."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as steps:
        pid = os.fork()
        if pid == 0:
            _child(
                main,
                {**arguments, "_ansible_check_mode": check, "_ansible_diff": True},
                output,
                steps,
                kill_at,
                environment or {},
            )
        _pid, status = os.waitpid(pid, 0)
        output.seek(0)
        steps.seek(0)
        text, taken = output.read(), len(steps.read())
    if os.WIFSIGNALED(status):
        return Answer(killed=os.WTERMSIG(status) == signal.SIGKILL, steps=taken, output=text)
    last = text.strip().splitlines()[-1] if text.strip() else ""
    try:
        return Answer(json.loads(last), steps=taken, output=text)
    except ValueError:
        raise AssertionError(f"the module answered no JSON:\n{text}") from None


def _child(
    main: Callable[[], None],
    arguments: Mapping[str, Any],
    output: io.TextIOBase,
    steps: io.TextIOBase,
    kill_at: int | None,
    environment: Mapping[str, str],
) -> None:
    os.environ.update(environment)
    sys.stdout = sys.stderr = output  # type: ignore[assignment]
    status = 0
    try:
        sys.addaudithook(_Hook(steps, kill_at))
        with patch_module_args(dict(arguments)):
            main()
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else 1
    except BaseException:
        traceback.print_exc(file=output)
        status = 99
    finally:
        output.flush()
        os._exit(status)


class _Hook:
    """Counts steps, one character each into a file that outlives the process, and kills at the wanted one."""

    def __init__(self, steps: io.TextIOBase, kill_at: int | None) -> None:
        self._steps = steps.fileno()
        self._kill_at = kill_at
        self._taken = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event not in STEPS and not writes:
            return
        if self._taken == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._taken += 1
        os.write(self._steps, b".")
