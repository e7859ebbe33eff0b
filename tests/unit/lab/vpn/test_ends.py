# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the APIs tell becomes tunnels, tunnels become files, and a host is brought from one to the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lab.topology import CLOUD_ENDS, HOSTS_BY_NAME, PUBLIC
from lab.vpn import agent, aws, azure, cloudstack, host_files, openstack, swanctl
from lab.vpn.tunnel import CloudTunnel, Running

KEY = "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U"
TUNNEL = CloudTunnel(
    cloud="aws",
    ref="10.203.0.81",
    address="10.203.0.81",
    peer="10.203.0.14",
    key=KEY,
    ike=("aes256-sha256-ecp256",),
    esp=("aes256gcm16-ecp256", "aes256-sha256-ecp256"),
    inside=("10.60.0.0/16",),
    outside=("10.203.1.8/29",),
)
NAME = swanctl.connection_name(TUNNEL)
SAS = f"""\
{NAME}: #3, ESTABLISHED, IKEv2, 1aa0f3_i 6d1c_r*
  local  '10.203.0.81' @ 10.203.0.81[4500]
  remote '10.203.0.14' @ 10.203.0.14[4500]
  AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256
  established 5s ago, rekeying in 25193s
  {NAME}: #7, reqid 1, INSTALLED, TUNNEL-in-UDP, ESP:AES_GCM_16-256
    installed 5s ago, rekeying in 3000s, expires in 3595s
    in  c1b2d3e4,   1200 bytes,    10 packets,     1s ago
    out cf00aa11,    800 bytes,     8 packets,     1s ago
    local  10.60.1.10/32
    remote 10.203.1.11/32
lab-other-000000: #4, CONNECTING, IKEv2, 1aa0f3_i* 0000_r
"""


def test_a_key_is_not_in_what_a_tunnel_prints() -> None:
    assert KEY not in repr(TUNNEL)


def test_a_file_says_what_the_tunnel_says() -> None:
    text = swanctl.file(dataclasses.replace(TUNNEL, initiate=True, dpd_action="restart"))
    for line in (
        "local_addrs = 10.203.0.81",
        "remote_addrs = 10.203.0.14",
        "proposals = aes256-sha256-ecp256",
        "esp_proposals = aes256gcm16-ecp256, aes256-sha256-ecp256",
        "local_ts = 10.60.0.0/16",
        "remote_ts = 10.203.1.8/29",
        "start_action = start",
        "dpd_action = restart",
        "life_time = 3600s",
        f'secret = "{KEY}"',
    ):
        assert f" {line}\n" in text, line
    assert text.count("{") == text.count("}")


def test_none_of_dead_peer_detection_asks_for_no_sign_of_life() -> None:
    assert "dpd_delay = 0s" in swanctl.file(dataclasses.replace(TUNNEL, dpd_action="none"))


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb"])
def test_a_key_that_would_leave_its_place_in_the_file_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="quote") as refused:
        swanctl.file(dataclasses.replace(TUNNEL, key=key))
    assert key not in str(refused.value)


def test_two_addresses_of_one_connection_are_two_names() -> None:
    assert swanctl.connection_name(dataclasses.replace(TUNNEL, address="10.203.0.82")) != NAME


def test_security_associations_are_read_by_connection() -> None:
    found = swanctl.running(SAS)
    assert found == {
        NAME: Running(up=True, bytes_in=1200, bytes_out=800),
        "lab-other-000000": Running(connecting=True),
    }
    assert swanctl.running("") == {}


def test_an_ike_sa_without_a_child_is_not_up() -> None:
    assert swanctl.running(SAS.replace("INSTALLED", "CREATED"))[NAME] == Running()


def test_a_changed_tunnel_is_written_and_ended_and_begun_where_the_cloud_begins() -> None:
    old = {NAME: swanctl.file(TUNNEL), "lab-gone": "x"}
    new = dataclasses.replace(TUNNEL, key=KEY[::-1], initiate=True)
    found = agent.steps(old, [new])
    assert found.write == {"lab-gone": None, NAME: swanctl.file(new)}
    assert (found.end, found.start) == (("lab-gone", NAME), (NAME,))


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert agent.steps({NAME: swanctl.file(TUNNEL)}, [TUNNEL]) == agent.Steps({}, (), ())


