# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vpn_tunnel_info on the lab's hosts: a real charon, a probe from a store server, and a named and an unnamed one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.topology import KEYSTONE
from tests.support.vpn import SITE, Vpn, succeeded

pytestmark = [pytest.mark.lab, pytest.mark.long]

MODULE = "strategic.service_store.vpn_tunnel_info"


def ask(vpn: Vpn, folder: Path, *arguments: str, **options: Any) -> dict[str, Any]:
    """Return what the module says when the store's gateway is asked."""
    said = folder / "said.json"
    keep = {"content": "{{ said | to_json }}", "dest": str(said), "mode": "0600"}
    play = {
        "hosts": "store-gw",
        "gather_facts": False,
        "tasks": [
            {MODULE: {"tunnels": [SITE], **options}, "register": "said", "ignore_errors": True},
            {"ansible.builtin.copy": keep, "delegate_to": "localhost", "check_mode": False},
        ],
    }
    succeeded(vpn.play([play], *arguments))
    found: dict[str, Any] = json.loads(said.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("mode", [(), ("--check",)])
def test_the_tunnel_is_up_and_a_named_server_reaches_the_api(vpn: Vpn, tmp_path: Path, mode: tuple[str, ...]) -> None:
    probe = {"host": "store-1", "address": KEYSTONE.ip, "port": KEYSTONE.port}
    said = ask(vpn, tmp_path, *mode, wait_s=60, probe=probe)
    (one,) = said["tunnels"]
    assert one["up"] and one["ours"]["state"] == "INSTALLED" and one["ours"]["rekey_in_s"] > 0, said
    assert said["probe"]["ok"] and not said["changed"]


def test_an_unnamed_server_meets_the_acl(vpn: Vpn, tmp_path: Path) -> None:
    said = ask(vpn, tmp_path, probe={"host": "store-3", "address": KEYSTONE.ip, "port": KEYSTONE.port})
    assert (said["probe"]["cause"], said["probe"]["ok"]) == ("ACL", False), said


def test_a_wait_ends_with_the_cause_while_the_peer_is_silent(vpn: Vpn, tmp_path: Path) -> None:
    vpn.lab.ssh("os-gw", "systemctl stop service-store-ipsec-keep.timer strongswan")
    try:
        vpn.lab.ssh("store-gw", f"swanctl --terminate --ike {SITE} --timeout 2")
        said = ask(vpn, tmp_path, wait_s=25)
    finally:
        vpn.lab.ssh("os-gw", "systemctl start strongswan service-store-ipsec-keep.timer")
    assert said["failed"] and said["tunnels"][0]["ours"]["why"]["cause"] == "timeout", said
    assert ask(vpn, tmp_path, wait_s=60)["tunnels"][0]["up"]
