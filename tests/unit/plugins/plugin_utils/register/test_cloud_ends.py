# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels of the register whose other end is the cloud's own VPN gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_gateway import TUNNEL, VPN_GATEWAY
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import parse_tunnels
from ansible_collections.strategic.service_store.plugins.plugin_utils.register import load
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.cloud_ends import OF_TUNNEL
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.cloud_refuse import MADE_BY
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.errors import RegisterError
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.hosts import inventory_of
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.load import read_register

OPERATOR = {
    "name": "example-store",
    "store_servers": [
        {"name": "store-1", "host": "10.20.0.11", "public_address": "198.51.100.11", "store_address": "10.20.0.11"},
        {"name": "store-2", "host": "10.20.0.12", "public_address": "198.51.100.12", "store_address": "10.20.0.12"},
    ],
    "gateways": [
        {"name": "store-gw", "host": "10.20.0.14", "public_address": "198.51.100.14", "store_address": "10.20.0.14"},
        {"name": "other-gw", "host": "10.20.0.15", "public_address": "198.51.100.15", "store_address": "10.20.0.15"},
    ],
}
CLOUD: dict[str, Any] = {
    "scope": {"kind": "vpc", "name": "prod"},
    "networks": ["10.60.0.0/16"],
    "pre_shared_keys": ["acme-vpn-1", "acme-vpn-2"],
    "aws": {"wait_up_s": 300},
}
PEER = {"name": "os-gw", "address": "192.0.2.20", "psk": "globex-vpn"}


def method(cloud: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    made = {
        "method": "site_to_site_vpn",
        "gateway": "store-gw",
        "store_servers": ["store-1"],
        "api": [{"address": "10.60.1.10", "port": 443}],
        "cloud_gateway": {**CLOUD, **(cloud or {})},
        **more,
    }
    return {key: value for key, value in made.items() if value is not None}


def account(name: str = "acme-aws", *access: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "provider": "aws", "credential": name, "access": list(access or [method()]), **more}


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in CLOUD.items() if key not in keys}


