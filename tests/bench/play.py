# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks with the real ansible-playbook, or a program, and takes the time of the whole command."""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.playbook import run_playbook
from tests.support.servers import REPO
from tools.bench.figures import Took

Json = dict[str, Any]
#: A loop over hundreds of items on two cores.
TIMEOUT_S = 3600.0


class PlayFailed(RuntimeError):
    """The playbook failed, so its time says nothing."""


def took(
    folder: Path,
    tasks: Sequence[Mapping[str, Any]],
    variables: Mapping[str, Any] | None = None,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    forks: int = 5,
) -> Took:
    """Run a play of these tasks and return what the command took; raises PlayFailed.

    ``hosts`` are the hosts with their variables, localhost where none are given.
    """
    return ran(folder, tasks, variables, hosts, forks)[0]


def ran(
    folder: Path,
    tasks: Sequence[Mapping[str, Any]],
    variables: Mapping[str, Any] | None = None,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    forks: int = 5,
) -> tuple[Took, str]:
    """Do the same and return what the command printed as well."""
    folder.mkdir(parents=True, exist_ok=True)
    play = {
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": list(tasks),
    }
    path, inventory = folder / "play.yml", folder / "inventory.json"
    path.write_text(json.dumps([play]), encoding="utf-8")
    inventory.write_text(json.dumps({"all": {"hosts": dict(hosts or {"localhost": {}})}}), encoding="utf-8")
    arguments = ("-i", str(inventory), "--forks", str(forks))
    printed: list[str] = []

    def run() -> None:
        # Watching command lines would cost a good part of a processor.
        done = run_playbook(str(path), folder, *arguments, variables=variables, timeout_s=TIMEOUT_S, watch=False)
        if done.status:
            raise PlayFailed(done.output[-3000:])
        printed.append(done.output)

    return timed(run), printed[0]


def program(module: str, given: Mapping[str, Any]) -> Took:
    """Run ``python -m tests.bench.<module>`` with JSON at its input and return what it took; raises PlayFailed."""
    return timed(lambda: said(module, given))


def said(module: str, given: Mapping[str, Any]) -> str:
    """Run ``python -m tests.bench.<module>`` with JSON at its input and return what it printed."""
    command = [sys.executable, "-m", f"tests.bench.{module}"]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, cwd=REPO, check=False)
    if done.returncode:
        raise PlayFailed(done.stderr[-3000:])
    return done.stdout


def timed(action: Callable[[], object]) -> Took:
    """Return what an action took; its processor time is that of the processes that it started and awaited."""
    began, before = time.perf_counter(), _cpu_s()
    action()
    return Took(time.perf_counter() - began, _cpu_s() - before)


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


def installed(module: str) -> bool:
    """Return whether the collection that has the module is installed."""
    namespace, collection, name = module.split(".")
    try:
        found = importlib.util.find_spec(f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}")
    except ModuleNotFoundError:
        return False
    return found is not None
