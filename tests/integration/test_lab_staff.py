# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's customers get the keys of their tunnels sealed, and their staff puts in what it has opened itself.

The lab's own register, keys and plays, without its hosts: the gateway's files are laid below a folder.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.components import register, staff
from lab.context import REPO, make_context
from tests.support.playbook import Run, left_behind, run_playbook

# The rollout goes the same way with the lab's hosts.
pytestmark = pytest.mark.long
CUSTOMER = REPO / "lab" / "customer"
TUNNELS = {"globex": ("globex-openstack", "globex-os-gw"), "initech": ("initech-cloudstack", "initech-cs-gw")}


def test_the_staff_opens_its_own_key_and_puts_it_in_once(tmp_path: Path) -> None:
    lab, rendered, site = make_context(tmp_path / "lab"), tmp_path / "handover", tmp_path / "site"
    for folder in (rendered, site):
        folder.mkdir()
    staff.up(lab)
    register.up(lab)
    store_key = tmp_path / "store.key"
    store_key.write_bytes(base64.b64encode(os.urandom(32)))
    store_key.chmod(0o600)
    store = {"type": "encrypted_file", "path": str(site / "secrets.json"), "auth": {"key_file": str(store_key)}}
    inventory = str(lab.folder / "service_store.inventory.yml")
    limit = ",".join(tunnel for tunnel, _psk in TUNNELS.values())
    given = {"service_store_secret_store": store, "service_store_rendered_dir": str(rendered)}
    options = ["-i", inventory, "--limit", limit]
    connect = run_playbook("strategic.service_store.connect", site, *options, variables=given, watch=False)
    assert connect.status == 0, connect.output[-3000:]

    def apply(customer: str, folder: str) -> Run:
        """The staff's own tasks on this machine, with the play's values and, as in its inventory, pipelining."""
        (play, *_others) = yaml.safe_load((CUSTOMER / f"{customer}.yml").read_text())
        shared = yaml.safe_load((CUSTOMER / "inventory.yml").read_text())["all"]["vars"]["customer_store"]
        values = {
            **play["vars"],
            "customer_store": shared,
            "customer_handover": str(rendered),
            "customer_staff": str(lab.folder / "staff" / folder),
        }
        tasks = [{"ansible.builtin.import_tasks": str(CUSTOMER / "tasks" / "key.yml")}]
        book = tmp_path / customer / "play.yml"
        (tmp_path / customer / "root/etc/swanctl/conf.d").mkdir(parents=True, exist_ok=True)
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": values, "tasks": tasks}]))
        env = {"ROOT": str(tmp_path / customer / "root"), "ANSIBLE_PIPELINING": "1"}
        return run_playbook(
            str(book), tmp_path / customer, "-i", "localhost,", "-c", "local", "-vvvv", "--diff", env=env
        )

    opened = open_store(store, lambda *values: None)
    keys = {psk: opened.get(psk)["secrets"]["psk"] for _tunnel, psk in TUNNELS.values()}
    for customer, (tunnel, psk) in TUNNELS.items():
        first = apply(customer, customer)
        assert first.status == 0, first.output[-3000:]
        conf = tmp_path / customer / "root/etc/swanctl/conf.d" / f"{tunnel}.secrets.conf"
        assert f"0s{base64.b64encode(keys[psk].encode()).decode()}" in conf.read_text()
        second = apply(customer, customer)
        assert second.status == 0 and "changed=0" in second.output, second.output[-3000:]
        written = spellings(keys[psk])
        assert not [text for run in (first, second) for text in written if text in run.output]
        assert not [line for run in (first, second) for line in run.command_lines if any(t in line for t in written)]
        for path, content in left_behind(tmp_path):
            assert path == conf or not [text for text in written if text.encode() in content], path

    for left in rendered.glob("*.opened.json"):
        left.unlink()
    refused = apply("globex", "initech")
    assert refused.status != 0 and "it was sealed to another key" in refused.output
