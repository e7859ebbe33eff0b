# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BT Cloud through the modules: the store renders, the provider's staff applies, the source list holds."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module
from tests.support.servers import LabServer

KEY = "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U"
GATEWAY: dict[str, Any] = {
    "name": "acme",
    "scope": {"kind": "vpc", "name": "vpc"},
    "tunnel": {
        "local": {"address": "198.51.100.10"},
        "sources": [{"name": "store-1", "address": "10.20.0.11"}],
        "targets": [{"name": "api", "address": "10.1.1.10", "port": 443}],
        "ike_proposals": ["aes256-sha256-modp3072"],
        "esp_proposals": ["aes256-sha256-modp3072"],
    },
    "pre_shared_keys": ["vpn"],
    "cloudstack": {"split_connections": True},
}
SETTING = "api.allowed.source.cidr.list"


class Operator:
    """Runs modules for the account of one key."""

    def __init__(self, server: LabServer, folder: Path, account: str) -> None:
        key = folder / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        store = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        meta = {"registered_at": "2026-01-01T00:00:00Z"}
        public, secrets = {"api_key": f"k-{account}"}, {"secret_key": f"s-{account}"}
        record = {"version": 1, "provider": "bt_cloud", "public": public, "secrets": secrets, "meta": meta}
        opened = open_store(store, lambda *values: None)
        opened.put("umbrella", record)
        opened.put("vpn", {"version": 1, "kind": "psk", "secrets": {"psk": KEY}, "meta": {}})
        self._options = {
            "provider": "bt_cloud",
            "credential": "umbrella",
            "secret_store": store,
            "endpoints": {"api": server.url},
            "ca_file": server.ca_file,
            "retries": 0,
        }

    def run(self, module: str, **options: Any) -> dict[str, Any]:
        return run_module(module, {**self._options, **options}, diff=True)


def test_the_customers_key_renders_and_changes_nothing(server: LabServer, tmp_path: Path) -> None:
    customer = Operator(server, tmp_path, "reader")
    result = customer.run("api_source_restriction", addresses=["127.0.0.0/8"])
    assert not result["changed"] and result["applied_by"] == "provider" and result["in_effect"] is False
    assert f"name={SETTING} accountid=" in result["sheet"]
    assert [call["command"] for call in server.calls() if not call["command"].startswith("list")] == []


def test_what_the_staff_applied_is_seen_to_be_in_effect(server: LabServer, tmp_path: Path) -> None:
    (tmp_path / "customer").mkdir()
    customer = Operator(server, tmp_path / "customer", "reader")
    wanted = ["127.0.0.0/8"]
    sheet = customer.run("api_source_restriction", addresses=wanted)["sheet"]
    command = next(line for line in sheet.splitlines() if line.startswith("With CloudMonkey"))
    given = dict(word.split("=", 1) for word in command.split() if "=" in word)
    (tmp_path / "staff").mkdir()
    staff = Operator(server, tmp_path / "staff", "staff").run("access_probe", expect="allowed")
    assert staff["outcome"] == "allowed"
    apply_as_staff(server, given)
    result = customer.run("api_source_restriction", addresses=wanted)
    assert result["in_effect"] is True and result["addresses"] == wanted
    apply_as_staff(server, {**given, "value": "192.0.2.0/24"})
    refused = customer.run("access_probe", expect="refused")
    assert refused["report"]["ok"] and refused["why"].startswith("ip_blocked")


def test_a_delegated_role_applies_it_itself_and_a_second_run_changes_nothing(server: LabServer, tmp_path: Path) -> None:
    owner = Operator(server, tmp_path, "delegate")
    wanted = {"addresses": ["127.0.0.0/8", "192.0.2.0/24"], "callers": ["127.0.0.1"]}
    assert owner.run("api_source_restriction", **wanted)["changed"]
    assert not owner.run("api_source_restriction", **wanted)["changed"]
    with pytest.raises(ModuleFailed, match="does not hold 127.0.0.1"):
        owner.run("api_source_restriction", addresses=["192.0.2.0/24"], callers=["127.0.0.1"])


def test_a_gateway_of_bt_cloud_is_made_audited_and_removed(server: LabServer, tmp_path: Path) -> None:
    owner = Operator(server, tmp_path, "initech")
    made = owner.run("vpn_gateway", **GATEWAY)
    (end,) = made["tunnels"]
    assert end["name"] == "acme" and end["ike_proposals"] == ["aes256-sha256-modp3072"]
    assert "split connections: True" in str(made["diff"]) and KEY not in str(made)
    told = owner.run("vpn_gateway_info", name="acme", scope=GATEWAY["scope"])
    assert [one["accepts"] for one in told["ends"]] == [["aes256", "modp3072", "sha256"]] and told["weak"] == []
    assert not owner.run("vpn_gateway", **GATEWAY)["changed"]
    assert owner.run("vpn_gateway", name="acme", scope=GATEWAY["scope"], state="absent")["changed"]


def test_a_role_that_lacks_a_command_is_named_and_what_was_made_is_told(server: LabServer, tmp_path: Path) -> None:
    owner = Operator(server, tmp_path, "limited")
    with pytest.raises(ModuleFailed, match=r"The API \[createVpnConnection\] .* not available") as failed:
        owner.run("vpn_gateway", **GATEWAY)
    result = failed.value.result
    assert result["changed"] and result["error"]["kind"] == "no_permission"
    assert "add acme: customer gateway acme" in result["applied"]
    assert owner.run("vpn_gateway", name="acme", scope=GATEWAY["scope"], state="absent")["changed"]
    assert not owner.run("vpn_gateway", name="acme", scope=GATEWAY["scope"], state="absent")["changed"]


def apply_as_staff(server: LabServer, given: dict[str, str]) -> None:
    import cs
    import requests

    session = requests.Session()
    session.trust_env = False
    options = {"verify": server.ca_file, "session": session, "timeout": 60}
    staff = cs.CloudStack(f"{server.url}/client/api", "k-staff", "s-staff", **options)
    staff.updateConfiguration(**given)
