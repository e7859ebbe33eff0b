# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs vpn_tunnel_info as tasks of a play: a cloud account asks, and the tunnel's host is another of the inventory."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .playbook import Run, run_playbook

ACCOUNT, GATEWAY, DEAD, REFUSING = "acme", "store-gw", "store-gone", "store-locked"
MODULE = "strategic.service_store.vpn_tunnel_info"


def inventory(folder: Path) -> dict[str, Any]:
    """An account, the gateway with a temporary folder of its own, and a host that nobody answers for."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    gateway = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_remote_tmp": str(folder / "gateway"),
    }
    # Port 9 is refused on loopback: there is no such service.
    dead = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    # Its own variables ask for a way to become root that is not there.
    refusing = {
        **gateway,
        "ansible_become": True,
        "ansible_become_method": "su",
        "ansible_become_user": "nobody-at-all",
    }
    return {
        "cloud_accounts": {"hosts": {ACCOUNT: local}},
        "store_gateways": {"hosts": {GATEWAY: gateway, DEAD: dead, REFUSING: refusing}},
    }


def ask(folder: Path, tasks: Mapping[str, Mapping[str, Any]], *arguments: str) -> tuple[Run, dict[str, Any]]:
    """Run one task for each name, with these options, and return what each returned, failed or not."""
    said = folder / "said.json"
    rows = [
        {"name": name, MODULE: dict(options), "register": name, "ignore_errors": True}
        for name, options in tasks.items()
    ]
    keep = {
        "name": "Keep what was said",
        "ansible.builtin.copy": {
            "content": "{{ dict(names | zip(names | map('extract', vars))) | to_json }}",
            "dest": str(said),
            "mode": "0600",
        },
        "check_mode": False,
        "vars": {"names": list(tasks)},
    }
    play = {"hosts": ACCOUNT, "gather_facts": False, "tasks": [*rows, keep]}
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    (folder / "hosts.json").write_text(json.dumps(inventory(folder)), encoding="utf-8")
    run = run_playbook("play.json", folder, "-i", str(folder / "hosts.json"), *arguments, watch=False)
    return run, json.loads(said.read_text(encoding="utf-8")) if said.exists() else {}
