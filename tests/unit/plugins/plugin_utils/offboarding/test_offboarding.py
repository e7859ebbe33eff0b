# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an offboarding says of tunnels, routes and proxies, and of runs that did not finish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.evidence import evidence
from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.gather import gather
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.hosts import inventory_of
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.load import read_register

AT, LATER = "2026-11-22T04:30:00Z", "2026-11-23T04:30:00Z"
OPERATOR = """\
service_store:
  name: store
  store_servers: [{name: s1, host: 10.9.0.1, public_address: 192.0.2.1, store_address: 10.9.0.1}]
  gateways: [{name: gw, host: 10.9.0.2, public_address: 192.0.2.2, store_address: 10.9.0.2}]
"""
CUSTOMER = """\
customer: {name}
cloud_accounts:
  - name: {name}-vpn
    provider: cloudstack
    endpoints: {{api: "https://{api}/client/api"}}
    credential: {name}-vpn
    egress: s1
    access:
      - method: site_to_site_vpn
        gateway: gw
        store_servers: [s1]
        api: [{{address: {api}, port: 443}}]
        peer: {{name: {name}-peer, address: 198.51.100.9, psk: {name}-psk}}
"""


@pytest.fixture
def hostvars(tmp_path: Path) -> dict[str, dict[str, Any]]:
    (tmp_path / "service_store.yml").write_text(OPERATOR)
    for name, api in (("acme", "10.20.0.5"), ("globex", "10.30.0.5")):
        (tmp_path / f"{name}.yml").write_text(CUSTOMER.format(name=name, api=api))
    found = inventory_of(read_register(str(tmp_path)))
    return {host.name: {"inventory_hostname": host.name, **found.variables, **host.variables} for host in found.hosts}


def told(hostvars: dict[str, Any], at: str = AT, earlier: Any = (), check: bool = False) -> dict[str, Any]:
    return evidence(gather(hostvars, "acme", "/srv/archive", at), at, earlier, check)


def rows(found: dict[str, Any], subject: str) -> dict[str, str]:
    return {row["what"]: row["state"] for row in found["subjects"][subject]}


def done(hostvars: dict[str, Any], *, account: bool = True, gateway: bool = True, server: bool = True) -> None:
    """Set what the playbook sets where a part came to its end."""
    if account:
        places = [
            {
                "place": "provider",
                "where": "cloudstack",
                "what": "K1",
                "state": "replaced",
                "at": AT,
                "proof": "refused",
            },
            {"place": "secret_store", "where": "file", "what": "acme-vpn", "state": "removed", "at": AT, "proof": ""},
        ]
        key = {"name": "acme-vpn", "revocation": {"places": [{**place, "outlives": ""} for place in places]}}
        hostvars["acme-vpn"]["service_store_offboard"] = {"keys": [key]}
    if gateway:
        hostvars["gw"]["service_store_offboard_gone"] = ["tunnel acme-vpn"]
    if server:
        hostvars["s1"]["service_store_offboard_led"] = True


def test_only_what_nobody_else_needs_goes(hostvars: dict[str, Any]) -> None:
    done(hostvars)
    found = told(hostvars)
    assert found["complete"] and found["finished_at"] == AT
    assert rows(found, "gw") == {"tunnel acme-vpn": "removed"}
    assert rows(found, "s1") == {"routes to the customer": "removed", "targets of the forward proxy": "removed"}
    assert rows(found, "acme-vpn") == {"key K1": "removed", "record acme-vpn": "removed", "tunnel acme-vpn": "asked"}
    assert rows(found, "register") == {hostvars["acme-vpn"]["service_store_register_file"]: "removed"}
    assert found["archive"] == "/srv/archive/acme-2026-11-22.yml" and "globex" not in found["text"]


@pytest.mark.parametrize("part", ["account", "gateway", "server"])
def test_what_was_not_reached_remains_and_the_next_run_goes_on(hostvars: dict[str, Any], part: str) -> None:
    done(hostvars, **{part: False})
    first = told(hostvars)
    assert not first["complete"] and not first["finished_at"] and "it was not reached in this run" in first["text"]
    assert "it is kept until nothing else remains" in first["text"]
    done(hostvars)
    if part != "account":
        # The key is gone, so the second run finds nothing of it.
        hostvars["acme-vpn"]["service_store_offboard"] = {"keys": [{"name": "acme-vpn", "revocation": {"places": []}}]}
    second = told(hostvars, LATER, [json.loads(json.dumps(first))])
    assert second["complete"] and second["began_at"] == AT and second["file"] == first["file"]
    assert rows(second, "acme-vpn")["key K1"] == "removed" and "Remained" not in second["text"]


def test_a_failure_is_told_in_its_words(hostvars: dict[str, Any]) -> None:
    done(hostvars, gateway=False)
    hostvars["gw"]["service_store_offboard_why"] = "charon does not answer"
    found = told(hostvars)
    assert rows(found, "gw") == {"tunnel acme-vpn": "remained"} and "charon does not answer" in found["text"]


