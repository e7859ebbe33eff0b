# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of its own that runs containers: the image of the lab's hosts with podman in it, and no network.

Ansible and the tests reach it through podman. It needs nothing of a running lab, and no image registry: the image
that its applications run in is made of its own Python.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import image
from lab.components.hosts import FLAGS
from lab.machine import check_inotify
from lab.podman import Podman, make_podman
from lab.progress import Progress

REPOSITORY = "localhost/service-store-lab-podman"
PACKAGES = ("podman", "crun", "catatonit", "netavark", "iptables")
PYTHON = "localhost/python:test"
UP_TIMEOUT_S = 240
INSTALL = f"""
set -e
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends {" ".join(PACKAGES)}
apt-get clean
rm -rf /var/lib/apt/lists/*
"""
# The interpreter with its libraries, nothing else: what an image such as python:slim comes down to.
MAKE_PYTHON = f"""
set -e
root=$(mktemp -d)
chmod 0755 "$root"
cd "$root"
mkdir -p usr/bin usr/lib tmp etc proc sys dev run srv
cp -L /usr/bin/python3 usr/bin/python3
cp -a /usr/lib/python3.* usr/lib/
for library in $(ldd /usr/bin/python3 /usr/lib/python3.*/lib-dynload/*.so | grep -o '/lib[^ ]*' | sort -u); do
    case $library in *:) continue ;; esac
    mkdir -p ".${{library%/*}}"
    cp -L "$library" ".$library"
done
tar -c . | podman import --quiet - {PYTHON} > /dev/null
rm -rf "$root"
"""


@dataclass(frozen=True)
class ContainerHost:
    """name: the container that the host is."""

    podman: Podman
    name: str

    def call(self, script: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a shell script on the host as root."""
        return self.podman.call("exec", self.name, "/bin/bash", "-c", script, timeout_s=timeout_s)

    def shell(self, script: str) -> str:
        """As call, for one that has to end well; its output."""
        done = self.call(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def restart(self) -> None:
        """What a reboot is to a machine."""
        self.podman.run("restart", "--time", "10", self.name)
        self.wait()

    def wait(self) -> None:
        """Until systemd has started all."""
        deadline = time.monotonic() + UP_TIMEOUT_S
        while self.call("systemctl is-system-running").stdout.strip() not in ("running", "degraded"):
            assert time.monotonic() < deadline, f"{self.name} did not come up"
            time.sleep(0.2)


@contextmanager
def container_host(folder: Path, *volumes: str) -> Iterator[ContainerHost]:
    """Start a host with the image PYTHON on it, and remove it at the end."""
    podman = make_podman(folder / "podman")
    host = ContainerHost(podman, f"service-store-containers-{uuid.uuid4().hex[:8]}")
    name = _image(podman, folder)
    check_inotify(1)
    # A volume for its images, because overlay does not lie on overlay, which is what its own disk is.
    mounts = [word for volume in (*volumes, "/var/lib/containers") for word in ("--volume", volume)]
    try:
        podman.run("run", "--detach", *FLAGS, "--network", "none", "--name", host.name, *mounts, name)
        host.wait()
        host.shell(MAKE_PYTHON)
        yield host
    finally:
        podman.run("rm", "--force", "--time", "0", "--volumes", "--ignore", host.name)


def _image(podman: Podman, folder: Path) -> str:
    """The lab's image and podman on top of it; made once, kept by podman as the lab's is."""
    base = image.ensure(podman, Progress(sys.stderr), folder / "image.log")
    content = hashlib.sha256(f"{base} {INSTALL}".encode()).hexdigest()[:12]
    name = f"{REPOSITORY}:{content}"
    if podman.ok("image", "exists", name):
        return name
    settings = folder / "apt.conf"
    settings.write_text(_apt_settings())
    maker = f"service-store-containers-image-{uuid.uuid4().hex[:8]}"
    try:
        # The machine's own network and apt settings, as when the lab's image is made.
        mount = f"{settings}:/etc/apt/apt.conf.d/99machine:ro"
        arguments = ("--name", maker, "--network", "host", "--volume", mount, base, "/bin/sh", "-c", INSTALL)
        podman.run("run", *arguments, timeout_s=900)
        podman.run("commit", "--quiet", "--change", 'CMD ["/sbin/init"]', maker, name, timeout_s=600)
    finally:
        podman.run("rm", "--force", "--time", "0", "--ignore", maker)
    return name


def _apt_settings() -> str:
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    wanted = ("Acquire::http", "Acquire::Check", "Acquire::Retries")
    return "".join(f"{line}\n" for line in dump.splitlines() if line.startswith(wanted))
