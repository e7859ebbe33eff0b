# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds' own ends of tunnels: one strongSwan host for each, and the agent that keeps them as the APIs say.

Optional: four more hosts cost time and memory that only the tests of real tunnels need.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..ca import write_private
from ..clouds.openstack.plane import REPORTS
from ..clouds.openstack.seed import Account, Seeder
from ..context import Context
from ..topology import CLOUD_ENDS, OPENSTACK_END, PUBLIC, CloudEnd
from ..vpn import host_files
from . import hosts, openstack_services
from .base import Component, Status

AGENT = "vpn-agent"
#: The credential's fields are in secrets/SECRET.json, and what else was made in the control plane's own state.
SECRET, ROUTER = "globex-vpn", "prod"
_PROJECT = Account(
    project=SECRET,
    user=SECRET,
    access_rules=None,
    security_groups=(),
    routers=(
        {
            "name": ROUTER,
            "cidr": OPENSTACK_END.network,
            "address": OPENSTACK_END.outer[0],
            "outside": PUBLIC.subnet,
        },
    ),
)
_HOSTS = tuple(end.host for end in CLOUD_ENDS)
# strongSwan is started by what needs it; here that is the lab.
_UNITS = (*host_files.UNITS, "strongswan.service")


def _write_files(ctx: Context, end: CloudEnd) -> bool:
    """Puts what makes it a gateway where the host sees it; True when something changed."""
    folder = ctx.host_folder(end.host.name) / "vpn"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cert, key = ctx.certificate([f"workload.{end.cloud}.example"], [end.workload])
    wanted = {name: text.encode() for name, text in host_files.files(end).items()}
    wanted |= {"server.pem": cert.read_bytes(), "server.key": key.read_bytes()}
    new = [name for name, text in wanted.items() if not _holds(folder / name, text)]
    for name in new:
        write_private(folder / name, wanted[name])
    return bool(new)


def _holds(path: Any, content: bytes) -> bool:
    return bool(path.exists() and path.read_bytes() == content)


def _install(ctx: Context, end: CloudEnd) -> None:
    changed = _write_files(ctx, end)
    if not changed and _active(ctx, end):
        return
    name = end.host.name
    units = [f"/etc/lab/vpn/{unit}" for unit in host_files.UNITS]
    ctx.exec(name, "install", "-m", "0644", *units, "/etc/systemd/system/")
    ctx.exec(name, "systemctl", "daemon-reload")
    ctx.exec(name, "systemctl", "enable", "--quiet", *_UNITS)
    ctx.exec(name, "systemctl", "restart", *_UNITS)


def _active(ctx: Context, end: CloudEnd) -> bool:
    done = ctx.podman.call("exec", end.host.container, "systemctl", "is-active", "--quiet", *_UNITS)
    return done.returncode == 0


def _make_project(ctx: Context) -> None:
    """A project of Globex with a router, whose address outside is that of the lab's host."""
    plane = openstack_services.running_plane(ctx)
    made = plane.state().get(SECRET)
    if made is None:
        with ctx.step("vpn_ends", "making a router in OpenStack"):
            made = Seeder(plane).add(_PROJECT)
        plane.remember(**{SECRET: made})
    fields = ("application_credential_id", "application_credential_secret")
    ctx.write_secret(SECRET, {name: made[name] for name in fields})


def up(ctx: Context) -> dict[str, Any]:
    with ThreadPoolExecutor(1) as beside:
        project = beside.submit(_make_project, ctx)
        hosts.bring_up(ctx, "vpn_ends", _HOSTS)
        project.result()
    with ThreadPoolExecutor(len(CLOUD_ENDS)) as pool:
        list(pool.map(lambda end: _install(ctx, end), CLOUD_ENDS))
    command = [sys.executable, "-m", "lab.vpn"]
    environment = ctx.python_environment(LAB_DIR=str(ctx.folder))
    ctx.service(AGENT).start_until_ready(command, env=environment, cwd=ctx.run)
    return {
        end.cloud: {"host": end.host.name, "outer": end.outer, "network": end.network, "workload": end.workload}
        for end in CLOUD_ENDS
    }


def down(ctx: Context) -> None:
    ctx.service(AGENT).stop()
    # Without an agent every connection is active again.
    shutil.rmtree(openstack_services.running_plane(ctx).folder / REPORTS, ignore_errors=True)
    hosts.remove(ctx, _HOSTS)


def status(ctx: Context) -> Status:
    found = hosts.look(ctx, _HOSTS)
    if not found.ok:
        return found
    with ThreadPoolExecutor(len(CLOUD_ENDS)) as pool:
        active = list(pool.map(lambda end: _active(ctx, end), CLOUD_ENDS))
    lost = [end.host.name for end, well in zip(CLOUD_ENDS, active, strict=True) if not well]
    if lost:
        return Status(False, f"no gateway yet: {', '.join(lost)}")
    if ctx.service(AGENT).pid() is None:
        return Status(False, f"the agent does not run; its log is {ctx.service(AGENT).log}")
    return Status(True, f"{len(CLOUD_ENDS)} gateways, kept as the clouds' APIs say")


COMPONENT = Component(
    "vpn_ends", ("hosts", "aws", "azure", "bt_cloud", "openstack-services"), up, down, status, optional=True
)
