# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts of the lab's image on a network of their own, gone again when they have been used."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import image
from lab.components.hosts import FLAGS
from lab.errors import LabError
from lab.machine import check_inotify, check_machine
from lab.podman import Podman, make_podman, remove_containers
from lab.progress import Progress
from lab.ssh import make_key

NETWORK, SUBNET = "bench-tunnels", "10.208.0.0/24"
NEAR, FAR = "bench-near", "bench-far"
ADDRESSES = {NEAR: "10.208.0.11", FAR: "10.208.0.12"}
#: A busy machine starts slowly.
_START_S = 120.0
#: The hosts see their folder of the machine here.
_PLACE = "/etc/lab"


@dataclass(frozen=True)
class Hosts:
    """Both hosts; ``folder`` holds their keys."""

    podman: Podman
    folder: Path

    def run(self, host: str, *command: str, timeout_s: float = 120.0) -> str:
        """Run a command on a host as root and return what it printed; raises LabError."""
        return self.podman.exec(host, *command, timeout_s=timeout_s)

    def background(self, host: str, *command: str) -> None:
        """Start a command on a host that lives as long as the host."""
        self.podman.run("exec", "--detach", host, *command)

    def give(self, source: Path) -> str:
        """Lay a file where both hosts can read it, and return its path there."""
        for host in ADDRESSES:
            shutil.copyfile(source, self.folder / host / source.name)
        return f"{_PLACE}/{source.name}"

    def inventory(self, host: str) -> dict[str, Any]:
        """Return what Ansible needs to reach a host, and nothing of the one who runs this."""
        options = f"-o UserKnownHostsFile={self.folder}/known_hosts -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
        return {
            "ansible_connection": "ssh",
            "ansible_host": ADDRESSES[host],
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "id_ed25519"),
            "ansible_ssh_common_args": f"-F none {options}",
            "ansible_ssh_pipelining": True,
        }


@contextlib.contextmanager
def two_hosts(folder: Path, say: Callable[[str], None]) -> Iterator[Hosts]:
    """Yield two hosts that take logins; raises LabError where this machine cannot have them."""
    check_machine()
    check_inotify(len(ADDRESSES))
    podman = make_podman(folder)
    podman.check()
    suite = image.ensure(podman, Progress(), folder / "image.log")
    try:
        podman.run("network", "create", "--disable-dns", "--subnet", SUBNET, "--label", podman.label, NETWORK)
    except LabError as exc:
        mend = f"podman rm --force {' '.join(ADDRESSES)}; podman network rm {NETWORK}"
        raise LabError(f"{exc}; wait for another bench of tunnels, or, where one was killed, run: {mend}") from exc
    try:
        hosts = Hosts(podman, folder)
        login = make_key(folder / "id_ed25519", "bench")
        for host in ADDRESSES:
            _start(hosts, host, suite, login)
        for host in ADDRESSES:
            _wait(hosts, host)
        say(f"  {', '.join(ADDRESSES)} take logins")
        yield hosts
    finally:
        remove_containers(podman, list(podman.containers()))
        podman.run("network", "rm", "--force", NETWORK)


def _start(hosts: Hosts, host: str, name: str, login: Path) -> None:
    place, address = hosts.folder / host, ADDRESSES[host]
    place.mkdir(parents=True)
    key = make_key(place / "ssh_host_ed25519_key", host)
    shutil.copyfile(login.with_suffix(".pub"), place / "authorized_keys")
    (place / "routes").write_text("")
    (place / "site.nft").write_text("table inet bench_site { }\n")
    with (hosts.folder / "known_hosts").open("a") as known:
        known.write(f"{address} {' '.join(key.with_suffix('.pub').read_text().split()[:2])}\n")
    link = ("--network", f"{NETWORK}:ip={address}", "--volume", f"{place}:{_PLACE}:ro")
    marks = ("--label", hosts.podman.label, "--hostname", host)
    hosts.podman.run("run", "--detach", "--name", host, *marks, *FLAGS, *link, name)


def _wait(hosts: Hosts, host: str) -> None:
    """Return when a root login works; raises TimeoutError."""
    given = hosts.inventory(host)
    options = ("-i", given["ansible_ssh_private_key_file"], *given["ansible_ssh_common_args"].split())
    command = ["ssh", *options, "-o", "BatchMode=yes", f"root@{ADDRESSES[host]}", "true"]
    deadline = time.monotonic() + _START_S
    while subprocess.run(command, capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{host} took no login within {_START_S:.0f} s")
        time.sleep(0.3)
