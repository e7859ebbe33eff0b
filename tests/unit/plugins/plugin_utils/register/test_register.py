# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register: what it makes of good files, and how it speaks of bad ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.register.errors import RegisterError
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.hosts import inventory_of
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.load import read_register

OPERATOR = """\
service_store:
  name: example-store
  controllers: [198.51.100.5]
  vars: {ansible_user: ops}
  store_servers:
    - {name: store-1, host: 10.0.0.11, public_address: 198.51.100.11, store_address: 10.0.0.11}
    - {name: store-2, host: 10.0.0.12, public_address: 198.51.100.12}
  gateways: [{name: store-gw, host: 10.0.0.14, public_address: 198.51.100.14}]
  proxy_hosts: [{name: proxy-1, host: 10.0.0.15, public_address: 198.51.100.15, proxy_port: 8080}]
  app_hosts: [{name: app-1, host: 10.0.0.41, account: acme-aws}]
"""
CUSTOMER = """\
customer: acme
owners: {security: sec@acme.example}
cloud_accounts:
  - name: acme-aws
    provider: aws
    region: eu-central-1
    credential: acme-aws
    egress: store-1
    api_hosts: [{address: ec2.eu-central-1.amazonaws.com, port: 443}]
    access:
      - method: allowlist
        scopes:
          - scope: {kind: security_group, name: store-api}
            entries:
              - {store_servers: [store-1, store-2], ports: 443, owner: store-team}
              - {cidr: 203.0.113.9, ports: 8443}
      - {method: api_source_restriction, store_servers: [store-1, store-2]}
  - name: acme-cs
    provider: cloudstack
    endpoints: {api: "https://cs.acme.example/client/api"}
    credential: acme-cs
    egress: proxy-1
    access:
      - method: ipsec_proxy
        proxy_host: proxy-1
        api: [{address: 10.9.0.10, port: 443}]
        server: {name: cs-gw, address: 192.0.2.30, pool: 10.9.9.0/28, psk: acme-vpn}
"""


def write(folder: Path, customer: str = CUSTOMER, operator: str = OPERATOR) -> Path:
    register = folder / "register"
    register.mkdir(exist_ok=True)
    (register / "service_store.yml").write_text(operator)
    (register / "acme.yml").write_text(customer)
    return register


def hosts(folder: Path) -> dict[str, Any]:
    return {host.name: host for host in inventory_of(read_register(str(write(folder)))).hosts}


def test_every_account_is_a_host_in_the_groups_of_its_provider_customer_and_methods(tmp_path: Path) -> None:
    found = hosts(tmp_path)
    groups = ["cloud_accounts", "provider_aws", "customer_acme", "access_allowlist", "access_api_source_restriction"]
    assert found["acme-aws"].groups == groups
    assert found["store-1"].groups == ["store_servers"]
    assert found["app-1"].variables["service_store_account_name"] == "acme-aws"


def test_names_of_store_servers_become_the_addresses_that_clouds_see(tmp_path: Path) -> None:
    variables = hosts(tmp_path)["acme-aws"].variables
    assert variables["service_store_proxy"] == "http://10.0.0.11:3128"
    assert variables["service_store_callers"] == ["198.51.100.11"]
    assert variables["service_store_restriction_addresses"] == ["198.51.100.11", "198.51.100.12"]
    entries = variables["service_store_allowlists"][0]["entries"]
    assert [entry["cidr"] for entry in entries] == ["198.51.100.11", "198.51.100.12", "203.0.113.9"]
    assert entries[0]["ports"] == "443"
    assert hosts(tmp_path)["acme-cs"].variables["service_store_proxy"] == "http://10.0.0.15:8080"


def test_servers_behind_one_public_address_are_one_entry(tmp_path: Path) -> None:
    operator = OPERATOR.replace("public_address: 198.51.100.12", "public_address: 198.51.100.11")
    found = {host.name: host for host in inventory_of(read_register(str(write(tmp_path, operator=operator)))).hosts}
    variables = found["acme-aws"].variables
    entries = variables["service_store_allowlists"][0]["entries"]
    assert [(entry["cidr"], entry.get("reason")) for entry in entries] == [
        ("198.51.100.11", "store-1, store-2"),
        ("203.0.113.9", None),
    ]
    assert variables["service_store_restriction_addresses"] == ["198.51.100.11"]


