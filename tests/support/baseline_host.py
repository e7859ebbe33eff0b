# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of its own for the baseline's tests: a fresh container of the lab's image, reached by Ansible over SSH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.components.hosts import FLAGS

from .baseline_steps import Step, script
from .lab import Lab

# Addresses of the lab's public network that the lab itself gives to nobody.
ADDRESS = "10.203.0.{}"
FIRST, LAST = 160, 199
UP_TIMEOUT_S = 240
RUN_TIMEOUT_S = 900
# The container is this lab host's twin: same host key, same authorized key.
TWIN = "app-2"


@dataclass(frozen=True)
class BaselineHost:
    """folder holds the inventory and whatever a test writes."""

    lab: Lab
    name: str
    address: str
    folder: Path

    def podman(self, *arguments: str) -> str:
        return _podman(self.lab, *arguments)

    def shell(self, text: str) -> str:
        """Run a script as root inside, without SSH. Raises CalledProcessError."""
        return self.podman("exec", self.name, "/bin/bash", "-c", text)

    def do(self, steps: list[Step]) -> None:
        self.shell(script(steps))

    def reachable(self) -> bool:
        """Whether a new login works; nothing is shared with an older connection."""
        key = self.lab.folder / "keys" / "id_ed25519"
        options = [
            *self._ssh_options(),
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=30",
            "-o",
            "ControlPath=none",
            "-i",
            str(key),
        ]
        done = subprocess.run(
            ["ssh", *options, f"root@{self.address}", "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=180,
            check=False,
        )
        return done.returncode == 0

    def tree_hash(self) -> str:
        """Names, kinds, modes, owners and bytes of all that is on disk, less logs and Ansible's folder."""
        left_out = " -o ".join(f"-path {path}" for path in ("/var/log", "/root/.ansible", "/var/lib/systemd", "/tmp"))
        shown = "-printf '%p %y %m %U %G %l\\n' -type f -exec sha256sum {} +"
        return self.shell(f"find / -xdev \\( {left_out} \\) -prune -o {shown} | sort | sha256sum")

    def run(self, module: str, *flags: str, groups: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
        """Run one task; gives its result, with everything that was printed under `printed`."""
        inventory = {"hosts": {"target": self._variables()}}
        play = {"hosts": "all", "gather_facts": False, "tasks": [{f"strategic.service_store.{module}": options}]}
        children = {group: {"hosts": {"target": {}}} for group in groups}
        (self.folder / "inventory.yml").write_text(json.dumps({"all": {**inventory, "children": children}}))
        (self.folder / "play.yml").write_text(json.dumps([play]))
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        done = subprocess.run(
            ["ansible-playbook", "-i", "inventory.yml", "play.yml", *flags],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        start = done.stdout.find("{\n")
        if start < 0:
            raise AssertionError(f"ansible-playbook: {done.stdout}\n{done.stderr}")
        tasks = json.loads(done.stdout[start:])["plays"][0]["tasks"]
        return {**tasks[0]["hosts"]["target"], "printed": done.stdout + done.stderr}

    def _variables(self) -> dict[str, Any]:
        return {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.lab.folder / "keys" / "id_ed25519"),
            "ansible_ssh_common_args": " ".join(self._ssh_options()),
            "ansible_ssh_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def _ssh_options(self) -> list[str]:
        known = self.lab.folder / "known_hosts"
        settings = (f"UserKnownHostsFile={known}", f"HostKeyAlias={TWIN}", "StrictHostKeyChecking=yes")
        return [word for setting in settings for word in ("-o", setting)]


@contextmanager
def baseline_host(lab: Lab, folder: Path) -> Iterator[BaselineHost]:
    """Start a host, and remove it at the end."""
    mounted = folder / "lab"
    shutil.copytree(lab.folder / "hosts" / TWIN, mounted)
    name = f"service-store-baseline-{uuid.uuid4().hex[:8]}"
    try:
        address = _start(lab, name, mounted)
        host = BaselineHost(lab, name, address, folder)
        _wait(host)
        yield host
    finally:
        _podman(lab, "rm", "--force", "--time", "0", "--ignore", name)


def _start(lab: Lab, name: str, mounted: Path) -> str:
    image = lab.facts("hosts")["image"]
    # Not the address that the last one had: the machine would look for it at the old one's place for a while.
    offset = int(name[-4:], 16)
    for number in [FIRST + (offset + step) % (LAST - FIRST) for step in range(LAST - FIRST)]:
        address = ADDRESS.format(number)
        network = f"lab-public:ip={address},interface_name=eth0"
        arguments = ["--name", name, "--hostname", TWIN, "--network", network, "--volume", f"{mounted}:/etc/lab:ro"]
        try:
            _podman(lab, "run", "--detach", *FLAGS, *arguments, image)
        except subprocess.CalledProcessError as exc:
            _podman(lab, "rm", "--force", "--ignore", name)
            if "address" not in exc.stderr.lower():
                raise
            continue
        return address
    raise AssertionError("no free address in the lab's public network")


def _wait(host: BaselineHost) -> None:
    deadline = time.monotonic() + UP_TIMEOUT_S
    while not host.reachable():
        if time.monotonic() > deadline:
            raise AssertionError(f"{host.name} does not answer on {host.address}")
        time.sleep(0.3)


def _podman(lab: Lab, *arguments: str) -> str:
    environment = {**os.environ, "CONTAINERS_CONF": str(lab.folder / "containers.conf")}
    done = subprocess.run(
        ["podman", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, ["podman", *arguments], done.stdout, done.stderr)
    return done.stdout