def found(folder: Path, *accounts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    register = folder / "register"
    register.mkdir(exist_ok=True)
    (register / "service_store.yml").write_text(yaml.safe_dump({"service_store": OPERATOR}))
    text = yaml.safe_dump({"customer": "acme", "cloud_accounts": list(accounts or [account()])}, sort_keys=False)
    (register / "acme.yml").write_text(text)
    return {host.name: host.variables for host in inventory_of(read_register(str(register))).hosts}


def test_the_account_gets_the_options_of_the_module(tmp_path: Path) -> None:
    own = found(tmp_path)["acme-aws"]
    assert own["service_store_vpn_gateways"] == [
        {
            "name": "acme-aws",
            "scope": {"kind": "vpc", "name": "prod"},
            "tunnel": {
                "local": {"address": "198.51.100.14", "inside_address": "10.20.0.14"},
                "sources": [{"name": "store-1", "address": "10.20.0.11"}],
                "targets": [{"name": "acme-aws", "address": "10.60.1.10", "port": 443}],
                "selectors": "exact",
            },
            "networks": ["10.60.0.0/16"],
            "pre_shared_keys": ["acme-vpn-1", "acme-vpn-2"],
            "aws": {"wait_up_s": 300},
        }
    ]
    keys = {"acme-aws-1": "acme-vpn-1", "acme-aws-2": "acme-vpn-2"}
    assert own["service_store_vpn_ends"] == {"acme-aws": {"host": "store-gw", "keys": keys}}
    assert own["service_store_needs"] == ["probe", "vpn_gateway", "rotation"]
    assert (own["service_store_tunnels"], own["service_store_tunnel_keys"], own["service_store_vpn_gone"]) == (
        [],
        {},
        [],
    )


def test_what_is_the_tunnels_goes_into_the_tunnel(tmp_path: Path) -> None:
    proposals = ["aes256-sha256-modp3072"]
    cloud = {"ike_proposals": proposals, "esp_proposals": proposals, "dpd_delay_s": 7, "inside_address": "10.60.0.1"}
    covering = method(cloud, selectors="covering")
    (options,) = found(tmp_path, account("acme-aws", covering))["acme-aws"]["service_store_vpn_gateways"]
    assert options["tunnel"]["ike_proposals"] == options["tunnel"]["esp_proposals"] == proposals
    assert options["tunnel"]["dpd_delay_s"] == 7 and options["tunnel"]["selectors"] == "covering"
    assert options["tunnel"]["remote"] == {"inside_address": "10.60.0.1"}
    assert not set(options) & {*OF_TUNNEL, "inside_address"}


def test_our_gateway_and_the_store_servers_get_their_part(tmp_path: Path) -> None:
    hosts = found(tmp_path)
    (end,) = hosts["store-gw"]["service_store_ipsec_cloud"]
    assert (end["account"], end["name"], end["absent"]) == ("acme-aws", "acme-aws", False)
    assert end["probe"] == {"host": "store-1", "address": "10.60.1.10", "port": 443}
    assert [tunnel.name for tunnel in parse_tunnels(end["connections"], "it")] == ["acme-aws-1", "acme-aws-2"]
    assert "service_store_ipsec_connections" not in hosts["store-gw"]
    assert hosts["store-1"]["service_store_ipsec_routes"] == [{"to": "10.60.1.10", "via": "10.20.0.14"}]
    assert "service_store_ipsec_routes" not in hosts["store-2"]


def test_a_gateway_of_azure_with_two_addresses_has_two_tunnels_with_one_key(tmp_path: Path) -> None:
    cloud = {**without("aws"), "scope": {"kind": "virtual_network_gateway", "name": "hub", "parent": "net"}}
    azure = method() | {"cloud_gateway": {**cloud, "name": "acme-vpn", "pre_shared_keys": ["acme-vpn"]}}
    own = found(tmp_path, account("acme-azure", azure, provider="azure"))["acme-azure"]
    names = ("acme-vpn", "acme-vpn-1", "acme-vpn-2")
    assert own["service_store_vpn_ends"]["acme-vpn"]["keys"] == dict.fromkeys(names, "acme-vpn")


def test_a_tunnel_that_shall_go_leaves_nothing_to_make(tmp_path: Path) -> None:
    hosts = found(tmp_path, account("acme-aws", method({"state": "absent"})))
    own = hosts["acme-aws"]
    gone = {"name": "acme-aws", "scope": CLOUD["scope"], "host": "store-gw", "keys": ["acme-vpn-1", "acme-vpn-2"]}
    assert own["service_store_vpn_gone"] == [gone]
    assert (own["service_store_vpn_gateways"], own["service_store_vpn_ends"]) == ([], {})
    assert hosts["store-gw"]["service_store_ipsec_cloud"][0]["absent"] is True
    assert hosts["store-1"]["service_store_ipsec_routes"] == []


def test_a_key_that_another_tunnel_has_stays(tmp_path: Path) -> None:
    going = account("acme-aws", method({"state": "absent"}))
    staying = account("acme-two", method({"networks": ["10.60.0.0/16"], "pre_shared_keys": ["acme-vpn-1", "other"]}))
    own = found(tmp_path, going, staying)["acme-aws"]
    assert own["service_store_vpn_gone"][0]["keys"] == ["acme-vpn-2"]


def two(**more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two accounts; ``more`` is of the second's method."""
    cloud = {"networks": ["10.60.128.0/17"], "pre_shared_keys": ["c", "d"]}
    api = [{"address": "10.60.200.9", "port": 443}]
    return account(), account("acme-two", method(cloud, **{"api": api, **more}))


def test_two_accounts_may_have_overlapping_networks_at_two_gateways(tmp_path: Path) -> None:
    assert "acme-two" in found(tmp_path, *two(gateway="other-gw"))


REFUSED = {
    "both ends": (
        [account("acme-aws", method(peer=PEER))],
        "acme-aws has both peer and cloud_gateway; keep the one that is the other end",
        "cloud_gateway:",
    ),
    "neither": (
        [account("acme-aws", {key: value for key, value in method().items() if key != "cloud_gateway"})],
        "has neither peer nor cloud_gateway; add peer where people run the other end",
        "- method:",
    ),
    "unknown key": ([account("acme-aws", method({"shared_keys": ["a"]}))], "unknown key shared_keys", "shared_keys:"),
    "another provider's unknown key": (
        [account("acme-aws", method({"aws": {"wait_s": 1}}))],
        "unknown key wait_s; known are lifecycle_control",
        "wait_s:",
    ),
    "another provider's options": (
        [account("acme-aws", method({"azure": {"esp_rekey_kb": 1}}))],
        "cloud_gateway of acme-aws: azure: is for that provider alone, and this is aws; remove it",
        "azure:",
    ),
    "a missing key": (
        [account("acme-aws", method() | {"cloud_gateway": without("pre_shared_keys")})],
        "'pre_shared_keys' is a required property; add it",
        "cloud_gateway:",
    ),
    "too few keys": (
        [account("acme-aws", method({"pre_shared_keys": ["one"]}))],
        "pre_shared_keys: one are 1 names where this provider's connection has 2 tunnels",
        "pre_shared_keys:",
    ),
    "a kind of another cloud": (
        [account("acme-aws", method({"scope": {"kind": "router", "name": "main"}}))],
        "scope.kind: router is no kind of this provider; it has vpc, transit_gateway",
        "kind: router",
    ),
    "an endpoint outside": (
        [account("acme-aws", method(api=[{"address": "10.61.1.10", "port": 443}]))],
        "hold none that 10.61.1.10 of tunnel.targets is in; add it",
        "networks:",
    ),
    "our own network": (
        [account("acme-aws", method({"networks": ["10.60.0.0/16", "10.20.0.0/24"]}))],
        "networks[1]: 10.20.0.0/24 overlaps 10.20.0.11/32, which is behind our end",
        "- 10.20.0.0/24",
    ),
    "an endpoint that is no address": (
        [account("acme-aws", method(api=[{"address": "api.example", "port": 443}]))],
        "cloud_gateway of acme-aws: tunnel.targets[0].address: api.example",
        "address: api.example",
    ),
    "weak algorithms": (
        [account("acme-aws", method({"ike_proposals": ["aes256-sha1-modp1024"]}))],
        "cloud_gateway of acme-aws: tunnel.ike_proposals[0]: aes256-sha1-modp1024",
        "- aes256-sha1-modp1024",
    ),
    "an API behind its own tunnel": (
        [account(endpoints={"ec2": "https://10.60.1.10:443"})],
        "the endpoint ec2 of acme-aws lies behind the tunnel that has to be made through it; name one outside of it",
        "ec2:",
    ),
    "overlapping networks": (
        two(),
        "10.60.128.0/17 of acme-two overlaps 10.60.0.0/16 of acme-aws on store-gw",
        "networks:",
    ),
    "what a peer has": (
        [
            account("acme-os", method(cloud_gateway=None, peer=PEER)),
            account("acme-aws"),
        ],
        "10.60.0.0/16 of acme-aws overlaps 10.60.1.10/32 of acme-os on store-gw",
        "networks:",
    ),
    "a name twice": (
        [
            account(),
            account(
                "acme-two",
                method({"name": "acme-aws", "networks": ["10.61.0.0/16"]}, api=[{"address": "10.61.0.1", "port": 443}]),
            ),
        ],
        "store-gw has a tunnel acme-aws-",
        "cloud_gateway:",
    ),
}


@pytest.mark.parametrize(("accounts", "said", "at"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_told_with_file_line_and_mend(tmp_path: Path, accounts: Any, said: str, at: str) -> None:
    with pytest.raises(RegisterError) as caught:
        found(tmp_path, *accounts)
    assert said in str(caught.value)
    text = (tmp_path / "register" / "acme.yml").read_text()
    # The last place that reads so: the mistake is in the account that comes later.
    line = text[: text.rindex(at)].count("\n") + 1
    assert str(caught.value).startswith(f"{tmp_path / 'register' / 'acme.yml'}:{line}: ")


def test_the_register_has_every_option_of_the_module() -> None:
    schema = json.loads((Path(load.__file__).parent / "customer.schema.json").read_text())["$defs"]["cloud_gateway"]
    known = schema["properties"]
    # The operator's name of the store, and the connection, which the method itself describes.
    assert set(known) - {"state", "id", "inside_address", *OF_TUNNEL} == set(VPN_GATEWAY.options) - {"store", "tunnel"}
    assert set(OF_TUNNEL) <= set(TUNNEL["options"])
    for name in ("scope", "aws", "azure", "openstack", "cloudstack"):
        assert set(known[name]["properties"]) == set(VPN_GATEWAY.options[name]["options"]), name
        for option, spec in VPN_GATEWAY.options[name]["options"].items():
            assert known[name]["properties"][option].get("enum") == spec.get("choices"), option
    providers = json.loads((Path(load.__file__).parent / "customer.schema.json").read_text())["$defs"]["account"]
    assert set(MADE_BY) == set(providers["properties"]["provider"]["enum"])
