# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many cloud accounts as the hosts of one play, and what it would take in one process for all of them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from tests.contract.accounts import aws
from tools.bench.allowlist import FRESH, RERUN, Accounts
from tools.bench.figures import Took

from . import stores
from .play import program, took
from .servers import starter
from .turns import Turn, by_turns
from .ways import OURS, our_lists, wish

FORKS = 10
RULES = 20


def play_of_accounts(folder: Path, many: int, runs: int) -> Accounts:
    """Measure plays over so many accounts of AWS, each with a key and a security group of its own."""
    hosts = stores.names(many)
    with contextlib.ExitStack() as stack:
        secrets = [{**aws.SECRET, "access_key_id": f"AKIABENCH{number:011}"} for number in range(many)]
        users = [
            {"name": name, **secret, "status": "Active", "policies": {"all": aws.ALLOW_ALL}}
            for name, secret in zip(hosts, secrets, strict=True)
        ]
        config = {**aws.CONFIG, "users": users, "security_groups": [{"name": name} for name in hosts]}
        server = starter(stack, folder)("aws", config, args=["--which", "moto"])
        store = stores.encrypted_file(folder / "store")
        stores.fill(store, "aws", secrets)
        options = {"provider": "aws", "region": aws.REGION, "endpoints": {"ec2": server.url}, "ca_file": server.ca_file}
        wanted = dict(zip(hosts, our_lists(wish(hosts, RULES, FRESH)), strict=True))
        turns = {
            "a module that does nothing on each": Turn(lambda: _play(folder, {"ansible.builtin.ping": {}}, wanted)),
            f"the module on each, {FRESH}": Turn(lambda: _ours(folder, options, store, wanted), server.reset),
            f"the module on each, {RERUN}": Turn(lambda: _ours(folder, options, store, wanted)),
            f"one process for all, {RERUN}": Turn(lambda: _together(options, store, wanted)),
            "one process for one, rerun": Turn(lambda: _together(options, store, dict([next(iter(wanted.items()))]))),
        }
        found = by_turns(list(turns.values()), runs, tuple)
    parts = {name: Took.median(one.runs) for name, one in zip(turns, found, strict=True)}
    return Accounts("aws", many, FORKS, parts)


def _ours(folder: Path, options: dict[str, Any], store: dict[str, Any], wanted: dict[str, Any]) -> Took:
    named = {"credential": "{{ inventory_hostname }}", "allowlists": ["{{ wanted[inventory_hostname] }}"]}
    return _play(folder, {OURS: {**options, "secret_store": store, **named}}, wanted)


def _play(folder: Path, task: dict[str, Any], wanted: dict[str, Any]) -> Took:
    return took(folder / "play", [{"name": "Accounts", **task}], {"wanted": wanted}, dict.fromkeys(wanted, {}), FORKS)


def _together(options: dict[str, Any], store: dict[str, Any], wanted: dict[str, Any]) -> Took:
    """What the module does for each account, in threads of one process without Ansible."""
    accounts = [{"credential": name, "allowlists": [one]} for name, one in wanted.items()]
    return program("together", {"shared": {**options, "secret_store": store}, "accounts": accounts, "at_once": FORKS})
