# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Initech's private CloudStack: the emulator runs inside the API front's own container, behind its packet
filter, as a systemd unit on that host's Python; its files come from the machine, read-only."""

from __future__ import annotations

import json
import shutil
from typing import Any

from ..ca import write_private
from ..context import Context
from ..errors import LabError
from ..topology import CLOUDSTACK_API, PREFIX
from .base import Component, Status
from .bt_cloud import account, make_keys

HOST, UNIT, SECURITY_GROUP = "cs-api", "lab-cloudstack.service", "store-api"
_UNIT = f"""\
[Unit]
Description=CloudStack's API (the lab's emulator)
After=network.target

[Service]
WorkingDirectory=/opt/lab
ExecStart=/usr/bin/python3 -m lab.clouds.cloudstack --host {CLOUDSTACK_API.ip} --port {CLOUDSTACK_API.port} \
--cert /etc/lab/cloudstack/server.pem --key /etc/lab/cloudstack/server.key --config /etc/lab/cloudstack/config.json
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
Restart=on-failure
ProtectSystem=strict
PrivateTmp=yes
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""


def config(ctx: Context) -> dict[str, Any]:
    initech, staff = ctx.once("initech-cloudstack", make_keys), ctx.once("initech-cloudstack-admin", make_keys)
    return {
        "accounts": [
            account("initech", "initech", "User", initech, [SECURITY_GROUP]),
            account("initech-operations", "ROOT", "Root Admin", staff, []),
        ]
    }


def _write_files(ctx: Context) -> bool:
    """Puts configuration and certificate where the host sees them; True when something changed."""
    folder = ctx.host_folder(HOST) / "cloudstack"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cert, key = ctx.certificate([CLOUDSTACK_API.dns_name], [CLOUDSTACK_API.ip])
    wanted = {
        "config.json": json.dumps(config(ctx), indent=2).encode(),
        "server.pem": cert.read_bytes(),
        "server.key": key.read_bytes(),
        UNIT: _UNIT.encode(),
    }
    changed = [
        name
        for name, content in wanted.items()
        if not (folder / name).exists() or (folder / name).read_bytes() != content
    ]
    for name in changed:
        write_private(folder / name, wanted[name])
    return bool(changed)


def up(ctx: Context) -> dict[str, Any]:
    changed = _write_files(ctx)
    if changed or not status(ctx).ok:
        ctx.exec(HOST, "install", "-m", "0644", f"/etc/lab/cloudstack/{UNIT}", f"/etc/systemd/system/{UNIT}")
        ctx.exec(HOST, "systemctl", "daemon-reload")
        ctx.exec(HOST, "systemctl", "enable", "--quiet", UNIT)
        ctx.exec(HOST, "systemctl", "restart", UNIT)
        _wait(ctx)
    return {"endpoints": {"api": f"{CLOUDSTACK_API.url}/client/api"}, "security_group": SECURITY_GROUP}


def _wait(ctx: Context) -> None:
    # From the host itself: its own packet filter keeps this machine out.
    probe = (
        f"for i in $(seq 500); do curl -sk -m 10 -o /dev/null https://{CLOUDSTACK_API.ip}/client/api "
        "&& exit 0; sleep 0.2; done; exit 1"
    )
    done = ctx.podman.call("exec", PREFIX + HOST, "sh", "-c", probe, timeout_s=300)
    if done.returncode != 0:
        journal = ctx.exec(HOST, "journalctl", "-u", UNIT, "-n", "20", "--no-pager", "-o", "cat")
        raise LabError(f"CloudStack's API on {HOST} does not answer; its journal ends with:\n{journal}")


def down(ctx: Context) -> None:
    # The host goes away with everything on it; only the files are on this machine.
    shutil.rmtree(ctx.host_folder(HOST) / "cloudstack", ignore_errors=True)


def status(ctx: Context) -> Status:
    done = ctx.podman.call("exec", PREFIX + HOST, "systemctl", "is-active", UNIT)
    active = done.stdout.strip() == "active"
    return Status(active, f"{CLOUDSTACK_API.url} (private)" if active else f"{UNIT} on {HOST} is not active")


COMPONENT = Component("cloudstack", ("hosts",), up, down, status)
