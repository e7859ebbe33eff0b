# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two gateways on a network of their own, with an address behind each, to try IPsec on; no running lab is needed.

They are containers of the lab's image, which Ansible and the tests reach through podman. On the far one an API answers
on TCP 8080, and the ends take ICMP from each other: the packet filter judges what is forwarded and what is named.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import read_sas, tunnel_state
from lab import image
from lab.components.hosts import FLAGS
from lab.machine import check_inotify
from lab.podman import Podman, make_podman
from lab.progress import Progress

NETWORK, SUBNET = "psk-rotation", "10.206.0.0/24"
NEAR, FAR = "psk-near", "psk-far"
OUTER = {NEAR: "10.206.0.11", FAR: "10.206.0.12"}
INNER = {NEAR: "10.206.1.11", FAR: "10.206.2.10"}
API_PORT, SLOW_PORT = 8080, 8081
TUNNEL = "globex"
UP_TIMEOUT_S = 240


@dataclass
class Pair:
    """folder: where inventories and plays are written. keys: the pre-shared keys that the plays use, by tunnel."""

    podman: Podman
    folder: Path
    keys: dict[str, str] = field(default_factory=dict)

    def shell(self, host: str, script: str, timeout_s: float = 120) -> str:
        """Run a shell script as root on a host and return its output, whatever its status."""
        done = self.podman.call("exec", host, "/bin/bash", "-c", script, timeout_s=timeout_s)
        return done.stdout + done.stderr

    def state(self, host: str, name: str = TUNNEL) -> dict[str, Any]:
        """What charon says of a connection."""
        return tunnel_state(self.shell(host, "swanctl --list-sas --pretty"), name)

    def ike_ids(self, host: str, name: str = TUNNEL) -> list[int]:
        """The unique ids of a connection's IKE_SAs."""
        found = read_sas(self.shell(host, "swanctl --list-sas --pretty")).get(name, [])
        return sorted(int(sa["uniqueid"]) for sa in found)

    def log(self, host: str, lines: int = 60) -> str:
        """The latest lines of charon."""
        return self.shell(host, f"journalctl -u strongswan -n {lines} -o short-precise --no-pager")


def connection(host: str, **changes: Any) -> dict[str, Any]:
    """The tunnel as either host writes it down; the near one calls the API of the far one."""
    ends = {name: {"address": OUTER[name], "inside_address": INNER[name]} for name in (NEAR, FAR)}
    return {
        "name": TUNNEL,
        "kind": "site",
        "local": ends[host],
        "remote": ends[FAR if host == NEAR else NEAR],
        "api_side": "remote" if host == NEAR else "local",
        # The image of the lab is Debian 12: see the role's README on strongswan#1766.
        "selectors": "covering",
        "sources": [{"name": "store-1", "address": INNER[NEAR]}],
        "targets": [{"name": "api", "address": INNER[FAR], "port": API_PORT}],
        **changes,
    }


def inventory_variables(podman: Podman) -> dict[str, Any]:
    """How Ansible reaches the hosts."""
    return {
        "ansible_connection": "containers.podman.podman",
        "ansible_podman_extra_env": {"CONTAINERS_CONF": str(podman.conf)},
        "ansible_python_interpreter": "/usr/bin/python3",
    }


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Start both hosts, and remove them and their network at the end."""
    podman = make_podman(folder / "podman")
    name = image.ensure(podman, Progress(sys.stderr), folder / "image.log")
    check_inotify(2)
    made = Pair(podman, folder)
    _remove(podman)
    try:
        podman.run("network", "create", "--internal", "--subnet", SUBNET, NETWORK)
        for host in (NEAR, FAR):
            _start(made, host, name)
        yield made
    finally:
        _remove(podman)


def _start(made: Pair, host: str, name: str) -> None:
    made.podman.run(
        *("run", "--detach", *FLAGS, "--name", host, "--hostname", host),
        *("--network", f"{NETWORK}:ip={OUTER[host]}", name),
    )
    deadline = time.monotonic() + UP_TIMEOUT_S
    while made.shell(host, "systemctl is-system-running").strip() not in ("running", "degraded"):
        assert time.monotonic() < deadline, f"{host} did not come up"
        time.sleep(0.2)
    made.shell(host, f"ip address add {INNER[host]}/32 dev lo")


def _remove(podman: Podman) -> None:
    podman.call("rm", "--force", "--time", "0", "--volumes", "--ignore", NEAR, FAR)
    podman.call("network", "rm", "--force", NETWORK)