def test_tunnels_routes_and_proxy_targets_reach_the_hosts_that_need_them(tmp_path: Path) -> None:
    found = hosts(tmp_path)
    (client,) = found["proxy-1"].variables["service_store_ipsec_connections"]
    assert client["kind"] == "client" and client["remote"] == {"address": "192.0.2.30"}
    assert found["proxy-1"].variables["service_store_ipsec_keys"] == {"acme-cs": "acme-vpn"}
    targets = [(t["address"], t["port"]) for t in found["proxy-1"].variables["service_store_egress_targets"]]
    assert targets == [("cs.acme.example", 443), ("10.9.0.10", 443)]
    assert found["acme-cs"].variables["service_store_tunnels"] == [client]


@pytest.mark.parametrize("date", ["'2027-01-31'", "2027-01-31"])
def test_the_policy_of_a_credential_and_its_rotator_reach_the_account(tmp_path: Path, date: str) -> None:
    days = "max_age_days: 60, warn_before_days: 10, grace_days: 3"
    policy = f"rotation: {{{days}, expires_at: {date}, rotator: hand}}"
    register = write(tmp_path, broken("    credential: acme-aws\n", f"    credential: acme-aws\n    {policy}\n"))
    found = {host.name: host.variables for host in inventory_of(read_register(str(register))).hosts}
    assert found["acme-aws"]["service_store_rotator"] == "hand"
    assert found["acme-aws"]["service_store_rotation"] == {
        "max_age_days": 60,
        "warn_before_days": 10,
        "grace_days": 3,
        "expires_at": "2027-01-31",
    }
    assert (found["acme-cs"]["service_store_rotation"], found["acme-cs"]["service_store_rotator"]) == ({}, "")


ROTATED = """\
  - name: {name}
    provider: openstack
    endpoints: {{identity: "https://keystone.example/v3"}}
    credential: {name}
    rotation: {{{rotation}}}
    access: [{{method: api_source_restriction, store_servers: [store-1]}}]
"""


def rotated(folder: Path, **rotations: str) -> dict[str, Any]:
    accounts = "".join(ROTATED.format(name=name, rotation=text) for name, text in rotations.items())
    register = write(folder, f"customer: acme\ncloud_accounts:\n{accounts}")
    return {host.name: host.variables for host in inventory_of(read_register(str(register))).hosts}


def test_a_rotator_that_several_accounts_share_is_watched_by_one_of_them(tmp_path: Path) -> None:
    found = rotated(tmp_path, one="max_age_days: 60, expires_at: 2027-01-31, rotator: hand", two="rotator: hand")
    watched = [{"name": "hand", "policy": {"max_age_days": 60}, "accounts": ["one", "two"]}]
    assert found["one"]["service_store_rotators_kept"] == watched
    assert found["two"]["service_store_rotators_kept"] == []
    assert "service_store_rotators_kept" not in found["store-1"]


def test_of_a_rotator_that_customers_share_each_is_told_its_own_accounts_alone(tmp_path: Path) -> None:
    other = ROTATED.format(name="theirs", rotation="rotator: hand")
    register = write(
        tmp_path, f"customer: acme\ncloud_accounts:\n{ROTATED.format(name='ours', rotation='rotator: hand')}"
    )
    (Path(register) / "globex.yml").write_text(f"customer: globex\ncloud_accounts:\n{other}", encoding="utf-8")
    found = {host.name: host.variables for host in inventory_of(read_register(str(register))).hosts}
    assert [row["accounts"] for row in found["ours"]["service_store_rotators_kept"]] == [["ours"]]
    assert found["theirs"]["service_store_rotators_kept"] == []


def test_a_rotator_that_is_an_accounts_own_credential_is_watched_there_alone(tmp_path: Path) -> None:
    found = rotated(tmp_path, one="rotator: two", two="max_age_days: 60")
    assert [found[name]["service_store_rotators_kept"] for name in ("one", "two")] == [[], []]
    assert [found[name]["service_store_rotates"] for name in ("one", "two")] == [[], ["one"]]


def test_a_rotator_may_have_a_policy_of_its_own_which_is_stated_once(tmp_path: Path) -> None:
    own = "rotator: hand, rotator_policy: {max_age_days: 180, expires_at: 2027-05-01}"
    found = rotated(tmp_path, one="grace_days: 3, rotator: hand", two=f"grace_days: 5, {own}")
    (watched,) = found["one"]["service_store_rotators_kept"]
    assert watched["policy"] == {"max_age_days": 180, "grace_days": 5, "expires_at": "2027-05-01"}
    assert found["two"]["service_store_rotation"] == {"grace_days": 5}
    with pytest.raises(RegisterError, match=r"acme.yml:13: one states another rotator_policy for hand"):
        rotated(tmp_path, one=own, two="rotator: hand, rotator_policy: {max_age_days: 90}")
    with pytest.raises(RegisterError, match=r"rotator"):
        rotated(tmp_path, one="rotator_policy: {max_age_days: 90}")


