# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the lab's hosts, and the files by which ssh and Ansible reach them with host keys checked."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from .ca import write_private
from .context import Context
from .errors import LabError
from .topology import ALL_HOSTS, Host

BOOT_TIMEOUT_S = 240.0
# A busy machine is not a host that is down.
BANNER_TIMEOUT_S = 30.0


def make_key(path: Path, comment: str) -> Path:
    """An Ed25519 key in OpenSSH's format at path, its public half beside it; kept when it is there."""
    public = path.with_name(path.name + ".pub")
    if path.exists() and public.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ed25519.Ed25519PrivateKey.generate()
    write_private(
        path,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ),
    )
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    write_private(public, line + f" {comment}\n".encode(), mode=0o644)
    return path


def login_key(ctx: Context) -> Path:
    return make_key(ctx.keys / "id_ed25519", "service-store-lab")


def host_key(ctx: Context, host: Host) -> Path:
    return make_key(ctx.keys / f"host_{host.name}", host.name)


def write_client_files(ctx: Context) -> None:
    """known_hosts and ssh_config in the lab's folder: ``ssh -F .lab/ssh_config store-1``."""
    known, config = [], []
    for host in ALL_HOSTS:
        kind, key = host_key(ctx, host).with_suffix(".pub").read_text().split()[:2]
        names = ",".join([host.name, *(leg.ip for leg in host.legs)])
        known.append(f"{names} {kind} {key}")
        config.append(f"Host {host.name} {host.address}\n    HostName {host.address}\n    HostKeyAlias {host.name}\n")
    config.append(
        f"Host *\n    User root\n    IdentityFile {login_key(ctx)}\n    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {ctx.folder}/known_hosts\n    GlobalKnownHostsFile /dev/null\n"
        "    StrictHostKeyChecking yes\n    ConnectTimeout 30\n    LogLevel ERROR\n"
    )
    (ctx.folder / "known_hosts").write_text("\n".join(known) + "\n")
    (ctx.folder / "ssh_config").write_text("\n".join(config))


def _banner(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), timeout=BANNER_TIMEOUT_S) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def wait_until_up(ctx: Context, host: Host, timeout_s: float = BOOT_TIMEOUT_S) -> None:
    """Returns when a root login by key works."""
    deadline = time.monotonic() + timeout_s
    last = "sshd did not answer"
    while time.monotonic() < deadline:
        if not ctx.podman.pid(host.container):
            output = ctx.podman.call("logs", "--tail", "5", host.container).stdout.strip()
            raise LabError(f"{host.name} ended while it started; its systemd said: {output or 'nothing'}")
        if _banner(host.address):
            done = subprocess.run(
                ["ssh", "-F", str(ctx.folder / "ssh_config"), "-o", "BatchMode=yes", host.name, "true"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return
            last = done.stderr.strip()
        time.sleep(0.3)
    raise LabError(
        f"{host.name} ({host.address}) took no login within {timeout_s:.0f} s: {last}; "
        f"look at it with: podman exec {host.container} journalctl -b"
    )


def answers(host: Host) -> bool:
    return _banner(host.address)