def test_a_new_tunnel_ends_nothing_and_one_that_keeps_running_is_written_alone() -> None:
    assert agent.steps({}, [TUNNEL]).end == ()
    kept = dataclasses.replace(TUNNEL, keeps_running=True)
    found = agent.steps({NAME: swanctl.file(TUNNEL)}, [dataclasses.replace(kept, key=KEY[::-1])])
    assert list(found.write) == [NAME] and found.end == ()


class Host:
    """Notes what is done to it."""

    end = CLOUD_ENDS[0]

    def __init__(self, files: dict[str, str], sas: Mapping[str, Running]) -> None:
        self.held, self.sas, self.done = files, sas, [""]

    def files(self) -> Mapping[str, str]:
        return dict(self.held)

    def write(self, name: str, text: str | None) -> None:
        self.done.append(f"write {name}")
        self.held.pop(name, None) if text is None else self.held.update({name: text})

    def load(self) -> None:
        self.done.append("load")

    def end_tunnel(self, name: str) -> None:
        self.done.append(f"end {name}")

    def start_tunnel(self, name: str) -> None:
        self.done.append(f"start {name}")

    def running(self) -> Mapping[str, Running]:
        return self.sas


class Api:
    def __init__(self, tunnels: Sequence[CloudTunnel]) -> None:
        self.tunnels, self.told = tunnels, dict[str, Running]()

    def read(self) -> Sequence[CloudTunnel]:
        return self.tunnels

    def report(self, states: Mapping[str, Running]) -> None:
        self.told = dict(states)


def test_a_round_writes_loads_ends_and_reports_in_this_order() -> None:
    host: Any = Host({NAME: "old"}, {NAME: Running(up=True)})
    api = Api([TUNNEL, dataclasses.replace(TUNNEL, ref="10.203.0.82", address="10.203.0.82")])
    keeper = agent.Agent(api, host, lambda _text: None)
    keeper.once()
    other = swanctl.connection_name(api.tunnels[1])
    assert host.done[1:] == [f"write {NAME}", f"write {other}", "load", f"end {NAME}"]
    assert api.told == {"10.203.0.81": Running(up=True), "10.203.0.82": Running()}
    host.done.clear()
    keeper.once()
    assert host.done == []


def test_an_agent_that_starts_loads_what_is_written_already() -> None:
    host: Any = Host({NAME: swanctl.file(TUNNEL)}, {})
    agent.Agent(Api([TUNNEL]), host, lambda _text: None).once()
    assert host.done[1:] == ["load"]


def test_a_connection_of_aws_is_two_tunnels() -> None:
    options = {
        "LocalIpv4NetworkCidr": "10.203.1.8/29",
        "RemoteIpv4NetworkCidr": "10.60.0.0/16",
        "TunnelOptions": [
            {
                "OutsideIpAddress": "10.203.0.81",
                "PreSharedKey": KEY,
                "IkeVersions": [{"Value": "ikev2"}],
                "StartupAction": "add",
                "DpdTimeoutAction": "restart",
                "Phase2LifetimeSeconds": 1800,
            },
            {"OutsideIpAddress": "10.203.0.82", "PreSharedKey": KEY[::-1], "StartupAction": "start"},
        ],
    }
    first, second = aws.tunnels({"Options": options}, "10.203.0.14")
    assert (first.address, first.peer, first.inside, first.outside) == (
        *("10.203.0.81", "10.203.0.14"),
        *(("10.60.0.0/16",), ("10.203.1.8/29",)),
    )
    assert (first.version, first.initiate, first.dpd_action, first.esp_lifetime_s) == (2, False, "restart", 1800)
    # Without a choice AWS takes IKEv1 too.
    assert (second.version, second.initiate, second.key) == (0, True, KEY[::-1])


