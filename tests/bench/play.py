# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one task with the real ansible-playbook, once or in a loop, and takes the time of the whole command."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.playbook import run_playbook
from tools.bench import Took

Json = dict[str, Any]
#: A loop over hundreds of items on two cores.
TIMEOUT_S = 3600.0


class PlayFailed(RuntimeError):
    """The playbook failed, so its time says nothing."""


def took(folder: Path, tasks: Sequence[Mapping[str, Any]], variables: Mapping[str, Any] | None = None) -> Took:
    """Run a play of these tasks on localhost and return what the command took; raises PlayFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": list(tasks),
    }
    path = folder / "play.yml"
    path.write_text(json.dumps([play]), encoding="utf-8")
    began, before = time.perf_counter(), _cpu_s()
    # Watching command lines would cost a good part of a processor.
    done = run_playbook(str(path), folder, "-i", "localhost,", variables=variables, timeout_s=TIMEOUT_S, watch=False)
    result = Took(time.perf_counter() - began, _cpu_s() - before)
    if done.status:
        raise PlayFailed(done.output[-3000:])
    return result


def _cpu_s() -> float:
    """Processor time of the children that have ended, and of theirs; the servers live on and are not in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def loop(module: str, items: Sequence[Mapping[str, Any]], **more: Any) -> tuple[list[Json], Json]:
    """Return the tasks and variables that run a module once for each of its arguments."""
    arguments = {name: f"{{{{ item.{name} }}}}" for name in items[0]}
    # Without a label every item would be printed, secrets and all.
    control = {"label": "{{ number }}", "index_var": "number"}
    task = {"name": "Ask", module: arguments, "loop": "{{ items_of_the_loop }}", "loop_control": control, **more}
    return [task], {"items_of_the_loop": list(items)}