def broken(old: str, new: str) -> str:
    assert CUSTOMER.count(old) >= 1
    return CUSTOMER.replace(old, new, 1)


@pytest.mark.parametrize(
    ("customer", "words"),
    [
        pytest.param(
            broken("    region:", "    regoin:"), r"acme.yml:6: cloud_accounts.0: unknown key regoin", id="key"
        ),
        pytest.param(
            broken("provider: aws", "provider: gcp"), r"acme.yml:5: .*'gcp' is not one of aws, azure", id="provider"
        ),
        pytest.param(
            broken("    credential: acme-aws\n", ""),
            r"acme.yml:4: cloud_accounts.0: 'credential' is a required property; add it",
            id="no credential",
        ),
        pytest.param(
            broken("egress: store-1", "egress: store-9"),
            r"acme.yml:8: store-9 is no host of service_store",
            id="egress",
        ),
        pytest.param(
            broken("[store-1, store-2], ports", "[store-7], ports"), r"acme.yml:15: store-7 is no host", id="server"
        ),
        pytest.param(
            broken("name: acme-cs", "name: acme-aws"), r"acme.yml:18: the name acme-aws is already", id="twice"
        ),
        pytest.param(
            broken("region: eu", "provider: aws\n    region: eu"), r"acme.yml:6: key provider stands", id="key2"
        ),
        pytest.param(broken("  - name: acme-aws", " - name: acme-aws"), r"acme.yml:\d+: is no YAML", id="yaml"),
        pytest.param(
            broken("    api_hosts: [{address: ec2.eu-central-1.amazonaws.com, port: 443}]\n", ""),
            r"acme.yml:8: the egress of acme-aws has nothing to let through",
            id="nothing to let through",
        ),
        pytest.param(broken("https://cs", "http://cs"), r"acme.yml:20: .*does not match", id="http"),
        pytest.param(broken("ports: 8443", "prots: 8443"), r"acme.yml:16: .*unknown key prots", id="deep key"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, customer: str, words: str) -> None:
    with pytest.raises(RegisterError, match=words):
        inventory_of(read_register(str(write(tmp_path, customer))))


def test_a_folder_without_the_operators_file_is_no_register(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="holds no service_store.yml"):
        read_register(str(tmp_path))


def run_inventory(folder: Path) -> subprocess.CompletedProcess[str]:
    config = folder / "service_store.inventory.yml"
    config.write_text("plugin: strategic.service_store.register\nregister: ./register\n")
    command = [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(config), "--list"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def plain(value: Any) -> Any:
    return value["__ansible_unsafe"] if isinstance(value, dict) else value


@pytest.mark.slow
def test_ansible_sees_the_inventory(tmp_path: Path) -> None:
    write(tmp_path)
    done = run_inventory(tmp_path)
    listed = json.loads(done.stdout)
    assert listed["cloud_accounts"]["hosts"] == ["acme-aws", "acme-cs"]
    variables = listed["_meta"]["hostvars"]
    # The register is data: its texts are never rendered as templates, and ansible-inventory marks them so.
    assert plain(variables["acme-aws"]["ansible_connection"]) == "local"
    assert plain(variables["store-1"]["ansible_user"]) == "ops"
    assert variables["acme-aws"]["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"


@pytest.mark.slow
def test_ansible_shows_the_mistake_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, broken("    region:", "    regoin:"))
    done = run_inventory(tmp_path)
    assert "acme.yml:6: cloud_accounts.0: unknown key regoin" in done.stderr


def moving(folder: Path, now: str = "198.51.100.99", former: str = "[198.51.100.11]") -> dict[str, Any]:
    """Let store-1 move; returns the variables of every host."""
    operator = OPERATOR.replace("public_address: 198.51.100.11,", f"public_address: {now}, moving_from: {former},")
    operator = operator.replace(
        "  store_servers:", "  address_echo: {url: 'https://ip.example:8443/me'}\n  store_servers:"
    )
    register = write(folder, operator=operator)
    return {host.name: host.variables for host in inventory_of(read_register(str(register))).hosts}


def test_a_host_that_moves_is_known_to_the_accounts_whose_lists_name_it(tmp_path: Path) -> None:
    found = moving(tmp_path)
    leaving = [{"host": "store-1", "address": "198.51.100.11"}]
    assert found["store-1"]["service_store_moving_from"] == ["198.51.100.11"]
    assert "service_store_moving_from" not in found["store-2"]
    assert found["acme-aws"]["service_store_leaving"] == leaving
    (now,), (both,) = (found["acme-aws"][f"service_store_allowlists{name}"] for name in ("", "_moving"))
    cidrs = [[entry["cidr"] for entry in item["entries"]] for item in (now, both)]
    assert "198.51.100.11" not in cidrs[0] and set(cidrs[1]) - set(cidrs[0]) == {"198.51.100.11"}


def test_the_proxies_let_through_to_who_tells_the_address(tmp_path: Path) -> None:
    targets = moving(tmp_path)["store-1"]["service_store_egress_targets"]
    assert targets[-1] == {"name": "address-echo", "address": "ip.example", "port": 8443} and len(targets) > 1


def test_a_move_from_the_address_that_it_goes_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="store-1 cannot move from 198.51.100.11, which is its public_address"):
        moving(tmp_path, now="198.51.100.11")
    with pytest.raises(RegisterError, match="store-1 cannot move from 2001:db8::1, which is its public_address"):
        moving(tmp_path, now="'2001:DB8::1'", former="['2001:db8:0::1']")


@pytest.mark.parametrize("former", ["[old.example]", "[198.51.100.0/24]"])
def test_what_is_no_address_to_move_from_is_named_with_its_line(tmp_path: Path, former: str) -> None:
    with pytest.raises(
        RegisterError, match=r"service_store.yml:\d+: store-1 moves, and .* is no address; write one as"
    ):
        moving(tmp_path, former=former)


def test_an_address_that_another_host_takes_over_stands_once_in_what_would_be_let_in_again(tmp_path: Path) -> None:
    found = moving(tmp_path, former="[198.51.100.12]")
    (both,) = found["acme-aws"]["service_store_allowlists_moving"]
    cidrs = [entry["cidr"] for entry in both["entries"]]
    assert sorted(cidrs) == ["198.51.100.12", "198.51.100.99", "203.0.113.9"]


def test_a_source_restriction_that_names_no_host_of_ours_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = broken(
        "{method: api_source_restriction, store_servers: [store-1",
        "{method: api_source_restriction, store_servers: [store-9",
    )
    with pytest.raises(RegisterError, match=r"acme.yml:\d+: store-9 is no host of service_store.yml"):
        inventory_of(read_register(str(write(tmp_path, wrong))))


def test_the_services_that_are_restricted_are_named_once_or_left_to_the_provider(tmp_path: Path) -> None:
    line = "{method: api_source_restriction, store_servers: [store-1, store-2]"
    named = broken(line, f"{line}, services: [sts, iam, sts]")
    found = {host.name: host.variables for host in inventory_of(read_register(str(write(tmp_path, named)))).hosts}
    assert found["acme-aws"]["service_store_restricted"] == ["sts", "iam"]
    assert found["acme-cs"]["service_store_restricted"] == []
    assert hosts(tmp_path)["acme-aws"].variables["service_store_restricted"] == [""]


def test_resources_with_a_firewall_of_their_own_reach_the_account(tmp_path: Path) -> None:
    vault = "{kind: key_vault, resource_group: prod, name: acme-keys}"
    line = "{method: api_source_restriction, store_servers: [store-1, store-2]"
    on_aws = broken(line, f"{line}, data_plane: [{vault}]")
    with_vault = on_aws.replace("provider: aws", "provider: azure")
    found = {host.name: host.variables for host in inventory_of(read_register(str(write(tmp_path, with_vault)))).hosts}
    assert found["acme-aws"]["service_store_data_plane"] == [
        {"kind": "key_vault", "resource_group": "prod", "name": "acme-keys"}
    ]
    assert found["acme-cs"]["service_store_data_plane"] == []
    with pytest.raises(RegisterError, match=r"acme.yml:\d+: .*key_safe"):
        read_register(str(write(tmp_path, with_vault.replace("key_vault", "key_safe"))))
    refused = r"acme.yml:17: .*data_plane of acme-aws is for accounts of azure alone.*; take it out"
    with pytest.raises(RegisterError, match=refused):
        read_register(str(write(tmp_path, on_aws)))