def test_check_mode_removes_nothing(hostvars: dict[str, Any]) -> None:
    done(hostvars)
    found = told(hostvars, check=True)
    assert not found["complete"] and "nothing was done" in found["text"]
    assert set(rows(found, "s1").values()) == {"would be removed"}


def test_what_waits_for_an_account_says_so(hostvars: dict[str, Any]) -> None:
    done(hostvars, gateway=False, server=False)
    hostvars["acme-vpn"]["service_store_offboard_why"] = "key: the cloud is down"
    found = told(hostvars)
    assert "it is kept until acme-vpn is done" in found["text"]
    assert rows(found, "acme-vpn")["credential acme-vpn"] == "remained"


@pytest.mark.parametrize("state", ["alive", "kept", "refused"])
def test_only_what_is_known_to_be_gone_counts_as_removed(hostvars: dict[str, Any], state: str) -> None:
    done(hostvars)
    (key,) = hostvars["acme-vpn"]["service_store_offboard"]["keys"]
    key["revocation"]["places"][0]["state"] = state
    assert rows(told(hostvars), "acme-vpn")["key K1"] == "remained" and not told(hostvars)["complete"]


def test_a_forgotten_key_is_asked_for_and_its_notices_are_told(hostvars: dict[str, Any]) -> None:
    done(hostvars)
    keys = hostvars["acme-vpn"]["service_store_offboard"]["keys"]
    keys.append({"name": "hand", "forgotten": True, "notices": [{"type": "encrypted_file", "path": "/srv/n"}]})
    keys.append({"name": "other", "why": "rotator other: the cloud is down"})
    found = rows(told(hostvars), "acme-vpn")
    assert found["credential hand"] == "asked" and found["record hand"] == "removed"
    assert found["notices about hand"] == "removed" and "at encrypted_file /srv/n" in told(hostvars)["text"]
    assert found["credential other"] == "remained"


@pytest.mark.parametrize("list_changed", [True, False])
def test_rules_that_went_out_of_firewalls_are_told_one_by_one(
    hostvars: dict[str, dict[str, Any]], list_changed: bool
) -> None:
    done(hostvars)
    vault = {"kind": "key_vault", "resource_group": "prod", "name": "acme-keys", "removed": ["192.0.2.1/32"]}
    found = {"changed": True, "list_changed": list_changed, "enforced_by": "Entra ID", "data_plane": [vault]}
    hostvars["acme-vpn"]["service_store_offboard"]["restriction"] = found
    states = rows(told(hostvars), "acme-vpn")
    assert states["rule 192.0.2.1/32"] == "removed"
    assert ("API source restriction" in states) is list_changed
    assert "rule 192.0.2.1/32 at key_vault acme-keys" in told(hostvars)["text"]


def test_the_clouds_end_of_a_tunnel_is_told_where_it_went_and_ours_where_it_remains(hostvars: dict[str, Any]) -> None:
    done(hostvars, gateway=False)
    scope = {"kind": "vpc", "id": "", "name": "prod", "parent": ""}
    ends = [
        {"changed": changed, "gateway": {"name": name, "scope": scope}} for name, changed in (("a", True), ("b", False))
    ]
    hostvars["acme-vpn"]["service_store_offboard"]["vpn"] = ends
    hostvars["gw"]["service_store_ipsec_cloud"] = [{"account": "acme-vpn", "name": "a"}]
    found = told(hostvars)
    (row,) = [row for row in found["subjects"]["acme-vpn"] if row["what"].startswith("VPN gateway")]
    assert (row["what"], row["where"], row["state"]) == ("VPN gateway a", "vpc prod", "removed")
    assert rows(found, "gw") == {"tunnel acme-vpn": "remained", "tunnel a": "remained"} and not found["complete"]


def test_a_removal_that_broke_off_is_told_part_by_part(hostvars: dict[str, Any]) -> None:
    done(hostvars)
    named = {"name": "a", "scope": {"kind": "vpc", "id": "", "name": "prod", "parent": ""}}
    broken = {"changed": True, "failed": True, "applied": ["connection a", "route 10.1.0.0/24"]}
    hostvars["acme-vpn"]["service_store_offboard"]["vpn"] = [
        {**broken, "service_store_vpn": named},
        {"changed": False, "failed": True, "service_store_vpn": {**named, "name": "b"}},
    ]
    told_rows = [row for row in told(hostvars)["subjects"]["acme-vpn"] if row["what"].startswith("VPN gateway")]
    assert [(row["what"], row["where"], row["state"]) for row in told_rows] == [
        ("VPN gateway a: connection a", "vpc prod", "removed"),
        ("VPN gateway a: route 10.1.0.0/24", "vpc prod", "removed"),
    ]
