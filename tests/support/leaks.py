# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leak scan: a run as loud as Ansible can be, and the search in everything that it printed, left and started."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.spellings import Search

#: Every result and every difference on the terminal.
LOUD = ("-vvvv", "--diff")
#: A stand-in for systemd's Python library, which writes down what modules tell the journal of their host.
HOST_JOURNAL = Path(__file__).parent / "host_journal"


def loud_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which a run keeps in ``folder`` all that it ever writes of itself.

    These are log, JUnit, fact cache, report, modules with their arguments, tracebacks and the journal of the host.
    """
    path = os.pathsep.join(p for p in (str(HOST_JOURNAL), os.environ.get("PYTHONPATH")) if p)
    return {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit,strategic.service_store.rollout_report",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_NO_TARGET_SYSLOG": "0",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "HOST_JOURNAL_FILE": str(folder / "host-journal.log"),
        "JUNIT_OUTPUT_DIR": str(folder / "junit"),
        "PYTHONPATH": path,
        "SERVICE_STORE_REPORT_FOLDER": str(folder / "report"),
    }


def run_tasks(tasks: Sequence[Mapping[str, Any]], folder: Path, **env: str) -> Run:
    """Run tasks on this machine, loudly; ``env`` goes into the environment."""
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]))
    options = ["-i", "localhost,", "-c", "local", *LOUD]
    return run_playbook(str(playbook), folder, *options, env={**loud_environment(folder), **env})


def assert_nothing_leaked(folder: Path, runs: Iterable[Run], secrets: Iterable[str]) -> None:
    """Fail where a secret, however it is written, is in what runs printed or started, or in a file or name in folder.

    The runs are those whose command lines were watched; secrets have 8 characters at least.
    """
    search = Search(secrets)
    for run in runs:
        assert run.output and run.command_lines, "there is nothing to search"
        forms = search.seen_in(run.output.encode())
        assert not forms, f"printed ({', '.join(forms)}):\n{run.output[-3000:]}"
        if search.seen_in("\n".join(run.command_lines).encode()):
            shown = [line for line in run.command_lines if search.seen_in(line.encode())]
            raise AssertionError(f"in the arguments of a process: {shown}")
    for path, content in left_behind(folder):
        forms = search.seen_in(str(path).encode() + b"\n" + content)
        assert not forms, f"in {path} ({', '.join(forms)})"


def assert_kept(folder: Path) -> None:
    """Fail where a loud run did not keep something of itself, which a search would then have missed."""
    for name in ("facts", "junit", "report", "tmp"):
        assert any(path.is_file() for path in (folder / name).rglob("*")), name
    for name in ("ansible.log", "host-journal.log"):
        assert (folder / name).stat().st_size > 1000, name
