# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab consists of, as data: networks, hosts, cloud servers and their addresses.

Nothing here does anything. Address .1 of every network is the machine itself, which is also the
Ansible controller.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

PREFIX = "lab-"


@dataclass(frozen=True)
class Network:
    name: str
    subnet: str
    internal: bool

    @property
    def bridge_address(self) -> str:
        return str(next(ipaddress.ip_network(self.subnet).hosts()))


@dataclass(frozen=True)
class Leg:
    """One network interface of a host; the first leg is eth0, the second eth1."""

    network: str
    ip: str

    @property
    def mac(self) -> str:
        """Fixed, as a machine's is: neighbours would look for a restarted host at the address it had before."""
        return ":".join(["02", "5e", *(f"{int(part):02x}" for part in self.ip.split("."))])


@dataclass(frozen=True)
class Host:
    """A container with systemd and sshd.

    routes: (destination, via). edge: forwards between its legs, but nothing from eth0 to eth1 that did
    not come out of a tunnel. api_ports: refused to the bridge's own address, because an internal network
    keeps every other network out but not the machine itself.
    """

    name: str
    legs: tuple[Leg, ...]
    side: str
    routes: tuple[tuple[str, str], ...] = ()
    edge: bool = False
    api_ports: tuple[int, ...] = ()
    mounts: tuple[tuple[str, str, str], ...] = field(default=())

    @property
    def container(self) -> str:
        return PREFIX + self.name

    @property
    def address(self) -> str:
        """Where the machine reaches it."""
        return self.legs[0].ip

    def ip(self, network: str) -> str | None:
        return next((leg.ip for leg in self.legs if leg.network == network), None)


PUBLIC = Network("lab-public", "10.203.0.0/24", internal=False)
STORE = Network("lab-store", "10.203.1.0/24", internal=True)
OPENSTACK = Network("lab-os", "10.203.2.0/24", internal=True)
CLOUDSTACK = Network("lab-cs", "10.203.3.0/24", internal=True)
NETWORKS = (PUBLIC, STORE, OPENSTACK, CLOUDSTACK)

KEYSTONE_PORT, NEUTRON_PORT, CLOUDSTACK_PORT = 5000, 9696, 443

# The store reaches a customer's private network through its own gateway, and nothing else does.
_TO_CUSTOMERS = ((OPENSTACK.subnet, "10.203.1.14"),)


def _public(number: int) -> Leg:
    return Leg(PUBLIC.name, f"10.203.0.{number}")


def _store(number: int) -> Leg:
    return Leg(STORE.name, f"10.203.1.{number}")


HOSTS = (
    Host("store-1", (_public(11), _store(11)), "store", _TO_CUSTOMERS),
    Host("store-2", (_public(12), _store(12)), "store", _TO_CUSTOMERS),
    Host("store-3", (_store(13),), "store", (("default", "10.203.1.14"),)),
    Host("store-gw", (_public(14), _store(14)), "store", edge=True),
    Host("proxy-1", (_public(15), _store(15)), "store"),
    Host("outsider", (_public(66),), "outside"),
    Host("os-gw", (_public(20), Leg(OPENSTACK.name, "10.203.2.20")), "customer", edge=True),
    Host(
        "os-api",
        (Leg(OPENSTACK.name, "10.203.2.10"),),
        "customer",
        (("default", "10.203.2.20"),),
        api_ports=(KEYSTONE_PORT, NEUTRON_PORT),
        mounts=(("{lab}/run/os-sockets", "/run/os-sockets", "rw"),),
    ),
    Host("cs-gw", (_public(30), Leg(CLOUDSTACK.name, "10.203.3.30")), "customer", edge=True),
    Host(
        "cs-api",
        (Leg(CLOUDSTACK.name, "10.203.3.10"),),
        "customer",
        (("default", "10.203.3.30"),),
        api_ports=(CLOUDSTACK_PORT,),
        mounts=(("{package}", "/opt/lab/lab", "ro"),),
    ),
    Host("app-1", (_public(41),), "store"),
    Host("app-2", (_public(42),), "store"),
)


@dataclass(frozen=True)
class CloudEnd:
    """A cloud's own VPN gateway, with what is behind it.

    host: the strongSwan host that stands for it. outer: its public addresses, the host's own first. network: what is
    behind it in that cloud; workload is an address there, at which something answers on WORKLOAD_PORT.
    """

    cloud: str
    host: Host
    outer: tuple[str, ...]
    network: str
    workload: str


def _cloud_end(cloud: str, numbers: tuple[int, ...], second: int) -> CloudEnd:
    outer = tuple(_public(number).ip for number in numbers)
    host = Host(f"{cloud}-vpn", (_public(numbers[0]),), "cloud")
    return CloudEnd(cloud, host, outer, f"10.{second}.0.0/16", f"10.{second}.1.10")


WORKLOAD_PORT = 443
# A connection of AWS has two tunnels, each with an address of its own.
AWS_END = _cloud_end("aws", (81, 82), 60)
AZURE_END = _cloud_end("azure", (83,), 62)
BT_CLOUD_END = _cloud_end("cloudstack", (84,), 63)
OPENSTACK_END = _cloud_end("openstack", (85,), 64)
CLOUD_ENDS = (AWS_END, AZURE_END, BT_CLOUD_END, OPENSTACK_END)

# Those of the optional component vpn_ends are no part of the ordinary lab.
ALL_HOSTS = (*HOSTS, *(end.host for end in CLOUD_ENDS))
HOSTS_BY_NAME = {host.name: host for host in ALL_HOSTS}

# A container without services of its own: cloud servers are processes of the machine that run in its
# network namespace, so that they have public addresses and see their callers' true ones.
CLOUDS_CONTAINER = PREFIX + "clouds"


@dataclass(frozen=True)
class CloudServer:
    name: str
    ip: str
    port: int
    dns_name: str

    @property
    def url(self) -> str:
        return f"https://{self.ip}" + ("" if self.port == 443 else f":{self.port}")


MOTO = CloudServer("moto", "10.203.0.50", 5000, "aws.lab.example")
MINISTACK = CloudServer("ministack", "10.203.0.51", 4566, "iam.aws.lab.example")
AZURE = CloudServer("azure", "10.203.0.52", 443, "azure.lab.example")
BT_CLOUD = CloudServer("bt_cloud", "10.203.0.53", 443, "bt-cloud.lab.example")
# No cloud, but it lives with them: where application hosts fetch releases from.
GIT = CloudServer("git", "10.203.0.54", 443, "git.lab.example")
CLOUD_SERVERS = (MOTO, MINISTACK, AZURE, BT_CLOUD, GIT)

# Private customers' API fronts: inside the container of that name, not in the clouds container.
CLOUDSTACK_API = CloudServer("cloudstack", "10.203.3.10", CLOUDSTACK_PORT, "cloudstack.initech.example")
KEYSTONE = CloudServer("keystone", "10.203.2.10", KEYSTONE_PORT, "openstack.globex.example")
NEUTRON = CloudServer("neutron", "10.203.2.10", NEUTRON_PORT, "openstack.globex.example")

# The operator's own secret store listens on the machine's loopback only.
OPENBAO_HOST, OPENBAO_PORT = "127.0.0.1", 18200
