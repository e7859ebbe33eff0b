# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of their own for tests of the role ipsec: containers of the lab's image on a network beside the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import tunnel_state
from lab import image
from lab.components.hosts import FLAGS
from lab.podman import Podman, make_podman, remove_containers
from lab.progress import Progress

from .vpn import seconds_until

NETWORK, SUBNET = "takeover", "10.207.0.0/24"
PLAY_TIMEOUT_S = 600
UP_TIMEOUT_S = 60


@dataclass(frozen=True)
class Gateways:
    """hosts: outer address by name; a container is called ``takeover-NAME``."""

    podman: Podman
    folder: Path
    hosts: dict[str, str]

    def shell(self, host: str, text: str, timeout_s: float = 120) -> str:
        """Run a script as root inside; raises LabError with its errors."""
        return self.podman.run("exec", container(host), "/bin/bash", "-c", text, timeout_s=timeout_s)

    def start(self, host: str, *command: str) -> subprocess.Popen[str]:
        """Start a command inside, whose output is read when it has ended."""
        arguments = ["podman", "exec", container(host), *command]
        return subprocess.Popen(
            arguments, env=self.podman.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ipsec(
        self, host: str, connections: Sequence[dict[str, Any]], **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run the role on a host as an operator would."""
        variables = {"ipsec_connections": list(connections), **options}
        task = {"ansible.builtin.include_role": {"name": "strategic.service_store.ipsec"}}
        play = {"hosts": host, "gather_facts": False, "vars": variables, "tasks": [task]}
        book, inventory = self.folder / "play.json", self.folder / "hosts.json"
        book.write_text(json.dumps([play]), encoding="utf-8")
        inventory.write_text(
            json.dumps({"all": {"hosts": {name: _host(name) for name in self.hosts}}}), encoding="utf-8"
        )
        return subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), str(book), "-i", str(inventory), "--diff"],
            cwd=self.folder,
            env={**self.podman.environment(), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PLAY_TIMEOUT_S,
            check=False,
        )

    def state(self, host: str, name: str) -> dict[str, Any]:
        """What charon says of a connection."""
        return tunnel_state(self.shell(host, "swanctl --list-sas --pretty"), name)

    def wait_up(self, host: str, *names: str) -> None:
        """Wait until connections are up; fails the test with charon's log."""

        def said() -> str:
            return self.shell(host, "journalctl -u strongswan -n 40 -o cat")

        seconds_until(lambda: all(self.state(host, name)["up"] for name in names), UP_TIMEOUT_S, said)


def container(host: str) -> str:
    return f"{NETWORK}-{host}"


@contextmanager
def gateways(folder: Path, hosts: dict[str, str], inside: dict[str, str]) -> Iterator[Gateways]:
    """Fresh hosts at outer addresses; ``inside`` gives each the one address of the network behind it."""
    podman = make_podman(folder / "podman")
    suite = os.environ.get("SERVICE_STORE_SUITE") or image.DEFAULT_SUITE
    tag = image.ensure(podman, Progress(), folder / "image.log", suite)
    remove_containers(podman, [container(name) for name in hosts])
    podman.call("network", "rm", NETWORK)
    podman.run("network", "create", "--subnet", SUBNET, NETWORK)
    made = Gateways(podman, folder, hosts)
    try:
        for name, address in hosts.items():
            place = ["--name", container(name), "--hostname", name, "--network", f"{NETWORK}:ip={address}"]
            podman.run("run", "--detach", *place, *FLAGS, tag)
        for name in hosts:
            ready = "systemctl is-system-running --wait >/dev/null; systemctl list-units --no-legend >/dev/null"
            made.shell(name, f"{ready} && ip address add {inside[name]}/32 dev lo")
        yield made
    finally:
        remove_containers(podman, [container(name) for name in hosts])
        podman.call("network", "rm", NETWORK)


def _host(name: str) -> dict[str, str]:
    return {
        "ansible_connection": "containers.podman.podman",
        "ansible_host": container(name),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
