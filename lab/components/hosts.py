# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hosts: one container each, with systemd as PID 1 and sshd."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import image, ssh
from ..context import PACKAGE, Context
from ..inventory import write_inventory
from ..machine import check_inotify
from ..podman import remove_containers
from ..topology import HOSTS, NETWORKS, Host
from .base import Component, Status

# Two processors: more at once only makes every one of them slower.
_AT_ONCE = 4
_HASH_LABEL = "service-store.config"
# Never --privileged. Without SYS_ADMIN systemd's sandboxing is silently not enforced and DynamicUser fails.
FLAGS = (
    "--systemd=always",
    "--device",
    "/dev/net/tun",
    "--security-opt",
    "unmask=/proc/sys",
    "--security-opt",
    "seccomp=unconfined",
    "--cap-add",
    "NET_ADMIN,NET_RAW,AUDIT_WRITE,AUDIT_CONTROL,SYS_PTRACE,SYS_ADMIN",
)


def site_filter(host: Host) -> str:
    """The site's own packet filter (nftables), which is there before any role comes.

    A private customer's edge forwards nothing inwards that did not come out of a tunnel, and the API
    front refuses the bridge's address: an internal network does not keep the machine itself out.
    """
    chains = []
    if host.api_ports:
        bridge = next(n.bridge_address for n in NETWORKS if n.name == host.legs[0].network)
        ports = ", ".join(str(port) for port in host.api_ports)
        chains.append(
            "    chain input {\n        type filter hook input priority -10; policy accept;\n"
            f"        ip saddr {bridge} tcp dport {{ {ports} }} counter reject with icmpx admin-prohibited\n    }}\n"
        )
    if host.edge:
        chains.append(
            "    chain forward {\n        type filter hook forward priority -10; policy accept;\n"
            "        ct state established,related accept\n"
            '        iifname "eth0" oifname "eth1" meta ipsec missing counter drop\n    }\n'
        )
    # Deleted first, so that loading it again is the same as loading it once.
    return "table inet lab_site\ndelete table inet lab_site\ntable inet lab_site {\n" + "".join(chains) + "}\n"


def _write_host_folder(ctx: Context, host: Host) -> Path:
    folder = ctx.host_folder(host.name)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ssh.login_key(ctx).with_suffix(".pub"), folder / "authorized_keys")
    key = ssh.host_key(ctx, host)
    for source, target in ((key, "ssh_host_ed25519_key"), (key.with_suffix(".pub"), "ssh_host_ed25519_key.pub")):
        shutil.copyfile(source, folder / target)
        (folder / target).chmod(0o600 if source == key else 0o644)
    (folder / "routes").write_text("".join(f"{to} {via}\n" for to, via in host.routes))
    (folder / "site.nft").write_text(site_filter(host))
    return folder


def _arguments(ctx: Context, host: Host, image_name: str) -> list[str]:
    """What ``podman run`` is given for this host."""
    mounts = [f"{ctx.host_folder(host.name)}:/etc/lab:ro"]
    for source, target, mode in host.mounts:
        where = Path(source.format(lab=ctx.folder, package=PACKAGE))
        where.mkdir(parents=True, exist_ok=True)
        mounts.append(f"{where}:{target}:{mode}")
    arguments = [*FLAGS, "--hostname", host.name]
    for number, leg in enumerate(host.legs):
        arguments += ["--network", f"{leg.network}:ip={leg.ip},mac={leg.mac},interface_name=eth{number}"]
    for mount in mounts:
        arguments += ["--volume", mount]
    if host.edge:
        arguments += ["--sysctl", "net.ipv4.ip_forward=1"]
    return [*arguments, image_name]


def config_hash(arguments: list[str]) -> str:
    return hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Plan:
    """One host: what ``podman run`` is given, whether a container of its name is there, runs, and may stay."""

    host: Host
    arguments: list[str]
    exists: bool
    runs: bool
    keep: bool


def _plan(ctx: Context, host: Host, image_name: str, existing: dict[str, dict[str, Any]]) -> _Plan:
    arguments = _arguments(ctx, host, image_name)
    row = existing.get(host.container)
    # A killed host may have stale run-time state in it; the lab's hosts are cattle.
    runs = row is not None and row["State"] == "running"
    same = row is not None and (row["Labels"] or {}).get(_HASH_LABEL) == config_hash(arguments)
    return _Plan(host, arguments, row is not None, runs, runs and same)


def _bring_up(ctx: Context, plan: _Plan) -> None:
    host = plan.host
    _write_host_folder(ctx, host)
    if not plan.keep:
        if plan.exists:
            remove_containers(ctx.podman, [host.container])
        labels = ["--label", ctx.podman.label, "--label", f"{_HASH_LABEL}={config_hash(plan.arguments)}"]
        ctx.podman.run("run", "--detach", "--name", host.container, *labels, *plan.arguments)
    ssh.wait_until_up(ctx, host)


def bring_up(ctx: Context, name: str, hosts: Sequence[Host]) -> str:
    """Starts those of the hosts that do not run as they should, for the component of that name; gives the image."""
    image_name = image.ensure(ctx.podman, ctx.progress, ctx.log / "image.log")
    existing = ctx.podman.containers()
    plans = [_plan(ctx, host, image_name, existing) for host in hosts]
    new = [plan for plan in plans if not plan.keep]
    # One that is replaced gives back what it had.
    check_inotify(sum(not plan.runs for plan in new))
    with ctx.step(name, f"starting {len(new)} of {len(hosts)} hosts"), ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda plan: _bring_up(ctx, plan), plans))
    ctx.say(name, f"{len(hosts)} hosts take logins")
    return image_name


def remove(ctx: Context, hosts: Sequence[Host]) -> None:
    """Removes the hosts' containers and their folders."""
    names = {host.container for host in hosts}
    remove_containers(ctx.podman, [name for name in ctx.podman.containers() if name in names])
    for host in hosts:
        shutil.rmtree(ctx.host_folder(host.name), ignore_errors=True)


def look(ctx: Context, hosts: Sequence[Host]) -> Status:
    """Whether all of the hosts run as they should and answer."""
    existing = ctx.podman.containers()
    stopped = [h.name for h in hosts if existing.get(h.container, {}).get("State") != "running"]
    if stopped:
        return Status(False, f"not running: {', '.join(stopped)}")
    stale = [host.name for host in hosts if not _plan(ctx, host, image.tag(), existing).keep]
    if stale:
        return Status(False, f"made of an older image or with other arguments: {', '.join(stale)}")
    with ThreadPoolExecutor(len(hosts)) as pool:
        deaf = [host.name for host, heard in zip(hosts, pool.map(ssh.answers, hosts), strict=True) if not heard]
    return Status(not deaf, f"sshd does not answer: {', '.join(deaf)}" if deaf else f"{len(hosts)} hosts answer")


def up(ctx: Context) -> dict[str, Any]:
    ssh.write_client_files(ctx)
    write_inventory(ctx)
    image_name = bring_up(ctx, "hosts", HOSTS)
    return {
        "addresses": {host.name: host.address for host in HOSTS},
        "ssh_config": str(ctx.folder / "ssh_config"),
        "inventory": str(ctx.folder / "inventory.yml"),
        "image": image_name,
    }


def down(ctx: Context) -> None:
    remove(ctx, HOSTS)


def status(ctx: Context) -> Status:
    return look(ctx, HOSTS)


COMPONENT = Component("hosts", ("networks",), up, down, status)
