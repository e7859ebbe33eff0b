# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts are given, and who may take the ports that the lab needs."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.plugin_utils.register.hosts import inventory_of
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.load import read_register
from lab.components import register
from lab.components.hosts import FLAGS, config_hash, site_filter
from lab.components.openbao import refuse_taken
from lab.context import Context, make_context
from lab.errors import LabError
from lab.inventory import inventory
from lab.openbao import server_config
from lab.progress import Progress
from lab.ssh import make_key, write_client_files
from lab.topology import ALL_HOSTS, HOSTS, HOSTS_BY_NAME


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return make_context(tmp_path / "lab", Progress(io.StringIO()))


def test_the_api_front_refuses_the_bridge_but_leaves_ssh_open() -> None:
    text = site_filter(HOSTS_BY_NAME["os-api"])
    assert "ip saddr 10.203.2.1 tcp dport { 5000, 9696 } counter reject" in text
    assert " 22" not in text


def test_an_edge_lets_nothing_in_that_did_not_come_out_of_a_tunnel() -> None:
    assert 'iifname "eth0" oifname "eth1" meta ipsec missing counter drop' in site_filter(HOSTS_BY_NAME["os-gw"])
    assert "chain forward" not in site_filter(HOSTS_BY_NAME["store-1"])


def test_hosts_are_not_privileged() -> None:
    assert not [flag for flag in FLAGS if "privileged" in flag]


def test_a_changed_argument_makes_another_host() -> None:
    assert config_hash(["a", "b"]) != config_hash(["ab"]) != config_hash(["a", "c"])


def test_ssh_knows_every_host_key(ctx: Context) -> None:
    write_client_files(ctx)
    known = (ctx.folder / "known_hosts").read_text().splitlines()
    assert len(known) == len(ALL_HOSTS)
    assert known[0].startswith("store-1,10.203.0.11,10.203.1.11 ssh-ed25519 ")
    assert "StrictHostKeyChecking yes" in (ctx.folder / "ssh_config").read_text()
    assert (ctx.keys / "id_ed25519").stat().st_mode & 0o777 == 0o600


def test_keys_are_kept(tmp_path: Path) -> None:
    first = make_key(tmp_path / "keys" / "k", "c").read_bytes()
    assert make_key(tmp_path / "keys" / "k", "c").read_bytes() == first


def test_the_inventory_has_every_host_once(ctx: Context) -> None:
    children = inventory(ctx)["all"]["children"]
    names = [name for group in children.values() for name in group["hosts"]]
    assert sorted(names) == sorted(host.name for host in HOSTS)


def test_a_taken_port_is_named_with_the_way_to_find_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LabError, match=rf"127.0.0.1:{port} is taken by another program(.|\n)*ss -ltnp"):
            refuse_taken("127.0.0.1", port)
    refuse_taken("127.0.0.1", port)


@pytest.mark.parametrize("storage", [None, "/srv/open bao"])
def test_openbao_serves_tls_only(storage: str | None) -> None:
    text = server_config("127.0.0.1", 8200, "/c.pem", "/k.pem", storage)
    assert 'tls_cert_file = "/c.pem"' in text and "tls_disable" not in text
    assert ('path = "/srv/open bao"' in text) == (storage is not None)


def test_the_sample_register_is_a_good_register(ctx: Context) -> None:
    register.up(ctx)
    found = {host.name: host for host in inventory_of(read_register(str(ctx.folder / "register"))).hosts}
    accounts = {name for name, host in found.items() if "cloud_accounts" in host.groups}
    assert accounts == {"acme-aws", "acme-azure", "globex-openstack", "initech-cloudstack", "umbrella-bt"}
    assert found["acme-aws"].variables["service_store_proxy"] == "http://10.203.1.11:3128"
    assert register.status(ctx).ok
    (ctx.folder / "register" / "acme.yml").write_text("customer: acme\n")
    assert register.status(ctx).detail == "missing or changed: acme.yml"


def test_the_operator_names_no_host_of_a_customer_and_no_probe_among_its_servers(ctx: Context) -> None:
    content = yaml.safe_load(register.render(ctx)["service_store.yml"])["service_store"]
    named = {
        host["name"]: part
        for part, hosts in content.items()
        if part.endswith(("s", "probes")) and isinstance(hosts, list) and hosts and isinstance(hosts[0], dict)
        for host in hosts
    }
    assert not {host.name for host in HOSTS if host.side == "customer"} & set(named)
    assert named["store-3"] == named["outsider"] == "probes"