@pytest.mark.parametrize("mode", ["Default", "ResponderOnly"])
def test_azure_proposes_its_selectors_where_it_begins_and_takes_the_peers_otherwise(mode: str) -> None:
    connection = {
        "name": "acme-vpn",
        "properties": {
            "connectionMode": mode,
            "connectionProtocol": "IKEv2",
            "dpdTimeoutSeconds": 45,
            "ipsecPolicies": [],
            "trafficSelectorPolicies": [
                {"localAddressRanges": ["10.62.0.0/16"], "remoteAddressRanges": ["10.203.1.11/32"]},
                {"localAddressRanges": ["10.62.0.0/16"], "remoteAddressRanges": ["10.203.1.12/32"]},
            ],
        },
    }
    found = azure.tunnel(connection, "10.203.0.83", {"gatewayIpAddress": "10.203.0.14"}, KEY)
    begins = mode == "Default"
    assert found.initiate is begins
    assert found.inside == (("10.62.0.0/16",) if begins else ("0.0.0.0/0",))
    assert found.outside == (("10.203.1.11/32", "10.203.1.12/32") if begins else ("0.0.0.0/0",))
    # Without a policy it takes the weak group that it documents.
    assert "modp1024" in found.ike[0]


def test_a_connection_of_cloudstack_begins_unless_it_is_passive() -> None:
    told = {
        "id": "be9d7908-6c64-448d-aec2-823e8c8b5135",
        "state": "Disconnected",
        "passive": False,
        "publicip": "10.203.0.84",
        "localcidr": "10.63.0.0/16",
        "gateway": "10.203.0.14",
        "cidrlist": "10.203.1.11/32,10.203.1.12/32",
        "ipsecpsk": KEY,
        "ikepolicy": "aes256-sha256;modp3072",
        "esppolicy": "aes256-sha256;modp3072",
        "ikelifetime": 86400,
        "esplifetime": 3600,
        "dpd": True,
        "ikeversion": "ike",
    }
    found = cloudstack.tunnel(told)
    assert (found.initiate, found.version, found.dpd_action) == (True, 0, "restart")
    assert found.outside == ("10.203.1.11/32", "10.203.1.12/32")
    assert not cloudstack.tunnel({**told, "passive": True}).initiate


def test_a_connection_of_neutron_runs_on_when_it_is_changed_and_begins_where_both_may() -> None:
    connection = {
        "id": "d0a7a29e-4386-41a1-859f-28c3f58cb64a",
        "peer_address": "10.203.0.14",
        "peer_id": "store-gw",
        "local_id": "",
        "psk": KEY,
        "initiator": "response-only",
        "dpd": {"action": "restart-by-peer", "interval": 5, "timeout": 30},
    }
    policy = {
        "encryption_algorithm": "aes-256-gcm-16",
        "auth_algorithm": "sha384",
        "pfs": "group20",
        "lifetime": {"units": "seconds", "value": 14400},
    }
    of = {
        "ikepolicy": {**policy, "ike_version": "v2"},
        "ipsecpolicy": policy,
        "peer_ep_group": {"endpoints": ["10.203.1.8/29"]},
        "cidrs": ["10.64.0.0/16"],
    }
    found = openstack.tunnel(connection, {"external_v4_ip": "10.203.0.85"}, of)
    assert (found.address, found.peer, found.peer_id) == ("10.203.0.85", "10.203.0.14", "store-gw")
    assert (found.ike, found.esp) == (("aes256gcm16-prfsha384-ecp384",), ("aes256gcm16-ecp384",))
    assert (found.initiate, found.keeps_running, found.dpd_action) == (False, True, "restart")
    assert openstack.tunnel({**connection, "initiator": "bi-directional"}, {"external_v4_ip": "x"}, of).initiate


def test_every_end_has_its_own_addresses_and_a_workload_in_its_network() -> None:
    outer = [address for end in CLOUD_ENDS for address in end.outer]
    assert len(set(outer)) == len(outer)
    assert not set(outer) & {leg.ip for host in HOSTS_BY_NAME.values() for leg in host.legs if host.side != "cloud"}
    for end in CLOUD_ENDS:
        assert end.outer[0] == end.host.ip(PUBLIC.name)
        text = host_files.files(end)
        assert f"ip daddr {end.network} counter drop" in text["refuse.nft"]
        assert f"listen {end.workload}:443 ssl" in text["nginx.conf"]
        assert all(f"ip address replace {address}/24 dev eth0" in text["setup"] for address in end.outer[1:])
